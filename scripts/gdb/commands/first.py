# SPDX-License-Identifier: MIT
"""`mallow first`: when has the heap been damaged for the first time?

    call    0    64   128   192                   a check now and then
            ok   ok   ok    BROKEN
    call        128 129 130 131                   again, with one around each
                 ok  ok  ok BROKEN
    word        before 131: 0x21, now 0x41414141  again, up to there

A run without typing does the same each time, so the machine starts
again each time.  The kernel checks its heap itself, around the calls of the
kmalloc layer (mm/heap/heap_watch.h), and stops where a check finds damage.
"""
import os

import gdb

from . import calls, kernel, layout, seek, session
from .command import Command
from .ends import select_culprit
from .heaps import Broken
from .memory import Memory, Trouble, Unreadable
from .screen import paint, say, say_verdict
from .seek import BROKEN, Moment, go, run, run_to_moment, watch_record
from .verdict import first_broken

STRIDE = 64  # calls between two checks of the first run
WORD = 4
PAST_PROMPT = (" ends at the prompt, because it gets no keys.\n"
               "  OPTIONS='do=alloc:20,free:1' runs commands of the prompt at "
               "boot;\n  make debug RECORD=1 records what you type")
CHECKERS = ("mm/heap/heap_look.c", "mm/heap/heap_watch")


def kernel_verdict(memory):
    """The result of the kernel's own check."""
    found = watch_record(memory).violation
    if not found.invariant:
        return None
    return Broken(memory.text(found.invariant, "an invariant", 120),
                  found.address, "as the kernel's check says",
                  f"{found.expected:#x}", f"{found.found:#x}")


def verdict(memory):
    """The mistake in the heap, by gdb's walks and by the kernel's check;
    None in the middle of a call, where both would prove nothing."""
    if calls.under_way(memory):
        return None
    try:
        return first_broken(memory) or kernel_verdict(memory)
    except Unreadable as trouble:
        return kernel_verdict(memory) or Broken(
            "the heap can be walked", trouble.address, "a page in the way",
            "mapped", "none", hint="Who took it away?  mallow check and "
            f"mallow page {trouble.address:#010x} show the entry.")
    except Trouble:
        return kernel_verdict(memory)


def line_of_call(memory, number):
    """The log's line of a call that it still remembers."""
    log = layout.variable(memory, "heap_log")
    if not max(log.next - len(log.calls), 0) <= number < log.next:
        return "is made just now"
    return calls.Log.line(calls.Call(log.calls[number % len(log.calls)])) \
        .strip()


def logged_calls():
    """The number of calls that the heap's log has counted."""
    try:
        return layout.variable(Memory(), "heap_log").next
    except Trouble:
        return 0


class Finding:
    """The last moment that was sound, the first that was not, and what."""

    latest = None

    def __init__(self, memory, place):
        watch = watch_record(memory)
        self.checks = watch.checks
        damaged = place == BROKEN
        self.now = Moment.of(watch.now) if damaged else None  # None: the end
        self.cut_short = calls.under_way(memory)
        self.sound = Moment.of(watch.sound) if self.checks > damaged else None
        self.broken = verdict(memory)
        self.word = self.broken.word if self.broken else None
        self.value = None  # of that word, when it was found

    def keep_value(self):
        """A later hunt starts the machine again, and the word changes."""
        try:
            self.value = Memory().word(self.word) if self.word else None
        except Unreadable:
            pass  # the word itself cannot be read: a page is gone

    @property
    def within(self):
        """Whether it has come about in a call."""
        return bool(self.now and self.now.after and self.sound
                    and self.sound.call == self.now.call)

    def head(self):
        until = str(self.now or "at the end, with no call between")
        if not self.sound:
            return f"first: the heap is damaged {until}, the first of all"
        return f"first: the heap is sound {self.sound}, and broken {until}"

    def tell(self, memory):
        say(paint(self.head(), "bad"))
        numbers = {one.call for one in (self.sound, self.now) if one}
        for number in sorted(numbers):
            say(f"  call {number}: {line_of_call(memory, number)}")
        say("  in that call: the allocator itself has done it; `mallow first "
            "sound` goes back\n  to before it" if self.within else
            "  between the two: not the allocator, but whoever ran then")
        say_verdict(self.broken, "")

    def holds_for(self, address):
        return self.sound and self.word == address


def words_of(memory, pieces):
    """{address: word} of [(begin, end)], as far as there is memory."""
    found = {}
    for begin, end in pieces:
        for at in range(begin & -WORD, end, WORD):
            try:
                found[at] = memory.word(at)
            except Unreadable:
                break
    return found


def changed_word(finding):
    """Where several words could be the one that is wrong: the first that has
    changed since the heap was sound.  Comes back to where the machine was."""
    after = words_of(Memory(), finding.broken.suspects)
    run_to_moment(finding.sound)
    before = words_of(Memory(), finding.broken.suspects)
    changed = [at for at in sorted(after) if before.get(at) != after[at]]
    return changed[0] if changed else finding.word


def outside_of_checks():
    """The innermost frame that is in no check."""
    frame = gdb.newest_frame()
    while frame.older() and kernel.source_of(frame).startswith(CHECKERS):
        frame = frame.older()
    return frame


def look(first, every):
    place = run(first, every)
    return Finding(Memory(), place)


def find():
    """The Finding; its `broken` is None if all checks find the heap sound."""
    coarse = look(0, STRIDE)
    # Without a finding, damage has come and gone between two checks.
    known = coarse.sound if coarse.broken else None
    fine = look(known.call if known else 0, 1)
    if fine.sound and fine.broken and fine.broken.suspects:
        fine.word = fine.broken.word = changed_word(fine)
        look(fine.sound.call, 1)
    fine.keep_value()
    return fine


class FirstCommand(Command):
    """Finds the first call of kmalloc or kfree at which the heap is damaged.

Usage:
  mallow first          starts again, and stops at the first damage
  mallow first sound    starts again, and stops at the last sound moment, so
                        that you can step from there

The kernel checks its heap before and after each call.  If one check finds the
heap sound and the next one does not, the damage was done between the two.

For example, it prints "the heap is sound after call 12, and broken before
call 13", both calls with their callers, and the invariant that is broken.
Then `mallow writer` needs no address to find the store.

It cannot answer for what needs keys or interrupts: the run that starts again
gets none, and ends at the prompt.  OPTIONS='do=alloc:20,free:1' types for you;
RECORD=1 records a run.  It does not look at payloads either: if a payload is
wrong, give its address to `mallow writer`."""

    name, usage, most = "first", "[sound]", 1
    kind = gdb.COMMAND_RUNNING

    def answer(self, memory, words):
        if words not in ([], ["sound"]):
            raise Trouble(f"usage: mallow {self.name} {self.usage}")
        if words:
            self.go_back()
            return
        if os.environ.get("MALLOW_RECORDED"):
            raise Trouble("in a replay nothing may be changed, and the checks "
                          "would be: mallow check names a damaged word, and "
                          "mallow writer goes back to it")
        session.require_machine()
        layout.variable(memory, "heap_watch")
        session.the_end.remember(False)
        say("starting again, with a check around the heap's calls ...")
        gdb.flush()
        asked = logged_calls()
        Finding.latest = finding = find()
        memory = Memory()
        later = asked - logged_calls() if seek.stands_at_prompt() else 0
        if later > 0 and not finding.broken:
            raise Trouble("it cannot look at the calls of kmalloc and kfree "
                          f"that came after the prompt ({later}):\n  the run "
                          "that starts again" + PAST_PROMPT)
        if not finding.checks and not finding.broken:
            raise Trouble("this run makes no call of kmalloc or kfree"
                          + (", and" + PAST_PROMPT
                             if seek.stands_at_prompt() else ""))
        if finding.cut_short and not finding.broken:
            self.tell_cut_short(finding)
            return
        if not finding.broken:
            say(paint("first: the heap is sound", "good")
                + f" before and after each call ({finding.checks} checks), and "
                "at the end")
            say("  A payload that came out wrong is not damage to the heap: "
                "mallow writer ADDRESS of that.")
            if seek.stands_at_prompt():
                say("  That run" + PAST_PROMPT)
            return
        finding.tell(memory)
        if finding.now:
            self.select_caller()
        else:
            select_culprit()

    @staticmethod
    def tell_cut_short(finding):
        call = finding.cut_short
        say(paint("first: the heap is sound", "good") + " up to the call in "
            f"whose middle the run ends\n  ({finding.checks} checks): "
            f"{call.text} from {call.place}.\n  What is wrong has come about "
            "in that call, or was in what it was given.")
        select_culprit()

    @staticmethod
    def go_back():
        """To the last sound moment, out of the check that found it so."""
        finding = Finding.latest
        if not finding or not finding.broken or not finding.sound:
            raise Trouble("no such moment is known: `mallow first` looks for "
                          "it")
        run_to_moment(finding.sound)
        frame = outside_of_checks()
        go([f"*{frame.pc():#x}"])
        outside_of_checks().select()
        say(f"started again; the heap is sound here, {finding.sound}, and not "
            f"{finding.now or 'at the end'}: step, next, watch")
        gdb.execute("frame")

    @staticmethod
    def select_caller():
        """The caller of the kmalloc layer."""
        frame = gdb.newest_frame()
        while frame.older() and kernel.source_of(frame).startswith("mm/heap/heap"):
            frame = frame.older()
        frame.select()
        gdb.execute("frame")
