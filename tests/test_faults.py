# SPDX-License-Identifier: MIT
"""Proof that grading is right: wrong solutions lose, by the test that is meant
to catch them; right ones, whatever their design, get all points.

`make test` takes one fault for each test that has to catch some, or one a lab
where 32-bit programs are emulated, and one right variant a lab; `make test-all`
takes all of them.
"""
import pytest
import solutions
from solutions import by_name, named

FAULTS = solutions.found("wrong")
VARIANTS = solutions.found("right")
LABS = list(solutions.LABS.values())

each_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
each_fault = pytest.mark.parametrize(
    "fault", solutions.params(FAULTS, lambda each: each.caught_by[0]))
each_variant = pytest.mark.parametrize(
    "variant", solutions.params(VARIANTS, lambda each: each.lab.name))


def shown(lab):
    """Without staff's own, which have points of their own."""
    return [test for test in by_name(lab).values() if not test.hidden]


def needed(test, known):
    """The tests on the way to this one."""
    while test.needs:
        test = known[test.needs]
        yield test


def failures(outcomes):
    return {test.name: outcome.message for test, outcome in outcomes.items()
            if not outcome.passed}


# -- The lists ----------------------------------------------------------------------

@each_lab
def test_there_are_enough(lab):
    tests = shown(lab)
    mine = [fault for fault in FAULTS if fault.lab == lab]
    assert len(tests) >= 8
    assert sum(test.points for test in tests) == 100
    assert len(mine) >= 10
    assert len([each for each in VARIANTS if each.lab == lab]) >= 2


@each_lab
def test_each_test_can_fail(lab):
    caught_by = {name for fault in FAULTS for name in fault.caught_by}
    mine = {f"{lab.name}/{test.name}" for test in shown(lab)}
    assert mine <= caught_by


@pytest.mark.parametrize("solution", FAULTS + VARIANTS, ids=str)
def test_says_what_is_different(solution):
    assert len(solution.says.split()) >= 5
    assert bool(solution.caught_by) == (solution in FAULTS)


# -- On the host ----------------------------------------------------------------------

@each_fault
def test_fault(fault, tmp_path):
    solutions.put(fault, tmp_path)
    program = solutions.host_program(fault.lab, tmp_path)
    outcomes = solutions.host_outcomes(named(fault, fault.caught_by), program)
    for test, outcome in outcomes.items():
        assert not outcome.passed, f"{test.lab}/{test.name} passes"
        assert "not written" not in outcome.message


@pytest.mark.long
@each_fault
def test_fault_in_all_tests(fault, tmp_path):
    """A named test is the reason: where one fails only together with what it
    needs, the first on its way that fails is named, too."""
    solutions.put(fault, tmp_path)
    program = solutions.host_program(fault.lab, tmp_path)
    outcomes = solutions.host_outcomes(by_name(fault.lab).values(), program)
    failed = failures(outcomes)
    tests = named(fault, fault.caught_by)
    for test in tests:
        assert test.name in failed
        way = [test, *needed(test, by_name(fault.lab))]
        first = [each for each in way if each.name in failed][-1]
        assert first in tests, f"{first.name} fails first: {failed[first.name]}"


@each_variant
def test_variant(variant, tmp_path):
    solutions.put(variant, tmp_path)
    program = solutions.host_program(variant.lab, tmp_path)
    outcomes = solutions.host_outcomes(by_name(variant.lab).values(), program)
    assert failures(outcomes) == {}


@each_lab
def test_reference(lab):
    outcomes = solutions.host_outcomes(by_name(lab).values(),
                                       solutions.HOST / "lab-tests")
    assert failures(outcomes) == {}


@pytest.mark.parametrize("lab", [
    pytest.param(lab, id=lab.name, marks=[] if lab.name in ("heap", "armour")
                 else pytest.mark.native) for lab in LABS])
def test_starter(lab, tmp_path):
    solutions.put_starter(lab, tmp_path)
    program = solutions.host_program(lab, tmp_path)
    outcomes = solutions.host_outcomes(by_name(lab).values(), program)
    assert solutions.total(outcomes) == 0
