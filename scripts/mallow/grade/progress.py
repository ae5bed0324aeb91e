# SPDX-License-Identifier: MIT
"""The progress of a grading, for a user who waits.

    on a terminal           one line, written again and again
    in a class              one line a test, into a pipe; the parent shows them
    everywhere else         nothing
"""
import os
import shutil
import sys

PIPE = "MALLOW_PROGRESS"  # the number of the pipe's descriptor
CLEAR = "\r\x1b[K"


class Terminal:
    def __init__(self, stream):
        self.stream = stream

    def show(self, text):
        columns = shutil.get_terminal_size().columns
        self.stream.write(CLEAR + f"  {'GRADE':7} {text}"[:columns - 1])
        self.stream.flush()

    def clear(self):
        """Clears the line, before lasting output and at the end."""
        self.stream.write(CLEAR)
        self.stream.flush()


class Pipe:
    def __init__(self, number):
        self.stream = os.fdopen(number, "w", encoding="utf-8")

    def show(self, text):
        try:
            print(text, file=self.stream, flush=True)
        except OSError:  # the parent has gone
            pass

    def clear(self):
        pass


class Silent:
    def show(self, text):
        pass

    def clear(self):
        pass


def choose():
    number = os.environ.get(PIPE, "")
    if number.isdecimal():
        return Pipe(int(number))
    return Terminal(sys.stderr) if sys.stderr.isatty() else Silent()
