# SPDX-License-Identifier: MIT
"""Notices a machine that stands still, because its guest waits for an interrupt
that never comes, and a compiler that does, because a file never ends.

    /proc/PID/task/*/stat --> a state and the processor time of each thread

Such a guest has turned its watchdog off and then stopped its processor, or has put the
machine to sleep.  QEMU sleeps, too, so its limit of processor time does not end
it either.

I1: a QEMU that gets no processor, waits for the disk or was stopped by a user
    does not stand still: one of its threads is in another state than S.
I2: on a system without /proc no machine stands still.
"""
import asyncio
import time
from pathlib import Path

SECONDS = 20    # without a thread that wants to run
LOOK_SECONDS = 0.5
TICKS_MAX = 40  # in that time; 0.4 s on Linux.  QEMU alone uses about 10
SLEEPS = "S"
STATE, GROUP, USER, SYSTEM = 0, 2, 11, 12  # fields of stat, after the name


def fields_of(folder):
    text = (folder / "stat").read_text("latin-1")
    return text.rpartition(")")[2].split()


def group_sleeps(group):
    """Whether all processes of a process group sleep now."""
    states = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = fields_of(folder)
        except OSError:  # it has ended
            continue
        if int(fields[GROUP]) == group:
            states.add(fields[STATE])
    return states == {SLEEPS}


def ticks_if_asleep(pid):
    """The processor time of a process whose threads all sleep; None if one
    does not, or if there is no such process."""
    ticks = 0
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            fields = fields_of(thread)
            if fields[STATE] != SLEEPS:
                return None
            ticks += int(fields[USER]) + int(fields[SYSTEM])
    except OSError:
        return None
    return ticks


async def stands_still(pid):
    """Returns when the process has stood still for SECONDS."""
    since, first = time.monotonic(), None
    while first is None or time.monotonic() - since < SECONDS:
        await asyncio.sleep(LOOK_SECONDS)
        ticks = ticks_if_asleep(pid)
        if None in (ticks, first) or ticks - first > TICKS_MAX:
            since, first = time.monotonic(), ticks
