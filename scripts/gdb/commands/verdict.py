# SPDX-License-Identifier: MIT
"""`mallow check`: every walk's verdict at once, a line each."""
from . import calls, directory, kernel, own_check, poison, tables
from .command import Command
from .frames import Frames
from .heap import TEST_PAGES, walk_of
from .memory import Trouble
from .screen import paint, say, say_verdict
from .spans import Spans
from .zones import Zalloc

SMALL = {"zalloc": ("mallow zones", Zalloc), "spans": ("mallow spans", Spans)}


def heap_verdicts(memory):
    """(allocator, the command that shows more, what is broken or None) of
    each allocator in force."""
    layer = kernel.KmallocLayer(memory)
    if layer.large != TEST_PAGES:
        yield layer.large, "mallow heap", walk_of(memory, layer.large).broken
    if layer.small in SMALL:
        command, walk = SMALL[layer.small]
        yield layer.small, command, walk(memory).zones()[1]
    if poison.is_on(memory):
        yield "poison", "mallow owner ADDRESS", poison.broken(memory)


def first_broken(memory):
    """The first violation in the heap, or None."""
    for _, _, broken in heap_verdicts(memory):
        if broken:
            return broken
    return None


class Check(Command):
    """Says what is sound and what is damaged: begin here.

Usage:
  mallow check

It checks the processor's tables, the frames, the pages and each allocator.
There are two verdicts: gdb's own, which only reads memory, and the kernel's,
whose checks gdb calls.  If one of them finds damage, there is damage.

For example, it prints "malloc  BROKEN: I1: blocks tile the heap", the address,
the expected and the found value, and `mallow writer` with the word that is
wrong.

It looks at bookkeeping, not at payloads: OPTIONS=poison checks what is around
those.  It cannot answer before the kernel runs.  In a dump, in a recorded run,
after a triple fault, or if the stack is full, it cannot ask the kernel's checks,
and says so."""

    name = "check"

    def answer(self, memory, words):
        kernel.require(memory)
        self.tell_call(memory)
        try:
            say_verdict(tables.broken(memory), "IDT, GDT and tasks", "tables  ")
        except Trouble as trouble:
            say(f"tables  {trouble}")
        self.tell("frames", "mallow frames", self.frames, memory)
        self.tell("pages", "mallow page ADDRESS", directory.faults, memory)
        try:
            for name, command, broken in heap_verdicts(memory):
                say_verdict(broken, f"{command} shows more", f"{name:7} ")
        except Trouble as trouble:
            say(f"heap    {trouble}")
        self.tell_kernel(memory)

    @staticmethod
    def tell_call(memory):
        call = calls.under_way(memory)
        if call:
            say(paint(f"the machine is in the middle of {call.text}", "bad")
                + f", called from {call.place}:\n  the heap may be between two "
                "sound states; `mallow first` looks at the calls before")

    @staticmethod
    def tell_kernel(memory):
        """The kernel's own checks."""
        try:
            found = own_check.verdicts(memory)
        except Trouble as trouble:
            say(f"kernel  {trouble}")
            return
        for name, broken in found:
            if broken:
                say_verdict(broken, "", f"kernel  {name}: ")
        sound = [name for name, broken in found if not broken]
        if sound:
            say("kernel  " + paint("sound", "good") + " by its own checks: "
                + ", ".join(sound))

    @staticmethod
    def frames(memory):
        kernel.require_written(memory, "frames")
        return Frames(memory).faults()

    @staticmethod
    def tell(name, command, ask, memory):
        try:
            faults = list(ask(memory))
        except Trouble as trouble:
            say(f"{name:7} {trouble}")
            return
        if not faults:
            say(f"{name:7} " + paint("sound", "good") + f": {command} shows "
                "more")
        for text in faults:
            say(f"{name:7} " + paint("BROKEN", "bad") + f": {text}")
