# SPDX-License-Identifier: MIT
"""gdb's commands for this kernel; `make debug` loads them.

    mallow start    runs to the kernel's first instruction

A breakpoint on `_start` alone stops too early: GRUB runs code of its own at
the very addresses where it then puts the kernel.  Ours is the visit that
carries the Multiboot2 magic in eax.  Breakpoints by name work from the start
on, in the higher half too, before paging is on.
"""
import gdb

MULTIBOOT2_MAGIC = 0x36d76289


class Mallow(gdb.Command):
    """This kernel's own commands: see `help mallow`."""

    def __init__(self):
        super().__init__("mallow", gdb.COMMAND_USER, prefix=True)


class Start(gdb.Command):
    """Runs to the kernel's first instruction."""

    def __init__(self):
        super().__init__("mallow start", gdb.COMMAND_RUNNING)

    def invoke(self, _argument, _from_tty):
        gdb.execute(f"tbreak _start if $eax == {MULTIBOOT2_MAGIC:#x}")
        gdb.execute("continue")


Mallow()
Start()
