# SPDX-License-Identifier: MIT
"""One line for each section: its name, how much of it is done, its seconds.

On a terminal the line is drawn again each second while the section runs.
Elsewhere it is written once, when the section is done.
"""

import sys
import threading
import time
from contextlib import contextmanager

SECONDS_BETWEEN = 1


class Section:
    """The state of the section that runs."""

    def __init__(self, name):
        self.name = name
        self.tasks = 0
        self.done = 0
        self.start = time.monotonic()

    def line(self):
        parts = f" {self.done}/{self.tasks}" if self.tasks else ""
        seconds = time.monotonic() - self.start
        return f"  {'BENCH':7} {self.name}{parts} ({seconds:.0f} s)"


class Progress:
    """Writes the section's line to a stream; steps come from any thread."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stderr
        self.lock = threading.Lock()
        self.section = None

    def expect(self, tasks):
        with self.lock:
            if self.section:
                self.section.tasks += tasks

    def step(self):
        with self.lock:
            if self.section:
                self.section.done += 1

    def draw(self, end=""):
        with self.lock:
            print(f"\r{self.section.line()}", end=end, flush=True,
                  file=self.stream)

    @contextmanager
    def of(self, name):
        """The body of the `with` is the section."""
        self.section, finished = Section(name), threading.Event()

        def redraw():
            while not finished.wait(SECONDS_BETWEEN):
                self.draw()

        drawer = threading.Thread(target=redraw, daemon=True)
        if self.stream.isatty():
            drawer.start()
        try:
            yield
        finally:
            finished.set()
            if drawer.ident:
                drawer.join()
            self.draw(end="\n")
            self.section = None


PROGRESS = Progress()
