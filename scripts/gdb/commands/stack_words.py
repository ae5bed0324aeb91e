# SPDX-License-Identifier: MIT
"""Where a hunt for the writer of a word in the stack begins.

    stack   | ... word ... | return address into f | ... | kernel_main's |
    time    reset ------------> last call of f --> stores --> the end

All functions before it have used the same word, for millions of stores.  But f
is still running at the end, and its frame is above the word.  So the store came
after the last call of f, and the watchpoint is set there.
"""
import re

import gdb

from . import kernel, layout, seek, session
from .memory import Unreadable

WORD = 4
TRIED = 4  # callers, the nearest first: a word above may be older than its frame
NAMED = re.compile(r"^(.+)\+(0x[0-9a-f]+)$")


class Entry(gdb.Breakpoint):
    """Counts the calls of a function; stops at number `wanted`."""

    def __init__(self, address, wanted=0):
        super().__init__(f"*{address:#x}", internal=True)
        self.silent = True
        self.calls, self.wanted = 0, wanted

    def stop(self):
        self.calls += 1
        return self.calls == self.wanted


def is_in_stack(address):
    return layout.address_of("stack_guard_end") <= address \
        < layout.address_of("stack_end")


def callers_above(memory, address):
    """The beginnings of the functions that return addresses above the word lead
    into, the nearest first."""
    found = []
    for at in range(address + WORD, layout.address_of("stack_end"), WORD):
        word = session.the_end.word(at)
        try:
            word = memory.word(at) if word is None else word
        except Unreadable:
            break
        named = NAMED.match(kernel.function_at(word - 1)) \
            if kernel.is_code(word - 1) else None
        if named and word - 1 - int(named[2], 16) not in found:
            found.append(word - 1 - int(named[2], 16))
    return found[:2 * TRIED]


def count_calls(begins):
    """{beginning of a function: its calls} in the whole run."""
    session.restart()
    session.run_to("kernel_main")
    entries = {begin: Entry(begin) for begin in begins}
    try:
        seek.run_to_an_end()
        return {begin: one.calls for begin, one in entries.items()}
    finally:
        for one in entries.values():
            one.delete()


def moments(memory, address):
    """[(beginning of a function, its last call)], from which on the store into
    the word is to be looked for."""
    begins = callers_above(memory, address)
    calls = count_calls(begins) if begins else {}
    return [(begin, calls[begin]) for begin in begins if calls[begin]][:TRIED]


def run_to_call(begin, number):
    """Starts again, up to that call of the function."""
    session.restart()
    session.run_to("kernel_main")
    entry = Entry(begin, number)
    try:
        with session.hold_breakpoints():
            gdb.execute("continue", to_string=True)
    finally:
        entry.delete()
