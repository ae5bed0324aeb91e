# SPDX-License-Identifier: MIT
"""`mallow start`, `mallow stages` and `mallow console`: how far the machine has
come, and what the kernel has said."""
import gdb

from . import kernel, session
from .command import Command
from .memory import Trouble, number_of
from .screen import paint, say



class Start(Command):
    """Runs to the kernel's first instruction, from reset.

Usage:
  mallow start

For example, after a panic, mallow start starts the machine again and prints
the line of _start.  Your breakpoints stay.

Use it instead of a breakpoint on _start: GRUB runs code of its own at the same
addresses before it puts the kernel there.  Breakpoints by name work from reset
on.

It cannot answer in a dump, or in a gdb that was not started by make."""

    name, kind = "start", gdb.COMMAND_RUNNING

    def answer(self, memory, words):
        if kernel.paging_is_on() or kernel.phase(memory) != kernel.RESET:
            session.restart()
            say("started again; breakpoints stay")
        else:
            session.run_to(session.START)
        gdb.execute("frame")


STATES = {"STAGE_OFF": ("off", "dim"), "STAGE_OK": ("ok", "good"),
          "STAGE_NOT_WRITTEN": ("not written", "part"),
          "STAGE_PARTLY_WRITTEN": ("partly written", "part"),
          "STAGE_BROKEN": ("BROKEN", "bad")}


class Stages(Command):
    """Shows which stages have started, and which allocators serve kmalloc.

Usage:
  mallow stages

For example, it prints "4 malloc  ok  labs/4-malloc" for a stage that works,
the function that the processor is in, and "kmalloc is served by malloc".

It cannot answer before the kernel has set itself up."""

    name = "stages"

    def answer(self, memory, words):
        kernel.require(memory)
        where = kernel.function_at(gdb.newest_frame().pc())
        found = kernel.stages(memory)
        if not found:
            say(f"no stage has been started; the kernel is in {where}")
        for number, stage in enumerate(found):
            text, colour = STATES.get(stage.state, (stage.state, "bad"))
            say(f"  {number} {stage.name:8} {paint(f'{text:14}', colour)} "
                f"{stage.lab}")
        say(f"the processor is in {where}")
        try:
            layer = kernel.KmallocLayer(memory)
        except Trouble as trouble:
            say(str(trouble))
            return
        small = (f"; up to {layer.stats.small_limit} bytes by {layer.small}"
                 if layer.small else "")
        say(f"kmalloc is served by {layer.large}{small}")


class ConsoleCommand(Command):
    """Shows what the kernel has printed.

Usage:
  mallow console           the last 24 lines
  mallow console LINES     that many lines

For example, mallow console 60 prints a whole panic.

It cannot answer with make debug-server: the kernel prints in the terminal of
that command."""

    name, usage, most = "console", "[LINES]", 1

    def answer(self, memory, words):
        if not session.console.path:
            raise Trouble("the console is where make debug-server runs")
        count = number_of(words[0]) if words else session.LINES_SHOWN
        lines = session.console.text().strip().splitlines()
        if not lines:
            raise Trouble("the kernel has printed nothing yet")
        for line in lines[max(len(lines) - count, 0):]:
            say("| " + line)
