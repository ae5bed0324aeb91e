# SPDX-License-Identifier: MIT
"""The steps of a random test: how STEPS= lists them, and how a failing list is
made shorter."""
import time

from .project import WRONG_USE, Trouble

SHRINK_SECONDS = 10


def join_steps(steps):
    """The value of STEPS= for these steps, such as 0,3,5-9."""
    parts, steps = [], sorted(steps)
    while steps:
        length = 1
        while length < len(steps) and steps[length] == steps[0] + length:
            length += 1
        last = steps[length - 1]
        parts.append(str(last) if length == 1 else f"{steps[0]}-{last}")
        steps = steps[length:]
    return ",".join(parts)


def read_steps(text):
    """The list of steps that STEPS= names."""
    steps = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            raise Trouble(f'STEPS="{text}": it looks like 0,3,5-9', WRONG_USE)
        steps.extend(range(int(first), int(last or first) + 1))
    return steps


def shrink(fails, count, seconds=SHRINK_SECONDS):
    """The shortest list of steps below `count` found that still fails: takes
    pieces away, large ones first, as long as the rest fails."""
    end = time.monotonic() + seconds
    steps = list(range(count))
    piece = max(1, len(steps) // 2)
    while time.monotonic() < end:
        at, before = 0, len(steps)
        while at < len(steps) and time.monotonic() < end:
            rest = steps[:at] + steps[at + piece:]
            if fails(rest):
                steps = rest
            else:
                at += piece
        if piece == 1 and len(steps) == before:
            break
        piece = max(1, piece // 2)
    return steps
