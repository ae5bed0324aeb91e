# SPDX-License-Identifier: MIT
"""The unit tests of lib and mm, on the host, under sanitizers.

A program forks a process for each: a crash, or a sanitizer's report, costs that
test alone.  A test is called ROOM_WHAT, and those of a room are run together.
`make host-tests` builds the programs, one a compiler.
"""
import functools
import os
import subprocess
from pathlib import Path

import pytest

from mallow import i386

BUILD = Path(__file__).resolve().parents[1] / "build"
COMPILERS = ("gcc", "clang")
SECONDS = 600


def program(compiler):
    return BUILD / f"host-{compiler}" / "unit-tests"


@functools.lru_cache(maxsize=None)
def names(compiler):
    if not program(compiler).exists():
        return []
    listed = subprocess.run([*i386.runner(), program(compiler), "--list"],
                            text=True, capture_output=True, check=True).stdout
    return sorted(listed.split())


@pytest.mark.parametrize("compiler", COMPILERS)
def test_built(compiler):
    assert names(compiler), f"make host-tests has not built {compiler}'s"


def rooms():
    """(compiler, room) of all."""
    return [pytest.param(compiler, room, marks=[] if compiler == "gcc" else
                         pytest.mark.native) for compiler in COMPILERS for room
            in sorted({name.split("_")[0] for name in names(compiler)})]


def environment(every_seed):
    return {**os.environ, **({"MALLOW_LONG": "1"} if every_seed else {})}


@pytest.mark.parametrize("compiler, room", rooms())
def test_room(compiler, room, pytestconfig):
    """Random runs have all their seeds, but where programs for i386 are
    emulated: there with --long only."""
    mine = [name for name in names(compiler) if name.split("_")[0] == room]
    done = subprocess.run([*i386.runner(), program(compiler), *mine],
                          text=True, capture_output=True,
                          stdin=subprocess.DEVNULL,
                          env=environment(pytestconfig.getoption("--long")
                                          or not i386.runner()),
                          timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
