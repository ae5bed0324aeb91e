# SPDX-License-Identifier: MIT
# What those who teach with Mallow, or work on it, need beyond the Makefile; no
# hand-out has it.

#: OPEN=N            for handout: labs 1 to N come solved (for a late student)
#: LAST=N            for handout: labs above N are left out

#: ROSTER=FILE       for marks: what Canvas or Moodle exports
#: FORMAT=NAME       for results: autolab or classroom50; OUT=FILE
SAID_BY_STAFF := SUBMISSIONS DIR OPEN LAST ROSTER FORMAT OUT
$(foreach name,$(SAID_BY_STAFF),\
  $(eval export MALLOW_$(name) = $$(value $(name))))

.PHONY: grade-all handout gradescope
grade-all: iso ## SUBMISSIONS=DIR: every folder in it; scores.csv
	$(Q)$(MALLOW) grade --all

handout: ## DIR=where [OPEN=N] [LAST=N]: a student's tree, no solutions
	$(Q)$(MALLOW) handout

gradescope: ## [LAB=malloc]: build/gradescope.zip, an autograder to upload
	$(Q)$(MALLOW) gradescope

# Makes build/hunts/, which make hunt and make handout need.
.PHONY: hunts
hunts: iso
	$(BUILD) $(B)/check/lab-tests
	$(Q)$(MALLOW) hunts
hunt handout: hunts

.PHONY: marks results similarity
marks: ## ROSTER=FILE: the scores of grade-all for Canvas or Moodle
	$(Q)$(MALLOW) marks

results: ## FORMAT=autolab: the last grading for that service
	$(Q)$(MALLOW) results

similarity: ## SUBMISSIONS=DIR [LAB=malloc]: for compare50, JPlag, MOSS
	$(Q)$(MALLOW) similarity

include tests/host/host.mk

#: MODULE=mm/heap    for mutants: a folder or file of src/lib or src/mm
#: SAMPLE=N          for mutants: only N, which SEED= chooses
.PHONY: mutants
mutants: ## LAB=malloc or MODULE=: wrong programs that no test notices
	$(Q)$(MALLOW) mutants --lab='$(LAB)' --module='$(MODULE)' \
	    --seed='$(SEED)' --sample='$(SAMPLE)'

#: SECONDS=N         for soak: how long; CAMPAIGN=NAME: one campaign alone
.PHONY: soak
soak: ## SECONDS=n [SEED=n]: random inputs, new seeds for stages
	$(BUILD) soak-programs
	$(Q)$(MALLOW) soak --seconds='$(SECONDS)' --seed='$(SEED)' \
	    --campaign='$(CAMPAIGN)'

.PHONY: bench bench-picture pictures
bench: ## cost and waste of our allocators, and of others
	$(Q)$(call quoted,$(PYTHON)) bench/bench.py --traces="$$MALLOW_TRACES"

bench-picture: ## write docs/bench.svg and docs/bench.md from the last bench
	$(Q)$(call quoted,$(PYTHON)) bench/bench.py --picture

.PHONY: unpack-traces
unpack-traces: ## bench/traces/ as .rep files, in build/traces/HALF/
	$(Q)$(call quoted,$(PYTHON)) bench/workloads.py

.PHONY: tested
tested:
	$(BUILD) $(B)/mallow.iso $(B)/compile_commands.json host-tests $(B)/check/lab-tests
	$(Q)$(MALLOW) hunts

# One worker more than there are processors: some tests wait for a machine.
WORKERS = $$(($$(getconf _NPROCESSORS_ONLN) + 1))

# Each file has one worker, which prepares what the tests of the file share.
PYTEST  = $(call quoted,$(PYTHON)) -m pytest -q -n $(WORKERS) --dist loadfile

test: tested ## everything that CI checks
	$(Q)$(PYTEST) tests

test-all: tested ## the long form of it
	$(Q)$(PYTEST) --long tests

pictures: iso ## the maps and histories in docs/
	$(Q)$(call quoted,$(PYTHON)) scripts/pictures

.PHONY: test test-all lint format
lint: ## warnings are errors; layout, modules, shell, static checks
	$(Q)scripts/lint

format: ## lay out the C code by .clang-format
	$(Q)clang-format -i $(shell git ls-files '*.c' '*.h')

include site/site.mk
