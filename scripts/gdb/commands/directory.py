# SPDX-License-Identifier: MIT
"""Checks the directory that mm/paging/paging.c has built.  All of physical
memory must be seen in the direct map, each page at its own frame.

Not judged: pages whose memory does not exist, and the heap window, where
frames come and go.
"""
from . import kernel, layout
from .frames import RESERVED, Frames
from .memory import PAGE, Trouble

ENTRIES, ENTRY_BYTES = 1024, 4
SHOWN = 4


class Judge:
    """The right entry of a page of the direct map."""

    def __init__(self, memory):
        self.frames = Frames(memory)
        self.in_use = {number for begin, end, _ in self.frames.regions()
                       for number in range(begin // PAGE, -(-end // PAGE))}
        self.bits = layout.enumeration("enum page_entry_bit")
        places = ("text_begin", "rodata_end", "stack_guard_begin",
                  "stack_guard_end")
        self.at = {name: layout.address_of(name) for name in places}

    def wanted(self, frame):
        """Whether there is memory: to be handed out, or in use already."""
        return frame < self.frames.total and (
            self.frames.state(frame) != RESERVED or frame in self.in_use)

    def fault(self, page, frame, entry):
        """The mistake in it, or nothing."""
        guard = self.at["stack_guard_begin"] <= page \
            < self.at["stack_guard_end"]
        if not entry & self.bits["ENTRY_PRESENT"]:
            return "is not present" if self.wanted(frame) and not guard else ""
        if guard:
            return "is present, and should guard the stack"
        if entry // PAGE != frame:
            return f"leads to frame {entry // PAGE:#x}, not {frame:#x}"
        constant = self.at["text_begin"] <= page < self.at["rodata_end"]
        if bool(entry & self.bits["ENTRY_WRITABLE"]) == constant:
            return "is writable" if constant else "is read-only"
        return ""


def entries(memory, at, what):
    raw = memory.read(at, PAGE, what)
    return [int.from_bytes(raw[i:i + ENTRY_BYTES], "little")
            for i in range(0, PAGE, ENTRY_BYTES)]


def wrong_entries(memory, directory):
    """(page, where its entry is, what the entry says, what is wrong)."""
    base, count = kernel.direct_map(memory)
    judge = Judge(memory)
    last = min(count, judge.frames.total * PAGE)
    tables = entries(memory, directory, "the page directory")
    for first in range(0, last, ENTRIES * PAGE):
        index = (base + first) >> 22
        table = tables[index]
        if not table & 1 or (table & -PAGE) >= count:
            yield (base + first, directory + ENTRY_BYTES * index, table,
                   "leads to no table")
            continue
        at = base + (table & -PAGE)
        for number, entry in enumerate(entries(memory, at, "a page table")):
            page = base + first + number * PAGE
            wrong = judge.fault(page, first // PAGE + number, entry)
            if wrong:
                yield page, at + ENTRY_BYTES * number, entry, wrong


def faults(memory):
    """The first few mistakes, in words."""
    directory = layout.variable(memory, "paging").directory
    base, count = kernel.direct_map(memory)
    if not directory:
        raise Trouble("there is no directory yet: paging_init has not built "
                      "one (stage paging)")
    if not base <= directory < base + count:
        yield f"paging.directory, {directory:#010x}, is not in the direct map"
        return
    found = list(wrong_entries(memory, directory))
    for page, at, entry, wrong in found[:SHOWN]:
        yield (f"the entry for {page:#010x} {wrong}: {entry:#010x}\n"
               f"        Who wrote that?  mallow writer {at:#010x} starts "
               "again and stops there.")
    if len(found) > SHOWN:
        yield f"and {len(found) - SHOWN} entries more"
