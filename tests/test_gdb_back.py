# SPDX-License-Identifier: MIT
"""`make debug RECORD=1`: a run is recorded with what is typed, and gdb goes
back in its replay."""
import re
import subprocess
import sys
import tempfile

import pytest
from guest import machines_in, wait_until

from mallow import project


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """recorded(keys, commands..., options): what recorder and gdb have said."""
    with tempfile.TemporaryDirectory(prefix="mallow-test-") as name:
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setenv("TERM", "dumb")

        def session(keys, *commands, record="20", **options):
            words = [f"--{name}={value}" for name, value in options.items()]
            gdb = [word for command in commands for word in ("-ex", command)]
            done = subprocess.run(
                [sys.executable, str(project.ROOT / "scripts/mallow.py"),
                 "debug", f"--log={tmp_path / 'log'}", f"--record={record}",
                 *words, "--", "-batch", *gdb], text=True, input=keys,
                capture_output=True, timeout=170, check=False)
            assert "Traceback" not in done.stdout + done.stderr
            return done.stdout + done.stderr

        yield session
        wait_until(lambda: not machines_in(name))


def test_back_to_what_was_typed(recorded):
    """The fault needs a typed line; the store that made it is found, and so is
    the call before, although both are in the past."""
    said = recorded(
        "alloc 20\rcrash stale\r",
        "python import gdb, re; from commands.session import console; "
        "place = re.search(r'mallow writer (0x[0-9a-f]+)', console.text())[1]",
        "python gdb.execute('mallow writer ' + place)", "stepi",
        "break run_alloc", "reverse-continue", "mallow check",
        stage="malloc")
    assert "mallow> alloc 20" in said and "mallow> crash stale" in said
    assert re.search("PANIC: page fault in (crash_stale|write_to)", said)
    assert "This is the end of the recorded run" in said
    assert "writer: crash_stale (monitor/crash.c:" in said
    back = said[said.rindex("Breakpoint 1 at"):]
    assert "run_alloc" in back and "run_crash" not in back, back
    assert "Program received signal" not in back, back
    assert "its own checks cannot run in the replay" in said


@pytest.mark.long
def test_a_run_that_goes_on(recorded):
    """Without a panic the recording ends at its limit, at the prompt."""
    said = recorded("", "backtrace", "mallow back &malloc_heap.usage.used_blocks",
                    "mallow end", "backtrace",
                    "python from commands import back; back.SECONDS = 0.1",
                    "mallow back &malloc_heap.usage.used_blocks",
                    record="6", stage="malloc")
    assert said.count("monitor_run") >= 2, said
    assert "within 0.1 s" in said and "without RECORD=1" in said
    assert "writer: " in said and "(mm/malloc/" in said


@pytest.mark.parametrize("words", [{"record": "x"}, {"test": "malloc/split"}])
def test_what_cannot_be_recorded(recorded, words):
    said = recorded("", **words)
    assert "RECORD=1" in said and len(said.strip().splitlines()) == 1


def test_not_recorded(gdb):
    said = gdb("tbreak kernel_main", "continue", "mallow back 0xc0100000",
               "reverse-continue", "mallow end", stage="boot")[2:]
    assert all("not a recorded one" in answer for answer in said), said
