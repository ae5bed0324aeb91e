# SPDX-License-Identifier: MIT
"""malloc's blocks, walked from memory: knows its layout and invariants, and
shares no code with the kernel.

    I1: blocks tile [begin, end): each ends where the next begins, is at least
        a header and two links long, and is marked used or free.
    I2: previous_bytes is the length of the block before; 0 in the first.
    I3: no two free blocks touch.
    I4: the free list holds all free blocks and no others, by address.
    I5: the counters equal what a walk finds.
"""
import struct

from . import layout
from .heaps import Block, Broken, Walk, ends_broken, hexadecimal

I1 = "I1: blocks tile the heap, used or free"
I2 = "I2: previous_bytes is the length of the block before"
I3 = "I3: no two free blocks touch"
I4 = "I4: the free list holds all free blocks and no others, by address"
I5 = "I5: the counters equal what a walk finds"


class Shape:
    """The layout of a header, as this kernel has it."""

    def __init__(self):
        header, free = "struct block_header", "struct free_block"
        self.length = layout.offset_of(header, "bytes_and_state")
        self.previous = layout.offset_of(header, "previous_bytes")
        self.header_bytes = layout.size_of(header)
        self.least_bytes = layout.size_of(free)
        self.link = layout.offset_of(free, "link")
        self.link_next = layout.offset_of(free, "link", "next")
        self.link_previous = layout.offset_of(free, "link", "previous")
        tags = layout.enumeration("enum block_tag")
        self.used, self.free = tags["TAG_USED"], tags["TAG_FREE"]
        # Lengths are multiples of the header's, which frees these bits.
        self.state_bits = self.header_bytes - 1


def tag_text(shape, tag):
    return {shape.used: "used", shape.free: "free"}.get(tag, f"{tag:#x}")


class Header:
    """A header, taken apart."""

    def __init__(self, shape, memory, at):
        raw = memory.read(at, shape.header_bytes, "a block's header")
        word, = struct.unpack_from("<I", raw, shape.length)
        self.previous_bytes, = struct.unpack_from("<I", raw, shape.previous)
        self.bytes = word & ~shape.state_bits
        self.tag = word & shape.state_bits


def header_broken(shape, header, at, end, before):
    """The first of I1 to I3 that a header breaks; `before` is the block below
    it, None if there is none."""
    if header.bytes < shape.least_bytes or header.bytes > end - at:
        return Broken(I1, at, "the length of a block",
                      f"{shape.least_bytes} to {end - at}", header.bytes,
                      at + shape.length)
    if header.tag not in (shape.used, shape.free):
        return Broken(I1, at, "the state of a block",
                      f"{shape.used} (used) or {shape.free} (free)",
                      header.tag, at + shape.length)
    before_bytes = before.end - before.header if before else 0
    if header.previous_bytes != before_bytes:
        return Broken(I2, at, "previous_bytes", before_bytes,
                      header.previous_bytes, at + shape.previous)
    if header.tag == shape.free and before and before.state == "free":
        return Broken(I3, at, "the state of the block after a free one",
                      "used", "free", at + shape.length)
    return None


def end_broken(shape, memory, walk):
    """The header after the last block, which never counts as free."""
    if not walk.blocks:
        return None  # a heap too small for a block has no end mark
    header = Header(shape, memory, walk.end)
    last = walk.blocks[-1]
    if (header.bytes, header.tag) != (shape.header_bytes, shape.used):
        return Broken(I1, walk.end, "the end mark",
                      hexadecimal(shape.header_bytes | shape.used),
                      hexadecimal(header.bytes | header.tag),
                      walk.end + shape.length)
    if header.previous_bytes != last.end - last.header:
        return Broken(I2, walk.end, "previous_bytes of the end mark",
                      last.end - last.header, header.previous_bytes,
                      walk.end + shape.previous)
    return None


def list_broken(shape, memory, walk, head):
    """I4: the list, followed beside the free blocks."""
    wanted = [block.header + shape.link for block in walk.blocks
              if block.state == "free"] + [head]
    to_next = shape.link_next - shape.link
    to_previous = shape.link_previous - shape.link
    at = head
    for link in wanted:
        found = memory.word(at + to_next, "a link of the free list")
        if found != link:
            return Broken(I4, at, "the link to the next free block",
                          hexadecimal(link), hexadecimal(found), at + to_next)
        back = memory.word(link + to_previous, "a link of the free list")
        if back != at:
            return Broken(I4, link, "the link to the free block before",
                          hexadecimal(at), hexadecimal(back),
                          link + to_previous)
        at = link
    return None


def counters_broken(walk, usage):
    used = [block for block in walk.blocks if block.state == "used"]
    for name, expected in (("used_blocks", len(used)),
                           ("used_bytes", sum(one.bytes for one in used))):
        found = getattr(usage, name)
        if found != expected:
            return Broken(I5, usage.place_of(name), name, expected, found)
    if usage.peak_bytes < usage.used_bytes:
        return Broken(I5, usage.place_of("peak_bytes"), "peak_bytes",
                      f"at least {usage.used_bytes}", usage.peak_bytes)
    return None


def walk_blocks(shape, memory, walk):
    """I1 to I3.  Each step moves up by a block at least."""
    while walk.reached < walk.end:
        at, before = walk.reached, walk.blocks[-1] if walk.blocks else None
        header = Header(shape, memory, at)
        walk.broken = header_broken(shape, header, at, walk.end, before)
        if walk.broken and walk.broken.invariant == I1:
            return
        walk.blocks.append(Block(len(walk.blocks), at,
                                 at + shape.header_bytes, at + header.bytes,
                                 tag_text(shape, header.tag), "malloc"))
        walk.reached = at + header.bytes
        if walk.broken:
            return


def walk(memory):
    """All that can be told of malloc's heap."""
    heap = layout.variable(memory, "malloc_heap")
    found = Walk("malloc", heap.begin, heap.end)
    found.broken = ends_broken("malloc", I1, heap.begin, heap.end,
                               layout.address_of("heap_begin"),
                               layout.address_of("heap_end"))
    if found.broken:
        return found
    shape = Shape()
    walk_blocks(shape, memory, found)
    found.broken = (found.broken or end_broken(shape, memory, found)
                    or list_broken(shape, memory, found,
                                   heap.place_of("free_list"))
                    or counters_broken(found, heap.usage))
    return found
