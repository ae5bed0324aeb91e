# SPDX-License-Identifier: MIT
"""The kernel's stages, and the enabled one.

The table in src/main.c is the only list of stages; this reads its rows:

    static const struct stage stages[] = {
        { "frames", ..., "labs/1-frames" },
    };

The file STAGE at the root of the tree holds the name of the enabled one.
"""
import re

from .project import ROOT, WRONG_USE, Trouble

MAIN = ROOT / "src" / "main.c"
ENABLED = ROOT / "STAGE"

TABLE = re.compile(r"^static const struct stage stages\[\] = \{$(.*?)^\};$",
                   re.MULTILINE | re.DOTALL)
ROW = re.compile(r'\{\s*"(\w+)"(.*?)\}', re.DOTALL)
LAB = re.compile(r'"(labs/[^"]*)"')


def table():
    """A list of (name, lab page or ""), in the order of the boot."""
    found = TABLE.search(MAIN.read_text(encoding="utf-8"))
    rows = ROW.findall(found.group(1)) if found else []
    if not rows:
        raise Trouble("src/main.c: found no rows between "
                      "`static const struct stage stages[] = {` and `};`")
    labs = (LAB.search(rest) for _, rest in rows)
    return [(name, lab.group(1) if lab else "")
            for (name, _), lab in zip(rows, labs)]


def names():
    return [name for name, _ in table()]


def resolve(text, source="STAGE"):
    """The stage that `text` means, a name or a number."""
    known = names()
    if text in known:
        return text
    if text.isdecimal() and int(text) < len(known):
        return known[int(text)]
    listed = ", ".join(f"{number} {name}"
                       for number, name in enumerate(known))
    raise Trouble(f'{source}: there is no stage "{text}"; the stages are '
                  f"{listed}", WRONG_USE)


def enabled():
    """The stage that the file STAGE names."""
    try:
        return resolve(ENABLED.read_text(encoding="utf-8").strip(),
                       "the file STAGE")
    except FileNotFoundError:
        raise Trouble("there is no file STAGE; make enable STAGE=NAME "
                      "writes it", WRONG_USE) from None


def choose(text):
    """The stage of a command: STAGE= if it was given, or the enabled one."""
    return resolve(text) if text else enabled()


def enable(arguments):
    if not arguments.stage:
        raise Trouble("which stage? make enable STAGE=NAME, with one of "
                      + ", ".join(names()), WRONG_USE)
    name = resolve(arguments.stage)
    ENABLED.write_text(name + "\n", encoding="utf-8")
    print(f"stage {names().index(name)}, {name}, is enabled")


def disable(_arguments):
    known = names()
    number = known.index(enabled())
    if number == 0:
        raise Trouble(f"{known[0]} is the first stage; there is none before")
    ENABLED.write_text(known[number - 1] + "\n", encoding="utf-8")
    print(f"stage {number}, {known[number]}, is disabled; enabled is "
          f"{number - 1}, {known[number - 1]}")


def status(_arguments):
    last = names().index(enabled())
    for number, (name, lab) in enumerate(table()):
        mark = "*" if number == last else "+" if number < last else "-"
        print(f"{mark} {number} {name:8} {lab}".rstrip())
    print("* enabled   + started before it   - off")


def add_stage(parser):
    parser.add_argument("--stage", default="", metavar="NAME|NUMBER",
                        help="instead of the enabled stage")


def add_commands(commands):
    parser = commands.add_parser("enable", help="makes a stage the enabled one")
    parser.add_argument("--stage", default="", metavar="NAME|NUMBER")
    parser.set_defaults(run=enable)
    parser = commands.add_parser("disable", help="goes back by one stage")
    parser.set_defaults(run=disable)
    parser = commands.add_parser("status", help="shows stages and the enabled")
    parser.set_defaults(run=status)
