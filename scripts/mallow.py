#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The work of `make` outside the compiler: one command for each word.

An empty string means "not given" everywhere.  With --said an option that is not
given is looked for in the environment: LAB=malloc of a make command arrives as
MALLOW_LAB, so no shell ever reads what a person typed.
"""
import argparse
import importlib
import os
import signal
import sys

from mallow.project import Trouble

# Which module has which commands.  Only the module of the command in question is
# loaded: `least` alone would spend most of its time on the grader's imports.
ROOMS = {
    "stages": ["enable", "disable", "status"],
    "memory": ["least"],
    "run": ["run"],
    "replay": ["replay"],
    "debug.debug": ["debug", "dump"],
    "debug.server": ["debug-server"],
    "sheet": ["sheet"],
    "check": ["check"],
    "grade.grade": ["grade"],
    "hunt.command": ["hunt"],
    # STAFF BEGIN
    "course.handout": ["handout"],
    "course.hunts": ["hunts"],
    "course.gradescope": ["gradescope"],
    "course.formats": ["results"],
    "course.roster": ["marks"],
    "course.similarity": ["similarity"],
    "mutants.mutants": ["mutants"],
    "soak.command": ["soak"],
    # STAFF END
}


class Parser(argparse.ArgumentParser):
    """Answers a wrong word with one line instead of the whole usage."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")


def rooms_of(words):
    """The module of the command among `words`; all, if none is named."""
    named = [room for room, its in ROOMS.items() if set(its) & set(words)]
    return named or list(ROOMS)


def parser(words):
    top = Parser(prog="mallow", description=__doc__.splitlines()[0])
    top.add_argument("--said", action="store_true",
                     help="options that are missing are in the environment")
    commands = top.add_subparsers(dest="command", required=True,
                                  metavar="COMMAND")
    for room in rooms_of(words):
        importlib.import_module(f"mallow.{room}").add_commands(commands)
    return top


def add_what_was_said(arguments):
    """Fills in the options that were not given (--said)."""
    for name, value in vars(arguments).items():
        if value == "":
            setattr(arguments, name, os.environ.get(f"MALLOW_{name.upper()}", ""))


def stop(number, _frame):
    """Ends as an exception does, so that `with` and `finally` clean up."""
    sys.exit(128 + number)


def main():
    arguments = parser(sys.argv[1:]).parse_args()
    if arguments.said:
        add_what_was_said(arguments)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    try:
        return arguments.run(arguments)
    except Trouble as trouble:
        print(f"{arguments.command}: {trouble}", file=sys.stderr)
        return trouble.status
    except OSError as error:  # such as a tree that may not be written
        if error.filename is None:
            raise
        print(f"{arguments.command}: {error.filename}: {error.strerror}",
              file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return stop(signal.SIGINT, None)


if __name__ == "__main__":
    sys.exit(main())
