# SPDX-License-Identifier: MIT
"""The bump allocator's blocks, walked from memory.

    I1: blocks tile [begin, top): each ends where the next begins.
    I2: every header is marked either used or freed.
    I3: the counters equal what a walk finds.
"""
from . import layout
from .heaps import Block, Broken, Walk, ends_broken, hexadecimal

I1 = "I1: blocks tile the heap up to its top"
I2 = "I2: every header is marked used or freed"
I3 = "I3: the counters equal what a walk finds"


def header_broken(header, header_bytes, top, states):
    if header.state not in states:
        return Broken(I2, header.at, "the state of a block",
                      " or ".join(map(hexadecimal, states)),
                      hexadecimal(header.state), header.place_of("state"))
    if header.bytes > top - header.at - header_bytes:
        return Broken(I1, header.at, "the length of a block",
                      f"at most {top - header.at - header_bytes}",
                      header.bytes, header.place_of("bytes"))
    return None


def counters_broken(walk, usage):
    used = [block for block in walk.blocks if block.state == "used"]
    for name, expected in (("used_blocks", len(used)),
                           ("used_bytes", sum(one.bytes for one in used))):
        if getattr(usage, name) != expected:
            return Broken(I3, usage.place_of(name), name, expected,
                          getattr(usage, name))
    return None


def walk(memory):
    heap = layout.variable(memory, "bump_heap")
    found = Walk("bump", heap.begin, heap.end)
    found.broken = ends_broken("bump", I1, heap.begin, heap.end,
                               layout.address_of("heap_begin"),
                               layout.address_of("heap_end")) or \
        ends_broken("bump", I1, heap.begin, heap.top, heap.begin, heap.end)
    if found.broken:
        return found
    header_bytes = layout.size_of("struct bump_header")
    tags = layout.enumeration("enum bump_state")
    states = {tags["BUMP_USED"]: "used", tags["BUMP_FREED"]: "free"}
    while found.reached < heap.top:
        header = layout.record(memory, "struct bump_header", found.reached)
        found.broken = header_broken(header, header_bytes, heap.top, states)
        if found.broken:
            return found
        payload = header.at + header_bytes
        found.blocks.append(Block(len(found.blocks), header.at, payload,
                                  payload + header.bytes,
                                  states[header.state], "bump"))
        found.reached = payload + header.bytes
    found.note = (f"{heap.end - heap.top} bytes above "
                  f"{heap.top:#010x} untouched")
    found.broken = counters_broken(found, heap.usage)
    return found
