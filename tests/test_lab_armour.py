# SPDX-License-Identifier: MIT
"""Lab 7's tests catch what they are meant to catch.

The lab is checked and not graded, so it has no lab.json and no patches; its
files are headers that several objects include.  So a fault is a place in the
reference and what stands there instead:

    src/mm/armour*.[ch] --> folder, one place changed --> armour's objects
                                 + the others of build/check --> lab-tests
"""
import shutil
from typing import NamedTuple

import pytest
import solutions

from mallow import check

MM = solutions.ROOT / "src" / "mm"
OBJECTS = ("armour", "armour_arena", "armour_index")


class Fault(NamedTuple):
    test: str  # that has to catch it
    file: str
    right: str
    wrong: str


FAULTS = {
    "no-first-run": Fault(
        "first", "armour_arena.c",
        "arena->wilderness = (struct extent){ 0, arena->granules };", ""),
    "length-at-one-end-only": Fault(
        "lengths", "armour_maps.h",
        "arena->used[behind_last - 1] = end - start;", ""),
    "previous-in-this-word-only": Fault(
        "lengths", "armour_maps.h", "if (word[-1])", "if (true)"),
    "joins-backward-only": Fault(
        "coalesce", "armour_runs.h",
        "if (!is_used(arena, behind) && run_take(arena, behind))",
        "if (false)"),
    "joins-forward-only": Fault(
        "coalesce", "armour_runs.h",
        "if (!is_used(arena, previous) && run_take(arena, previous))",
        "if (false)"),
    "front-is-lost": Fault(
        "aligned", "armour_calls.h", "block_release(arena, start, aligned);",
        ""),
    "never-grows-in-place": Fault(
        "resize", "armour_calls.h",
        "if (block_grow(arena, start, end, start + length))", "if (false)"),
    "failure-is-counted": Fault(
        "out-of-memory", "armour_calls.h",
        "return no_room(arena, bytes, GRANULE_BYTES);",
        "return usage_add(&arena->usage, bytes), NULL;"),
    "no-room-for-the-maps": Fault(
        "tiny", "armour_arena.c", "if (plan.granules == 0)", "if (false)"),
    "interior-accepted": Fault(
        "misuse", "armour_calls.h", "if ((starts & 1) == 0)", "if (false)"),
    "one-name-for-all": Fault(
        "misuse", "armour_calls.h",
        "return is_used(arena, start) ? HEAP_INTERIOR : HEAP_ALREADY_FREE;",
        "return HEAP_INTERIOR;"),
    "used-not-asked": Fault(
        "wild", "armour_calls.h",
        "if (start >= arena->granules || !is_used(arena, start))\n"
        "        return 0;\n    starts =",
        "if (start >= arena->granules)\n        return 0;\n    starts ="),
    "links-are-believed": Fault(
        "overflow", "armour_index.h",
        "return index_remove_damaged(arena, run);", ";"),
    "no-proof": Fault(
        "after-free", "armour_index.h",
        "return index_remove_damaged(arena, run);", ";"),
    "walks-the-hole": Fault(
        "bounded", "armour_maps.h", "return start + arena->used[word + 1];",
        "while (!arena->starts[++word])\n        continue;\n"
        "    return word * 32 + lowest_bit(arena->starts[word]);"),
    "shorter-but-not-counted": Fault(
        "stress", "armour_calls.h",
        "arena->usage.used_bytes -= (end - new_end) * GRANULE_BYTES;", ""),
    "huge-strips": Fault(
        "trace", "armour_sizes.h", "#define STRIP_GRANULES 32u",
        "#define STRIP_GRANULES 8192u"),
}


def lab_tests():
    return {test.name: test for test in check.tests()
            if test.lab == "armour" and not test.hidden}


def put(fault, folder):
    """All of armour below `folder`, with the fault in it."""
    (folder / "mm").mkdir()
    for path in MM.glob("armour*"):
        shutil.copyfile(path, folder / "mm" / path.name)
    text = (MM / fault.file).read_text(encoding="utf-8")
    assert fault.right in text
    (folder / "mm" / fault.file).write_text(
        text.replace(fault.right, fault.wrong), encoding="utf-8")


def program(folder):
    """lab-tests with the armour below `folder`."""
    compiler = (solutions.HOST / ".tools").read_text(encoding="utf-8").split()
    objects = (solutions.HOST / "objects").read_text(encoding="utf-8").split()
    for name in OBJECTS:
        made = str(folder / f"{name}.o")
        solutions.run(compiler[0], f"-I{folder}", *compiler[1:], "-w", "-g0",
                      "-c", folder / "mm" / f"{name}.c", "-o", made)
        objects[objects.index(f"build/check/src/mm/{name}.o")] = made
    solutions.run(*compiler, *solutions.LINKER, "-o", folder / "lab-tests",
                  *objects)
    return folder / "lab-tests"


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name, tmp_path):
    put(FAULTS[name], tmp_path)
    test = lab_tests()[FAULTS[name].test]
    outcomes = solutions.host_outcomes([test], program(tmp_path))
    assert not outcomes[test].passed


def test_there_are_enough():
    tests = lab_tests()
    assert len(tests) >= 8 and len(FAULTS) >= 10
    assert sum(test.points for test in tests.values()) == 100
    assert {fault.test for fault in FAULTS.values()} == set(tests)


def test_reference():
    outcomes = solutions.host_outcomes(lab_tests().values(),
                                       solutions.HOST / "lab-tests")
    assert all(outcome.passed for outcome in outcomes.values())
