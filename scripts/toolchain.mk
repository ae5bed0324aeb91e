# SPDX-License-Identifier: MIT
# Finds a compiler and a linker for i386.  Sets KCC, KLD, TOOLCHAIN (a name for
# the directory of objects) and STACK4: the stack stays aligned to words, for
# the 16 bytes of the ABI serve vector instructions, and the kernel has none.
# And FRAMELESS: functions without a stack frame, which leave %ebp alone, so that
# a backtrace passes over them and is right from their callers' callers on; with
# clang, which cannot promise that, only those that call no other.
#
#   LLVM=1            clang, ld.lld
#   CROSS_COMPILE=X-  X-gcc, X-ld
#   neither           the native gcc -m32 on x86, else i686-elf-gcc or
#                     i686-linux-gnu-gcc, else clang

has = $(shell command -v $(1) 2>/dev/null)

ifeq ($(LLVM)$(CROSS_COMPILE),)
  ifneq ($(filter x86_64 i386 i486 i586 i686,$(shell uname -m)),)
    NATIVE := $(and $(filter Linux,$(shell uname -s)),$(call has,gcc))
  endif
  ifeq ($(NATIVE),)
    ifneq ($(call has,i686-elf-gcc),)
      CROSS_COMPILE := i686-elf-
    else ifneq ($(call has,i686-linux-gnu-gcc),)
      CROSS_COMPILE := i686-linux-gnu-
    else
      LLVM := 1
    endif
  endif
endif

ifeq ($(LLVM),1)
  TOOLCHAIN := clang
  KCC := clang --target=i386-elf
  STACK4 := -mstack-alignment=4
  FRAMELESS := -momit-leaf-frame-pointer
  KLD := ld.lld
else ifneq ($(LLVM),)
  $(error LLVM=$(LLVM): say LLVM=1, or leave it out)
else ifneq ($(CROSS_COMPILE),)
  TOOLCHAIN := $(notdir $(CROSS_COMPILE))gcc
  KCC := $(CROSS_COMPILE)gcc -m32
  KLD := $(CROSS_COMPILE)ld
  STACK4 := -mpreferred-stack-boundary=2
  FRAMELESS := -fomit-frame-pointer -ffixed-ebp
else
  TOOLCHAIN := gcc
  KCC := gcc -m32
  KLD := ld
  STACK4 := -mpreferred-stack-boundary=2
  FRAMELESS := -fomit-frame-pointer -ffixed-ebp
endif

# Checked where they are used, so that `make help` works without them.
MISSING := $(foreach tool,$(firstword $(KCC)) $(KLD),\
             $(if $(call has,$(tool)),,$(tool)))
need_tools = $(if $(strip $(MISSING)),\
  $(error not found: $(strip $(MISSING)). `scripts/setup` installs what is missing))
