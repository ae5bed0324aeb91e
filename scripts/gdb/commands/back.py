# SPDX-License-Identifier: MIT
"""Backwards, in the replay of a recorded run (make debug RECORD=1).

    instruction  1 ...... 700 ..... 900 ...... 1000: here
    looked at    ------>  stop  ->  stop  -->
    gone to                         ^

QEMU can go to any instruction of the recorded run: back to the snapshot at
reset, and forward from there.  So the last stop before this moment is found by
a run forward that notes all stops.  (QEMU's own reverse-continue does not come
back from a breakpoint that is hit several times.)
"""
import contextlib
import os
import signal
import threading
import time

import gdb

from . import session
from .command import Command
from .guard import Writer
from .memory import Memory, Trouble, number_of
from .screen import paint, say

SECONDS = float(os.environ.get("MALLOW_BACK_SECONDS") or 60)
FIRST = 1  # where the snapshot is


def recorded():
    return bool(os.environ.get("MALLOW_RECORDED"))


def require_recorded():
    if not recorded():
        raise Trouble("this run is not a recorded one: make debug RECORD=1 "
                      "records a run and replays it here")


class Replay:
    """QEMU's replay, asked through its monitor."""

    def __init__(self):
        require_recorded()
        self.monitor = session.Monitor()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.monitor.close()

    @property
    def now(self):
        """How many instructions have run."""
        return self.monitor.ask("query-replay")["icount"]

    def rewind(self):
        """Goes back to the snapshot."""
        self.monitor.ask("replay-seek", icount=FIRST)
        session.forget_registers()

    def stop_at(self, instruction):
        """Sets the instruction at which the next run ends at the latest."""
        self.monitor.ask("replay-break", icount=instruction)

    def go_to(self, instruction):
        """Goes to the moment before an instruction of the run."""
        if instruction <= self.now:
            self.rewind()
        if instruction > FIRST:
            self.stop_at(instruction)
            with session.hold_breakpoints(), run_within_limit():
                gdb.execute("continue", to_string=True)
        self.require_at(instruction)

    def require_at(self, instruction):
        if self.now != instruction:
            raise Trouble(
                f"the replay is at instruction {self.now}, and did not come to "
                f"{instruction} within {SECONDS:g} s.\n  `mallow end` goes to "
                "its end again.  If that hangs, too: OPTIONS='do=...' without "
                "RECORD=1\n  makes the run anew each time, and mallow writer "
                "works there.")


@contextlib.contextmanager
def run_within_limit():
    """gdb's `continue` in the block makes no noise.  It is interrupted when it
    takes too long, because QEMU's replay can get stuck."""
    timer = threading.Timer(SECONDS, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with session.silence():
            yield
    finally:
        timer.cancel()


class Stops:
    """Notes which breakpoints a run has stopped at."""

    def __init__(self):
        self.breakpoints = []

    def __enter__(self):
        gdb.events.stop.connect(self.note)
        return self

    def __exit__(self, *_):
        gdb.events.stop.disconnect(self.note)

    def note(self, event):
        self.breakpoints = getattr(event, "breakpoints", [])

    @property
    def watched(self):
        """A watchpoint stops after the store; the moment before is wanted."""
        return any(one.type != gdb.BP_BREAKPOINT for one in self.breakpoints)


def last_stop(replay):
    """The instruction of the last stop before now at a breakpoint or watchpoint
    of the user's, or None."""
    here, found = replay.now, None
    deadline = time.monotonic() + SECONDS
    replay.rewind()
    replay.stop_at(here)
    with session.hold_breakpoints(users=False), Stops() as stops:
        while True:
            stops.breakpoints = []
            with run_within_limit():
                gdb.execute("continue", to_string=True)
            now = replay.now
            if now < here and not stops.breakpoints:
                replay.require_at(here)
            if now >= here:
                return found
            found = now - 1 if stops.watched else now
            if time.monotonic() > deadline:
                raise Trouble(
                    f"more stops than {SECONDS:.0f} s are enough for; the "
                    "machine is held on the way.  `mallow end` goes to the end; "
                    "a condition on the breakpoint makes it fewer")


class Watch(gdb.Breakpoint):
    """Notes the last store after which the word at `address` is `value`."""

    def __init__(self, address, value, replay, end):
        super().__init__(f"*(unsigned *){address:#x}", gdb.BP_WATCHPOINT,
                         gdb.WP_WRITE, internal=True)
        self.silent = True
        self.address, self.value, self.replay = address, value, replay
        self.end, self.last = end, None

    def stop(self):
        if Memory().word(self.address) == self.value:
            now = self.replay.now
            if now <= self.end:
                self.last = now - 1
        return False


def last_store(replay, address, value):
    """The instruction that put `value` at `address` last, or None."""
    here = replay.now
    replay.rewind()
    watch = Watch(address, value, replay, here)
    replay.stop_at(here)
    try:
        with session.hold_breakpoints(), run_within_limit():
            gdb.execute("continue", to_string=True)
        replay.require_at(here)
        return watch.last
    finally:
        watch.delete()


def to_writer(address, value):
    """Goes to the last store that put `value` at `address`."""
    say(f"going back, to the store that put {value:#010x} at {address:#010x} "
        "...")
    gdb.flush()
    with Replay() as replay:
        here = replay.now
        found = last_store(replay, address, value)
        replay.go_to(found or here)
    if not found:
        raise Trouble(f"no code has put {value:#010x} there in the recorded run:"
                      " it has come with the image, or from gdb")
    writer = Writer(stored=False)
    say(paint(f"writer: {writer.text} puts {value:#010x} at {address:#010x}, "
              f"where {Memory().word(address):#010x} was", "bad"))
    say("  `stepi` does it; `mallow end` goes to the end again")
    gdb.execute("frame")


class Back(Command):
    """Goes back in a recorded run, to the store that gave a word its value.

Usage:
  mallow back ADDRESS    to the last store that changed the word of 4 bytes
                         at ADDRESS
  mallow back            to the last stop at one of your breakpoints or
                         watchpoints

For example, mallow back 0xc017b028 prints the function and the line of the
store.  The machine then is at the moment before that store.

gdb's own reverse-stepi, reverse-step, reverse-next and reverse-continue go
back, too.  `mallow end` returns to the end of the run.

It cannot answer without a recorded run: make debug RECORD=1 makes one."""

    name, usage, most = "back", "[ADDRESS]", 1
    kind = gdb.COMMAND_RUNNING

    def answer(self, memory, words):
        require_recorded()
        if words:
            address = number_of(words[0]) & ~3
            to_writer(address, memory.word(address))
            return
        if not any(one.enabled for one in gdb.breakpoints() or ()):
            raise Trouble("there is no breakpoint and no watchpoint to go back "
                          "to; mallow back ADDRESS needs none")
        with Replay() as replay:
            here = replay.now
            found = last_stop(replay)
            replay.go_to(found or here)
        if not found:
            raise Trouble("none of your breakpoints and watchpoints stops the "
                          "run before this moment")
        gdb.execute("frame")


class ReverseContinue(gdb.Command):
    """Goes back to the last stop of a breakpoint or watchpoint.

In a run recorded with make debug RECORD=1; the same as `mallow back`."""

    def __init__(self):
        super().__init__("reverse-continue", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        gdb.execute("mallow back", from_tty)


class End(Command):
    """Runs a recorded run to its end: the panic, or where the recording stopped.

Usage:
  mallow end

For example, after `mallow back` it returns to the panic, and prints the
kernel's last words again.

It cannot answer without a recorded run: make debug RECORD=1 makes one."""

    name, kind = "end", gdb.COMMAND_RUNNING

    def answer(self, memory, words):
        require_recorded()
        last = os.environ["MALLOW_RECORDED"]
        if last.isdecimal():
            # Beyond the last instruction QEMU could not go back any more.
            with Replay() as replay:
                replay.stop_at(max(int(last) - 1, FIRST))
        gdb.execute("continue")
        say("This is the end of the recorded run.  Go back with mallow writer "
            "ADDRESS,\nreverse-stepi, or a watchpoint and reverse-continue.")
