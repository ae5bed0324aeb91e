# SPDX-License-Identifier: MIT
"""`mallow owner`: what is this address?

    asked from the outside in: mapped? which part of memory? which block?
    which entry? who handed it out?
"""
import gdb

from . import calls, grow, kernel, poison
from .command import Command
from .frames import Frames
from .heap import walk_of
from .memory import PAGE, Trouble, number_of
from .pages import translate
from .screen import paint, say
from .spans import Spans
from .zones import MARK_STORE, Zalloc

NOT_WRITTEN = 0xBAD


def block_lines(memory, name, address):
    """The block of the large allocator at `address`."""
    walk = walk_of(memory, name)
    block = walk.block_at(address)
    if block:
        yield (f"block {block.number} of {name}, {block.state}: "
               f"{block.bytes} bytes at {block.payload:#010x}"
               + (f", header at {block.header:#010x}"
                  if block.header != block.payload else ""))
        yield "in its header" if address < block.payload else \
            f"byte {address - block.payload} of its payload"
    elif walk.broken:
        yield (f"past the place where the walk of {name} breaks off, "
               f"{walk.broken.address:#010x}: {walk.broken.invariant}")
    elif walk.bookkeeping and address < walk.bookkeeping[1]:
        yield f"the bookkeeping of {name}, apart from all payload"
    elif address == walk.end or walk.end <= address < walk.end + 8:
        yield f"the end mark of {name}'s heap"
    else:
        yield f"in no block of {name}"


def zone_lines(memory, address):
    """The zone and entry at `address`, if it lies in a zone's pages."""
    zalloc = Zalloc(memory)
    mark = zalloc.mark(address)
    if mark == MARK_STORE:
        yield f"in the zone store at {address // PAGE * PAGE:#010x}"
    zone = zalloc.zone_of(address)
    if not zone:
        return
    entry = zone.entry(address)
    yield f"in the zone at {zone.at:#010x} of {zone.cache.name}"
    if entry:
        state = "used" if zone.bits[entry[0]] else "free"
        yield (f"entry {entry[0]}, {state}: byte {address - entry[1]} of "
               f"{zone.cache.entry_bytes} at {entry[1]:#010x}")
    elif address < zone.first_entry:
        yield "in the zone's header or bitmap"
    else:
        yield "past the zone's last entry"


def span_lines(memory, address):
    """The span or free run at `address`, if it lies in a zone of spans."""
    zone = Spans(memory).zone_of(address)
    if not zone:
        return
    yield f"in the zone at {zone.at:#010x} of {zone.pool.name}"
    if address < zone.map_end:
        yield "in the zone's header or maps"
    for begin, end, used in zone.pieces():
        if begin <= address < end:
            yield (f"{'span' if used else 'free run'}: byte "
                   f"{address - begin} of {end - begin} at {begin:#010x}")


SMALL_LINES = {"zalloc": zone_lines, "spans": span_lines}


def heap_lines(memory, layer, address):
    yield f"the heap, at +{address - layer.begin:#x}"
    questions = [SMALL_LINES[layer.small](memory, address)] \
        if layer.small in SMALL_LINES else []
    for lines in [*questions, block_lines(memory, layer.large, address)]:
        try:
            yield from lines
        except Trouble as trouble:
            yield str(trouble)
    if poison.is_on(memory):
        yield from poison.lines(memory, address)
    freed = False
    for call in reversed(calls.lives_of(memory, address)):
        what = "allocated before by" if call.text != "kfree" and freed \
            else "the last call about it:"
        yield f"{what} {call.text} from {call.place}"
        freed = call.text == "kfree"


def frame_lines(memory, physical):
    yield f"the direct map of physical {physical:#010x}"
    try:
        frames = Frames(memory)
    except Trouble:
        return
    number = physical // PAGE
    if number >= frames.total:
        yield "beyond the machine's memory"
        return
    yield f"frame {number:#x}: {frames.state(number)}"
    yield from frames.holders(number)


def image_lines(piece, address):
    begin, _, what = piece
    yield f"{what}, at +{address - begin:#x}"
    if begin >= kernel.variables_end():
        return
    said = gdb.execute(f"info symbol {address:#x}", to_string=True)
    line = kernel.line_of(address)
    if not said.startswith("No symbol"):
        yield said.partition(" in section")[0] + (f", {line}" if line else "")


def low_lines(memory, address):
    if address < PAGE:
        yield "the first page, never mapped: a null pointer, or a field of one"
        if NOT_WRITTEN <= address < NOT_WRITTEN + 64:
            yield "0xbad is what a function answers that is not written yet"
        return
    text = address.to_bytes(4, "little")
    if all(32 <= byte < 127 for byte in text):
        yield f'the characters "{text.decode()}": were they written over a ' \
            "pointer?"
    base, count = kernel.direct_map(memory)
    yield "below the kernel, where nothing is mapped after boot"
    if address < count:
        yield f"as a physical address it would be {base + address:#010x}:"
        yield from ("  " + line for line in lines_of(memory, base + address))


def in_window(memory, address):
    """Whether the heap may ever grow to there."""
    try:
        return grow.contains(memory, address)
    except Trouble:
        return False


def window_lines(memory, layer, address):
    begin, end, _ = grow.window(memory)
    yield f"the heap window, at +{address - begin:#x}"
    if address >= end:
        yield (f"{address - end} bytes past the heap's end, {end:#010x}: "
               "nothing is mapped there yet")
    elif layer:
        yield from list(heap_lines(memory, layer, address))[1:]


def lines_of(memory, address):
    """Describes `address` in words."""
    base, count = kernel.direct_map(memory)
    try:
        layer = kernel.KmallocLayer(memory)
    except Trouble:
        layer = None
    if layer and layer.contains(address):
        return heap_lines(memory, layer, address)
    if in_window(memory, address):
        return window_lines(memory, layer, address)
    piece = kernel.piece_of(address)
    if piece:
        return image_lines(piece, address)
    if address < base:
        return low_lines(memory, address)
    if address < base + count:
        return frame_lines(memory, address - base)
    return iter(["above the direct map: nothing that the kernel uses"])


class Owner(Command):
    """Says what an address is: a block, a zone, a frame, a function, a variable.

Usage:
  mallow owner ADDRESS     ADDRESS is any expression: 0xc017b028, $esi, list

For example, mallow owner 0xc017b028 prints whether the address is mapped, the
block that it is in, how many bytes it is past the block's start, and the last
call of kmalloc or kfree for that block.

It cannot answer before the kernel has set itself up.  It names callers only
as far back as the log goes."""

    name, usage, least, most = "owner", "ADDRESS", 1, 1

    def answer(self, memory, words):
        address = number_of(words[0])
        kernel.require(memory)
        found = translate(address)
        mapped = found is not None and found.physical is not None
        say(f"{address:#010x} is " + (
            f"mapped to physical {found.physical:#010x}, "
            + ("writable" if found.writable else "read-only") if mapped
            else paint("not mapped", "bad")))
        for line in lines_of(memory, address):
            say(f"  {line}")
