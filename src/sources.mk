# SPDX-License-Identifier: MIT
# What the kernel is built from, from the ground up; one file a line.

# lib: knows nothing of this kernel
LIB :=
LIB += lib/addr         # virtual and physical addresses, frame numbers
LIB += lib/bitmap       # runs of bits in an array of words
LIB += lib/divide       # 64-bit division, which i386 compilers call
LIB += lib/number       # text to numbers
LIB += lib/panic        # where the kernel stops
LIB += lib/print        # formatted text
LIB += lib/random       # numbers from a seed
LIB += lib/record       # a line of facts for the host
LIB += lib/region       # ranges of physical memory
LIB += lib/stage          # functions that are not written yet
LIB += lib/string       # bytes and strings

# arch/i386: the machine
ARCH :=
ARCH += arch/i386/boot        # from GRUB to C (assembly)
ARCH += arch/i386/cpu         # control registers, halt, exit from QEMU
ARCH += arch/i386/directory   # the page directory in force
ARCH += arch/i386/segments    # GDT and the two task segments
ARCH += arch/i386/trap_frame  # the registers at a trap; names of traps
ARCH += arch/i386/traps       # IDT, interrupts, exceptions
ARCH += arch/i386/traps_stubs # one entry a vector (assembly)
ARCH += arch/i386/serial      # the two serial ports
ARCH += arch/i386/vga         # the text screen
ARCH += arch/i386/framebuffer # the same, drawn in pixels (UEFI)
ARCH += arch/i386/font        # 8 by 16 pixels a character
ARCH += arch/i386/keyboard    # the PS/2 keyboard
ARCH += arch/i386/console     # serial line, screen and keyboard as one
ARCH += arch/i386/counter     # counted instructions
ARCH += arch/i386/probe       # reads that may fault
ARCH += arch/i386/multiboot2  # what the loader tells: tags to plain regions
ARCH += arch/i386/symbols     # names of functions
ARCH += arch/i386/walk        # page tables as the processor walks them
ARCH += arch/i386/backtrace   # who called whom
ARCH += arch/i386/place       # what an address says by itself
ARCH += arch/i386/advice      # what to type after a panic
ARCH += arch/i386/report      # the panic's text

# mm: memory, one folder a stage
MM :=
MM += mm/frames/frames         # lab 1: physical frames
MM += mm/frames/frames_check   #   its invariants
MM += mm/paging/paging         # lab 2: page tables
MM += mm/paging/paging_window  #   the heap window, for the checker
MM += mm/paging/paging_check   #   its invariants
MM += mm/heap/heap             # the kmalloc layer: chooses an allocator
MM += mm/heap/heap_calls       #   what every call does
MM += mm/heap/heap_look        #   figures, blocks, soundness
MM += mm/heap/heap_log         #   the last calls
MM += mm/heap/heap_poison      #   mistakes of callers, seen when they happen
MM += mm/heap/heap_watch       #   the check before and after a call
MM += mm/heap/heap_pages       #   page runs for zones
MM += mm/heap/bump             # lab 3: a pointer that moves up
MM += mm/heap/bump_check       #   its invariants
MM += mm/malloc/malloc         # lab 4: a list of blocks
MM += mm/malloc/malloc_verify  #   what it believes of an address
MM += mm/malloc/malloc_check   #   its invariants
MM += mm/zalloc/zalloc         # lab 5: zones of equal entries
MM += mm/zalloc/zalloc_walk    #   shows them
MM += mm/zalloc/zalloc_verify  #   from an address to its entry
MM += mm/zalloc/zalloc_check   #   its invariants
MM += mm/spans/spans_policy    # lab 6: which granule serves which size
MM += mm/spans/spans_runs      #   free runs by length
MM += mm/spans/spans           #   spans of granules
MM += mm/spans/spans_walk      #   shows them
MM += mm/spans/spans_check     #   its invariants
MM += mm/armour/armour         # lab 7: allocation and free
MM += mm/armour/armour_arena   #   laying out, resizing, sweep, static heap
MM += mm/armour/armour_check   #   its figures, blocks and invariants
MM += mm/grow/window           # lab 8: pages mapped at the heap's end
MM += mm/grow/window_check     #   its invariants
MM += mm/grow/grow             #   a heap beyond 2 MiB
MM += mm/grow/grow_arena       #   the arena in the window
MM += mm/grow/grow_check       #   its invariants

# replay: traces run through kmalloc
REPLAY :=
REPLAY += replay/trace    # the .rep format
REPLAY += replay/survey   # a trace's live bytes
REPLAY += replay/shadow   # which granules are in use
REPLAY += replay/pattern  # payload that can be verified
REPLAY += replay/result   # what a replay is given, and its outcome
REPLAY += replay/figures  # what was counted
REPLAY += replay/judge    # ok or wrong
REPLAY += replay/picture  # the heap on the screen
REPLAY += replay/record   # figures for the host
REPLAY += replay/report   # the table
REPLAY += replay/run      # one trace, operation by operation
REPLAY += replay/replay   # all traces

# monitor: the prompt
MONITOR :=
MONITOR += monitor/line     # a line being typed
MONITOR += monitor/map      # memory as letters
MONITOR += monitor/crash    # faults on request
MONITOR += monitor/commands # what can be asked
MONITOR += monitor/monitor  # the prompt

# labtest: runs the labs' tests in the kernel
LABTEST :=
LABTEST += labtest/common      # what every call of a test does
LABTEST += labtest/live_blocks # which blocks are live
LABTEST += labtest/soundness   # the stage's checker, as a verdict
LABTEST += labtest/usage       # the heap's counters
LABTEST += labtest/stray       # writes of a mistaken pointer
LABTEST += labtest/frames      # calls of lab 1
LABTEST += labtest/paging      # calls of lab 2
LABTEST += labtest/heap        # calls of labs 3, 4, 7
LABTEST += labtest/stress      # random work
LABTEST += labtest/trace       # traces as tests
LABTEST += labtest/steps       # which steps of a random test
LABTEST += labtest/zones       # calls of labs 5 and 6
LABTEST += labtest/caches      # dedicated caches
LABTEST += labtest/window      # calls of lab 8
LABTEST += labtest/labs        # which tests there are
# Not on the host:
LABTEST_KERNEL :=
LABTEST_KERNEL += labtest/call_record # calls, for the host to play back
LABTEST_KERNEL += labtest/guard_bytes # bytes around a test's memory
LABTEST_KERNEL += labtest/run_kernel  # one test, in a booted kernel

# boot: what main.c calls
BOOT :=
BOOT += boot/options      # words of the command line
BOOT += boot/again        # the command that boots the same once more
BOOT += boot/boot_memory  # what memory there is, and what is set aside
BOOT += boot/explain      # an address in words
BOOT += boot/replay_setup # traces, counting and the picture put together
BOOT += boot/first_stages # the stages before there is a heap
BOOT += boot/heap_stages  # the stages that have a heap
BOOT += boot/try_out      # which functions of a heap stage are written
BOOT += boot/stages       # starts stages in order, and checks each
BOOT += boot/test_mode    # a test instead of the prompt
BOOT += boot/finish       # replay, then the prompt or the end

SOURCES := $(LIB) $(ARCH) $(MM) $(REPLAY) $(MONITOR) $(LABTEST) \
           $(LABTEST_KERNEL) $(BOOT) main
