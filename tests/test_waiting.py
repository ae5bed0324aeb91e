# SPDX-License-Identifier: MIT
"""A person at a terminal sees how far a command is; nothing else sees it."""
import io
import time

import pytest

from mallow import waiting
from mallow.waiting import CLEAR, Waiting


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def short_silence(monkeypatch):
    monkeypatch.setattr(waiting, "SILENCE", 0.05)


def shown(stream, steps, pause):
    with Waiting("CHECK", 3, "tests", stream) as line:
        for _ in range(steps):
            line.step()
        time.sleep(pause)
    return stream.getvalue()


def test_a_terminal_sees_it_after_some_silence():
    said = shown(Terminal(), 2, 0.5)
    assert f"{CLEAR}  CHECK   2 of 3 tests" in said
    assert said.endswith(CLEAR)


def test_nothing_is_shown_of_what_is_quick():
    assert shown(Terminal(), 3, 0) == ""


def test_a_pipe_sees_nothing():
    assert shown(io.StringIO(), 1, 0.5) == ""


def test_a_step_takes_the_line_away():
    stream = Terminal()
    with Waiting("CHECK", 3, "tests", stream) as line:
        time.sleep(0.5)
        line.step()
        assert stream.getvalue().endswith(CLEAR)
