# SPDX-License-Identifier: MIT
"""The labs' tests notice the mutants of the reference.

`make test` takes the same few of each lab every time; `make test-all` takes all
of them, with the rates that were reached (make mutants prints them).
"""
import pytest
import solutions
from conftest import ROOT

from mallow.mutants import known, mutants, switches, trials

SAMPLE, SEED = 6, 11
# Per cent, of those that no reason in equivalent-mutants.txt explains.
LEAST = 97.0
LABS = list(solutions.LABS.values())
each_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)


def sampled(target):
    """Mutants that no reason explains."""
    explained = {entry.key for entry in known.entries()}
    return mutants.sample([each for each in target.mutants
                           if each.key not in explained], SAMPLE, SEED)


def write_switched(target, folder):
    """The lab's files with all their mutants in them."""
    solutions.put_reference(target.lab, folder)
    for name, text in target.texts.items():
        (folder / name).write_text(switches.DECLARATION + text,
                                   encoding="utf-8")


@each_lab
def test_sample(lab, tmp_path):
    target = mutants.of_lab(lab)
    write_switched(target, tmp_path)
    path = solutions.host_program(
        lab, tmp_path, [ROOT / "scripts/mallow/mutants/switches.c"], "-w")
    tests = [trials.Test(test.name, (test.lab, test.name, "1"))
             for test in solutions.by_name(lab).values() if not test.hidden]
    program = trials.Program(path, tests, False)
    for mutant in sampled(target):
        assert trials.killer(program, tests, mutant.number), \
            "\n".join(switches.diff(mutant))


@pytest.mark.long
@each_lab
def test_all(lab):
    target = mutants.of_lab(lab)
    noticed = mutants.survivors(target, target.mutants, 1, trials.Memory())
    explained = {entry.key for entry in known.entries()}
    equivalent = {each for each, test in noticed.items()
                  if not test and each.key in explained}
    assert mutants.rate(noticed, equivalent) >= LEAST
