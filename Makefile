# SPDX-License-Identifier: MIT
# Mallow's one Makefile.  `make help` reads its own lines: "## " behind a target
# says what it does, "#: " in front of a variable says what it is for.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

#: STAGE=NAME        how far to go, instead of the tree's own: see make status
#: MEMORY=128M       the machine's memory, for run, replay and debug
#: TRACES=DIR        replay the .rep files of DIR instead of traces/
#: LAB=NAME          which lab, for check, grade and debug
#: TEST=NAME         one test of it; SEED=N STEPS=0,5-9 do it the same again
#: SUBMISSION=DIR    grade the student's files of another tree
#: OPTIONS=WORDS     for debug: more for the kernel: replay, crash=overflow ...
#: PORT=N            where debug-server listens, instead of your own port
# STAFF BEGIN
#: OPEN=N            for handout: labs 1 to N come solved (who fell behind)
#: LAST=N            for handout: labs above N are left out
# STAFF END
#: V=1               show the commands
#: CROSS_COMPILE=X-  build with X-gcc and X-ld
#: LLVM=1            build with clang and ld.lld
MEMORY ?= 128M
B      := build
Q      := $(if $(V),,@)
say     = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# --- what builds the kernel ----------------------------------------------------
include scripts/toolchain.mk

CFLAGS  := -std=c11 -O2 -g -march=i486 -ffreestanding -fno-pic -fno-builtin \
           -fno-stack-protector -fno-omit-frame-pointer \
           -fno-asynchronous-unwind-tables -fno-strict-aliasing \
           -mgeneral-regs-only $(STACK4) -Isrc
WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
           -Wmissing-prototypes
# What is called most has no frames, which saves each call three instructions and
# more, and costs a backtrace out of it the name of the caller.
LEAN       := mm/armour_kmalloc mm/objects
LEAN_FLAGS := $(FRAMELESS)
LDFLAGS := -m elf_i386 -nostdlib -static --build-id=none -z noexecstack \
           -z max-page-size=4096 -T linker.ld

# --- the rooms, from the ground up ---------------------------------------------
LIB := addr   \
       bitmap \
       divide \
       number \
       panic  \
       print  \
       random \
       record \
       region \
       string
ARCH := boot        \
        cpu         \
        segments    \
        traps       \
        traps_stubs \
        serial      \
        vga         \
        keyboard    \
        console     \
        counter     \
        probe       \
        multiboot2  \
        symbols     \
        walk        \
        backtrace   \
        report
MM := frames frames_check                                \
      paging paging_window paging_check                  \
      heap heap_calls heap_look heap_log heap_watch      \
      bump bump_check                                    \
      malloc malloc_verify malloc_check                  \
      zalloc zalloc_walk zalloc_verify zalloc_check heap_pages\
      spans_policy spans_runs spans spans_walk spans_check \
      armour_arena armour_index armour armour_kmalloc    \
      armour_check                                       \
      objects_zones objects objects_check                \
      window window_check grow grow_check
# STAFF BEGIN
MM += frames_summary
# STAFF END
REPLAY := trace survey   \
          shadow pattern \
          figures judge  \
          picture        \
          record report  \
          run replay
MONITOR := line     \
           map      \
           crash    \
           commands \
           monitor
LAB_ROOM := common ledger \
            frames        \
            paging        \
            heap stress trace \
            steps         \
            zones caches  \
            window        \
            labs          \
            tape          \
            fence         \
            run_kernel
TOP := options     \
       inventory   \
       explain     \
       workbench   \
       heap_stages \
       stages      \
       main

ROOMS := $(LIB:%=lib/%) $(ARCH:%=arch/i386/%) $(MM:%=mm/%) \
         $(REPLAY:%=replay/%) $(MONITOR:%=monitor/%) \
         $(LAB_ROOM:%=lab/%) $(TOP)
O     := $(B)/$(TOOLCHAIN)
TESTS := $(patsubst %.c,%,$(wildcard labs/*/tests.c))
# STAFF BEGIN
TESTS += $(patsubst %.c,%,$(wildcard staff/tests/*.c))
# STAFF END
OBJS  := $(ROOMS:%=$(O)/%.o) $(TESTS:%=$(O)/%.o)

# --- building -------------------------------------------------------------------
.PHONY: iso
iso: $(B)/mallow.iso ## build/kernel.elf and the bootable build/mallow.iso

$(O)/%.o: src/%.c $(O)/.tools
	$(call say,CC,$*.c)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(CFLAGS) $(WARN) $(EXTRA) -MMD -MP -c $< -o $@

$(LEAN:%=$(O)/%.o): CFLAGS += $(LEAN_FLAGS)

$(O)/labs/%.o: labs/%.c $(O)/.tools
	$(call say,CC,labs/$*.c)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(CFLAGS) $(WARN) $(EXTRA) -MMD -MP -c $< -o $@

# STAFF BEGIN
$(O)/staff/%.o: staff/%.c $(O)/.tools
	$(call say,CC,staff/$*.c)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(CFLAGS) $(WARN) $(EXTRA) -MMD -MP -c $< -o $@
# STAFF END

$(O)/%.o: src/%.S $(O)/.tools
	$(call say,AS,$*.S)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(CFLAGS) -MMD -MP -c $< -o $@

$(O)/kernel.elf: $(OBJS) linker.ld
	$(call say,LD,kernel.elf)
	$(Q)$(KLD) $(LDFLAGS) -o $@ $(OBJS)

# GRUB loads whatever the file holds, so the ISO's copy has no debug information.
$(O)/mallow.elf: $(OBJS) linker.ld
	$(Q)$(KLD) $(LDFLAGS) --strip-debug -o $@ $(OBJS)

# The last toolchain that was asked for owns the names in build/.
$(B)/kernel.elf: $(O)/kernel.elf $(B)/.toolchain
	$(Q)cp $< $@

$(B)/mallow.iso: $(O)/mallow.elf $(B)/kernel.elf iso/grub.cfg \
                 scripts/make-iso $(B)/.traces $(wildcard traces/*.rep)
	$(call say,ISO,$@)
	$(Q)scripts/make-iso $< $@ traces

# What scripts/mallow/grade_build.py builds with.
.PHONY: print-build
print-build:
	@echo 'cc $(KCC) $(CFLAGS) $(WARN)'
	@echo 'ld $(KLD) $(LDFLAGS)'
	@echo 'objects $(OBJS)'
	@echo 'room $(O)'

# Changes when, and only when, the choice of tools does.
$(O)/.tools $(B)/.toolchain: FORCE
	$(need_tools)
	@mkdir -p $(@D)
	@echo '$(KCC) $(KLD) $(CFLAGS) $(LEAN_FLAGS) $(EXTRA)' | cmp -s - $@ || \
	 echo '$(KCC) $(KLD) $(CFLAGS) $(LEAN_FLAGS) $(EXTRA)' > $@
# The names: a trace that is gone is newer than nothing.
$(B)/.traces: FORCE
	@mkdir -p $(@D)
	@echo $(wildcard traces/*.rep) | cmp -s - $@ || \
	 echo $(wildcard traces/*.rep) > $@
FORCE:

-include $(OBJS:.o=.d)

# --- using it -------------------------------------------------------------------
PYTHON ?= $(shell scripts/find-python)
MALLOW  = $(PYTHON) scripts/mallow.py

.PHONY: run replay debug debug-server sheet check grade enable disable status \
        doctor
run: iso ## boot, replay one trace, then the kernel's prompt
	$(Q)$(MALLOW) run --stage='$(STAGE)' --memory='$(MEMORY)' --verbose='$(V)'

replay: iso ## every trace, without a person; writes build/replay.json
	$(Q)$(MALLOW) replay --stage='$(STAGE)' --memory='$(MEMORY)' \
	    --traces='$(TRACES)' --kernel=$(O)/mallow.elf --verbose='$(V)'

debug_what = --stage='$(STAGE)' --lab='$(LAB)' --test='$(TEST)' \
             --seed='$(SEED)' --steps='$(STEPS)' --memory='$(MEMORY)' \
             --options='$(OPTIONS)' --verbose='$(V)'

debug: iso ## QEMU held at reset, gdb attached; TEST= goes to its failure
	$(Q)$(MALLOW) debug $(debug_what)

debug-server: iso ## the same for a gdb elsewhere, or an editor, at PORT=
	$(Q)$(MALLOW) debug-server $(debug_what) --port='$(PORT)'

sheet: ## SEED=yourname: the questions of lab 0
	$(Q)$(MALLOW) sheet --seed='$(SEED)'

enable: ## STAGE=malloc: the tree's stage from now on
	$(Q)$(MALLOW) enable --stage='$(STAGE)'

disable: ## back to the stage before
	$(Q)$(MALLOW) disable

status: ## the stages, and which one the tree is at
	$(Q)$(MALLOW) status

check: $(B)/check/lab-tests ## a lab's tests on the host, in seconds
	$(Q)$(MALLOW) check --lab='$(LAB)' --test='$(TEST)' --seed='$(SEED)' \
	    --steps='$(STEPS)'

GRADE = $(MALLOW) grade --lab='$(LAB)' --test='$(TEST)' --seed='$(SEED)'
grade: iso ## a lab's tests in the booted kernel, and points for them
	$(Q)$(GRADE) --submission='$(SUBMISSION)'

# STAFF BEGIN
.PHONY: grade-all handout gradescope
grade-all: iso ## SUBMISSIONS=DIR: every folder in it; scores.csv
	$(Q)$(GRADE) --submissions='$(SUBMISSIONS)'

handout: ## DIR=where [OPEN=N] [LAST=N]: a student's tree, no solutions
	$(Q)$(MALLOW) handout --dir='$(DIR)' --open='$(OPEN)' --last='$(LAST)'

gradescope: ## [LAB=malloc]: build/gradescope.zip, an autograder to upload
	$(Q)$(MALLOW) gradescope --lab='$(LAB)' --seed='$(SEED)'
# STAFF END

doctor: ## what is missing on this machine, and what installs it
	$(Q)scripts/setup --check

# --- checking it ----------------------------------------------------------------
include labs/check.mk

# STAFF BEGIN
include tests/host/host.mk

.PHONY: bench bench-picture pictures
bench: ## cost and waste of our allocators, and of others
	$(Q)$(PYTHON) bench/bench.py --traces='$(TRACES)'

bench-picture: ## write docs/bench.svg and docs/bench.md from the last bench
	$(Q)$(PYTHON) bench/bench.py --picture

# On all processors, unless make was told how many.
.PHONY: tested
tested:
	$(Q)$(MAKE) $(if $(Q),-s) --no-print-directory \
	  iso host-tests $(B)/check/lab-tests \
	  $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell \
	    getconf _NPROCESSORS_ONLN))

test: tested ## everything that CI checks
	$(Q)$(PYTHON) -m pytest -q -n auto tests

test-all: tested ## the long form of it
	$(Q)$(PYTHON) -m pytest -q -n auto --long tests

pictures: iso ## the maps and histories in docs/
	$(Q)$(PYTHON) scripts/pictures

.PHONY: test test-all lint format
lint: ## warnings are errors; layout, rooms, shell and static checks
	$(Q)scripts/lint

format: ## lay out the C code by .clang-format
	$(Q)clang-format -i $(shell git ls-files '*.c' '*.h')
# STAFF END

.PHONY: clean help
clean: ## remove build/
	$(Q)rm -rf $(B)

help: ## this list
	@echo 'Mallow: where memory comes from.'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(firstword $(MAKEFILE_LIST)) \
	    | awk -F'\t' '{ printf "  make %-13s %s\n", $$1, $$2 }'
	@echo
	@sed -n 's/^#: /  /p' $(firstword $(MAKEFILE_LIST))
