# SPDX-License-Identifier: MIT
"""`mallow start` and `mallow stages`: how far the machine has come."""
import gdb

from . import kernel
from .command import Command
from .memory import Trouble
from .screen import paint, say

MULTIBOOT2_MAGIC = 0x36d76289


class Start(Command):
    """Runs to the kernel's first instruction.

mallow start

A breakpoint on _start alone stops too early: GRUB runs code of its own at the
very addresses where it then puts the kernel.  Ours is the visit that carries
the Multiboot2 magic in eax.  Breakpoints by name work from reset on, in the
higher half too."""

    name, kind = "start", gdb.COMMAND_RUNNING

    def answer(self, memory, words):
        if kernel.phase(memory) != kernel.RESET:
            raise Trouble("the kernel is running already; `monitor "
                          "system_reset`, then `mallow start`, does it again")
        gdb.execute(f"tbreak _start if $eax == {MULTIBOOT2_MAGIC:#x}")
        gdb.execute("continue")


STATES = {"STAGE_OFF": ("off", "dim"), "STAGE_OK": ("ok", "good"),
          "STAGE_NOT_WRITTEN": ("not written", "part"),
          "STAGE_PARTLY_WRITTEN": ("partly written", "part"),
          "STAGE_BROKEN": ("BROKEN", "bad")}


class Stages(Command):
    """How far the kernel has come, and which allocators are in force.

mallow stages"""

    name = "stages"

    def answer(self, memory, words):
        where = kernel.function_at(kernel.register("pc"))
        kernel.require(memory)
        found = kernel.stages(memory)
        if not found:
            say(f"no stage has been started; the kernel is in {where}")
        for number, stage in enumerate(found):
            text, colour = STATES.get(stage.state, (stage.state, "bad"))
            say(f"  {number} {stage.name:8} {paint(f'{text:14}', colour)} "
                f"{stage.lab}")
        say(f"the processor is in {where}")
        try:
            door = kernel.FrontDoor(memory)
        except Trouble as trouble:
            say(str(trouble))
            return
        small = (f"; up to {door.stats.small_limit} bytes by {door.small}"
                 if door.small else "")
        say(f"kmalloc is served by {door.large}{small}")
