# SPDX-License-Identifier: MIT
"""scripts/setup judges tools by what they do; nothing is installed here."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


def run(script, *options, first=None):
    """Runs it with the folder `first` at the head of PATH."""
    path = os.environ["PATH"]
    env = {**os.environ, "PATH": f"{first}:{path}" if first else path}
    env.pop("PYTHON", None)
    return subprocess.run([SCRIPTS / script, *options], env=env, text=True,
                          capture_output=True, check=False, timeout=60)


def impostor(folder, name, says):
    """A program of that name which only says this, and fails."""
    tool = folder / name
    tool.write_text(f"#!/bin/sh\necho '{says}'\nexit 1\n")
    tool.chmod(0o755)


def test_a_machine_that_was_set_up_lacks_nothing():
    done = run("setup", "--check")
    assert (done.returncode, done.stdout) == (0, "Nothing is missing.\n")


@pytest.mark.parametrize("tools, says, needs", [
    (["qemu-system-i386"], "QEMU emulator version 4.2.1",
     ["make run: qemu (found 4.2.1, needs 5.2)"]),
    (["make", "gmake"], "GNU Make 3.81",
     ["make iso: make (found 3.81, needs 4.0)"]),
    (["gdb", "gdb-multiarch"], "no Python here",
     ["make debug: gdb (gdb with Python that knows i386)"]),
    pytest.param(["gcc"], "", ["make iso: i386-gcc", "make check: gcc-asan"],
                 marks=pytest.mark.native),
    pytest.param(["clang"], "", ["make test: clang-asan"],
                 marks=pytest.mark.native),
])
def test_a_tool_that_will_not_do_is_named(tmp_path, tools, says, needs):
    for tool in tools:
        impostor(tmp_path, tool, says)
    done = run("setup", "--check", first=tmp_path)
    assert done.returncode == 1
    for need in needs:
        assert f"missing for {need}" in done.stdout
    named = re.findall("^missing for ", done.stdout, re.MULTILINE)
    assert len(named) == len(needs), "and nothing else is"


def test_an_old_make_is_no_harm_where_there_is_gmake(tmp_path):
    impostor(tmp_path, "make", "GNU Make 3.81")
    (tmp_path / "gmake").symlink_to(shutil.which("make"))
    done = run("setup", "--check", first=tmp_path)
    assert done.returncode == 0
    assert "Type gmake where the texts say make" in done.stdout


@pytest.mark.parametrize("options", [["--chekc"], ["--check", "now"]])
def test_a_wrong_option_gets_the_right_one(options):
    done = run("setup", *options)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "--check" in done.stderr


def test_a_python_without_the_modules_is_passed_over(tmp_path):
    impostor(tmp_path, "python3", "")
    done = run("find-python", "--tests", first=tmp_path)
    assert done.returncode == 0
    python = done.stdout.strip()
    assert python != str(tmp_path / "python3")
    subprocess.run([python, "-c", "import pytest, xdist, pexpect, PIL, yaml"],
                   check=True)
