# SPDX-License-Identifier: MIT
# The book: labs and docs as a web site with the kernel in the page.  Needs
# Node; nothing else here does.
#
#: SITE_BASE=/path/  for site: where on its server the site will be
#: SOLVED=N          for site: labs above N have no compiled solution in it

SITE      := $(B)/site
SITE_PORT ?= 8000
SITE_BASE ?= /
SOLVED    ?= 8
# The sources of the pages, and the sources of the page's machine.
SITE_PAGES := $(wildcard site/pages/* site/lab/*.js site/build/* docs/*.md \
                site/.vitepress/*.mjs site/.vitepress/theme/* labs/*/README.md)
SITE_KIT   := $(wildcard site/build/* site/kernel/* site/tcc/include/*.h \
                site/lab/elf.js site/lab/guest.js site/lab/linker.js \
                traces/*.rep labs/*/lab.json labs/*/tests.c)
NEED_NODE  = @command -v npm >/dev/null || { echo \
  'The site is built with Node 20 or newer; scripts/setup --site installs it.' >&2; \
  exit 1; }

.PHONY: site site-serve site-zip site-test site-measure
site: $(SITE)/www/index.html ## the book, in build/site/www

$(SITE)/www/index.html: $(SITE)/kit/state.bin $(SITE)/.base $(SITE_PAGES)
	$(call say,SITE,$(SITE)/www)
	$(Q)node site/build/pages.mjs site/.pages $(SITE)/kit $(SITE)/tcc
	$(Q)cd site && SITE_BASE='$(SITE_BASE)' npx --no-install \
	    vitepress build . >../$(SITE)/log 2>&1 || { cat ../$(SITE)/log; exit 1; }

# Changes when, and only when, the site's place or what it gives away does.
$(SITE)/.base: FORCE
	@mkdir -p $(@D)
	@echo '$(SITE_BASE) $(SOLVED)' | cmp -s - $@ || \
	 echo '$(SITE_BASE) $(SOLVED)' > $@

site-serve: site ## ... at http://localhost:8000/
	$(Q)$(PYTHON) -m http.server $(SITE_PORT) --bind 127.0.0.1 \
	    --directory $(SITE)/www

site-zip: site ## ... as build/mallow-site.zip
	$(Q)rm -f $(B)/mallow-site.zip
	$(Q)cd $(SITE)/www && $(PYTHON) -m zipfile -c ../../mallow-site.zip .

site-test: site ## the page in a browser, and its verdicts
	$(Q)cd site && node --test test/units/ test/browser/

site-measure: site ## what the page costs: transfer, first boot, memory, tests
	$(Q)cd site && node test/measure.mjs

# The lectures as slides.  They name the pictures of docs/ as ../NAME, and so do
# the copies in build/.
LECTURES := $(wildcard docs/lectures/*.md)
PICTURES := $(wildcard docs/*.svg docs/*.png)

.PHONY: slides
slides: $(foreach type,html pdf,$(LECTURES:docs/%.md=$(B)/slides/%.$(type))) ## lectures, in build/slides/lectures

$(B)/slides/.pictures: $(PICTURES)
	@mkdir -p $(@D)
	$(Q)cp $(PICTURES) $(@D)/ && touch $@

$(B)/slides/lectures/%: $(LECTURES) $(B)/slides/.pictures \
                        site/marp.config.mjs site/node_modules/.package-lock.json
	$(call say,SLIDES,$@)
	@mkdir -p $(@D)
	$(Q)cp docs/lectures/$(basename $*).md $(@D)/
	$(Q)cd site && npx --no-install marp --no-stdin -c marp.config.mjs \
	    ../$(@D)/$(basename $*).md -o ../$@ >../$@.log 2>&1 \
	    || { cat ../$@.log; exit 1; }

# Installed again when the lock file changes.
site/node_modules/.package-lock.json: site/package-lock.json
	$(NEED_NODE)
	$(call say,NPM,site)
	$(Q)cd site && npm ci --silent --no-audit --no-fund
	$(Q)touch $@

$(SITE)/tcc/tcc.wasm: site/tcc/build $(wildcard site/tcc/stubs/*.h)
	$(call say,WASM,$@)
	$(Q)site/tcc/build $(SITE)/tcc

$(SITE)/kit/state.bin: $(B)/mallow.iso $(SITE)/tcc/tcc.wasm $(SITE_KIT) \
                       $(SITE)/.base site/node_modules/.package-lock.json
	$(call say,KIT,$(SITE)/kit)
	$(Q)$(PYTHON) site/build/kit.py --solved '$(SOLVED)' \
	    --tcc-headers $(SITE)/tcc/include
	$(Q)cd site && node build/make-machine.mjs ../$(SITE)/kit
