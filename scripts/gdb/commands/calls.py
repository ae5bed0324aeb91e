# SPDX-License-Identifier: MIT
"""`mallow log`: the kernel's own memory of the last calls of kmalloc and
kfree, with their callers."""
from . import kernel, layout
from .command import Command
from .memory import ADDRESSES, Trouble, number_of
from .screen import paint, say

SHOWN = 16
TEXTS = {"HEAP_CALL_ALLOC": "kmalloc", "HEAP_CALL_RESIZE": "krealloc",
         "HEAP_CALL_FREE": "kfree", "HEAP_CALL_REFUSED": "refused"}


class Call:
    """One entry of the ring."""

    def __init__(self, entry):
        self.kind = layout.name_in("enum heap_call_kind", entry.kind)
        self.payload, self.was = entry.payload, entry.was
        self.bytes, self.caller = entry.bytes, entry.caller

    def is_about(self, address):
        return self.payload and (address == self.payload or self.payload <
                                 address < self.payload + self.bytes)

    @property
    def text(self):
        return TEXTS.get(self.kind, self.kind)

    @property
    def place(self):
        call = (self.caller - 1) % ADDRESSES  # the end of the call itself
        if not kernel.is_code(call):
            return f"{call + 1:#010x}, which is not code: a call of gdb's?"
        line, where = kernel.line_of(call), kernel.function_at(call)
        return f"{where} ({line})" if line else where


def calls(memory):
    """The calls remembered, the oldest first."""
    log = layout.variable(memory, "heap_log")
    count = len(log.calls)
    numbers = range(max(log.next - count, 0), log.next)
    return [Call(log.calls[number % count]) for number in numbers]


def under_way(memory):
    """The call that has begun and not ended yet, or None."""
    log = layout.variable(memory, "heap_log")
    if not log.under_way or not log.on:
        return None
    return Call(log.calls[(log.next - 1) % len(log.calls)])


def last_heap(found):
    """Those since the last time the heap was made anew."""
    starts = [number for number, call in enumerate(found)
              if call.kind == "HEAP_CALL_START"]
    return found[starts[-1] + 1:] if starts else found


def last_about(memory, address):
    """The last call about a block with `address` in it, or None."""
    recent = last_heap(calls(memory))
    sized = [call for call in recent if call.bytes and call.is_about(address)]
    if sized:
        address = sized[-1].payload
    about = [call for call in recent if call.is_about(address)]
    return about[-1] if about else None


def lives_of(memory, address):
    """The last allocation of a block with `address` in it, and its free, as far
    as they are remembered: the later one last."""
    last = last_about(memory, address)
    if not last:
        return []
    before = [call for call in last_heap(calls(memory))
              if call.text in ("kmalloc", "krealloc")
              and call.payload == last.payload]
    if last.text == "kfree" and before:
        return [before[-1], last]
    return [last]


class Log(Command):
    """Lists the last calls of kmalloc, krealloc and kfree, and their callers.

Usage:
  mallow log           the last 16 calls
  mallow log CALLS     that many calls

For example, mallow log 3 prints three lines.  Each has the call, the bytes
that were asked for, the address, and the caller with its line.

It cannot answer before the first call.  The kernel does not log calls while a
replay counts instructions; then the lines are older, and it says so."""

    name, usage, most = "log", "[CALLS]", 1

    def answer(self, memory, words):
        kernel.require(memory)
        shown = number_of(words[0]) if words else SHOWN
        found = calls(memory)
        if not layout.variable(memory, "heap_log").on:
            say("(the log is off: what follows may be old)")
        if not found:
            raise Trouble("no call of kmalloc or kfree has been logged yet")
        for call in found[len(found) - min(shown, len(found)):]:
            say(self.line(call))

    @staticmethod
    def line(call):
        if call.kind == "HEAP_CALL_START":
            return paint(f"-- a new, empty heap, made by {call.place}", "dim")
        asked = f"{call.bytes} bytes" if call.text in ("kmalloc", "krealloc") \
            else ""
        was = f"{call.was:#010x} -> " if call.was else ""
        answer = f"{call.payload:#010x}" if call.payload else "NULL"
        if call.text == "refused" and not call.payload:
            answer = ""
            was = f"{call.was:#010x}"
        text = paint(f"{call.text:8}",
                     "bad" if call.text == "refused" else "head")
        return f"  {text} {asked:>14}  {was}{answer}  from {call.place}"
