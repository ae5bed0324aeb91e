# SPDX-License-Identifier: MIT
"""The processor's own tables, held against what they have to say.

    T1, S1   the processor uses the kernel's IDT and GDT
    T2       each gate of the IDT leads to the stub of its vector
    S2       the GDT has code, data and two tasks, as segments.c made them
    S3       the double-fault task is ready to run

A wild write there is noticed only when the entry is used, often as a triple
fault, of which the kernel cannot say a word.
"""
import re

import gdb

from . import kernel, layout
from .heaps import Broken, hexadecimal

T1 = "T1: the processor uses the kernel's IDT"
T2 = "T2: each gate of the IDT leads to the stub of its vector"
S1 = "S1: the processor uses the kernel's GDT"
S2 = "S2: the descriptors of the GDT are as segments_init() made them"
S3 = "S3: the double-fault task is ready to run"

TRAPS, SEGMENTS = "arch/i386/traps.c", "arch/i386/segments.c"
STUB_BYTES = 16
DOUBLE_FAULT = 8
CODE, DATA, MAIN, TASK = 0x08, 0x10, 0x18, 0x20     # selectors
INTERRUPT_GATE, TASK_GATE = 0x8E, 0x85
TASK_BYTES = 104
LOADED = "A register of the processor has it: lidt or lgdt put it there."
ACCESSED, BUSY = 1 << 40, 1 << 41


def gate(vector):
    """The 8 bytes that a gate has to have, as a number."""
    if vector == DOUBLE_FAULT:
        offset, selector, kind = 0, TASK, TASK_GATE
    else:
        offset = layout.address_of("trap_stubs") + vector * STUB_BYTES
        selector, kind = CODE, INTERRUPT_GATE
    return (offset & 0xFFFF | selector << 16 | kind << 40
            | (offset >> 16) << 48)


def task(base):
    """The descriptor of a task whose state is at `base`."""
    limit = TASK_BYTES - 1
    return (limit | (base & 0xFFFFFF) << 16 | 0x89 << 40
            | (base >> 24) << 56)


def descriptors():
    """[(what the GDT has to have, bits that the processor sets)]."""
    whole = 0x00CF_0000_0000_FFFF
    return [(0, 0), (whole | 0x9A << 40, ACCESSED),
            (whole | 0x92 << 40, ACCESSED),
            (task(layout.address_of("main_task")), BUSY),
            (task(layout.address_of("double_fault_task")), BUSY)]


def processor_registers():
    """{"GDT": base, "GDT limit": bytes less 1, ..., "TR": selector}, as QEMU has
    them."""
    if kernel.kept:
        return {name: kernel.kept[name]
                for name in ("GDT", "IDT", "GDT limit", "IDT limit", "TR")
                if name in kernel.kept}
    said = gdb.execute("monitor info registers", to_string=True)
    found = {}
    for name, base, limit in re.findall(
            r"^(GDT|IDT)= *([0-9a-f]+) ([0-9a-f]+)", said, re.MULTILINE):
        found[name], found[f"{name} limit"] = int(base, 16), int(limit, 16)
    match = re.search(r"^TR =([0-9a-f]+)", said, re.MULTILINE)
    if match:
        found["TR"] = int(match[1], 16)
    return found


def entries(memory, at, count):
    raw = memory.read(at, 8 * count, "a table of the processor's")
    return [int.from_bytes(raw[8 * i:8 * i + 8], "little")
            for i in range(count)]


def word_that_differs(at, expected, found):
    """The address of the first half of an entry that is wrong."""
    return at if (expected ^ found) & 0xFFFFFFFF else at + 4


def gates_broken(memory, base):
    count = layout.enumeration("enum trap_vector")["TRAP_VECTORS"]
    for vector, found in enumerate(entries(memory, base, count)):
        if found != gate(vector):
            at = base + 8 * vector
            return Broken(T2, at, f"gate {vector}",
                          hexadecimal(gate(vector)), hexadecimal(found),
                          word_that_differs(at, gate(vector), found))
    return None


def descriptors_broken(memory, base):
    wanted = descriptors()
    for number, found in enumerate(entries(memory, base, len(wanted))):
        expected, own = wanted[number]
        if (found ^ expected) & ~own:
            at = base + 8 * number
            return Broken(S2, at, f"descriptor {number}",
                          hexadecimal(expected), hexadecimal(found),
                          word_that_differs(at, expected, found & ~own))
    return None


def task_broken(memory):
    state = layout.variable(memory, "double_fault_task")
    stack = layout.address_of("double_fault_stack")
    wanted = {name: 0 for name in (
        "previous_task", "esp0", "ss0", "esp1", "ss1", "esp2", "ss2", "eax",
        "ecx", "edx", "ebx", "ebp", "esi", "edi", "ldt", "trap")}
    wanted.update(
        {name: DATA for name in ("es", "ss", "ds", "fs", "gs")}, cs=CODE,
        cr3=kernel.register("cr3"), eflags=2, io_map=TASK_BYTES,
        eip=layout.address_of("double_fault_entry"),
        esp=stack + layout.bytes_of("double_fault_stack"))
    for name, expected in wanted.items():
        found = getattr(state, name)
        if found != expected:
            return Broken(S3, state.place_of(name),
                          f"{name} of double_fault_task",
                          hexadecimal(expected), hexadecimal(found))
    return None


def broken(memory):
    """The first of T1 to S3 that does not hold, or None."""
    gates = layout.address_of(f"'{TRAPS}'::gates")
    table = layout.address_of(f"'{SEGMENTS}'::descriptors")
    registers = processor_registers()
    for name, wanted, invariant, source, variable in (
            ("IDT", gates, T1, TRAPS, "gates"),
            ("GDT", table, S1, SEGMENTS, "descriptors")):
        if registers.get(name, wanted) != wanted:
            return Broken(invariant, wanted, f"{name}'s base",
                          hexadecimal(wanted), hexadecimal(registers[name]),
                          hint=LOADED)
        limit = f"{name} limit"
        entire = layout.bytes_of(f"'{source}'::{variable}") - 1
        if registers.get(limit, entire) != entire:
            return Broken(invariant, wanted, f"{name}'s limit, bytes less 1",
                          hexadecimal(entire), hexadecimal(registers[limit]),
                          hint=LOADED)
    return gates_broken(memory, gates) or descriptors_broken(memory, table) \
        or (None if registers.get("TR") == TASK else task_broken(memory))
