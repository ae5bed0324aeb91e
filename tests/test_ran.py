# SPDX-License-Identifier: MIT
"""A failure tells facts about the student's functions; it does not guess.

A hint stands in a test's row, and many functions can make a test fail.  A hint
that names one of them misleads whoever broke another.  So no hint names a
function, and `make check` names those that the failing call ran.
"""
import re

import pytest
import solutions

from mallow import check, labs, ran
from mallow.course import holes

FAULTS = {str(fault): fault for fault in solutions.found("wrong")}


@pytest.mark.parametrize("lab", labs.table(), ids=lambda lab: lab.name)
def test_no_hint_names_a_function_to_write(lab):
    names = {hole.function for file in lab.files for hole in holes.find(
        (solutions.ROOT / file).read_text(encoding="utf-8"))}
    for test in solutions.by_name(lab).values():
        assert not names & set(re.findall(r"\w+", test.hint)), test.name


@pytest.mark.parametrize("fault, test, functions", [
    # The block moves: the resize in place has failed before.
    ("malloc/growth-not-to-the-end", "resize",
     ["malloc_resize", "malloc_alloc", "block_bytes_for", "find_fit"]),
    ("paging/any-address-is-a-page", "errors", ["page_map", "find_entry"])])
def test_the_failing_call(tmp_path, fault, test, functions):
    fault = FAULTS[fault]
    solutions.put(fault, tmp_path)
    program = solutions.host_program(fault.lab, tmp_path, debug="-g1")
    outcome = check.run(solutions.by_name(fault.lab)[test], program=program)
    assert ran.functions(program, fault.lab, outcome.said, tmp_path) \
        == functions


def test_nothing_is_said_of_a_program_that_did_not_say_it():
    assert ran.functions("none", labs.table()[0], "failed: a.c:1: no") == []


def test_nothing_is_said_without_binutils(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert not list(ran.frames(check.PROGRAM, [16]))
