# SPDX-License-Identifier: MIT
# How the kernel is built:
#
#     src/*.c --> $(O)/*.o --> kernel.elf, for gdb
#                         \--> mallow.elf, without debug information --> ISO
#
# O is a folder of its own for each toolchain, below B.

include scripts/toolchain.mk

# DEBUG=1 is for gdb: fewer values are "<optimized out>", and no call becomes a
# jump, so that a backtrace names every caller.
OPTIMISE := $(if $(DEBUG),-Og -fno-optimize-sibling-calls,-O2)
CFLAGS  := -std=c11 $(OPTIMISE) -g -march=i486 -ffreestanding -fno-builtin $(PLAIN) \
           -fno-omit-frame-pointer -fno-asynchronous-unwind-tables \
           -fno-strict-aliasing -mgeneral-regs-only $(STACK4) -Isrc
WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
           -Wmissing-prototypes -Wframe-larger-than=2048
# The functions that are called most have no frames.  This saves three
# instructions and more a call; a backtrace out of them lacks the caller's name.
NO_FRAME       := mm/heap/heap mm/armour/armour mm/armour/armour_arena
NO_FRAME_FLAGS := $(FRAMELESS) $(ONE_ARENA)
LDFLAGS  = -m elf_i386 -nostdlib -static --build-id=none -z noexecstack \
           -z max-page-size=4096 -T $(O)/linker.ld

include src/sources.mk
O     := $(B)/$(TOOLCHAIN)$(if $(DEBUG),-debug)
TESTS := $(patsubst %.c,%,$(wildcard labs/*/tests*.c))
# STAFF BEGIN
TESTS += $(patsubst %.c,%,$(wildcard staff/tests/*.c))
# STAFF END
PACKED := $(patsubst traces/%,$(B)/packed/%.gz,$(wildcard traces/*.rep))
OBJS  := $(SOURCES:%=$(O)/%.o) $(TESTS:%=$(O)/%.o)

# --- From sources to the ISO ----------------------------------------------------
$(O)/%.o: src/%.c $(O)/.tools
	$(call say,CC,$*.c)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(CFLAGS) $(WARN) $(EXTRA) -MMD -MP -c $< -o $@

ifeq ($(DEBUG),)
$(NO_FRAME:%=$(O)/%.o): CFLAGS += $(NO_FRAME_FLAGS)
endif
# kmalloc() and kfree() jump to the functions in force, which find their caller
# on the stack: these calls have to stay jumps.
$(O)/mm/heap/heap.o: CFLAGS += -O2 -foptimize-sibling-calls

$(TESTS:%=$(O)/%.o): $(O)/%.o: %.c $(O)/.tools
	$(call say,CC,$*.c)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(CFLAGS) $(WARN) $(EXTRA) -MMD -MP -c $< -o $@

$(O)/%.o: src/%.S $(O)/.tools
	$(call say,AS,$*.S)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(CFLAGS) -MMD -MP -c $< -o $@

# The preprocessor adds the constants of src/arch/i386/layout.h.
$(O)/linker.ld: linker.ld src/arch/i386/layout.h $(O)/.tools
	$(Q)$(KCC) -E -P -undef -x assembler-with-cpp -Isrc $< -o $@

$(O)/kernel.elf: $(OBJS) $(O)/linker.ld
	$(call say,LD,kernel.elf)
	$(Q)$(KLD) $(LDFLAGS) -o $@ $(OBJS)

# GRUB loads whatever the file holds, so the ISO's copy has no debug information.
$(O)/mallow.elf: $(OBJS) $(O)/linker.ld
	$(Q)$(KLD) $(LDFLAGS) --strip-debug -o $@ $(OBJS)

# The last toolchain that was asked for owns the names in build/.  A new file
# takes the old one's name: a gdb that has the old one open keeps reading that.
$(B)/kernel.elf: $(O)/kernel.elf $(B)/.toolchain
	$(Q)cp $< $@.new && mv $@.new $@

$(B)/mallow.iso: $(O)/mallow.elf $(B)/kernel.elf iso/grub.cfg \
                 scripts/make-iso scripts/run-mkrescue scripts/fill-iso \
                 iso/base.iso.xz $(B)/.traces $(PACKED)
	$(call say,ISO,$@)
	$(Q)PYTHON=$(call quoted,$(PYTHON)) scripts/make-iso $< $@ $(B)/packed

# Packing takes longer than all else that an ISO needs, so it is done once.
$(PACKED): $(B)/packed/%.gz: traces/% $(B)/.traces
	@mkdir -p $(@D)
	$(Q)gzip -9 -n -c $< >$@.new && mv $@.new $@

# For editors: how each file is compiled.  clangd looks in build/ by itself.
$(B)/compile_commands.json: scripts/compile-commands src/sources.mk \
                            scripts/kernel.mk scripts/toolchain.mk $(O)/.tools $(B)/check/.tools
	$(Q)$(call quoted,$(PYTHON)) scripts/compile-commands \
	  '$(KCC) $(CFLAGS) $(WARN)' $(SOURCES) $(TESTS) \
	  $(patsubst %.c,%,$(wildcard labs/*/hunt.c)) -- \
	  '$(CHECK_CC) $(CHECK_FLAGS) $(WARN)' $(wildcard labs/host/*.c) \
	  $(wildcard tests/host/*.c) >$@.new && mv $@.new $@

# For scripts/mallow/grade/build.py.
.PHONY: print-build
print-build:
	@echo 'cc $(KCC) $(CFLAGS) $(WARN)'
	@echo 'ld $(KLD) $(LDFLAGS)'
	@echo 'objects $(OBJS)'
	@echo 'folder $(O)'

# Changes when, and only when, the choice of tools does.
$(O)/.tools $(B)/.toolchain: FORCE
	$(need_tools)$(need_place)
	@mkdir -p $(@D)
	@echo '$(KCC) $(KLD) $(CFLAGS) $(NO_FRAME_FLAGS) $(EXTRA)' | cmp -s - $@ || \
	 echo '$(KCC) $(KLD) $(CFLAGS) $(NO_FRAME_FLAGS) $(EXTRA)' > $@
# The names: a trace that is gone is newer than nothing, and its packed form goes.
$(B)/.traces: FORCE
	@mkdir -p $(@D)
	@ls traces | cmp -s - $@ || { rm -rf $(B)/packed; ls traces > $@; }
FORCE:

-include $(OBJS:.o=.d)
