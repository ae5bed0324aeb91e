# SPDX-License-Identifier: MIT
"""`mallow heap`: the blocks of the large allocator, and the first that is
damaged."""
from . import armour, bump, calls, grow, kernel, malloc
from .command import Command
from .memory import Trouble, Unreadable, number_of
from .screen import paint, say, say_verdict, size
from .spans import Spans
from .zones import MARK_STORE, Zalloc

SHOWN = 16
AROUND = 4  # blocks shown before one that is damaged
DUMP_BYTES = 32

WALKS = {"malloc": malloc.walk, "bump": bump.walk, "armour": armour.walk_static,
         "grow": grow.walk}


# The large allocator of a test that hands pages to the zones itself: it has
# no memory (labtest/zones.c).
TEST_PAGES = "nothing"


def walk_of(memory, name):
    if name == TEST_PAGES:
        raise Trouble("this test has no list of blocks: it hands pages to the "
                      "zones itself; try mallow zones or mallow spans")
    if name not in WALKS:
        raise Trouble(f'no walk for the allocator "{name}"; there are '
                      + ", ".join(sorted(WALKS)))
    return WALKS[name](memory)


class Tenants:
    """The use of a block, if that is known."""

    def __init__(self, memory, layer):
        self.memory = memory
        self.zalloc = self.spans = None
        self.calls = {}
        try:
            if layer.small == "zalloc":
                self.zalloc = Zalloc(memory)
            if layer.small == "spans":
                self.spans = Spans(memory)
            for call in calls.last_heap(calls.calls(memory)):
                self.calls[call.payload] = call
        except Trouble:
            pass  # a help only: the list of blocks goes on without

    def text(self, block):
        if block.state != "used":
            return ""
        try:
            found = self.zone_text(block)
        except Trouble:
            found = None
        call = self.calls.get(block.payload)
        if not found and call and call.text in ("kmalloc", "krealloc"):
            found = f"{call.text} from {call.place}"
        return found or ""

    def zone_text(self, block):
        if self.spans:
            zone = self.spans.zone_of(block.payload)
            map_at = self.spans.heap.source.page_map
            return "the page map of spans" if block.payload == map_at else \
                f"a zone of {zone.pool.name}" if zone else None
        if not self.zalloc:
            return None
        if block.payload == self.zalloc.heap.source.page_map:
            return "zalloc's page map"
        mark = self.zalloc.mark(block.payload)
        if mark == MARK_STORE:
            return "a zone store"
        zone = self.zalloc.zone_of(block.payload) if mark else None
        return f"a zone of {zone.cache.name}" if zone else None


def block_line(block, tenants, mark=" "):
    state = paint(f"{block.state:5}",
                  "used" if block.state == "used" else "free")
    return (f" {mark}{block.number:5}  {block.payload:#010x} "
            f"{block.bytes:9}  {state} {tenants.text(block)}").rstrip()


def dump(memory, address):
    """The words around a place, so that text or a pattern is recognised."""
    for at in range(address - address % 4, address + DUMP_BYTES, 16):
        try:
            raw = memory.read(at, 16)
        except Unreadable:
            return
        words = " ".join(f"{int.from_bytes(raw[i:i + 4], 'little'):08x}"
                         for i in range(0, 16, 4))
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in raw)
        say(f"    {at:#010x}: {words}  {text}")


class Heap(Command):
    """Lists the blocks of the heap, and marks the first that is damaged.

Usage:
  mallow heap              the first 16 blocks, the sums, and a verdict
  mallow heap NUMBER       that many blocks
  mallow heap all          all blocks
  mallow heap ADDRESS      the blocks around ADDRESS

For example, mallow heap 3 prints three lines.  Each has a block's number,
address and bytes, "used" or "free", and the code that allocated it.

It only reads memory and runs no code of the kernel, so it works in a kernel
that is half written.  It cannot answer before stage heap, or in a test of
zones alone, which has no such blocks."""

    name, usage, most = "heap", "[NUMBER|all|ADDRESS]", 1

    def answer(self, memory, words):
        layer = kernel.KmallocLayer(memory)
        walk = walk_of(memory, layer.large)
        tenants = Tenants(memory, layer)
        say(f"{layer.large}: {size(walk.end - walk.begin)} at "
            f"{walk.begin:#010x}")
        say("      #  payload         bytes  state")
        self.list(walk, tenants, self.wanted(walk, words))
        self.sums(walk)
        self.verdict(memory, walk)
        if layer.small:
            say(f"Small blocks are {layer.small}'s: mallow "
                + ("zones" if layer.small == "zalloc" else layer.small)
                + "; all at once: mallow check")

    @staticmethod
    def wanted(walk, words):
        """Numbers of the blocks to show: (first, end)."""
        if not words:
            return 0, SHOWN
        if words[0] == "all":
            return 0, len(walk.blocks)
        number = number_of(words[0])
        if number < walk.begin:
            return 0, number
        block = walk.block_at(number)
        if not block:
            raise Trouble(f"{number:#010x} is in no block that the walk "
                          "has reached")
        return max(block.number - AROUND, 0), block.number + AROUND + 1

    @staticmethod
    def list(walk, tenants, wanted):
        first, end = wanted
        if first:
            say(f"         ({first} blocks before)")
        for block in walk.blocks[first:end]:
            say(block_line(block, tenants))
        rest = len(walk.blocks) - end
        tail = walk.blocks[max(end, len(walk.blocks) - AROUND):] \
            if walk.broken else []
        if rest > len(tail):
            say(f"         ({rest - len(tail)} blocks more; mallow heap all "
                "shows them)")
        for block in tail:
            say(block_line(block, tenants))

    @staticmethod
    def sums(walk):
        used = [one.bytes for one in walk.blocks if one.state == "used"]
        free = [one.bytes for one in walk.blocks if one.state == "free"]
        overhead = sum(one.payload - one.header for one in walk.blocks)
        say(f"{len(used)} used with {sum(used)} bytes, {len(free)} free with "
            f"{sum(free)} bytes, the largest {max(free, default=0)}; "
            f"headers {overhead} bytes")
        if walk.note:
            say(walk.note)

    @staticmethod
    def verdict(memory, walk):
        say_verdict(walk.broken, "every invariant holds")
        if not walk.broken:
            return
        dump(memory, max(walk.broken.address - 16, 0))
