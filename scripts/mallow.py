#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The work of `make` outside the compiler: one command for each word.

An empty string means "not given" everywhere.  With --said an option that is not
given is looked for in the environment: LAB=malloc of a make command arrives as
MALLOW_LAB, so no shell ever reads what a person typed.
"""
import argparse
import os
import signal
import sys

from mallow import check, memory, replay, run, sheet, stages
from mallow.debug import debug, server
from mallow.grade import grade
# STAFF BEGIN
from mallow.course import formats, gradescope, handout, roster, similarity
from mallow.mutants import mutants
# STAFF END
from mallow.project import Trouble


class Parser(argparse.ArgumentParser):
    """Answers a wrong word with one line instead of the whole usage."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")


def parser():
    top = Parser(prog="mallow", description=__doc__.splitlines()[0])
    top.add_argument("--said", action="store_true",
                     help="options that are missing are in the environment")
    commands = top.add_subparsers(dest="command", required=True,
                                  metavar="COMMAND")
    for room in (stages, memory, run, replay, debug, server, sheet,
                 check, grade):
        room.add_commands(commands)
    # STAFF BEGIN
    handout.add_commands(commands)
    gradescope.add_commands(commands)
    formats.add_commands(commands)
    roster.add_commands(commands)
    similarity.add_commands(commands)
    mutants.add_commands(commands)
    # STAFF END
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
    arguments = parser().parse_args()
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
