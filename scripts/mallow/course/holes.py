# SPDX-License-Identifier: MIT
"""The parts of the source that students write.

The reference has one marker pair in the body of each such function:

    size_t bump_padding(size_t alignment)
    {
        /* LAB 3 BEGIN: return 0; */
        return -(bump_heap.top + HEADER_BYTES) & (alignment - 1);
        /* LAB 3 END */
    }

and a hand-out has, between the same markers, what the first one says:

        /* LAB 3 BEGIN */
        (void)alignment;
        return 0;
        /* LAB 3 END */

H1: the marker pair is all of the body, so that nothing of it is left.
H2: what is not used any more is named with a (void): parameters, and static
    functions that only this body called.  So a hand-out compiles in silence.
"""
import re
from typing import NamedTuple

HOLE = re.compile(
    r"^(?P<head>[A-Za-z][^\n;{}]*\([^;{}]*\)\n\{\n)"
    r"    /\* LAB (?P<lab>\d+) BEGIN(?::(?P<says>[^*]*))? \*/\n"
    r"(?P<body>.*?)"
    r"    /\* LAB (?P=lab) END \*/\n\}\n", re.MULTILINE | re.DOTALL)
MARKER = re.compile(r"/\* LAB \d+ (?:BEGIN|END)\b")
STATIC = re.compile(r"^static [^\n;={}]*?\b(\w+)\([^;{}]*\)\n\{\n",
                    re.MULTILINE)


class Hole(NamedTuple):
    lab: int
    function: str
    parameters: list
    says: str  # what stands there in a hand-out, besides (void)s
    body: str  # of the reference


def uses(name, text):
    return len(re.findall(rf"\b{name}\b", text))


def read_head(head):
    """The name and the parameters of a function."""
    name, inside = re.search(r"(\w+)\(([^{]*)\)\n\{\n$", head).groups()
    parameters = (re.search(r"(\w+)\s*$", part) for part in inside.split(","))
    names = [found.group(1) for found in parameters if found]
    return name, [each for each in names if each != "void"]


def hole_of(match):
    name, parameters = read_head(match["head"])
    return Hole(int(match["lab"]), name, parameters,
                (match["says"] or "").strip(), match["body"])


def find(text):
    """All exercises of a file; ValueError for a marker without its pair."""
    found = [hole_of(match) for match in HOLE.finditer(text)]
    if len(MARKER.findall(text)) != 2 * len(found):
        raise ValueError("a LAB marker that is not the first or the last line "
                         "of a function's body")
    return found


def with_body(match, body):
    """The function, with `body` between its markers."""
    lab = match["lab"]
    return (f"{match['head']}    /* LAB {lab} BEGIN */\n{body}"
            f"    /* LAB {lab} END */\n}}\n")


def orphans(text, solved):
    """{emptied function: the static functions that only it used}."""
    def is_dug(lab):
        return int(lab) > solved

    given = HOLE.sub(lambda match: match["head"] if is_dug(match["lab"])
                     else match[0], text)
    dug = [hole for hole in find(text) if is_dug(hole.lab)]
    homes = {}
    for name in STATIC.findall(text):
        users = [hole for hole in dug if uses(name, hole.body)]
        if users and uses(name, given) == 1:
            homes.setdefault(users[-1].function, []).append(name)
    return homes


def stand_in(hole, idle_functions):
    """A body that says "not written", and compiles in silence (H2)."""
    idle = [name for name in hole.parameters if not uses(name, hole.says)]
    lines = ["not_written(__func__);"]
    lines += [f"(void){name};" for name in idle + idle_functions]
    lines += [hole.says] if hole.says else []
    return "".join(f"    {line}\n" for line in lines)


def dig(text, solved=0):
    """The file as a student gets it, with the labs up to `solved` written."""
    find(text)
    idle = orphans(text, solved)

    def dug(match):
        hole = hole_of(match)
        if hole.lab <= solved:
            return with_body(match, hole.body)
        return with_body(match, stand_in(hole, idle.get(hole.function, [])))

    return HOLE.sub(dug, text)


def fill(text, reference, only=None):
    """Puts the reference's bodies back into a hand-out's file: all of them, or
    those of the named functions."""
    bodies = {hole.function: hole.body for hole in find(reference)}

    def filled(match):
        name = hole_of(match).function
        if only is not None and name not in only:
            return match[0]
        return with_body(match, bodies[name])

    return HOLE.sub(filled, text)
