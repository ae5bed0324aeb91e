# SPDX-License-Identifier: MIT
"""`mallow check`: every walk's verdict at once, a line each."""
from . import directory, kernel
from .command import Command
from .frames import Frames
from .heap import walk_of
from .memory import Trouble
from .screen import paint, say, say_verdict
from .spans import Spans
from .zones import Zalloc

SMALL = {"zalloc": ("mallow zones", Zalloc), "spans": ("mallow spans", Spans)}


def heap_verdicts(memory):
    """(allocator, the command that shows more, what is broken or None) of
    each allocator in force."""
    layer = kernel.KmallocLayer(memory)
    yield layer.large, "mallow heap", walk_of(memory, layer.large).broken
    if layer.small in SMALL:
        command, walk = SMALL[layer.small]
        yield layer.small, command, walk(memory).zones()[1]


def first_broken(memory):
    """The first thing that is wrong with the heap, or None."""
    for _, _, broken in heap_verdicts(memory):
        if broken:
            return broken
    return None


class Check(Command):
    """Frames, pages, heap and zones: what is sound, and what is damaged.

mallow check

The place to begin.  It names the command that shows more of what is damaged.
Bookkeeping is looked at, not what callers keep in their blocks."""

    name = "check"

    def answer(self, memory, words):
        kernel.require(memory)
        self.tell("frames", "mallow frames", self.frames, memory)
        self.tell("pages", "mallow page ADDRESS", directory.faults, memory)
        try:
            for name, command, broken in heap_verdicts(memory):
                say_verdict(broken, f"{command} shows more", f"{name:7} ")
        except Trouble as trouble:
            say(f"heap    {trouble}")

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
