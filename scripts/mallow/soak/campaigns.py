# SPDX-License-Identifier: MIT
"""Campaigns: what one seed tries of a parser, or of a stage.

A parser's answers are compared with a reference parser's.  A stage's unit test
is run with the seed in MALLOW_SEED; the model or the twin in it judges.
"""
import os
import random
import struct
import subprocess
from typing import NamedTuple

from .. import i386
from ..project import BUILD, Trouble, shown
from . import boot, lines, options, traces

PARSERS = {each.KIND: each for each in (traces, options, lines, boot)}
INPUTS = {"lines": 60}  # of a seed; a process for each is slower
MOST_INPUTS = 200
# The unit tests that read MALLOW_SEED, from the lowest stage up.
MODELS = [
    "region_room_is_the_lowest_there_is",
    "frames_random_layouts",
    "frames_random_against_a_model",
    "paging_random_against_a_model_and_a_tlb",
    "bump_random_run_keeps_its_promises",
    "heap_random_run_over_bump",
    "malloc_random_run_keeps_its_promises",
    "malloc_random_run_that_runs_out_of_memory",
    "malloc_random_run_leaves_one_free_block",
    "heap_random_run_over_malloc",
    "zalloc_random_run_keeps_its_promises",
    "zalloc_random_run_that_runs_out_of_pages",
    "heap_random_run_over_zones",
    "spans_random_run_keeps_its_promises",
    "spans_random_run_that_runs_out_of_pages",
    "spans_random_run_of_fine_classes",
    "spans_survive_writes_to_free_memory",
    "armour_behaves_as_the_model",
    "armour_behaves_in_a_small_region",
    "armour_never_reads_a_payload",
    "grow_behaves_as_the_model",
    "grow_behaves_as_the_model_short_of_frames",
]
END_OF_ANSWER = b"\x1e"
SECONDS = 300  # one process; an endless loop ends


class Failure(NamedTuple):
    what: str
    repeat: str


def programs():
    """The folder of the unit tests and of the parsers."""
    for compiler in ("gcc", "clang"):
        folder = BUILD / f"host-{compiler}"
        if (folder / "parsers").exists() and (folder / "unit-tests").exists():
            return folder
    raise Trouble("there is no build/host-gcc/parsers: make soak builds it")


def inputs(kind, seed):
    dice = random.Random(f"{kind} {seed}")
    return [PARSERS[kind].make(dice)
            for _ in range(INPUTS.get(kind, MOST_INPUTS))]


def ask(program, kind, data):
    """The answers of the kernel's parser; fewer than inputs if it crashed."""
    told = b"".join(struct.pack("<I", len(each)) + each for each in data)
    done = subprocess.run([*i386.runner(), program, kind], input=told,
                          capture_output=True, timeout=SECONDS, check=False)
    answers = done.stdout.split(END_OF_ANSWER)[:-1]
    errors = done.stderr.decode("latin-1").splitlines()
    return [each.decode("latin-1").split("\n")[:-1]
            for each in answers], errors[:3]


def agree(found, expected):
    """A refused trace's line is "any" where its format does not fix it."""
    return found == expected or (expected[-1:] == ["line any"] and
                                 found[:-1] == expected[:-1])


def first_difference(found, expected):
    for mine, right in zip(found + ["the end"], expected + ["the end"]):
        if mine != right:
            return f'the kernel says "{mine}", the reference "{right}"'
    return "the answers have other lengths"


def try_parser(program, kind, seed):
    """(inputs tried, the first failure or None)."""
    data = inputs(kind, seed)
    answers, errors = ask(program, kind, data)
    for index, each in enumerate(data):
        what = ""
        if index == len(answers):
            what = "the parser crashed: " + " ".join(errors)
        elif not agree(answers[index], expected := PARSERS[kind].answer(each)):
            what = first_difference(answers[index], expected)
        if what:
            return index + 1, Failure(
                f"{kind}, input {index} of seed {seed}: {what}\n"
                f"  the input is in {shown(keep(kind, seed, each))}",
                again(kind, seed))
    return len(data), None


def keep(kind, seed, data):
    path = BUILD / "soak" / f"{kind}-{seed}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def again(campaign, seed):
    return f"make soak CAMPAIGN={campaign} SEED={seed} SECONDS=0"


def try_model(program, name, seed):
    """(1, the failure or None)."""
    done = subprocess.run([*i386.runner(), program, name], text=True,
                          capture_output=True, timeout=SECONDS, check=False,
                          env={**os.environ, "MALLOW_SEED": str(seed)})
    if done.returncode == 0:
        return 1, None
    why = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[0]
    return 1, Failure(f"{name}, seed {seed}: {why}", again(name, seed))


def names():
    return [*PARSERS, *MODELS]


def run(folder, name, seed):
    if name in PARSERS:
        return try_parser(folder / "parsers", name, seed)
    return try_model(folder / "unit-tests", name, seed)
