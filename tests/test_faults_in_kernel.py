# SPDX-License-Identifier: MIT
"""The proof of test_faults.py once more, in the booted kernel.

A fault costs a link and a boot, some 3 seconds of work.  So `make test` takes
one of each lab, the first by name, and `make test-all` all of them; it also
runs all tests of what is right, and of what is not written.
"""
import pytest
import solutions

from mallow.grade.build import Kit

FAULTS = solutions.found("wrong")
VARIANTS = solutions.found("right")
LABS = list(solutions.LABS.values())

each_fault = pytest.mark.parametrize("fault", solutions.params(
    [fault for fault in FAULTS if fault.in_kernel], lambda each: each.lab.name))
each_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)
each_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)


@pytest.fixture(scope="module")
def kit():
    return Kit()


@pytest.fixture
def verdicts(kit, tmp_path):
    """verdicts(lab, tests): of the lab's files in tmp_path."""
    def look(lab, tests):
        with solutions.kernel(kit, lab, tmp_path) as built:
            return solutions.kernel_verdicts(tests, built)

    return look


def failures(found):
    return {test.name: verdict.message for test, verdict in found.items()
            if not verdict.passed}


@each_fault
def test_fault(verdicts, fault, tmp_path):
    solutions.put(fault, tmp_path)
    alone = [test._replace(needs="")
             for test in solutions.named(fault, fault.in_kernel)]
    for test, verdict in verdicts(fault.lab, alone).items():
        assert not verdict.passed, f"{test.lab}/{test.name} passes"
        assert "not written" not in verdict.message
        assert "could not be run" not in verdict.message


@pytest.mark.long
@each_variant
def test_variant(verdicts, variant, tmp_path):
    solutions.put(variant, tmp_path)
    tests = list(solutions.by_name(variant.lab).values())
    assert failures(verdicts(variant.lab, tests)) == {}


@pytest.mark.long
@each_lab
def test_reference(verdicts, lab, tmp_path):
    solutions.put_reference(lab, tmp_path)
    tests = list(solutions.by_name(lab).values())
    assert failures(verdicts(lab, tests)) == {}


@pytest.mark.long
@each_lab
def test_starter(verdicts, lab, tmp_path):
    solutions.put_starter(lab, tmp_path)
    tests = list(solutions.by_name(lab).values())
    assert solutions.total(verdicts(lab, tests)) == 0
