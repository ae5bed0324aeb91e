# SPDX-License-Identifier: MIT
# Finds a compiler and a linker for i386.  Sets KCC, KLD, TOOLCHAIN (a name for
# the directory of objects) and two sets of flags:
#
#   STACK4     aligns the stack to 4 bytes.  The ABI's 16 bytes are for vector
#              instructions, and the kernel has none.
#   FRAMELESS  leaves out stack frames and leaves %ebp alone, so that a backtrace
#              skips such a function and is right from its caller's caller on.
#              clang cannot promise that, so with clang only functions that call
#              no other lose their frame.
#   ONE_ARENA  inlines what says `inline`, however long, and nothing else; lets
#              gcc compile a function once more for an argument that is always
#              the same; and puts no instructions before a loop to align it.
#
#   LLVM=1            clang, ld.lld; LLVM=-19 takes clang-19, ld.lld-19
#   CROSS_COMPILE=X-  X-gcc, X-ld
#   CC=gcc-11         another native gcc
#   none of them      gcc -m32 on x86 Linux, else i686-elf-gcc or
#                     i686-linux-gnu-gcc, else clang

has = $(shell command -v $(1) 2>/dev/null)

# make itself sets CC, to cc; only a person's word counts.
NATIVE_CC := $(if $(filter command line,$(origin CC)),$(CC),gcc)

ifeq ($(LLVM)$(CROSS_COMPILE),)
  ifneq ($(filter x86_64 i386 i486 i586 i686,$(shell uname -m)),)
    NATIVE := $(and $(filter Linux,$(shell uname -s)),$(call has,$(NATIVE_CC)))
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

# Some distributions make these options a compiler's default, to harden programs.
# None of them works in a kernel for the i486 that has no C library.
PLAIN := -fno-pie -fno-pic -fno-stack-protector -fcf-protection=none \
         -U_FORTIFY_SOURCE

ifneq ($(filter 1 -%,$(LLVM)),)
  SUFFIX := $(LLVM:1=)
  TOOLCHAIN := clang$(SUFFIX)
  KCC := clang$(SUFFIX) --target=i386-elf
  KLD := ld.lld$(SUFFIX)
  STACK4 := -mstack-alignment=4
  FRAMELESS := -momit-leaf-frame-pointer
  ONE_ARENA := -finline-hint-functions
else ifneq ($(LLVM),)
  $(error LLVM=$(LLVM): say LLVM=1, or LLVM=-19 for clang-19, or leave it out)
else
  TOOLCHAIN := $(notdir $(if $(CROSS_COMPILE),$(CROSS_COMPILE)gcc,$(NATIVE_CC)))
  KCC := $(if $(CROSS_COMPILE),$(CROSS_COMPILE)gcc,$(NATIVE_CC)) -m32
  KLD := $(CROSS_COMPILE)ld
  STACK4 := -mpreferred-stack-boundary=2
  FRAMELESS := -fomit-frame-pointer -ffixed-ebp
  ONE_ARENA := -fipa-cp-clone --param ipa-cp-eval-threshold=1 \
               --param ipa-cp-unit-growth=1000 -fno-inline-functions \
               -fno-inline-small-functions -fno-inline-functions-called-once \
               --param max-inline-insns-single=1000 \
               --param large-function-growth=10000 \
               --param inline-unit-growth=10000 -fno-align-loops \
               -fno-align-jumps
  # A function whose frame is longer than a page touches each page of it, so a
  # stack that overflows cannot jump over its guard page.
  PLAIN += -fstack-clash-protection
endif

# Checked where they are used, so that `make help` works without them.
MISSING := $(foreach tool,$(firstword $(KCC)) $(KLD),\
             $(if $(call has,$(tool)),,$(tool)))
need_tools = $(if $(strip $(MISSING)),\
  $(error not found: $(strip $(MISSING)). `scripts/setup` installs what is missing))
# In a tree of someone else.
need_place = $(if $(shell mkdir -p $(@D) 2>/dev/null || echo no),\
  $(error $(@D) cannot be written. Copy the tree to a place of your own))
