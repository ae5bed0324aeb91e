# SPDX-License-Identifier: MIT
"""`make run`: at the prompt soon, easy to leave, and clear about any end."""
import os
import re
import stat
import subprocess
import sys
import time

import pexpect
import pytest
from guest import PROMPT, machines_in

from mallow import project, run

COMMAND = [sys.executable, str(project.ROOT / "scripts" / "mallow.py"), "run"]
CTRL_A = "\x01"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The machine's files lie below this; there is no display."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return tmp_path


@pytest.fixture
def terminal(place):
    """terminal(WORDS...): `make run` in a terminal of its own."""
    children = []

    def start(*words):
        children.append(pexpect.spawn(COMMAND[0], [*COMMAND[1:], *words],
                                      timeout=30, encoding="utf-8"))
        return children[-1]

    yield start
    for child in children:
        child.close(force=True)
    assert not machines_in(place)


def end(child):
    """The status of a command that ends by itself; what it said last."""
    child.expect(pexpect.EOF)
    child.wait()
    return child.exitstatus, child.before


def refused(*words):
    """The one-line error of the command, before it starts anything."""
    done = subprocess.run([*COMMAND, *words], text=True, timeout=30,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1
    return done.returncode, done.stderr


def test_to_the_prompt_and_out(terminal, place):
    began = time.monotonic()
    child = terminal("--stage=zalloc")
    child.expect_exact("to leave it: Ctrl-A, then X")
    child.expect(r"linux-i386-kmalloc.rep +\d+ .* ok")
    child.expect_exact(PROMPT)
    # 3 s are the promise for an idle machine; tests share theirs.
    assert time.monotonic() - began < 15
    child.send("stages\r")
    child.expect_exact(PROMPT)
    assert child.before.count(" ok ") == 6
    child.send(CTRL_A + "x")
    assert end(child)[0] == 0
    assert not list(place.iterdir())


def test_exit_at_the_prompt(terminal):
    child = terminal("--stage=boot")
    child.expect_exact(PROMPT)
    child.send("exit\r")
    assert end(child) == (0, "exit\r\r\n")


def test_typed_before_the_kernel_listens(place):
    done = subprocess.run([*COMMAND, "--stage=boot"], input="stages\nexit\n",
                          text=True, timeout=60, capture_output=True,
                          check=False)
    assert done.returncode == 0
    assert done.stdout.count("0 boot    ok") == 2


def test_ctrl_c_is_for_the_kernel(terminal):
    child = terminal("--stage=boot")
    child.expect_exact(PROMPT)
    child.send("abc\x03stages\r")
    child.expect_exact(PROMPT)
    assert " ok " in child.before
    child.send(CTRL_A + "x")
    assert end(child)[0] == 0


def test_panic_is_explained(terminal):
    child = terminal("--stage=paging")
    child.expect_exact(PROMPT)
    child.send("crash divide\r")
    status, said = end(child)
    assert status == 1
    assert re.search(r"run: the kernel panicked: divide error in crash_divide",
                     said)


def test_reset_is_no_error(terminal):
    child = terminal("--stage=boot")
    child.expect_exact(PROMPT)
    child.send("reboot\r")
    assert end(child)[0] == 0


@pytest.mark.parametrize("size", ["", "6M", "1G", "16384K", "64"])
def test_memory_that_will_do(size, terminal):
    child = terminal("--stage=frames", f"--memory={size}")
    child.expect_exact(PROMPT)
    assert "frames  ok" in child.before


@pytest.mark.parametrize("size", ["3M", "1M", "4096K", "1"])
def test_too_little_memory_is_said_before(size, place):
    status, said = refused(f"--memory={size}")
    assert status == 2
    assert re.search(r"MEMORY: .* is too little; the kernel needs \dM", said)


@pytest.mark.parametrize("size", ["lots", "12Q", "0", "-5M", "1.5G", "M",
                                  "99999999M", " "])
def test_no_size(size, place):
    status, said = refused(f"--memory={size}")
    assert status == 2
    assert f'"{size}"' in said and "128M" in said


def test_wrong_stage(place):
    status, said = refused("--stage=mallok")
    assert status == 2 and '"mallok"' in said
    for name in ("boot", "frames", "paging", "heap", "malloc", "zalloc"):
        assert name in said


def fake_qemu(place, monkeypatch, script):
    """A QEMU of our own making, the first in PATH."""
    path = place / "bin" / "qemu-system-i386"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")


def test_old_qemu(place, monkeypatch):
    fake_qemu(place, monkeypatch, "echo QEMU emulator version 4.2.1\n")
    status, said = refused()
    assert status == 1 and "4.2.1" in said and "5.2" in said


def test_no_qemu(place, monkeypatch):
    monkeypatch.setenv("PATH", str(place))
    status, said = refused()
    assert status == 1 and "scripts/setup" in said


def test_qemu_that_does_not_start(place, monkeypatch):
    fake_qemu(place, monkeypatch,
              "if [ \"$1\" = --version ]; then\n"
              "    echo QEMU emulator version 7.2.0\n"
              "else\n    echo cannot set up guest memory >&2; exit 1\nfi\n")
    done = subprocess.run(COMMAND, text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "cannot set up guest memory" in done.stderr
    assert "run: QEMU ended with status 1" in done.stderr


@pytest.mark.parametrize("displays, kind", [
    ("none\ngtk\nsdl\ncurses", "gtk"), ("none\nsdl", "sdl"),
    ("none\ncurses", None)])
def test_window_if_there_can_be_one(displays, kind, place, monkeypatch):
    fake_qemu(place, monkeypatch, f"cat <<END\n{displays}\nEND\n")
    assert run.window() is None
    monkeypatch.setenv("DISPLAY", ":0")
    if sys.platform != "darwin":
        assert run.window() == kind
