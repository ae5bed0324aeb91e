# SPDX-License-Identifier: MIT
# The labs' tests for the host, one program (make check).  Sources that are not
# the students' are compiled once.

CHECK_CC    ?= $(if $(call has,gcc),gcc,clang)
CHECK_FLAGS := -m32 -std=c11 -g -O1 -D_FILE_OFFSET_BITS=64 \
               -fsanitize=address,undefined \
               -fno-sanitize-recover=all -fno-omit-frame-pointer \
               -idirafter /usr/include/$(shell uname -m)-linux-gnu \
               -Isrc -Ilabs/host
CHECK_SRC := $(wildcard labs/host/*.c labs/*/tests.c) \
             $(patsubst %,src/lab/%.c,common ledger labs frames paging heap \
                                      zones caches window stress trace steps) \
             $(filter-out src/lib/string.c src/lib/divide.c, \
               $(LIB:%=src/lib/%.c)) \
             $(MM:%=src/mm/%.c) $(REPLAY:%=src/replay/%.c)
# STAFF BEGIN
CHECK_SRC += $(wildcard staff/tests/*.c)
# STAFF END
CHECK_OBJS := $(CHECK_SRC:%.c=$(B)/check/%.o)

$(B)/check/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CHECK_CC) $(CHECK_FLAGS) $(WARN) -MMD -MP -c $< -o $@

$(B)/check/lab-tests: $(CHECK_OBJS)
	$(Q)$(CHECK_CC) $(CHECK_FLAGS) -o $@ $^

-include $(CHECK_OBJS:.o=.d)
