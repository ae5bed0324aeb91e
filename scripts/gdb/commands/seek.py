# SPDX-License-Identifier: MIT
"""The same run once more, to a moment in it: the kernel's watch over its heap
(mm/heap/heap_watch.h) says when that is."""
import gdb

from . import layout, session
from .memory import Memory, Trouble

NEVER = 0x7FFFFFFF

BROKEN, MOMENT, PROMPT, EXIT, TEST_FAILED = (
    "heap_watch_broken", "heap_check", "monitor_run", "cpu_exit", "lab_failed")
ENDS = (PROMPT, EXIT, TEST_FAILED)


class Moment:
    """Before or after a call of the kmalloc layer."""

    def __init__(self, call, after):
        self.call, self.after = call, bool(after)

    @classmethod
    def of(cls, record):
        return cls(record.call, record.after)

    def __eq__(self, other):
        return (self.call, self.after) == (other.call, other.after)

    def __str__(self):
        return f"{'after' if self.after else 'before'} call {self.call}"


def watch_record(memory):
    return layout.variable(memory, "heap_watch")


class Seeker(gdb.Breakpoint):
    """Stops at a function; at heap_check only for the moment wanted."""

    def __init__(self, place, wanted=None):
        super().__init__(place, internal=True)
        self.silent = True
        self.place, self.wanted = place, wanted

    def stop(self):
        if self.place != MOMENT:
            return True
        watch = watch_record(Memory())
        return watch.every != 0 and Moment.of(watch.now) == self.wanted


def set_watch(first, every):
    for name, value in (("first", first), ("every", every)):
        gdb.execute(f"set var heap_watch.{name} = {value}", to_string=True)


def arrived(seekers):
    """The one whose function the machine stands in, or None."""
    name = gdb.newest_frame().name()
    for one in seekers:
        if one.place == name:
            return one.place
    return None


def stands_at_prompt():
    frame = gdb.newest_frame()
    while frame and frame.name() != PROMPT:
        frame = frame.older()
    return frame is not None


def go(places, wanted=None, quiet=True):
    """Runs to one of these functions; which, or None for any other stop."""
    with session.hold_breakpoints():
        seekers = [Seeker(place, wanted) for place in places
                   if place[0] == "*" or layout.has(place)]
        try:
            gdb.execute("continue", to_string=quiet)
            return arrived(seekers)
        finally:
            for one in seekers:
                one.delete()


def run_to_an_end():
    """On, without what the user has set, to one of ENDS at the latest."""
    return go(ENDS, quiet=False)


def run(first, every, wanted=None):
    """Starts again and runs with the watch on; the place of the stop: BROKEN,
    MOMENT if one is wanted, or one of ENDS."""
    session.restart()
    session.run_to("kernel_main")
    set_watch(first, every)
    try:
        found = go([BROKEN, *ENDS] + ([MOMENT] if wanted else []), wanted)
    finally:
        set_watch(0, 0)
    if not found:
        raise Trouble("the run has come to another end: backtrace shows where")
    return found


def run_to_moment(moment):
    """Starts again, and runs to a moment that has been found before."""
    if run(moment.call, NEVER, moment) != MOMENT:
        raise Trouble(f"the machine did not come to the moment {moment} again: "
                      "does something else than the kernel decide its course?")
