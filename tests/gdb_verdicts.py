# SPDX-License-Identifier: MIT
"""Runs inside gdb (test_gdb_verdicts.py): damages each word of bookkeeping in
turn, asks both verdicts, and puts it right again.

    word --> damaged --> gdb's walks:        sound or BROKEN
                     \\-> the kernel's check: sound or BROKEN   the same?
"""
import os

import gdb
from commands import kernel, layout, own_check, tables, verdict
from commands.frames import Frames
from commands.heap import walk_of
from commands.memory import Memory, Trouble
from commands.spans import Spans
from commands.zones import Zalloc

GLOBALS = {"heap": ["bump_heap"], "malloc": ["malloc_heap"],
           "zalloc": ["zalloc_heap"], "spans": ["span_heap"],
           "armour": ["armour_arena"], "grow": ["armour_arena", "grow"]}
TABLES = ["'arch/i386/traps.c'::gates", "'arch/i386/segments.c'::descriptors",
          "double_fault_task"]
WRONG = [lambda word: word ^ 1, lambda word: word ^ 0x100,
         lambda word: 0, lambda word: 0xFFFFFFFF]


def variable_words(name):
    begin = layout.address_of(name)
    return [(f"{name}+{at:#x}", begin + at)
            for at in range(0, layout.bytes_of(name) & -4, 4)]


def block_words(memory, name):
    """Headers, and the links in the first words of free blocks."""
    for block in walk_of(memory, name).blocks:
        links = 8 if block.state == "free" and name == "malloc" else 0
        for at in range(block.header, block.payload + links, 4):
            yield f"block {block.number} {block.state}, word {at:#x}", at


def zone_words(memory):
    zalloc = Zalloc(memory)
    for zone in zalloc.zones()[0]:
        for begin, end in zone.bookkeeping:
            for at in range(begin, end, 4):
                yield f"zone {zone.cache.name}+{at - begin:#x}", at
    for store in zalloc.stores():
        slots = store.place_of("slots") + store.used * 8
        for at in range(store.at, slots, 4):
            yield f"store+{at - store.at:#x}", at


def span_words(memory):
    for zone in Spans(memory).zones()[0]:
        for at in range(zone.at, zone.map_end, 4):
            yield f"span zone {zone.pool.name}+{at - zone.at:#x}", at


def all_words(memory, stage):
    for name in TABLES:
        yield from variable_words(name)
    for name in GLOBALS.get(stage, []):
        if layout.has(name):
            yield from variable_words(name)
    layer = kernel.KmallocLayer(memory)
    yield from block_words(memory, layer.large)
    if layer.small == "zalloc":
        yield from zone_words(memory)
    if layer.small == "spans":
        yield from span_words(memory)


def ours(memory):
    """The first fault that gdb's own walks find, in a word; "" for sound."""
    try:
        broken = tables.broken(memory) or verdict.first_broken(memory)
        if broken:
            return broken.invariant
        return next(iter(Frames(memory).faults()), "")
    except Trouble as trouble:
        return f"unreadable: {trouble}"
    except Exception as error:  # nonsense, which a command says in a line
        return f"nonsense: {error}"


def theirs(memory):
    try:
        return next((broken.invariant for _, broken in
                     own_check.verdicts(memory) if broken), "")
    except (Trouble, gdb.error) as trouble:
        return f"unreadable: {trouble}"


def write(address, word):
    gdb.selected_inferior().write_memory(address, word.to_bytes(4, "little"))


def compare(stage, step, first):
    words = list(all_words(Memory(), stage))
    done = differ = 0
    for number, (name, address) in enumerate(words):
        for kind, damage in enumerate(WRONG):
            if (number * len(WRONG) + kind) % step != first % step:
                continue
            old = Memory().word(address)
            if damage(old) == old:
                continue
            write(address, damage(old))
            found = ours(Memory()), theirs(Memory())
            write(address, old)
            done += 1
            if bool(found[0]) != bool(found[1]):
                differ += 1
                print(f"DIFFER {name}: {old:#x} -> {damage(old):#x}: "
                      f"gdb {found[0] or 'sound'!r}, "
                      f"kernel {found[1] or 'sound'!r}")
    left = ours(Memory()), theirs(Memory())
    print(f"COMPARED {done} of {len(words) * len(WRONG)}, {differ} differ, "
          f"left {left}")


compare(os.environ["VERDICTS_STAGE"], int(os.environ["VERDICTS_STEP"]),
        int(os.environ["VERDICTS_FIRST"]))
