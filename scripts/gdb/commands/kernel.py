# SPDX-License-Identifier: MIT
"""The phase of the machine, and the places of its parts.

    reset    the firmware, then GRUB: no kernel in memory yet
    stub     boot.S, with paging off: names are there, structures are not
    early    paging is on, kernel_main has not set up the machine yet
    running  from then on
    lost     paging is on, with tables in which there is no kernel
"""
import json
import os

import gdb

from . import layout
from .memory import Trouble, Unreadable, physical_word

PAGING_ON = 1 << 31
MULTIBOOT2_HEADER = 0xE85250D6
STAGES_SOURCE = "stages.c"
NO_BACKEND = "none"  # its backend before stage heap

RESET, STUB, EARLY, RUNNING = "reset", "stub", "early", "running"
LOST = "lost"

STUB_AT = 0x100000  # linker.ld: where the Multiboot2 header is loaded

WHY_NOT = {
    RESET: "there is no kernel in memory yet: `mallow start` runs to its "
           "first instruction",
    STUB: "the kernel is in its entry stub and has no structures yet: "
          "`break kernel_main`, then `continue`",
    LOST: "the page directory in force does not map the kernel: `mallow page "
          "kernel_main` shows where its way ends",
    EARLY: "the kernel has not set itself up yet: `break stages_start`, then "
           "`continue`",
}

# The image, from the linker's symbols: (begin, end, what it is).
PIECES = [
    ("image_begin", "text_begin", "the kernel's entry stub"),
    ("text_begin", "text_end", "the kernel's code"),
    ("rodata_begin", "rodata_end", "the kernel's constants"),
    ("rodata_end", "stack_guard_begin", "the kernel's variables"),
    ("stack_guard_begin", "stack_guard_end",
     "the guard page below the stack"),
    ("stack_guard_end", "stack_end", "the stack"),
    ("heap_begin", "heap_end", "the memory set aside for the heap"),
]


# Of a dump, what its core has no place for (dump.py): {name: number}.
kept = {}
if os.environ.get("MALLOW_CORE"):
    with open(os.environ["MALLOW_CORE"], encoding="ascii") as file:
        kept = json.load(file)


def register(name):
    if name in kept:
        return kept[name]
    try:
        return int(gdb.parse_and_eval(f"${name}")) & 0xFFFFFFFF
    except gdb.error:
        raise Trouble(f"cannot read the register {name}: is a machine "
                      "attached? make debug starts one") from None


def direct_map(memory):
    """(where physical 0 appears, how many bytes from there on)."""
    found = layout.variable(memory, "direct_map")
    return found.base, found.bytes


def paging_is_on():
    return bool(register("cr0") & PAGING_ON)


def image_base():
    """Where the kernel sees physical 0, from the image alone: the direct map's
    own variable may be out of reach."""
    return layout.address_of("image_begin") - STUB_AT


def is_intact(memory):
    """Whether the image begins with its Multiboot2 header, as it was loaded: if
    not, the page tables lead elsewhere."""
    try:
        return memory.word(layout.address_of("image_begin")) \
            == MULTIBOOT2_HEADER
    except Trouble:
        return False


def phase(memory):
    if not gdb.selected_inferior().threads():
        raise Trouble("no machine is attached: make debug starts one")
    if not paging_is_on():
        base = layout.address_of("image_begin")
        stub = STUB_AT
        inside = stub <= register("pc") < stub + (
            layout.address_of("text_begin") - base)
        loaded = physical_word(stub) == MULTIBOOT2_HEADER
        return STUB if inside and loaded else RESET
    try:
        return RUNNING if direct_map(memory)[1] else EARLY
    except Unreadable:  # not the kernel's paging
        return LOST if physical_word(STUB_AT) == MULTIBOOT2_HEADER else RESET


def require(memory):
    """Ends the command unless the kernel has set itself up."""
    found = phase(memory)
    if found != RUNNING:
        raise Trouble(WHY_NOT[found])


class Stage:
    """A row of the kernel's table, and how far it has come."""

    def __init__(self, memory, row, state):
        self.name = memory.text(row.name, "a stage's name")
        self.lab = memory.text(row.lab, "a stage's lab") if row.lab else ""
        self.state = layout.name_in("enum stage_state", state)
        self.check, self.backend = row.check, row.backend

    @property
    def works(self):
        return self.state in ("STAGE_OK", "STAGE_PARTLY_WRITTEN")


def stages(memory):
    """The stages, if the kernel has come to their table."""
    table = layout.variable(memory, "stages", STAGES_SOURCE)
    count = layout.variable(memory, "stage_count", STAGES_SOURCE)
    states = layout.variable(memory, "states", STAGES_SOURCE)
    if table == 0:
        return []
    row_bytes = layout.size_of("struct stage")
    return [Stage(memory, layout.record(memory, "struct stage",
                                        table + number * row_bytes),
                  states[number])
            for number in range(min(count, len(states)))]


class KmallocLayer:
    """mm/heap/heap.c: which allocators serve kmalloc()."""

    def __init__(self, memory):
        require(memory)
        self.layer = layout.variable(memory, "kmalloc_layer")
        self.stats = self.layer.stats
        self.begin, self.end = self.stats.begin, self.stats.end
        self.large = self.name_of(memory, self.layer.large)
        self.small = self.name_of(memory, self.layer.small)
        if self.large in (None, NO_BACKEND):
            raise Trouble("there is no heap yet: no allocator serves "
                          "kmalloc before stage heap")

    @staticmethod
    def name_of(memory, backend):
        if not backend:
            return None
        name = layout.record(memory, "struct heap_backend", backend).name
        return memory.text(name, "an allocator's name")

    def contains(self, address):
        return self.begin <= address < self.end


def small_allocator(memory):
    """The name of the allocator of small blocks, or None."""
    try:
        return KmallocLayer(memory).small
    except Trouble:
        return None


def require_in_force(memory, name):
    """Ends the command unless the allocator of that name serves
    kmalloc: what it has left from an earlier stage means nothing."""
    layer = KmallocLayer(memory)
    if name not in (layer.large, layer.small):
        others = layer.large + (f" and {layer.small}" if layer.small else "")
        raise Trouble(f"{name} is not in force: kmalloc is served by "
                      + others)


def require_written(memory, name):
    """Ends the command if that stage is still a hole, or has not been finished:
    what is there could not be judged.  A lab's test starts its stage itself."""
    for stage in stages(memory):
        if stage.name == name and stage.state == "STAGE_NOT_WRITTEN":
            raise Trouble(f"stage {name} is not written yet: {stage.lab}")
        if stage.name == name and stage.state == "STAGE_OFF" \
                and not os.environ.get("MALLOW_TEST"):
            raise Trouble(f"stage {name} has not been finished yet")


def variables_end():
    """After this, symbols are borders and name nothing."""
    return layout.address_of("stack_guard_begin")


def piece_of(address):
    """(begin, end, what) of the part of the image at `address`, or None."""
    for begin, end, what in PIECES:
        begin, end = layout.address_of(begin), layout.address_of(end)
        if begin <= address < end:
            return begin, end, what
    return None


def is_code(address):
    return (layout.address_of("text_begin") <= address
            < layout.address_of("text_end"))


def function_at(address):
    """"malloc_free+0x12", or the bare number."""
    said = gdb.execute(f"info symbol {address:#x}", to_string=True)
    if said.startswith("No symbol"):
        return f"{address:#010x}"
    name, _, rest = said.partition(" in section")[0].partition(" + ")
    return f"{name}+{int(rest or 0):#x}"


def line_of(address):
    """"mm/malloc/malloc.c:212", or nothing."""
    found = gdb.find_pc_line(address)
    if not found.symtab or not found.line:
        return ""
    return f"{found.symtab.filename.replace('src/', '', 1)}:{found.line}"


def source_of(frame):
    """"mm/malloc/malloc.c" or "labs/4-malloc/tests.c", or nothing."""
    symtab = frame.find_sal().symtab
    return symtab.filename.replace("src/", "", 1) if symtab else ""
