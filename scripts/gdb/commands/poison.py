# SPDX-License-Identifier: MIT
"""The fronts and red zones of OPTIONS=poison (mm/heap/heap_poison.c):

    | front | payload | red zone |

    P1: the fronts of all blocks form two lists whose links agree.
    P2: every red zone is untouched.
    P3: every payload in quarantine is untouched.
"""
from . import layout
from .heaps import Broken
from .zones import Damage, linked

P1 = "P1: the fronts of blocks are whole"
P2 = "P2: nothing was written past the end of a block"
P3 = "P3: nothing was written into a block after kfree"
SOURCE = "heap_poison.c"
RED_BYTES = 8  # as in heap_poison.c, a constant that gdb cannot see


def state(memory):
    return layout.variable(memory, "poison", SOURCE)


def is_on(memory):
    return layout.has(f"'{SOURCE}'::poison") and bool(state(memory).on)


def first_other(memory, at, count, byte):
    """The address of the first of `count` bytes that is another one, or None."""
    raw = memory.read(at, count, "a block") if count else b""
    return next((at + offset for offset, found in enumerate(raw)
                 if found != byte), None)


def fronts(memory, name):
    """The fronts in the list `name`, in order."""
    offset = layout.offset_of("struct front", "link")
    for link in linked(memory, state(memory).place_of(name),
                       f"the list of {name} blocks"):
        yield layout.record(memory, "struct front", link - offset)


def payload_of(front):
    return front.at + layout.size_of("struct front")


def lines(memory, address):
    """The caller's block with `address` in it or next to it, in words."""
    for name, what in (("used", "used"), ("kept", "freed, in quarantine")):
        for front in fronts(memory, name):
            offset = address - payload_of(front)
            if not front.at - payload_of(front) <= offset \
                    < front.bytes + RED_BYTES:
                continue
            yield (f"poison: {front.bytes} bytes at {payload_of(front):#010x}, "
                   f"{what}: " + (
                       f"in the {-offset} bytes before them" if offset < 0 else
                       f"byte {offset}" if offset < front.bytes else
                       f"byte {offset}, in the red zone past the end"))


def front_broken(memory, front, kept):
    """P2 and P3 of one block."""
    bytes_of = layout.enumeration("enum poison")
    payload = payload_of(front)
    for invariant, at, count, byte, what in (
            (P2, payload + front.bytes, RED_BYTES, bytes_of["POISON_RED"],
             f"past the {front.bytes} bytes at {payload:#010x}"),
            (P3, payload, front.bytes if kept else 0,
             bytes_of["POISON_FREED"],
             f"in the {front.bytes} freed bytes at {payload:#010x}")):
        wrong = first_other(memory, at, count, byte)
        if wrong is not None:
            return Broken(invariant, wrong, what, f"{byte:#x}",
                          f"{memory.read(wrong, 1)[0]:#x}", wrong & ~3)
    return None


def broken(memory):
    """The first of P1 to P3 that does not hold, or None."""
    try:
        for name in ("used", "kept"):
            for front in fronts(memory, name):
                found = front_broken(memory, front, name == "kept")
                if found:
                    return found
    except Damage as damage:
        wrong = damage.broken
        return Broken(P1, wrong.address, wrong.what, wrong.expected,
                      wrong.found, wrong.word)
    return None
