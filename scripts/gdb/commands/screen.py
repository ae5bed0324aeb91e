# SPDX-License-Identifier: MIT
"""How answers look: colours where they are wanted, and never alone."""
import os
import shutil

import gdb

COLOURS = {"good": "32", "bad": "1;31", "dim": "2", "head": "1",
           "used": "31", "part": "33", "free": "32", "own": "34",
           "zone": "36"}
NARROWEST = 40


def coloured():
    """https://no-color.org, and gdb's own switch."""
    return (not os.environ.get("NO_COLOR")
            and os.environ.get("TERM", "dumb") != "dumb"
            and os.isatty(1) and gdb.parameter("style enabled"))


def paint(text, colour):
    if not coloured():
        return text
    return f"\033[{COLOURS[colour]}m{text}\033[0m"


def width():
    """Columns to write in."""
    wanted = gdb.parameter("width") or shutil.get_terminal_size().columns
    return max(min(wanted, 200), NARROWEST)


def say(text=""):
    gdb.write(text + "\n")


def size(count):
    """Bytes, for people: 512, 4 KiB, 2 MiB."""
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count} bytes"


def runs(cells):
    """[(cell, how often in a row)]: what a line of a picture is made of."""
    found = []
    for cell in cells:
        if found and found[-1][0] == cell:
            found[-1][1] += 1
        else:
            found.append([cell, 1])
    return found


def picture(cells, columns=None):
    """Rows of (letter, colour)."""
    columns = columns or (width() - 2) // 8 * 8
    for at in range(0, len(cells), columns):
        row = runs(cells[at:at + columns])
        say("  " + "".join(paint(letter * count, colour) if colour
                           else letter * count
                           for (letter, colour), count in row))


def say_verdict(broken, agreed, whose=""):
    """Of a walk: what is broken, or that all is sound."""
    if not broken:
        say(whose + paint("sound", "good") + f": {agreed}")
        return
    first, *rest = broken.lines()
    say(whose + paint("BROKEN", "bad") + f": {first}")
    for line in rest:
        say(f"  {line}")
    say(f"  {broken.hint}")


# From empty to full; with a single used byte it is never the first.
SHADES = ".-+o#"


def shade(part, whole):
    """(letter, colour) for the share of a cell that is in use."""
    if part <= 0 or whole <= 0:
        return SHADES[0], "free"
    step = min(part * (len(SHADES) - 1) // (whole + 1), len(SHADES) - 2)
    return SHADES[1 + step], "used" if step >= 2 else "part"
