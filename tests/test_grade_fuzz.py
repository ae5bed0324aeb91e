# SPDX-License-Identifier: MIT
"""Files made of tricks (tricks.py): what the grader's checks believe is held
against what the compiler did, where nothing keeps it from anything.

    file --> gcc, with the bait in reach --> object --> readelf: an effect?
         --> the grader's checks ------------------------> refused?

An effect without a refusal is an attack that works.  A refusal without an effect
is an honest student who is turned away; pragmas and false line markers are
refused even where they do nothing.
"""
import subprocess
from pathlib import Path

import pytest
import tricks

from mallow import labs
from mallow.grade import contract, grade
from mallow.grade.build import Kit
from mallow.grade.student_files import Refused
from mallow.project import ROOT

NAME = "src/mm/malloc/malloc.c"
SHORT, LONG = 40, 1500
EFFECTS = {effect for effect in tricks.PAYLOADS.values() if effect}


@pytest.fixture(scope="module")
def kit():
    return Kit()


def effects(kit, text, folder):
    """The compiler's result for a file with everything in reach; None if it
    does not compile."""
    (folder / tricks.BAIT).write_text(tricks.BAIT_TEXT)
    source, made = folder / "x.c", folder / "x.o"
    source.write_text(text)
    done = subprocess.run(
        [*kit.cc, "-I", str(folder), "-c", str(source), "-o", str(made)],
        cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        return None
    words = subprocess.run(["readelf", "-sSW", str(made)], text=True,
                           capture_output=True, check=True).stdout.split()
    return EFFECTS & set(words)


def refusal(kit, text, folder):
    """Why the checks refuse a file; "" if they do not."""
    lab, = labs.resolve("malloc")
    try:
        compiled = kit.compiler.compile(lab, {NAME: text.encode()}, NAME,
                                        folder / "checked.o")
    except Refused as refused:
        return str(refused)
    return "\n".join([
        *contract.complaints(lab, NAME, compiled),
        *contract.object_complaints(NAME, compiled.object, kit.names,
                                    lab.files[NAME].calls)])


def check(kit, seed, folder):
    """One file; (compiles, has an effect)."""
    text, has_marker = tricks.Grammar(seed).file()
    found, said = effects(kit, text, folder), refusal(kit, text, folder)
    if found is None:
        assert said, f"seed {seed}: only the grader compiles this\n{text}"
    elif found:
        assert said, f"seed {seed}: {found} was not noticed\n{text}"
    elif not has_marker and "pragma" not in said:
        assert not said, f"seed {seed}: nothing is wrong, but: {said}\n{text}"
    return found is not None, bool(found)


@pytest.mark.parametrize("first, count", [
    (0, SHORT), pytest.param(SHORT, LONG, marks=pytest.mark.long)])
def test_files_made_of_tricks(kit, first, count):
    with grade.workshop() as place:
        came = [check(kit, seed, Path(place))
                for seed in range(first, first + count)]
    compiled = sum(compiles for compiles, _ in came)
    worked = sum(effect for _, effect in came)
    assert compiled > count / 3, "the grammar makes too little that compiles"
    assert count / 10 < worked < compiled, "and too little that is a trick"


@pytest.mark.parametrize("check_left_out", ["word_complaints",
                                            "object_complaints"])
def test_a_grader_that_looks_away_is_noticed(kit, monkeypatch, check_left_out):
    """With one of its checks left out, a trick gets through."""
    monkeypatch.setattr(contract, check_left_out, lambda *_: [])
    with grade.workshop() as place, pytest.raises(AssertionError) as caught:
        for seed in range(LONG):
            check(kit, seed, Path(place))
    assert "was not noticed" in str(caught.value)
