# SPDX-License-Identifier: MIT
"""The heap that grows: armour's arena in the static heap, and a second one in
the heap window.

    G1: what is mapped is what the granules need.
    G2: without granules nothing is mapped.
    G3: the granules fit the window.
"""
from . import armour, layout
from .heaps import Broken, Walk
from .memory import PAGE

G1 = "G1: what is mapped is what the granules need"
G2 = "G2: without granules nothing is mapped"
G3 = "G3: the granules fit the window"


def window(memory):
    """(begin, end of what the heap has of it now, the last end it may have)."""
    raw = layout.variable(memory, "grow")
    granule = layout.size_of("struct size_cache")
    return raw.base, raw.arena.end, raw.base + raw.most.count * granule


def contains(memory, address):
    begin, _, most = window(memory)
    return begin <= address < most


def places_broken(memory, raw):
    """G1 to G3, from the window's own notes."""
    pages = layout.variable(memory, "window")
    arena, granules = raw.arena, raw.arena.length.count
    if granules > raw.most.count:
        return Broken(G3, raw.arena.place_of("length"), "granules",
                      f"at most {raw.most.count}", granules)
    if granules == 0:
        return Broken(G2, raw.base, "frames in the window", 0,
                      pages.frames) if pages.frames else None
    end = raw.base + granules * layout.size_of("struct size_cache")
    if end % PAGE or arena.end != end:
        return Broken(G1, raw.base, "the end of the window's part",
                      f"{end:#x}, a page's", f"{arena.end:#x}",
                      raw.arena.place_of("end"))
    return None


def walk(memory):
    found = armour.walk_static(memory)
    found.name = "grow"
    raw = layout.variable(memory, "grow")
    if found.broken:
        return found
    found.broken = places_broken(memory, raw)
    if found.broken or raw.arena.length.count == 0:
        return found
    beyond = Walk("grow", raw.base, raw.arena.end)
    armour.walk_blocks(armour.Arena(memory, raw.arena), beyond)
    for number, block in enumerate(beyond.blocks, len(found.blocks)):
        block.number = number
    found.note += (f"; in the window {raw.arena.end - raw.base} bytes from "
                   f"{raw.base:#010x}")
    found.beyond = beyond
    found.blocks += beyond.blocks
    found.reached = beyond.reached
    found.broken = beyond.broken
    return found


armour.WALKS["grow"] = walk
