# SPDX-License-Identifier: MIT
"""A function that no code refers to is found, and only such a function."""
import importlib.machinery
import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
static int helper(void) { return 1; }
int dead(void) { return helper(); }
int used(void) { return 2; }
int (*volatile chosen)(void) = used;
int wanted_by_compilers(void) { return 3; }
void _start(void) { chosen(); }
"""


@pytest.fixture(name="callers")
def fixture_callers():
    loader = importlib.machinery.SourceFileLoader(
        "check_callers", str(ROOT / "scripts" / "check-callers"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("check_callers", loader))
    loader.exec_module(module)
    return module


def test_only_unreferenced_functions_are_named(callers, tmp_path):
    if not shutil.which("gcc"):
        pytest.skip("no gcc")
    source, target = tmp_path / "program.c", tmp_path / "program.o"
    source.write_text(PROGRAM, encoding="ascii")
    subprocess.run(["gcc", "-O2", "-ffreestanding", "-ffunction-sections",
                    "-fno-inline", "-c", source, "-o", target], check=True)
    (ROOT / "build" / "callers").mkdir(parents=True, exist_ok=True)
    found = callers.unreferenced(["ld"], [str(target)])
    assert set(found) == {"dead", "helper", "wanted_by_compilers"}
    kept = callers.unreferenced(["ld"], [str(target)],
                                ["wanted_by_compilers"])
    assert set(kept) == {"dead", "helper"}
