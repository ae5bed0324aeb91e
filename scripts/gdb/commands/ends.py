# SPDX-License-Identifier: MIT
"""Explains the end of a run before the machine is gone.

    panic, failed test, refused option  --> cpu_exit     the kernel ends it
    triple fault                        --> SIGQUIT      the processor does
    a test that does not come back      --> SIGALRM      the watchdog does

and where it goes wrong without ending:

    kfree of what is not a block           --> heap_log_refused, the first time

Each time gdb stops with everything still in place: this says what has
happened, in the kernel's own words, and selects the frame to look at.
"""
import os
import re

import gdb

from . import kernel, layout, session
from .memory import Memory, Trouble
from .screen import paint, say
from .session import LINES_SHOWN, console

EXIT = "cpu_exit"
FINE = "EXIT_FINE"
TEST_FAILED = "lab_failed"
REFUSED = "heap_log_refused"
REPLAY_FAILED = "replay_failed"
WRONG_BYTE = re.compile(r"byte (\d+) of \d+ at (0x[0-9a-f]+) is")

# Files whose functions only pass a mistake on.
MESSENGERS = ("arch/i386/cpu.c", "arch/i386/report.c", "arch/i386/traps",
              "replay/judge.c", "lib/", "labtest/run_kernel.c", "labtest/common.c",
              "labtest/heap.c", "mm/heap/heap", "labtest/frames.c", "labtest/paging.c",
              "labtest/zones.c", "labtest/caches.c", "labtest/live_blocks.c")
FRAMES = 64
REPORT = "arch/i386/report.c"

PANIC = "*** PANIC: "
REST = "The kernel has stopped."  # what follows is for those without a gdb


class End(gdb.Breakpoint):
    """Stops where the kernel is about to leave the machine."""

    def __init__(self, place):
        super().__init__(place, internal=True)
        self.silent = True
        self.place, self.life = place, None

    def stop(self):
        if session.seeking:
            return False
        if not kernel.is_intact(Memory()):
            return True
        if self.place == REFUSED:
            return self.is_news()
        if self.place == REPLAY_FAILED:
            return "not written yet" not in reason()
        return self.place != EXIT or code() != FINE or is_test()

    def is_news(self):
        """The first refusal of a run, unless it was provoked: tests do that,
        and who calls kfree from gdb sees the answer."""
        if self.life == console.lives or is_test() or called_by_gdb() \
                or layout.variable(Memory(), "kmalloc_layer").not_written:
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
    """The kernel's exit code: a name of enum exit_code."""
    try:
        value = int(gdb.newest_frame().read_var("code"))
        return layout.name_in("enum exit_code", value)
    except (gdb.error, ValueError, Trouble):
        return "an unknown code"


def reason():
    """The mistake that a replay has found."""
    result = gdb.newest_frame().read_var("result")
    return result["reason"].string()


def arm():
    """The breakpoints, in a kernel that has such functions."""
    for place in EXPLAIN:
        if layout.has(place):
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


def advised():
    """The questions that the report says should be asked now."""
    rest = console.text().rpartition(PANIC)[2].partition(REST)[2]
    return [line.strip() for line in rest.splitlines()
            if line.startswith("  mallow ")]


def frames_now():
    """The frames from the innermost on; a damaged stack ends early."""
    frame = gdb.newest_frame()
    for _ in range(FRAMES):
        if frame is None:
            return
        yield frame
        frame = frame.older()


def culprit():
    """The innermost frame that does not merely pass the mistake on.  The report
    of one fault may have met another: the first is what matters, and it is the
    one further out."""
    frames = [(frame, kernel.source_of(frame)) for frame in frames_now()]
    reports = [number for number, (_, source) in enumerate(frames)
               if source == REPORT]
    for frame, source in frames[reports[-1] if reports else 0:]:
        if source and not source.startswith(MESSENGERS):
            return frame
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
    if not console.path:
        say("  The terminal of make debug-server shows its last words.")
    for line in said():
        say("| " + line)
    select_culprit()
    advise("look around  backtrace, mallow check, mallow owner ADDRESS",
           *advised())


def explain_failure():
    say(paint("The test has failed; the machine is held here.", "bad"))
    for line in said():
        say("| " + line)
    select_culprit()
    advise("look around  backtrace, up, down, mallow check, mallow owner")


def explain_refusal():
    say(paint("The heap has refused a block; the machine is held here, this "
              "once.", "bad"))
    for line in console.text().strip().splitlines()[-1:]:
        say("| " + line)
    select_culprit()
    say("  is it damaged?  mallow check;  since when?  mallow first;\n"
        "  whose was it?  mallow owner ADDRESS;  go on  continue")


def explain_replay():
    text = reason()
    say(paint("The replay has found a mistake; the machine is held here.",
              "bad"))
    say("| " + text)
    select_culprit()
    wrong = WRONG_BYTE.search(text)
    if wrong:
        say("  who has written there?  mallow writer "
            f"{int(wrong[2], 16) + int(wrong[1]):#010x}")
    advise("look around  backtrace, mallow check, mallow owner ADDRESS")


def explain_lost():
    say(paint("The processor runs what is not the kernel's code any more.",
              "bad"))
    say("  Its page tables may be damaged, or the code itself:\n"
        "  mallow page $pc     where does the processor find that address?\n"
        "  mallow start        starts over; breakpoints stay")


def explain_triple_fault():
    session.gave_up = True
    say(paint("The processor has given up (triple fault): a fault came while "
              "it could not even report one.", "bad"))
    say("  Registers are as they were: info registers, backtrace, mallow page\n"
        "  A table of the processor's may be damaged, or a page table: mallow "
        "check")
    say("  It cannot go on; mallow start starts over, and breakpoints stay.")


def explain_hang():
    say(paint("The test does not come back: stopped after its budget of "
              "instructions.", "bad"))
    select_culprit()
    advise("look around  backtrace, finish, mallow check")


def explain_dump():
    say("This is a dump: memory as it was, and nothing runs.  The kernel's last "
        "words:")
    for line in said():
        say("| " + line)
    select_culprit()
    say("  look around  backtrace, mallow check, mallow owner ADDRESS")
    for line in advised():
        if line.startswith("mallow owner"):
            say("  " + line)


SIGNALS = {"SIGQUIT": explain_triple_fault, "SIGALRM": explain_hang}


EXPLAIN = {EXIT: explain_exit, TEST_FAILED: explain_failure,
           REFUSED: explain_refusal, REPLAY_FAILED: explain_replay}


def stopped(event):
    """gdb's own word of each stop comes first; ours is added to a few."""
    if session.seeking:
        return
    if isinstance(event, gdb.SignalEvent):
        session.the_end.forget()
        SIGNALS.get(event.stop_signal, lambda: None)()
        return
    if not isinstance(event, gdb.BreakpointEvent):
        return
    for one in event.breakpoints:
        if isinstance(one, End):
            session.the_end.forget()
            if kernel.is_intact(Memory()):
                EXPLAIN[one.place]()
            else:
                explain_lost()
            break


def leave(_event):
    """The session ends, and the machine with it; if it ran on, it would only make
    gdb report how it ends."""
    try:
        gdb.execute("kill", to_string=True)
    except gdb.error:
        pass  # it has ended before


def register():
    if os.environ.get("MALLOW_CORE"):
        explain_dump()
        return
    arm()
    # gdb lets a program's alarms pass; ours comes from outside of it.
    gdb.execute("handle SIGALRM stop print nopass", to_string=True)
    gdb.events.stop.connect(stopped)
    if console.path and hasattr(gdb.events, "gdb_exiting"):  # gdb 12
        gdb.events.gdb_exiting.connect(leave)
