# SPDX-License-Identifier: MIT
"""make soak: a short form of it, and proof that it finds what is wrong."""
import platform
import subprocess

import pytest
from conftest import ROOT

from mallow import i386
from mallow.soak import campaigns, command

SEEDS = (1, 2, 3)
# Changes to the parsers, one for each kind of input: (kind, file, now, wrong).
PLANTED = [
    ("traces", "replay/trace.c", "op->id >= trace->ids", "op->id > trace->ids"),
    ("options", "boot/options.c", "parsed == 0", "parsed == 1"),
    ("lines", "lib/number.c", "digit <= 'F'", "digit < 'F'"),
    ("boot", "arch/i386/multiboot2.c", "entry->length == 0",
     "entry->length == 1"),
]
SOURCES = ["lib/addr", "lib/number", "lib/panic", "lib/print", "replay/trace",
           "replay/survey", "boot/options", "labtest/steps", "monitor/monitor",
           "monitor/line", "arch/i386/multiboot2"]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The program under test with a wrong line in each parser."""
    folder = tmp_path_factory.mktemp("planted")
    wrong = {}
    for _, file, now, then in PLANTED:
        text = (ROOT / "src" / file).read_text(encoding="utf-8")
        assert text.count(now) == 1, (file, now)
        wrong[file] = folder / file.replace("/", "-")
        wrong[file].write_text(text.replace(now, then), encoding="utf-8")
    sources = [wrong.get(f"{name}.c", ROOT / "src" / f"{name}.c")
               for name in SOURCES]
    subprocess.run(
        ["gcc", "-m32", "-std=c11", "-w", "-D_FILE_OFFSET_BITS=64",
         "-idirafter", f"/usr/include/{platform.machine()}-linux-gnu",
         "-I", ROOT / "src", "-o", folder / "parsers",
         ROOT / "tests/soak/parsers.c", *sources], check=True)
    return folder / "parsers"


@pytest.mark.parametrize("kind", campaigns.PARSERS)
def test_parsers_agree_with_the_references(kind):
    for seed in SEEDS:
        tried, failure = campaigns.run(campaigns.programs(), kind, seed)
        assert failure is None, failure
        assert tried == len(campaigns.inputs(kind, seed))


@pytest.mark.parametrize("kind", campaigns.PARSERS)
def test_planted_mistake_is_found(kind, planted, monkeypatch, tmp_path):
    monkeypatch.setattr(campaigns, "BUILD", tmp_path)
    monkeypatch.setattr(campaigns, "shown", str)
    found = [failure for seed in SEEDS if
             (failure := campaigns.try_parser(planted, kind, seed)[1])]
    assert found, "the soak does not notice a wrong parser"
    assert f"CAMPAIGN={kind}" in found[0].repeat
    assert list((tmp_path / "soak").iterdir())


@pytest.mark.parametrize("kind", campaigns.PARSERS)
def test_inputs_of_both_sorts(kind):
    """An answer about refused inputs alone would prove little."""
    answers = [campaigns.PARSERS[kind].answer(each)
               for seed in SEEDS for each in campaigns.inputs(kind, seed)]
    if kind == "lines":
        kinds = {" ".join(line.split(" ")[::2][:2]) for answer in answers
                 for line in answer}
        assert {"too", "usage", "no", "show word", "show number"} <= kinds
        return
    good = sum(each[0] == "good" for each in answers)
    assert len(answers) / 20 < good < len(answers) * 19 / 20


def test_model_runs_take_a_seed():
    """Each name is a unit test, and another seed is a run like the others."""
    folder = campaigns.programs()
    listed = subprocess.run([*i386.runner(), folder / "unit-tests", "--list"],
                            text=True, capture_output=True, check=True).stdout
    assert set(campaigns.MODELS) <= set(listed.split())
    for name in ("malloc_random_run_keeps_its_promises",
                 "armour_behaves_in_a_small_region"):
        assert campaigns.run(folder, name, 4000) == (1, None)
    _, failure = campaigns.run(folder, "no_such_test", 4000)
    assert failure.repeat == "make soak CAMPAIGN=no_such_test SEED=4000 SECONDS=0"


def test_program_that_ends_early_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(campaigns, "BUILD", tmp_path)
    monkeypatch.setattr(campaigns, "shown", str)
    monkeypatch.setattr(campaigns, "ask", lambda *_: ([], ["an error"]))
    _, failure = campaigns.try_parser(tmp_path, "options", 1)
    assert "input 0 of seed 1: the parser crashed: an error" in failure.what


def test_turns_repeat_with_one_seed():
    names = campaigns.names()
    every = command.turns(names, 7)
    first = [next(every) for _ in range(2 * len(campaigns.MODELS))]
    assert {name for name, _ in first} == set(names)
    assert len(set(first)) == len(first)
    assert next(command.turns(["boot"], 7)) == ("boot", 7)


def test_wrong_use():
    done = subprocess.run(["make", "-s", "soak", "CAMPAIGN=x", "SECONDS=0"],
                          cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode != 0
    assert "the campaigns are traces, options" in done.stderr
