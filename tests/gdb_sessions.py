# SPDX-License-Identifier: MIT
"""gdb's `mallow` commands in real sessions with booted kernels.

A session is one boot and many commands; each answer is looked at by itself.
A Python error must never be seen: a command that cannot go on says so
in one line, whatever the kernel's memory holds.
"""
import os
import subprocess
import sys
import tempfile

import pytest
import saved_qemu
from guest import machines_in, wait_until

from mallow import project

EVERY = ["mallow stages", "mallow check", "mallow frames",
         "mallow frames 0x128", "mallow page 0xc0128010", "mallow heap",
         "mallow zones", "mallow zones 8", "mallow stores", "mallow spans",
         "mallow armour", "mallow owner 0xc0128010",
         "mallow owner 0xc0101000", "mallow owner 0", "mallow map",
         "mallow log"]
AT_PROMPT = ["tbreak monitor_run", "continue"]
BLOCKS = ["set var $a = (unsigned)kmalloc(40)",
          "set var $b = (unsigned)kmalloc(3000)",
          "set var $c = (unsigned)kmalloc(2000)",
          "set var $d = (unsigned)kmalloc(40)",
          "call (void)kfree((void *)$b)"]
# Both parts of the heap that grows: $c is moved into the window.
GROWN = [*BLOCKS, "set var $c = (unsigned)kmalloc(3000000)",
         "set var $d = (unsigned)kmalloc(64)"]


@pytest.fixture
def gdb(monkeypatch, tmp_path):
    """gdb(commands..., stage=, options=, or test=, from_reset=): what each
    command has said.  The machine is held at the kernel's first instruction."""
    with tempfile.TemporaryDirectory(prefix="mallow-test-") as name:
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setenv("TERM", "dumb")
        path = saved_qemu.put_before(tmp_path)

        def session(*commands, stage="zalloc", options="", test="",
                    root=project.ROOT, seconds=90, from_reset=False):
            subject = [f"--test={test}", "--seed=1"] if test else [
                f"--stage={stage}", f"--options={options}"]
            script = tmp_path / "commands"
            script.write_text("".join(
                f"echo \\n@@@\\n\n{command}\n" for command in commands)
                + "echo \\n@@@\\n\n", encoding="utf-8")
            done = subprocess.run(
                [sys.executable, str(root / "scripts" / "mallow.py"), "debug",
                 f"--log={tmp_path / 'log'}", *subject, "--", "-batch", "-x",
                 str(script)],
                text=True, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=seconds, check=False, env=os.environ if from_reset
                else {**os.environ, "PATH": path})
            said = done.stdout + done.stderr
            assert "Traceback" not in said and "Python Exc" not in said, said
            assert "make no sense" not in said, said
            answers = done.stdout.split("\n@@@\n")[1:-1]
            assert len(answers) == len(commands), said
            return answers

        yield session
        wait_until(lambda: not machines_in(name))


def asked(gdb, questions, *before, **options):
    """{question: answer}, after the commands `before`."""
    answers = gdb(*before, *questions, **options)
    return dict(zip(questions, answers[len(before):]))


def one_line(answer):
    return answer.strip().count("\n") == 0 and answer.strip()
