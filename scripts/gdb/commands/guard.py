# SPDX-License-Identifier: MIT
"""`mallow guard`: stops at the store that damages a block's bookkeeping.

    | hdr | payload of the block | hdr of the next |
      ^                            ^
      watched                      watched: it is what an overflow hits

The allocator writes there too, and may: its own stores are let through, and
told from others by the file that the code is in.
"""
import gdb

from . import kernel, session
from .command import Command
from .heap import walk_of
from .memory import Memory, Trouble, number_of
from .screen import paint, say
from .spans import Spans
from .zones import Zalloc

# Whose stores into bookkeeping are right, by the name of the allocator.
OWN_FILES = {"malloc": ("mm/malloc/",), "bump": ("mm/heap/bump",),
             "zalloc": ("mm/zalloc/",), "spans": ("mm/spans/",)}
BORROWED = ("lib/",)  # memset and lists work for their callers; so does a
                      # function in a header
FRAMES = 6            # of callers looked at


def line_before(frame):
    """The line of the instruction that ended just before `frame`'s pc.  A
    watchpoint stops after the store, and the next line may begin there.  A call
    has stored, too; then the pc is where a function begins."""
    begin = frame.function().value().address if frame.function() else 0
    if frame.pc() == int(begin):
        return frame.find_sal().line
    return gdb.find_pc_line(frame.pc() - 1).line


class Writer:
    """The code that has just stored, or will with its next instruction: the
    innermost function that works for itself, and the one that did it for it, if
    another."""

    def __init__(self, stored=True):
        frame = gdb.newest_frame()
        self.helper = frame.name() or "?"
        for number in range(FRAMES):
            self.name = frame.name() or "?"
            self.source = kernel.source_of(frame)
            self.line = line_before(frame) if stored and number == 0 \
                else frame.find_sal().line
            if frame.older() is None or not (
                    self.source.startswith(BORROWED)
                    or self.source.endswith(".h")):
                break
            frame = frame.older()

    @property
    def text(self):
        through = f", through {self.helper}" if self.helper != self.name \
            else ""
        return f"{self.name} ({self.source}:{self.line}){through}"

    def belongs_to(self, allocator):
        return self.source.startswith(OWN_FILES.get(allocator, ()))


class Guard(gdb.Breakpoint):
    """A watchpoint on one piece of bookkeeping."""

    def __init__(self, allocator, begin, count, what, every):
        super().__init__(f"*(char (*)[{count}]){begin:#x}",
                         gdb.BP_WATCHPOINT, gdb.WP_WRITE, internal=False)
        self.silent = True
        self.allocator, self.what, self.every = allocator, what, every
        self.begin, self.count = begin, count
        self.before = self.bytes()

    def bytes(self):
        return Memory().read(self.begin, self.count, self.what)

    def stop(self):
        after = self.bytes()
        before, self.before = self.before, after
        writer = Writer()
        own = writer.belongs_to(self.allocator)
        if own and not self.every:
            return False
        self.explain(writer, before, after, own)
        return True

    def explain(self, writer, before, after, own):
        say(paint(f"guard: {writer.text} has written into {self.what}",
                  "good" if own else "bad"))
        for offset in range(0, self.count, 4):
            old, new = before[offset:offset + 4], after[offset:offset + 4]
            if old != new:
                say(f"  {self.begin + offset:#010x}: "
                    f"{int.from_bytes(old, 'little'):#010x} -> "
                    f"{int.from_bytes(new, 'little'):#010x}"
                    + self.as_text(new))
        say("  that is the allocator's own code" if own else
            "  which only the allocator may: `backtrace` shows how it came "
            "there")

    @staticmethod
    def as_text(raw):
        if all(32 <= byte < 127 for byte in raw):
            return f'  "{raw.decode()}"'
        return ""


def zone_pieces(memory, address):
    """A zone's header with its bitmap."""
    zone = Zalloc(memory).zone_of(address)
    if zone:
        yield ("zalloc", zone.at, zone.bitmap_at + zone.bitmap_bytes - zone.at,
               f"the header and bitmap of the zone at {zone.at:#010x}")


def span_pieces(memory, address):
    """A zone's header with its maps, which its spans could overflow into from
    the zone before."""
    zone = Spans(memory).zone_of(address)
    if zone:
        yield ("spans", zone.at, zone.map_end - zone.at,
               f"the header and maps of the zone at {zone.at:#010x}")


SMALL_PIECES = {"zalloc": zone_pieces, "spans": span_pieces}


def block_pieces(memory, name, address):
    """The headers on both sides of a block's payload."""
    walk = walk_of(memory, name)
    block = walk.block_at(address)
    if not block:
        raise Trouble(f"{address:#010x} is in no block of {name} that the "
                      "walk has reached")
    count = block.payload - block.header
    if not count:
        raise Trouble(f"{name} keeps its bookkeeping apart: no pointer into a "
                      "block leads there")
    yield (name, block.header, count,
           f"the header of block {block.number}, at {block.header:#010x}")
    if block.end < walk.end or name == "malloc":
        yield (name, block.end, count,
               f"the header after block {block.number}, at "
               f"{block.end:#010x}")


class GuardCommand(Command):
    """Stops at the next store into the bookkeeping around a block.

Usage:
  mallow guard POINTER         stores of all code but the allocator's
  mallow guard POINTER all     the allocator's stores, too
  mallow guard off             deletes all guards

For example, mallow guard payload prints which headers it watches.  After
`continue`, it stops after the store, and prints the function, the line, and
the word before and after.

Of a block of malloc it watches the block's header and the next one's; of an
entry of zalloc or spans, the zone's header and maps.  The hardware watches, so
nothing runs slower.

It cannot answer for armour, which keeps no bookkeeping beside a block, or in
a dump."""

    name, usage, least, most = "guard", "POINTER [all] | off", 1, 2
    kind = gdb.COMMAND_BREAKPOINTS

    def answer(self, memory, words):
        if words == ["off"]:
            guards = [one for one in gdb.breakpoints()
                      if isinstance(one, Guard)]
            for one in guards:
                one.delete()
            say(f"{len(guards)} guards taken away")
            return
        if words[1:] not in ([], ["all"]):
            raise Trouble(f"usage: mallow {self.name} {self.usage}")
        session.require_machine()
        layer = kernel.KmallocLayer(memory)
        address = number_of(words[0])
        pieces = list(SMALL_PIECES[layer.small](memory, address)) \
            if layer.small in SMALL_PIECES else []
        pieces = pieces or list(block_pieces(memory, layer.large, address))
        for allocator, begin, count, what in pieces:
            Guard(allocator, begin, count, what, words[1:] == ["all"])
            say(f"guarded: {what}, {count} bytes")
