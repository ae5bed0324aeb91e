# SPDX-License-Identifier: MIT
"""The book: its linker, its verdicts, and its pages in a browser.

Only where Node is installed (scripts/setup --site): the kernel needs none of it.
Tests of the built site run where site/node_modules is there, too.

    make grade   gcc, ld, QEMU             \\
                                            same verdict for the same file
    the page     tcc, site/lab/linker.js, v86   /
"""
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import solutions

from mallow import labs
from mallow.course import holes

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "site"
WWW = ROOT / "build" / "site" / "www"
SECONDS = 900
LABS = labs.table()

pytestmark = pytest.mark.skipif(not shutil.which("node"),
                                reason="no Node: scripts/setup --site")
needs_packages = pytest.mark.skipif(
    not (SITE / "node_modules").is_dir() or not shutil.which("chromium"),
    reason="the site's packages are not installed: scripts/setup --site, "
           "make site")
each_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)


def run(command, **more):
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True,
                          timeout=SECONDS, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_units():
    run(["node", "--test", *map(str, sorted(SITE.glob("test/units/*.mjs")))])


@pytest.fixture(scope="module")
def site():
    run(["make", "-s", "site"])


@pytest.mark.xdist_group("site")
@needs_packages
def test_browser(site):
    run(["node", "--test", str(SITE / "test/browser/browser.test.mjs")])


# -- The same truth -----------------------------------------------------------

def texts_in(folder, lab):
    return {file: (folder / file).read_text(encoding="utf-8")
            for file in lab.files}


def page_verdicts(asked):
    """[{test: what is wrong}] for [(lab, texts, tests)]."""
    lines = [json.dumps({"lab": lab.name, "texts": texts,
                         "tests": [test.name for test in tests]})
             for lab, texts, tests in asked]
    said = run(["node", str(SITE / "test/verdicts.mjs")],
               input="\n".join(lines) + "\n")
    answers = [json.loads(line) for line in said.splitlines()]
    assert len(answers) == len(asked), said
    for answer in answers:
        assert not [each for each in answer["messages"]
                    if each["severity"] == "error"], answer["messages"]
    return [answer["verdicts"] for answer in answers]


def visible_here(lab):
    return [test for test in solutions.by_name(lab).values()
            if not test.hidden]


@pytest.mark.long
@needs_packages
@each_lab
def test_reference_and_starter(site, lab):
    tests = visible_here(lab)
    right = {file: (ROOT / file).read_text(encoding="utf-8")
             for file in lab.files}
    empty = {file: holes.dig(text) for file, text in right.items()}
    full, none = page_verdicts([(lab, right, tests), (lab, empty, tests)])
    assert {name: why for name, why in full.items() if why} == {}
    assert [name for name, why in none.items() if not why] == []


@pytest.mark.long
@needs_packages
@pytest.mark.parametrize("variant", solutions.found("right"), ids=str)
def test_right_solution(site, variant, tmp_path):
    solutions.put(variant, tmp_path)
    [found] = page_verdicts([(variant.lab, texts_in(tmp_path, variant.lab),
                              visible_here(variant.lab))])
    assert {name: why for name, why in found.items() if why} == {}


@pytest.mark.long
@needs_packages
@each_lab
def test_wrong_solutions(site, lab, tmp_path):
    """The page catches a mistake by the same test as make grade."""
    here = {test.name for test in visible_here(lab)}
    asked, names = [], []
    for fault in solutions.found("wrong"):
        tests = [test for test in solutions.named(fault, fault.in_kernel)
                 if test.name in here] if fault.in_kernel else []
        if fault.lab != lab or not tests:
            continue
        folder = tmp_path / fault.name
        folder.mkdir()
        solutions.put(fault, folder)
        asked.append((lab, texts_in(folder, lab), tests))
        names.append(fault.name)
    passing = [name for name, found in zip(names, page_verdicts(asked))
               if not all(found.values())]
    assert passing == []


# -- What the page must not have in it ------------------------------------------

def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


@needs_packages
def test_no_solution_and_no_hidden_test_is_in_the_site(site):
    """A line alone may stand anywhere; a whole body of three cannot."""
    bodies = [hole.body for lab in LABS for file in lab.files
              for hole in holes.find((ROOT / file).read_text(encoding="utf-8"))
              if hole.body.count("\n") >= 3]
    hidden = [path.name for path in (ROOT / "staff" / "traces").glob("*.rep")]
    found = "\0".join(text for path in (WWW / "kit").glob("*.json")
                      for text in strings(json.loads(
                          path.read_text(encoding="utf-8"))))
    assert len(bodies) > 20 and "LAB 4 BEGIN" in found
    assert [body for body in bodies if body in found] == []
    assert [name for name in hidden if name in found] == []


def test_the_pages_limit_follows_the_graders():
    """Instructions of a test: 8 ns each, in seconds of the watchdog.  Code that
    is not optimised may take eight times as many."""
    runner = (SITE / "lab" / "runner.js").read_text(encoding="utf-8")
    kernel = (ROOT / "src/boot/test_mode.c").read_text(encoding="utf-8")
    seconds = int(kernel.partition("#define TEST_SECONDS ")[2].split()[0])
    assert f"const INSTRUCTIONS_MAX = 8 * {seconds * 125}e6;" in runner
