# SPDX-License-Identifier: MIT
"""Traces: the format at the top of src/replay/trace.h, read a second time."""
import re

from . import numbers

KIND = "traces"
IDS_ROOM = 4096  # in the program under test
LETTERS = [bytes([each]) for each in b"arf0123459 \t\r\n-x\0\xff\x7f"] + [
    b"\n", b"\r\n", b" 4294967295", b" 4294967296", b"f -1\n", b"a 0 8\n"]


# -- Inputs --------------------------------------------------------------------

def some_bytes(random):
    return random.choice([random.randrange(100), random.choice(
        [0, 1, 7, 8, 9, 4096, numbers.MOST])])


def operations(random, ids):
    """Lines that follow the rules: what is live decides what can come."""
    live, lines = set(), []
    for _ in range(random.randrange(30)):
        name = random.randrange(ids) if ids else None
        if name is None or random.random() < 0.05:
            lines.append("f -1")
        elif random.random() < 0.2:
            live.add(name)
            lines.append(f"r {name} {some_bytes(random)}")
        elif name in live:
            live.discard(name)
            lines.append(f"f {name}")
        else:
            live.add(name)
            lines.append(f"a {name} {some_bytes(random)}")
    return lines


def make(random):
    if random.random() < 0.1:
        return numbers.noise(random, LETTERS, 60)
    ids = random.choice([0, 1, 2, 5, 40])
    lines = operations(random, ids)
    count = len(lines) + random.choice([0] * 9 + [1, -1])
    head = [f"{max(ids + random.choice([0] * 9 + [-1, 1]), 0)}", f"{count}"]
    if random.random() < 0.5:
        head = ["20000", *head, "1"]
    end = random.choice(["\n", "\n", "\r\n"])
    text = end.join(head + lines) + random.choice(
        [end, "", end * 3, f" {end}", f"\t{end} {end}", end + "x"])
    if random.random() < 0.4:
        return text.encode()
    return numbers.mutated(random, text.encode(), LETTERS)


# -- The reference parser ------------------------------------------------------

class Refused(Exception):
    """The argument is the line, or "any" if the format does not fix it."""


def lines_of(data):
    """The lines without their ends; blank ones at the end do not count."""
    lines = data.split(b"\n")
    while lines and not lines[-1].strip(b" \t\r"):
        lines.pop()
    return [(each[:-1] if each.endswith(b"\r") else each).rstrip(b" \t")
            for each in lines]


def number(word, line):
    if not re.fullmatch(rb"[0-9]+", word) or int(word) > numbers.MOST:
        raise Refused(line)
    return int(word)


def header(lines):
    """(ids, operations, lines of the header)."""
    count = 0
    while count < len(lines) and lines[count][:1].isdigit():
        count += 1
    if count not in (2, 4):
        raise Refused("any")
    values = [number(each, "any") for each in lines[:count]]
    return (*values[count // 2 - 1:count // 2 + 1], count)


def operation(text, line, ids):
    """(letter, id or None, bytes or None)."""
    words = re.fullmatch(rb"([arf])[ \t]+([0-9]+|-1)(?:[ \t]+([0-9]+))?", text)
    if not words:
        raise Refused(line)
    letter, name, size = words.groups()
    if (size is None) != (letter == b"f"):
        raise Refused(line)
    if name == b"-1":
        if letter != b"f":
            raise Refused(line)
        return letter, None, None
    if number(name, line) >= ids:
        raise Refused(line)
    return letter, int(name), None if size is None else number(size, line)


def mix(total, value):
    return (total ^ value) * 16777619 % 2**32


def read(data):
    """The lines of the answer to a good trace."""
    lines = lines_of(data)
    ids, count, first = header(lines)
    if ids > IDS_ROOM:
        raise Refused("any")
    live, peak, granules, largest, total = {}, 0, 0, 0, 2166136261
    for line, text in enumerate(lines[first:], first + 1):
        letter, name, size = operation(text, line, ids)
        if line - first > count:
            raise Refused(line)
        if letter == b"a" and name in live or (
                letter == b"f" and name is not None and name not in live):
            raise Refused(line)
        total = mix(total, 3 if name is None else b"arf".index(letter))
        for value in (name, size):
            total = total if value is None else mix(total, value)
        live.pop(name, None)
        if size is not None:
            live[name] = size
            largest = max(largest, size)
        peak = max(peak, sum(live.values()))
        granules = max(granules, sum(max(-(-each // 8), 1)
                                     for each in live.values()))
    if len(lines) - first != count:
        raise Refused("any")
    return ["good", f"ids {ids}", f"operations {count}", f"largest {largest}",
            f"peak {peak}", f"granules {granules}", f"sum {total}"]


def answer(data):
    try:
        return read(data)
    except Refused as refused:
        return ["refused", f"line {refused}"]
