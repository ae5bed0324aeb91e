# SPDX-License-Identifier: MIT
"""make mutants: the programs that it makes are the ones it says."""
import subprocess

import pytest
from conftest import ROOT

from mallow.mutants import known, parsed, switches

SOURCE = r"""
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t work(uint32_t a, uint32_t b)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < a && i != 9; i++) {
        sum += i << 1;
        if (sum > b || (sum & 7) == 3)
            continue;
        sum -= smaller(sum, 2);
    }
    return sum % (b + 1) + smaller(b, a);
}

int main(int count, char **words)
{
    for (uint32_t i = 0; count > 0 && i < 400; i++)
        printf("%u\n", work(i % 20, i / 20));
    return words == NULL;
}
"""


@pytest.fixture
def program(tmp_path):
    """A file outside of this tree, with the mutants of one function."""
    path = tmp_path / "program.c"
    path.write_text(SOURCE, encoding="utf-8")
    file = parsed.parse(str(path))
    found = switches.mutants_of(
        file, lambda file, function: function.name == "work", 1)
    return file, *switches.compilable(file, found)


def output(folder, name, text, **environment):
    """The output of a program, compiled with switches.c."""
    tool = ROOT / "scripts/mallow/mutants"
    source, made = folder / f"{name}.c", folder / name
    if not made.exists():
        source.write_text(text, encoding="utf-8")
        subprocess.run(["gcc", "-w", "-O1", "-include", tool / "switches.h",
                        "-o", made, source, tool / "switches.c"], check=True)
    try:
        done = subprocess.run([made], capture_output=True, timeout=5,
                              env=environment, check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired:
        return "endless"


def test_switches_are_the_mutants(program, tmp_path):
    """One program with a number does what the changed source does."""
    file, text, found = program
    whats = {each.change.what for each in found}
    assert whats >= {"compare", "arithmetic", "constant", "condition",
                     "return", "statement", "assignment", "arguments"}
    for mutant in found[::5]:
        change = mutant.change
        alone = (file.text[:change.begin] + change.text
                 + file.text[change.end:])
        assert output(tmp_path, "switched", text, MUTANT=str(mutant.number)) \
            == output(tmp_path, f"alone{mutant.number}", alone)


def test_number_0_is_the_source(program, tmp_path):
    file, text, _ = program
    assert output(tmp_path, "switched", text) \
        == output(tmp_path, "source", file.text)


def test_each_equivalent_mutant_is_one():
    """No entry is left of code that has changed since."""
    files = {entry.key[0] for entry in known.entries()}
    keys = {mutant.key for file in files for mutant in switches.mutants_of(
        parsed.parse(file), lambda file, function: True, 1)}
    assert [entry.line for entry in known.entries()
            if entry.key not in keys] == []
