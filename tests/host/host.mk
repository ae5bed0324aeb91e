# SPDX-License-Identifier: MIT
# lib, mm and replay, compiled for the host with -m32 under sanitizers, once
# with each compiler that is there; pytest runs them (tests/test_host.py).

HOST_FLAGS := -m32 -std=c11 -g -O1 -D_FILE_OFFSET_BITS=64 \
              -fsanitize=address,undefined \
              -fno-sanitize-recover=all -fno-omit-frame-pointer \
              -idirafter /usr/include/$(shell uname -m)-linux-gnu \
              -Isrc -I. -Itests/host
HOST_SRC := $(wildcard tests/host/*.c bench/allocators/*.c) \
            $(filter-out src/lib/string.c src/lib/divide.c, \
              $(LIB:%=src/%.c)) \
            $(MM:%=src/%.c) $(REPLAY:%=src/%.c) \
            src/arch/i386/multiboot2.c
# The parsers alone, for make soak: what they make of inputs.
SOAK_SRC := tests/soak/parsers.c \
            $(filter-out src/lib/string.c src/lib/divide.c, \
              $(LIB:%=src/%.c)) \
            src/replay/trace.c src/replay/survey.c src/boot/options.c \
            src/labtest/steps.c src/monitor/monitor.c src/monitor/line.c \
            src/arch/i386/multiboot2.c
HOST_COMPILERS := $(foreach cc,gcc clang,$(if $(call has,$(cc)),$(cc)))

# For make mutants.
.PHONY: print-host-tests
print-host-tests:
	@echo 'cc $(firstword $(HOST_COMPILERS)) $(HOST_FLAGS)'
	@echo 'sources $(HOST_SRC)'

.PHONY: host-tests
host-tests: $(HOST_COMPILERS:%=$(B)/host-%/unit-tests) soak-programs

# One compiler is enough: the soak looks for inputs, not for compilers.
.PHONY: soak-programs
SOAK_FOLDER := $(B)/host-$(firstword $(HOST_COMPILERS))
soak-programs: $(SOAK_FOLDER)/unit-tests $(SOAK_FOLDER)/parsers

define host_rules
$(B)/host-$(1)/%.o: %.c
	$$(call say,HOSTCC,$(1) $$*.c)
	@mkdir -p $$(@D)
	$$(Q)$(1) $$(HOST_FLAGS) $$(WARN) -MMD -MP -c $$< -o $$@

$(B)/host-$(1)/unit-tests: $$(HOST_SRC:%.c=$(B)/host-$(1)/%.o)
	$$(call say,HOSTLD,$$@)
	$$(Q)$(1) $$(HOST_FLAGS) -o $$@ $$^

$(B)/host-$(1)/parsers: $$(SOAK_SRC:%.c=$(B)/host-$(1)/%.o)
	$$(call say,HOSTLD,$$@)
	$$(Q)$(1) $$(HOST_FLAGS) -o $$@ $$^

-include $$(HOST_SRC:%.c=$(B)/host-$(1)/%.d)
-include $$(SOAK_SRC:%.c=$(B)/host-$(1)/%.d)
endef
$(foreach cc,$(HOST_COMPILERS),$(eval $(call host_rules,$(cc))))
