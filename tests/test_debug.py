# SPDX-License-Identifier: MIT
"""`make debug`: gdb finds the kernel, and leaves nothing."""
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pexpect
import pytest
from guest import machines_in, wait_until

from mallow import project

SCRIPT = str(project.ROOT / "scripts" / "mallow.py")


@pytest.fixture
def place(monkeypatch):
    """Where the sessions of a test put their sockets: a short path."""
    with tempfile.TemporaryDirectory(prefix="mallow-test-") as name:
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)
        wait_until(lambda: not machines_in(name))


def words(place, *arguments):
    return [sys.executable, SCRIPT, "debug", f"--log={place / 'log'}",
            *arguments]


def session(place, *commands, stage="zalloc"):
    """Runs gdb commands in batch mode; what gdb printed."""
    gdb = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run(words(place, f"--stage={stage}", "--", "-batch",
                                *gdb),
                          text=True, stdin=subprocess.DEVNULL, check=False,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(y or" not in done.stdout
    return done.stdout


def test_held_at_reset(place):
    assert "0x0000fff0" in session(place, "info registers eip")
    assert (place / "log").read_bytes() == b""


def test_start(place):
    said = session(place, "mallow start", "print/x $eax", "print/x $pc")
    assert "_start ()" in said and "boot.S" in said
    assert "0x36d76289" in said
    assert "= 0x10" in said  # low: paging is still off


def test_names_in_the_higher_half(place):
    """Breakpoints set at reset, before GRUB has put the kernel there."""
    said = session(place, "break kernel_main", "break malloc_init",
                   "continue", "print/x $pc", "continue", "backtrace",
                   "info line")
    assert "kernel_main (magic=920085129" in said  # 0x36d76289
    assert "= 0xc01" in said
    chain = said[said.index("#0"):]
    assert "malloc_init" in chain and "kernel_main" in chain
    assert "??" not in chain
    assert "Backtrace stopped" not in said


def test_watchpoint(place):
    """Stops at the very store, in the function that does it."""
    said = session(place, "break kernel_main", "continue",
                   "watch malloc_heap.begin", "continue", "backtrace",
                   stage="malloc")
    chain = said[said.index("#0"):]
    assert "malloc_init" in chain and "kernel_main" in chain


def test_console_goes_to_the_log(place):
    session(place, "break monitor_run", "continue", stage="frames")
    log = (place / "log").read_text(encoding="ascii", errors="replace")
    assert "frames" in log and "paging" not in log


def test_interrupt_reaches_the_kernel_only(place):
    """Ctrl-C stops the kernel; QEMU lives on, and gdb can go on."""
    child = pexpect.spawn(words(place)[0], words(place)[1:], timeout=30,
                          encoding="utf-8", env={**os.environ,
                                                 "TERM": "dumb"})
    try:
        child.expect_exact("(gdb) ")
        child.sendline("tbreak monitor_run")
        child.expect_exact("(gdb) ")
        child.sendline("continue")
        child.expect("monitor_run")
        child.expect_exact("(gdb) ")
        child.sendline("continue")
        child.expect_exact("Continuing.")
        time.sleep(0.5)
        child.sendintr()
        child.expect("SIGINT")
        child.expect_exact("(gdb) ")
        child.sendline("backtrace")
        child.expect("monitor_run")
        child.expect_exact("(gdb) ")
        assert len(machines_in(place)) == 1
        child.sendline("quit")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    finally:
        child.close(force=True)


LONG = pytest.mark.long


@pytest.mark.parametrize("number", [
    signal.SIGKILL, pytest.param(signal.SIGTERM, marks=LONG)])
def test_gdb_killed(place, number):
    """From within: gdb's own shell command has gdb as its parent."""
    subprocess.run(
        words(place, "--", "-batch", "-ex", f"shell kill -{number:d} $PPID",
              "-ex", "shell sleep 1"),
        stdin=subprocess.DEVNULL, capture_output=True, timeout=30,
        check=False)
    assert not machines_in(place)


@pytest.mark.parametrize("number", [
    signal.SIGKILL, signal.SIGTERM, pytest.param(signal.SIGHUP, marks=LONG)])
def test_script_killed(place, number):
    process = subprocess.Popen(
        words(place, "--", "-batch", "-ex", "shell sleep 3"),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: machines_in(place))
        process.send_signal(number)
        process.wait(timeout=20)
        wait_until(lambda: not machines_in(place), seconds=2)
    finally:
        process.kill()
        process.wait()


def test_guest_that_ends(place):
    """The kernel leaves QEMU under gdb: gdb ends, and so does the rest."""
    subprocess.run(words(place, "--options=exit", "--stage=boot", "--",
                         "-batch", "-ex", "continue"),
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                   check=False)
    assert not machines_in(place)


def test_questions_about_debuginfod(place, monkeypatch):
    monkeypatch.setenv("DEBUGINFOD_URLS", "https://debuginfod.invalid")
    assert "debuginfod" not in session(place, "print 1")
