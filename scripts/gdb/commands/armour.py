# SPDX-License-Identifier: MIT
"""The armoured malloc, read from its two maps, bit by bit.

    M1: the starts cut the arena into blocks; `used` counts at a start only.
    M2: a word of `starts` wholly inside a block is 0, and the first and the
        last such word of `used` hold the block's length; but for the last
        freed run and the wilderness.
    R1: no two runs touch, except at seams and beside the batch.
    Z1: a cached block is a used block of its size.
    A3: the counters equal what a walk finds; a cached block is not in use.
"""
from . import kernel, layout
from .command import Command
from .heaps import Block, Broken, Walk, ends_broken
from .memory import Trouble
from .screen import say, say_verdict, size

WORD_BITS = 32
MOST_GRANULES = 1 << 24
NO_GRANULE, NO_PLACE = 0x80000000, 0x7FFFFFFF
USED, FREE, CACHED = "used", "free", "kept"

M1 = "M1: the starts cut the arena into blocks"
M2 = "M2: a gap in the map holds the length"
R1 = "R1: no two runs touch, except at seams"
Z1 = "Z1: a cached block is a used block of its size"
A3 = "A3: the counters equal what a walk finds"


class Arena:
    """An arena, with its maps read whole; that of the static heap unless
    another is given."""

    def __init__(self, memory, raw=None):
        self.memory = memory
        self.raw = raw or layout.variable(memory, "armour_arena")
        self.base, self.granules = self.raw.base, self.raw.length.count
        self.begin, self.end = self.raw.begin, self.raw.end
        if not self.begin:
            raise Trouble("there is no arena yet: armour_init has not run "
                          "(stage armour)")
        if self.granules > MOST_GRANULES:
            raise Trouble(f"the arena claims {self.granules} granules")
        count = (self.granules // WORD_BITS + 1) * 4
        self.starts = self.used = bytes(count)
        if self.granules or self.raw.starts:  # else too small for maps
            self.starts = memory.read(self.raw.starts, count,
                                      "the map of starts")
            self.used = memory.read(self.raw.used, count, "the map of use")
        self.granule_bytes = layout.size_of("struct size_cache")

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

    def caches(self):
        """(size in granules, granules of the cached blocks) of each size."""
        for number in range(1, len(self.raw.caches)):
            cache = self.raw.caches[number]
            yield number, [one.number for one in (cache.newest, cache.older)
                           if one.number < NO_PLACE]

    def cached(self):
        """{address: size in granules} of what waits to be given out again."""
        return {self.address(start): number
                for number, starts in self.caches() for start in starts}

    def apart(self):
        """Where the runs begin whose lengths are not in the maps."""
        return {self.raw.last_freed.begin.number,
                self.raw.wilderness.begin.number}

    def used_bytes(self):
        return (self.raw.peak - self.raw.below_peak) * self.granule_bytes

    def used_blocks(self):
        return (self.raw.allocations - self.raw.frees) % (1 << 32)


def gap_broken(arena, start, end):
    first, after = start // WORD_BITS + 1, end // WORD_BITS
    if first >= after or start in arena.apart():
        return None
    for word in (first, after - 1):
        if arena.word(arena.used, word) != end - start:
            return Broken(M2, arena.address(start), "the length in the gap",
                          end - start, arena.word(arena.used, word),
                          arena.raw.used + 4 * word)
    return None


def counters_broken(blocks, arena):
    """A3, for the blocks of one arena."""
    used = [block for block in blocks if block.state == USED]
    total = sum(one.bytes for one in used)
    if arena.used_blocks() != len(used):
        return Broken(A3, arena.raw.place_of("allocations"),
                      "allocations less frees", len(used),
                      arena.used_blocks())
    if arena.used_bytes() != total:
        return Broken(A3, arena.raw.place_of("below_peak"), "bytes in use",
                      total, arena.used_bytes())
    return None


def end_broken(arena):
    """M1 at the end: after the last granule a used block seems to start."""
    last = arena.granules
    if not last or arena.bit(arena.starts, last) and arena.bit(arena.used, last):
        return None
    return Broken(M1, arena.address(last), "the start after the last granule",
                  1, 0, arena.raw.starts + last // WORD_BITS * 4)


def walk_blocks(arena, walk):
    """M1, M2, R1, Z1 and A3."""
    cached, batch = arena.cached(), arena.raw.batch.begin.number
    start, free_before, seams = 0, False, 2 * arena.raw.seams
    if arena.granules and not arena.bit(arena.starts, 0):
        walk.broken = Broken(M1, arena.base, "the start of granule 0", 1, 0,
                             arena.raw.starts)
    while start < arena.granules and not walk.broken:
        end, address = arena.start_behind(start), arena.address(start)
        state = USED if arena.bit(arena.used, start) else FREE
        if cached.get(address) == end - start and state == USED:
            state = CACHED
            cached.pop(address)
        walk.blocks.append(Block(len(walk.blocks), address, address,
                                 arena.address(end), state, "armour"))
        walk.reached = arena.address(end)
        free = state == FREE and start != batch
        walk.broken = gap_broken(arena, start, end)
        seams -= free and free_before
        if seams < 0 and not walk.broken:
            walk.broken = Broken(R1, address, "the block after a free one",
                                 USED, FREE,
                                 arena.raw.used + start // WORD_BITS * 4)
        start, free_before = end, free
    walk.broken = walk.broken or end_broken(arena)
    for address, number in cached.items():
        walk.broken = walk.broken or Broken(
            Z1, address, "a cached block", f"used, of {number} granules",
            "none there")
    walk.broken = walk.broken or counters_broken(walk.blocks, arena)


def walk_static(memory):
    """The blocks of the static heap."""
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
                  f"{arena.begin:#010x}; in size caches: "
                  f"{sum(one.state == CACHED for one in found.blocks)} blocks")
    return found


WALKS = {"armour": walk_static}  # and "grow", from grow.py


class Armour(Command):
    """Shows the state of the armoured allocator, apart from its blocks.

Usage:
  mallow armour

For example, mallow armour prints the number of granules, the free runs that
the allocator keeps at hand, the blocks in its size caches, and a verdict: do
its two maps and its counters agree?  `mallow heap` lists the blocks.

It cannot answer before stage armour, or while another allocator serves
kmalloc."""

    name = "armour"

    def answer(self, memory, words):
        kernel.require(memory)
        arena = Arena(memory)
        if kernel.KmallocLayer(memory).large != "grow":
            kernel.require_in_force(memory, "armour")
        say(f"{arena.granules} granules of {arena.granule_bytes} bytes at "
            f"{arena.base:#010x}, bookkeeping of "
            f"{size(arena.base - arena.begin)} before them")
        for name in ("wilderness", "last_freed", "batch"):
            self.run(arena, name.replace("_", " "), getattr(arena.raw, name))
        for number, starts in arena.caches():
            if starts:
                say(f"  {number * arena.granule_bytes:4} bytes: cached "
                    + " ".join(f"{arena.address(one):#010x}"
                               for one in starts))
        self.hints(arena)
        say(f"{arena.raw.sweeps} sweeps; {arena.raw.seams} batches since then "
            "of which a rest was left")
        found = WALKS[kernel.KmallocLayer(memory).large](memory)
        say_verdict(found.broken, "the maps and the counters agree")

    @staticmethod
    def run(arena, name, run):
        begin, end = run.begin.number, run.end.number
        if begin == end:
            say(f"  {name:10} none")
        else:
            say(f"  {name:10} {arena.address(begin):#010x}, "
                f"{(end - begin) * arena.granule_bytes} bytes")

    @staticmethod
    def hints(arena):
        words = arena.raw.class_bits
        count = sum(bin(words[i]).count("1") for i in range(len(words)))
        say(f"  {'hints':10} for {count} of {arena.raw.class_count} classes")
