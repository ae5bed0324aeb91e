# SPDX-License-Identifier: MIT
"""The unit tests of lib and mm, on the host, under sanitizers.

Each runs in a process of its own: a crash, or a sanitizer's report, costs that
test alone.  `make host-tests` builds the programs, one a compiler.
"""
import subprocess
from pathlib import Path

import pytest

from mallow import i386

BUILD = Path(__file__).resolve().parents[1] / "build"
COMPILERS = ("gcc", "clang")
SECONDS = 120


def program(compiler):
    return BUILD / f"host-{compiler}" / "unit-tests"


def names(compiler):
    if not program(compiler).exists():
        return []
    listed = subprocess.run([*i386.runner(), program(compiler), "--list"],
                            text=True, capture_output=True, check=True).stdout
    return sorted(listed.split())


@pytest.mark.parametrize("compiler", COMPILERS)
def test_built(compiler):
    assert names(compiler), f"make host-tests has not built {compiler}'s"


@pytest.mark.parametrize(
    "compiler, name",
    [(compiler, name) for compiler in COMPILERS for name in names(compiler)])
def test_unit(compiler, name):
    done = subprocess.run([*i386.runner(), program(compiler), name],
                          text=True, capture_output=True,
                          stdin=subprocess.DEVNULL,
                          timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
