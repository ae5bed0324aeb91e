# SPDX-License-Identifier: MIT
"""How far a command is, for a person who waits.

    with Waiting("CHECK", 16, "tests") as waiting:
        ...
        waiting.step()          one more of the 16 is done

      CHECK   5 of 16 tests     on a terminal, after a second of silence;
                                nothing anywhere else

A step takes the line away again, so that what is printed after it stands alone.
"""
import sys
import threading

SILENCE = 1.0  # seconds
CLEAR = "\r\x1b[K"


class Waiting:
    def __init__(self, label, count, what, stream=None):
        self.label, self.count, self.what = label, count, what
        self.stream = stream or sys.stderr
        self.done, self.shown = 0, False
        self.changed = threading.Condition()
        self.ended = False

    def __enter__(self):
        if self.stream.isatty():
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_):
        with self.changed:
            self.ended = True
            self._clear()
            self.changed.notify()

    def step(self, count=1):
        with self.changed:
            self.done += count
            self._clear()
            self.changed.notify()

    def _watch(self):
        with self.changed:
            while not self.ended:
                if not self.changed.wait(SILENCE) and not self.ended:
                    self._show()

    def _show(self):
        self.stream.write(f"{CLEAR}  {self.label:7} {self.done} of "
                          f"{self.count} {self.what}")
        self.stream.flush()
        self.shown = True

    def _clear(self):
        if self.shown:
            self.stream.write(CLEAR)
            self.stream.flush()
            self.shown = False
