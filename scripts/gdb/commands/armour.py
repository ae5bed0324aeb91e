# SPDX-License-Identifier: MIT
"""The armoured malloc, read from its two maps, bit by bit.

    M1: the starts cut the arena into blocks; `used` counts at a start only.
    M2: a word of `starts` wholly inside a block is 0, and the first and the
        last such word of `used` hold the block's length.
    R1: no two free blocks touch, piles excepted.
    Z1: a recent block is a used block of its size.
    A3: the counters equal what a walk finds; a recent block is not in use.
"""
from . import kernel, layout
from .command import Command
from .heaps import Block, Broken, Walk, ends_broken
from .memory import Trouble
from .screen import say, say_verdict, size

WORD_BITS = 32
MOST_GRANULES = 1 << 24
USED, FREE, KEPT = "used", "free", "kept"

M1 = "M1: the starts cut the arena into blocks"
M2 = "M2: a hole in the map holds the length"
R1 = "R1: no two free blocks touch"
Z1 = "Z1: a recent block is a used block of its size"
A3 = "A3: the counters equal what a walk finds"


class Arena:
    """An arena, with its maps read whole; that of the static heap unless
    another is given."""

    def __init__(self, memory, raw=None):
        self.memory = memory
        self.raw = raw or layout.variable(memory, "armour_arena")
        self.base, self.granules = self.raw.base, self.raw.granules
        self.begin, self.end = self.raw.begin, self.raw.end
        if not self.begin:
            raise Trouble("there is no arena yet: armour_init has not run "
                          "(stage armour)")
        if self.granules > MOST_GRANULES:
            raise Trouble(f"the arena claims {self.granules} granules")
        count = (self.granules // WORD_BITS + 1) * 4
        self.starts = memory.read(self.raw.starts, count, "the map of starts")
        self.used = memory.read(self.raw.used, count, "the map of use")
        self.granule_bytes = layout.size_of("struct links")

    def bit(self, bits, index):
        return bits[index // 8] >> index % 8 & 1

    def word(self, bits, index):
        return int.from_bytes(bits[4 * index:4 * index + 4], "little")

    def address(self, granule):
        return self.base + granule * self.granule_bytes

    def start_behind(self, start):
        """The next start, looked for bit by bit where there are any."""
        at = start + 1
        while at < self.granules:
            if at % 8 == 0 and not self.starts[at // 8]:
                at += 8
            elif self.bit(self.starts, at):
                return at
            else:
                at += 1
        return self.granules

    def kept(self):
        """(size in granules, address of the recent block or 0, pile) of what
        is kept ready for each size."""
        extent_bytes = layout.size_of("struct extent")
        for number in range(1, min(self.raw.sizes, WORD_BITS) + 1):
            yield (number,
                   self.memory.word(self.raw.recent + 4 * number,
                                    "a recent block"),
                   layout.record(self.memory, "struct extent",
                                 self.raw.piles + extent_bytes * number))

    def recent(self):
        """{address: size in granules} of what waits to be given out again."""
        return {recent: number for number, recent, _ in self.kept() if recent}

    def piles(self):
        """{first granule: size in granules} of the piles."""
        return {pile.begin: number for number, _, pile in self.kept()
                if pile.begin != pile.end}


def hole_broken(arena, start, end):
    first, behind = start // WORD_BITS + 1, end // WORD_BITS
    for word in (first, behind - 1):
        if first < behind and arena.word(arena.used, word) != end - start:
            return Broken(M2, arena.address(start), "the length in the hole",
                          end - start, arena.word(arena.used, word),
                          arena.raw.used + 4 * word)
    return None


def counters_broken(blocks, usage):
    used = [block for block in blocks if block.state == USED]
    for name, expected in (("used_blocks", len(used)),
                           ("used_bytes", sum(one.bytes for one in used))):
        if getattr(usage, name) != expected:
            return Broken(A3, usage.place_of(name), name, expected,
                          getattr(usage, name))
    return None


def walk_blocks(arena, walk):
    """M1, M2 and R1."""
    recent, piles = arena.recent(), arena.piles()
    start, free_before = 0, False
    if arena.granules and not arena.bit(arena.starts, 0):
        walk.broken = Broken(M1, arena.base, "the start of granule 0", 1, 0,
                             arena.raw.starts)
    while start < arena.granules and not walk.broken:
        end, address = arena.start_behind(start), arena.address(start)
        state = USED if arena.bit(arena.used, start) else FREE
        if recent.get(address) == end - start and state == USED:
            state = KEPT
            recent.pop(address)
        walk.blocks.append(Block(len(walk.blocks), address, address,
                                 arena.address(end), state, "armour"))
        walk.reached = arena.address(end)
        free = state == FREE and start not in piles
        walk.broken = hole_broken(arena, start, end)
        if free and free_before and not walk.broken:
            walk.broken = Broken(R1, address, "the block after a free one",
                                 USED, FREE,
                                 arena.raw.used + start // WORD_BITS * 4)
        start, free_before = end, free
    for address, number in recent.items():
        walk.broken = walk.broken or Broken(
            Z1, address, "a recent block", f"used, of {number} granules",
            "none there")


def walk_static(memory):
    """The blocks of the static heap; their counters are looked at by those who
    know of all blocks."""
    arena = Arena(memory)
    found = Walk("armour", arena.begin, arena.end)
    found.bookkeeping = (arena.begin, arena.base)
    found.broken = ends_broken("armour", M1, arena.begin, arena.end,
                               layout.address_of("heap_begin"),
                               layout.address_of("heap_end"))
    found.reached = arena.base
    if found.broken:
        return found
    walk_blocks(arena, found)
    found.note = (f"bookkeeping apart: {arena.base - arena.begin} bytes from "
                  f"{arena.begin:#010x}; kept for their size: "
                  f"{sum(one.state == KEPT for one in found.blocks)} blocks")
    return found


def walk(memory):
    found = walk_static(memory)
    usage = layout.variable(memory, "armour_arena").usage
    found.broken = found.broken or counters_broken(found.blocks, usage)
    return found


WALKS = {"armour": walk}  # and "grow", from grow.py


class Armour(Command):
    """The armoured malloc: its runs, piles and recent blocks.

mallow armour

Blocks are listed by `mallow heap`; this shows what the allocator keeps ready,
and whether its maps agree with themselves."""

    name = "armour"

    def answer(self, memory, words):
        kernel.require(memory)
        arena = Arena(memory)
        if kernel.KmallocLayer(memory).large != "grow":
            kernel.require_in_force(memory, "armour")
        say(f"{arena.granules} granules of {arena.granule_bytes} bytes at "
            f"{arena.base:#010x}, bookkeeping of "
            f"{size(arena.base - arena.begin)} before them")
        for name in ("wilderness", "youngest"):
            self.extent(arena, name, getattr(arena.raw, name))
        for kept in arena.kept():
            self.kept(arena, *kept)
        say(f"{arena.raw.reclaims} times all that is kept ready was released; "
            f"{arena.raw.rebuilds} times a stray write cost the index")
        found = WALKS[kernel.KmallocLayer(memory).large](memory)
        say_verdict(found.broken, "the maps and the counters agree")

    @staticmethod
    def extent(arena, name, extent):
        if extent.begin == extent.end:
            say(f"  {name:10} empty")
        else:
            count = extent.end - extent.begin
            say(f"  {name:10} {arena.address(extent.begin):#010x}, "
                f"{count * arena.granule_bytes} bytes")

    @staticmethod
    def kept(arena, number, recent, pile):
        length = pile.end - pile.begin
        if not recent and not length:
            return
        say(f"  {number * arena.granule_bytes:4} bytes: recent "
            + (f"{recent:#010x}" if recent else "none")
            + (f"; pile of {length // number} at "
               f"{arena.address(pile.begin):#010x}" if length else ""))
