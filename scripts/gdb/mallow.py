# SPDX-License-Identifier: MIT
"""gdb's commands for this kernel; `make debug` loads them.

`help mallow` lists them.  The work is done in the folder `commands`.
"""
import sys
from pathlib import Path

import gdb

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
from commands import (armour, back, calls, dump, ends, first, frames, guard,  # noqa: E402
                    heap, lists, machine_commands, map as heap_map, owner, pages,
                    printers, spans, verdict, writer, zone_commands)


class Mallow(gdb.Command):
    """Looks inside this kernel: stages, memory, heap, and the use of an address.

Is something damaged?  Ask these questions in this order:

  mallow check           what is damaged?
  mallow first           since which call of kmalloc or kfree?
  mallow writer ADDRESS  which store put the wrong value there?
  mallow owner ADDRESS   what is that address?

To stop at the next store into a block's header: mallow guard POINTER.

`help mallow check` explains a command: what it does, an example, and when it
cannot answer.

Most commands only read memory.  `start`, `first` and `writer` start the machine
again.  `back` and `end` move in a recorded run.  `check` calls the kernel's own
checks."""

    def __init__(self):
        super().__init__("mallow", gdb.COMMAND_USER, prefix=True)

    def invoke(self, argument, _from_tty):
        gdb.execute("help mallow")


Mallow()
for command in (machine_commands.Start, machine_commands.Stages,
                verdict.Check, frames.FramesCommand, pages.Page, heap.Heap,
                zone_commands.Zones, zone_commands.Stores,
                spans.SpansCommand, armour.Armour, owner.Owner,
                heap_map.MapCommand, guard.GuardCommand, first.FirstCommand,
                writer.WriterCommand, back.Back, back.End, dump.Dump, lists.ListCommand,
                calls.Log,
                machine_commands.ConsoleCommand):
    command()
back.ReverseContinue()
printers.register()
ends.register()
