# SPDX-License-Identifier: MIT
"""`mallow map`: the heap as a picture.

    cell      0         1         2
              |---------|---------|---------|
    blocks    [ used ][free ][    zone      ]
    letter         o         +         z
"""
from . import kernel
from .command import Command
from .heap import walk_of
from .memory import Trouble
from .screen import paint, picture, say, shade, width
from .spans import Spans
from .zones import Zalloc

ROWS = 16


class Cell:
    """Bytes of each kind in a piece of the heap."""

    __slots__ = ("known", "used", "own", "zone", "entries", "broken")

    def __init__(self):
        self.known = self.used = self.own = 0
        self.zone = self.entries = 0
        self.broken = False


class Map:
    """The heap, cut into cells."""

    def __init__(self, begin, end, count):
        self.begin, self.end = begin, end
        step = -(-(end - begin) // count)
        self.step = max((step + 7) // 8 * 8, 8)
        self.cells = [Cell() for _ in range(-(-(end - begin) // self.step))]

    def cover(self, begin, end, kind):
        """Adds a piece to the cells it lies in."""
        begin, end = max(begin, self.begin), min(end, self.end)
        while begin < end:
            index = (begin - self.begin) // self.step
            stop = min(end, self.begin + (index + 1) * self.step)
            cell = self.cells[index]
            setattr(cell, kind, getattr(cell, kind) + stop - begin)
            begin = stop

    def letter(self, cell):
        if cell.broken:
            return "!", "bad"
        if not cell.known:
            return "?", "dim"
        if cell.zone * 2 > cell.known:
            if not cell.entries:
                return ",", "zone"
            full = cell.entries + cell.own >= cell.zone
            return ("Z" if full else "z"), "zone"
        if cell.own * 2 > cell.known:
            return "b", "own"
        return shade(cell.used, self.step)


def add_zones(memory, heap_map):
    """The zones' pages are used blocks of the large allocator; here they show
    what is in use of them."""
    zalloc = Zalloc(memory)
    for store in zalloc.stores():
        heap_map.cover(store.at, store.at + 4096, "own")
    zones, broken = zalloc.zones()
    if broken:
        say(f"  (zones after {broken.address:#010x} look like blocks: "
            f"{broken.invariant})")
    for zone in zones:
        heap_map.cover(zone.at, zone.end, "zone")
        heap_map.cover(zone.at, zone.first_entry, "own")
        each = zone.cache.entry_bytes
        for number, bit in enumerate(zone.bits):
            if bit:
                at = zone.first_entry + number * each
                heap_map.cover(at, at + each, "entries")


def add_spans(memory, heap_map):
    zones, broken = Spans(memory).zones()
    if broken:
        say(f"  (zones after {broken.address:#010x} look like blocks: "
            f"{broken.invariant})")
    for zone in zones:
        heap_map.cover(zone.at, zone.end, "zone")
        heap_map.cover(zone.at, zone.first, "own")
        for begin, end, used in zone.pieces():
            if used:
                heap_map.cover(begin, end, "entries")


ADD_SMALL = {"zalloc": add_zones, "spans": add_spans}


def blocks_map(walk, blocks, broken, count):
    heap_map = Map(walk.begin, walk.end, count)
    for block in blocks:
        heap_map.cover(block.header, block.end, "known")
        heap_map.cover(block.header, block.payload, "own")
        if block.state == "used":
            heap_map.cover(block.payload, block.end, "used")
    if walk.bookkeeping:
        heap_map.cover(*walk.bookkeeping, "known")
        heap_map.cover(*walk.bookkeeping, "own")
    if broken and walk.begin <= broken.address < walk.end:
        index = (broken.address - walk.begin) // heap_map.step
        heap_map.cells[index].broken = True
    return heap_map


class MapCommand(Command):
    """Draws the heap as a picture of letters, as wide as the terminal.

Usage:
  mallow map

For example, it prints "." where memory is free, "#" where it is in use, "z"
for a zone that is partly in use, and "!" where the heap is damaged.  A line
below says how many bytes a letter stands for.  Colours only help; NO_COLOR
turns them off.

It cannot answer before stage heap, or in a test of zones alone, which has no
blocks."""

    name = "map"

    def answer(self, memory, words):
        layer = kernel.KmallocLayer(memory)
        walk = walk_of(memory, layer.large)
        if walk.end <= walk.begin:
            raise Trouble("the heap is empty: it has no bytes at all")
        for part in walk.parts:
            self.part(memory, layer, walk, part)
        say("  b bookkeeping  ? not reached" + (
            "  " + paint("! damaged: mallow heap says how", "bad")
            if walk.broken else ""))

    @staticmethod
    def part(memory, layer, walk, part):
        columns = (width() - 2) // 8 * 8
        blocks = [block for block in walk.blocks
                  if part.begin <= block.header < part.end]
        heap_map = blocks_map(part, blocks, walk.broken, columns * ROWS)
        if layer.small in ADD_SMALL:
            try:
                ADD_SMALL[layer.small](memory, heap_map)
            except Trouble as trouble:
                say(f"  (zones are left out: {trouble})")
        if part is not walk:
            say(f"  and in the heap window, from {part.begin:#010x}:")
        picture([heap_map.letter(cell) for cell in heap_map.cells], columns)
        say(f"  a letter is {heap_map.step} bytes: . free  -+o# used, ever "
            "more  , z Z zones: empty, in part, full")
