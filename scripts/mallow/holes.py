# SPDX-License-Identifier: MIT
"""The parts of the source that students write.

The reference has one marker pair in the body of each such function:

    size_t hole_bytes(size_t alignment)
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
    """All holes of a file; ValueError if a marker belongs to none."""
    found = [hole_of(match) for match in HOLE.finditer(text)]
    if len(MARKER.findall(text)) != 2 * len(found):
        raise ValueError("a LAB marker that is not the first or the last line "
                         "of a function's body")
    return found


def without_bodies(text):
    return HOLE.sub(lambda match: match["head"], text)


def orphans(text):
    """{function with a hole: static functions that only it used}."""
    given = without_bodies(text)
    homes = {}
    for name in STATIC.findall(text):
        if uses(name, given) > 1:
            continue
        users = [hole for hole in find(text) if uses(name, hole.body)]
        if users:
            homes.setdefault(users[-1].function, []).append(name)
    return homes


def stand_in(match, text):
    hole = hole_of(match)
    idle = [name for name in hole.parameters if not uses(name, hole.says)]
    lines = [f"(void){name};" for name in idle]
    lines += [f"(void){name};" for name in orphans(text).get(hole.function, [])]
    lines += [hole.says] if hole.says else []
    body = "".join(f"    {line}\n" for line in lines)
    return (f"{match['head']}    /* LAB {hole.lab} BEGIN */\n{body}"
            f"    /* LAB {hole.lab} END */\n}}\n")


def dig(text):
    """The file as a student gets it."""
    find(text)
    return HOLE.sub(lambda match: stand_in(match, text), text)


def fill(text, reference):
    """A hand-out's file with the reference's bodies put back."""
    bodies = {hole.function: hole.body for hole in find(reference)}

    def put_back(match):
        hole = hole_of(match)
        return (f"{match['head']}    /* LAB {hole.lab} BEGIN */\n"
                f"{bodies[hole.function]}    /* LAB {hole.lab} END */\n}}\n")

    return HOLE.sub(put_back, text)
