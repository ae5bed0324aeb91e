# SPDX-License-Identifier: MIT
# `make help` prints lines of this file: the text after "## " says what a target
# does, the line after "#: " what a variable is for.

ifneq ($(filter 3.%,$(MAKE_VERSION)),)
  $(error GNU make $(MAKE_VERSION) is too old. Type gmake: scripts/setup installs it)
endif
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
#: RECORD=1          for debug: records a run first; gdb can go back in it
#: CORE=FILE         for debug: a dump instead of a machine; dump writes FILE=
#: PORT=N            where debug-server listens, instead of your own port
#: BUG=N             for hunt: the planted fault; CHECK=1 marks its sheet
#: V=1               show the commands
#: CROSS_COMPILE=X-  build with X-gcc and X-ld; CC=gcc-11 with that gcc
#: BASE=1            make the ISO from iso/base.iso.xz, without GRUB
#: DEBUG=1           build for gdb: fewer "<optimized out>", all callers; slower
#: LLVM=1            build with clang and ld.lld; LLVM=-19 with clang-19
MEMORY ?= 128M
HELP   := Makefile $(wildcard staff.mk site/site.mk)
B      := build
Q      := $(if $(V),,@)
say     = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

include scripts/kernel.mk

# Builds on all processors, unless the caller of make gave a number of jobs;
# what one job prints stays together, where this make can do that.
JOBS    = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(or $(shell \
            getconf _NPROCESSORS_ONLN 2>/dev/null),2)) \
          $(if $(filter output-sync,$(.FEATURES)),-Otarget)
BUILD   = $(Q)+$(MAKE) $(if $(Q),-s) --no-print-directory $(JOBS)

.PHONY: iso
iso: ## build/kernel.elf and the bootable build/mallow.iso
	$(BUILD) $(B)/mallow.iso $(B)/compile_commands.json

# --- using it -------------------------------------------------------------------
PYTHON ?= $(shell scripts/find-python)
# Variables of the user travel in the environment, as they were typed: no shell
# reads a name with an apostrophe, and make expands no $ in it.
SAID   := STAGE MEMORY TRACES LAB TEST SEED STEPS SUBMISSION OPTIONS PORT \
          RECORD CORE FILE BUG CHECK ANSWER
export MALLOW_VERBOSE = $(value V)
$(foreach name,$(SAID),$(eval export MALLOW_$(name) = $$(value $(name))))
quoted  = '$(subst ','\'',$(1))'
MALLOW  = $(call quoted,$(PYTHON)) scripts/mallow.py --said

.PHONY: run replay debug dump debug-server sheet check grade hunt enable disable \
        status doctor
run: iso ## boot, replay one trace, then the kernel's prompt
	$(Q)$(MALLOW) run

replay: iso ## every trace, without a person; writes build/replay.json
	$(Q)$(MALLOW) replay --kernel=$(O)/mallow.elf

debug: iso ## QEMU held at reset, gdb attached; TEST= goes to its failure
	$(Q)$(MALLOW) debug

dump: iso ## boot to the panic or the prompt, and write memory to FILE=
	$(Q)$(MALLOW) dump

debug-server: iso ## the same for a gdb elsewhere, or an editor, at PORT=
	$(Q)$(MALLOW) debug-server

sheet: ## SEED=yourname: the questions of lab 0
	$(Q)$(MALLOW) sheet

enable: ## STAGE=malloc: the tree's stage from now on
	$(Q)$(MALLOW) enable

disable: ## back to the stage before
	$(Q)$(MALLOW) disable

status: ## the stages, and which one the tree is at
	$(Q)$(MALLOW) status

check: ## a lab's tests on the host, in seconds
	$(BUILD) $(if $(filter boot 0,$(value LAB)),$(B)/mallow.iso,$(B)/check/lab-tests)
	$(Q)$(MALLOW) check

grade: iso ## a lab's tests in the booted kernel, and points for them
	$(Q)$(MALLOW) grade

hunt: $(if $(value BUG),$(if $(value CHECK)$(value ANSWER),,iso)) ## LAB=malloc: test wrong allocators; BUG=N: find a fault
	$(if $(value BUG),,$(BUILD) $(B)/check/lab-tests)
	$(Q)$(MALLOW) hunt

doctor: ## what is missing on this machine, and what installs it
	$(Q)scripts/setup --check

# --- checking it ----------------------------------------------------------------
include labs/check.mk

# STAFF BEGIN
include staff.mk
# STAFF END

.PHONY: clean help
clean: ## remove build/
	$(Q)rm -rf $(B)

help: ## this list
	@echo "Mallow $$(scripts/version): where memory comes from."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(HELP) \
	    | awk -F'\t' '{ printf "  make %-13s %s\n", $$1, $$2 }'
	@echo
	@sed -n 's/^#: /  /p' $(HELP)
