# SPDX-License-Identifier: MIT
# The labs' tests for the host, one program (make check).  Sources that are not
# the students' are compiled once.  In lib and mm the compiler calls a counter
# at each basic block, so that tests can compare work (labs/host/work.c).

CHECK_CC    ?= $(if $(call has,gcc),gcc,clang)
CHECK_FLAGS := -m32 -std=c11 -g -O1 -D_FILE_OFFSET_BITS=64 \
               -fsanitize=address,undefined \
               -fno-sanitize-recover=all -fno-omit-frame-pointer \
               -idirafter /usr/include/$(shell uname -m)-linux-gnu \
               -Isrc -Ilabs/host
CHECK_COUNT := -fsanitize-coverage=trace-pc
CHECK_SRC := $(wildcard labs/host/*.c labs/*/tests*.c) \
             $(LABTEST:%=src/%.c) \
             $(filter-out src/lib/string.c src/lib/divide.c, \
               $(LIB:%=src/%.c)) \
             $(MM:%=src/%.c) $(REPLAY:%=src/%.c)
# STAFF BEGIN
CHECK_SRC += $(wildcard staff/tests/*.c)
# STAFF END
CHECK_OBJS := $(CHECK_SRC:%.c=$(B)/check/%.o)

$(B)/check/src/lib/%.o $(B)/check/src/mm/%.o: CHECK_FLAGS += $(CHECK_COUNT)
$(B)/check/%.o: %.c $(B)/check/.tools
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CHECK_CC) $(CHECK_FLAGS) $(WARN) -MMD -MP -c $< -o $@

$(B)/check/lab-tests: $(CHECK_OBJS)
	$(Q)$(CHECK_CC) $(CHECK_FLAGS) -o $@ $^
	@echo '$^' > $(@D)/objects

# How a file of mm is compiled, for whoever links another one of them.
$(B)/check/.tools: FORCE
	@mkdir -p $(@D)
	@echo '$(CHECK_CC) $(CHECK_FLAGS) $(CHECK_COUNT) $(WARN)' | \
	 cmp -s - $@ || \
	 echo '$(CHECK_CC) $(CHECK_FLAGS) $(CHECK_COUNT) $(WARN)' > $@

# STAFF BEGIN
# What make mutants builds with.
.PHONY: print-check-tests
print-check-tests:
	@echo 'cc $(CHECK_CC) $(CHECK_FLAGS)'
	@echo 'counted $(CHECK_COUNT)'
	@echo 'sources $(CHECK_SRC)'
# STAFF END

-include $(CHECK_OBJS:.o=.d)
