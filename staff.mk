# SPDX-License-Identifier: MIT
# What those who teach with Mallow, or work on it, need beyond the Makefile; no
# hand-out has it.

#: OPEN=N            for handout: labs 1 to N come solved (who fell behind)
#: LAST=N            for handout: labs above N are left out

.PHONY: grade-all handout gradescope
grade-all: iso ## SUBMISSIONS=DIR: every folder in it; scores.csv
	$(Q)$(GRADE) --submissions='$(SUBMISSIONS)'

handout: ## DIR=where [OPEN=N] [LAST=N]: a student's tree, no solutions
	$(Q)$(MALLOW) handout --dir='$(DIR)' --open='$(OPEN)' --last='$(LAST)'

gradescope: ## [LAB=malloc]: build/gradescope.zip, an autograder to upload
	$(Q)$(MALLOW) gradescope --lab='$(LAB)' --seed='$(SEED)'

include tests/host/host.mk

.PHONY: bench bench-picture pictures
bench: ## cost and waste of our allocators, and of others
	$(Q)$(PYTHON) bench/bench.py --traces='$(TRACES)'

bench-picture: ## write docs/bench.svg and docs/bench.md from the last bench
	$(Q)$(PYTHON) bench/bench.py --picture

.PHONY: unpack-traces
unpack-traces: ## bench/traces/ as .rep files, in build/traces/HALF/
	$(Q)$(PYTHON) bench/workloads.py

.PHONY: tested
tested:
	$(BUILD) $(B)/mallow.iso host-tests $(B)/check/lab-tests

test: tested ## everything that CI checks
	$(Q)$(PYTHON) -m pytest -q -n auto tests

test-all: tested ## the long form of it
	$(Q)$(PYTHON) -m pytest -q -n auto --long tests

pictures: iso ## the maps and histories in docs/
	$(Q)$(PYTHON) scripts/pictures

.PHONY: test test-all lint format
lint: ## warnings are errors; layout, modules, shell, static checks
	$(Q)scripts/lint

format: ## lay out the C code by .clang-format
	$(Q)clang-format -i $(shell git ls-files '*.c' '*.h')
