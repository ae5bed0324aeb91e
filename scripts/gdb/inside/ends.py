# SPDX-License-Identifier: MIT
"""How a run ends, told before the machine is gone.

    panic, failed test, refused option  --> cpu_exit     the kernel ends it
    triple fault                        --> SIGQUIT      the processor does
    a test that does not come back      --> SIGALRM      the watchdog does

and where it goes wrong without ending:

    kfree of what is no block           --> heap_log_refused, the first time

Each time gdb stops with everything still in place: this says what has happened,
in the kernel's own words, and selects the frame to look at.
"""
import os

import gdb

from . import kernel, layout
from .memory import Memory, Trouble
from .screen import paint, say
from .session import LINES_SHOWN, console

EXIT = "cpu_exit"
FINE = "EXIT_FINE"
TEST_FAILED = "lab_failed"
REFUSED = "heap_log_refused"

# Files whose functions only pass a mistake on.
MESSENGERS = ("arch/i386/cpu.c", "arch/i386/report.c", "arch/i386/traps",
              "lib/", "lab/run_kernel.c", "lab/common.c", "lab/heap.c",
              "mm/heap", "lab/frames.c", "lab/paging.c", "lab/zones.c", "lab/caches.c",
              "lab/ledger.c")
FRAMES = 64

PANIC = "*** PANIC: "
REST = "The kernel has stopped."  # what follows is for those without a gdb


class End(gdb.Breakpoint):
    """Stops where the kernel is about to leave the machine."""

    def __init__(self, place):
        super().__init__(place, internal=True)
        self.silent = True
        self.place, self.life = place, None

    def stop(self):
        if self.place == REFUSED:
            return self.is_news()
        return self.place != EXIT or code() != FINE or is_test()

    def is_news(self):
        """The first refusal of a run, if nobody has asked for it: tests do,
        and who calls kfree from gdb sees the answer."""
        if self.life == console.lives or is_test() or called_by_gdb() \
                or layout.variable(Memory(), "door").not_written:
            return False
        self.life = console.lives
        return True


def is_test():
    return bool(os.environ.get("MALLOW_TEST"))


def called_by_gdb():
    frame = gdb.newest_frame()
    for _ in range(FRAMES):
        if frame is None or frame.type() == gdb.DUMMY_FRAME:
            break
        frame = frame.older()
    return frame is not None


def code():
    """What the kernel ends with: a name of enum exit_code."""
    try:
        value = int(gdb.newest_frame().read_var("code"))
        return layout.name_in("enum exit_code", value)
    except (gdb.error, ValueError, Trouble):
        return "an unknown code"


def arm():
    """The breakpoints, in a kernel that has such functions."""
    for place in (EXIT, TEST_FAILED, REFUSED):
        try:
            gdb.parse_and_eval(place)
        except gdb.error:
            continue
        End(place)


def said():
    """The kernel's last words: from the report on, or the last lines."""
    text = console.text()
    for begin in (PANIC, "failed: "):
        if begin in text:
            text = text[text.rindex(begin):]
            break
    text = text.partition(REST)[0]
    lines = text.strip().splitlines()
    return lines if PANIC in text else lines[-LINES_SHOWN:]


def culprit():
    """The innermost frame that does not merely pass the mistake on."""
    frame = gdb.newest_frame()
    for _ in range(FRAMES):
        source = kernel.source_of(frame)
        if source and not source.startswith(MESSENGERS):
            return frame
        if frame.older() is None:
            break
        frame = frame.older()
    return None


def select_culprit():
    try:
        frame = culprit()
        if frame:
            frame.select()
            gdb.execute("frame")
    except gdb.error:
        pass  # a stack in ruins: where gdb is will do


def advise(*lines):
    again = os.environ.get("MALLOW_AGAIN")
    for line in lines:
        say("  " + line)
    say("  start over  mallow start; breakpoints stay")
    if again:
        say(f"  next time   {again}")


def explain_exit():
    if code() == FINE:
        say(paint("The test has passed.", "good"))
        return
    say(paint("The kernel is about to end the machine; it is held here.",
              "bad"))
    for line in said():
        say("| " + line)
    select_culprit()
    advise("look around  backtrace, mallow heap, mallow owner ADDRESS")


def explain_failure():
    say(paint("The test has failed; the machine is held here.", "bad"))
    for line in said():
        say("| " + line)
    select_culprit()
    advise("look around  backtrace, up, down, mallow heap, mallow owner")


def explain_refusal():
    say(paint("The heap has refused a block; the machine is held here, this "
              "once.", "bad"))
    for line in console.text().strip().splitlines()[-1:]:
        say("| " + line)
    select_culprit()
    say("  is it damaged?  mallow heap;  whose was it?  mallow owner ADDRESS;"
        "  go on  continue")


def explain_triple_fault():
    say(paint("The processor has given up (triple fault): a fault came while "
              "it could not even report one.", "bad"))
    say("  Registers are as they were: info registers, backtrace, mallow page")
    say("  It cannot go on; mallow start starts over, and breakpoints stay.")


def explain_hang():
    say(paint("The test does not come back: stopped after its budget of "
              "instructions.", "bad"))
    select_culprit()
    advise("look around  backtrace, finish, mallow heap")


SIGNALS = {"SIGQUIT": explain_triple_fault, "SIGALRM": explain_hang}


EXPLAIN = {EXIT: explain_exit, TEST_FAILED: explain_failure,
           REFUSED: explain_refusal}


def stopped(event):
    """gdb's own word of each stop comes first; ours is added to a few."""
    if isinstance(event, gdb.SignalEvent):
        SIGNALS.get(event.stop_signal, lambda: None)()
        return
    if not isinstance(event, gdb.BreakpointEvent):
        return
    for one in event.breakpoints:
        if isinstance(one, End):
            EXPLAIN[one.place]()
            break


def leave(_event):
    """Nobody wants the machine any more; letting it run on would only make
    gdb report how it ends."""
    try:
        gdb.execute("kill", to_string=True)
    except gdb.error:
        pass  # it has ended before


def register():
    arm()
    # gdb lets a program's alarms pass; ours comes from outside of it.
    gdb.execute("handle SIGALRM stop print nopass", to_string=True)
    gdb.events.stop.connect(stopped)
    if console.path and hasattr(gdb.events, "gdb_exiting"):  # gdb 12
        gdb.events.gdb_exiting.connect(leave)
