# SPDX-License-Identifier: MIT
"""The labs' texts about tests and points are right.

The table of tests stands between two comments and is the one of tests.c.  The
heading of a part says how many points one has after it:

    ## Part 2: split (40 points)
    <!-- written: block_split block_trim -->

and the comment below it names the functions written in that part.  Here they
are written: a starter gets the reference's bodies of all parts so far, and its
points are counted.  `written, alone` stands where the text has a function
written in a simpler way first, so that the reference's bodies without those of
the next part are not what a student has.

A table below <!-- figures: NAME.rep --> says what stages make of a trace; it is
replayed.
"""
import json
import re
import shutil

import pytest
from conftest import ROOT

from mallow import check, sheet, stages
from mallow.course import holes
from mallow.project import require

TABLE = re.compile(r"<!-- tests:begin -->\n(.*?)<!-- tests:end -->", re.DOTALL)
PART = re.compile(r"^## Part [^\n]*?(?:\((?P<points>\d+) points\))?\n"
                  r"(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
WRITTEN = re.compile(r"^<!-- written(?P<alone>, alone)?: (?P<names>[\w\s]+?)"
                     r" -->$", re.MULTILINE)


def text_of(lab):
    path = ROOT / dict(stages.table())[lab] / "README.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def labs():
    """Those whose tests are written in C."""
    return [name for name, folder in stages.table()
            if (ROOT / folder / "tests.c").exists()
            and (ROOT / folder / "README.md").exists()]


def lab_tests(lab, program=None):
    known = check.tests(program or require(check.PROGRAM))
    return [test for test in known if test.lab == lab and not test.hidden]


def table_rows(text):
    lines = TABLE.search(text)[1].splitlines()[2:]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")]
            for line in lines]


def parts_of(lab):
    """[(points, the functions of this part, whether to count)]"""
    found = []
    for part in PART.finditer(text_of(lab)):
        said = WRITTEN.search(part["text"])
        found.append((int(part["points"] or 0),
                      said["names"].split() if said else None,
                      bool(said and not said["alone"])))
    return found


@pytest.mark.parametrize("lab", labs())
def test_table(lab):
    assert table_rows(text_of(lab)) == \
        [[test.name, str(test.points), test.what] for test in lab_tests(lab)]


def test_table_of_lab_0():
    questions = sheet.Sheet("ada").questions
    assert [row[:2] for row in table_rows(text_of("boot"))] == \
        [[str(number), str(sheet.POINTS)]
         for number in range(1, len(questions) + 1)]


@pytest.mark.parametrize("lab", [name for name in labs() if parts_of(name)])
def test_points_of_parts(lab):
    points = [points for points, _, _ in parts_of(lab)]
    assert points == sorted(points)
    assert points[-1] == sum(test.points for test in lab_tests(lab))


def sources(number):
    """The files that have functions to be written in lab `number`."""
    found = [path for path in sorted((ROOT / "src" / "mm").rglob("*.[ch]"))
             if any(hole.lab == number for hole in
                    holes.find(path.read_text(encoding="utf-8")))]
    return [path.relative_to(ROOT) for path in found]


def write(tree, source, names):
    """A starter of which only `names` are written."""
    reference = (ROOT / source).read_text(encoding="utf-8")
    started = holes.dig(reference)
    (tree.root / source).write_text(
        holes.fill(started, reference, only=names), encoding="utf-8")


def points_in(tree, lab):
    done = tree.make("build/check/lab-tests", seconds=600)
    assert done.returncode == 0, done.stdout + done.stderr
    program = tree.root / "build" / "check" / "lab-tests"
    outcomes = check.run_all(lab_tests(lab, program), program=program)
    return sum(check.points(test, outcomes) for test in outcomes)


def labs_in_parts():
    return [name for name in labs() if parts_of(name)
            and all(names is not None for _, names, _ in parts_of(name))]


# A build for each part: `make test` writes a lab or two, `make test-all` every
# one.
@pytest.mark.parametrize("lab", [
    pytest.param(lab, marks=[] if lab == "heap" else pytest.mark.native
                 if lab == "malloc" else pytest.mark.long)
    for lab in labs_in_parts()])
def test_parts(lab, tree):
    number = stages.names().index(lab)
    written, found, said = [], [], []
    for points, names, counts in [(0, [], True)] + parts_of(lab):
        written += names
        if not counts:
            continue
        for source in sources(number):
            write(tree, source, written)
        found.append(points_in(tree, lab))
        said.append(points)
    assert found == said
    assert sorted(written) == sorted(
        hole.function for source in sources(number) for hole in
        holes.find((ROOT / source).read_text(encoding="utf-8"))
        if hole.lab == number)


# -- Figures -------------------------------------------------------------------

FIGURES = re.compile(r"^<!-- figures: (\S+) -->\n\|[^\n]*\n\|[^\n]*\n"
                     r"((?:\|[^\n]*\n)+)", re.MULTILINE)


def figures_in_texts():
    """{trace: [(lab, stage, what the row says)]}"""
    found = {}
    for lab, _ in stages.table():
        for trace, table in FIGURES.findall(text_of(lab)):
            rows = [[cell.strip() for cell in line.strip("|").split("|")]
                    for line in table.splitlines()]
            found.setdefault(trace, []).extend(
                (lab, row[0], row[1:]) for row in rows)
    return found


def replayed(tree, stage, folder):
    """The figures of the one trace in `folder`."""
    done = tree.make("replay", f"STAGE={stage}", f"TRACES={folder}")
    assert done.returncode == 0, done.stdout + done.stderr
    report = (tree.root / "build" / "replay.json").read_text(encoding="utf-8")
    return json.loads(report)["traces"][0]


def number_in(cell):
    return float(re.sub(r"[^\d.]", "", cell))


def is_right(cells, real):
    """Bytes to 1 %; instructions to a tenth, as compilers differ."""
    failures, heap, payload, allocate, free = cells
    fits = real["failures"] == 0
    pairs = [(allocate, real["malloc_mean_milli"] / 1000, 10),
             (free, real["free_mean_milli"] / 1000, 10)]
    if fits:
        pairs += [(heap, real["footprint_bytes"], 1),
                  (payload, real["utilisation_milli"] / 10, 1)]
    elif heap != "more than 2 MiB" or payload:
        return False
    return number_in(failures) == real["failures"] and all(
        abs(number_in(cell) - value) <= value * percent / 100
        for cell, value, percent in pairs)


def in_words(real):
    return (f'{real["failures"]}, {real.get("footprint_bytes")} bytes, '
            f'{real.get("utilisation_milli", 0) / 10} %, '
            f'{real["malloc_mean_milli"] / 1000}, '
            f'{real["free_mean_milli"] / 1000}')


@pytest.mark.native
@pytest.mark.parametrize("trace", sorted(figures_in_texts()))
def test_figures(trace, tree):
    rows = figures_in_texts()[trace]
    folder = tree.root / "one"
    folder.mkdir()
    shutil.copy(ROOT / "traces" / trace, folder)
    real = {stage: replayed(tree, stage, folder)
            for stage in sorted({stage for _, stage, _ in rows})}
    wrong = [f"lab {lab}, row {stage}: {in_words(real[stage])}"
             for lab, stage, cells in rows if not is_right(cells, real[stage])]
    assert not wrong, "\n".join(wrong)


# -- Questions -----------------------------------------------------------------

QUESTIONS = re.compile(r"^## Questions\n(.*?)^## ", re.MULTILINE | re.DOTALL)


def numbered(text):
    return [int(number) for number in re.findall(r"^(\d+)\. ", text, re.M)]


@pytest.mark.parametrize("lab", [name for name, _ in stages.table()
                                 if text_of(name)])
def test_every_question_has_its_answer(lab):
    asked = numbered(QUESTIONS.search(text_of(lab))[1])
    path = ROOT / dict(stages.table())[lab] / "answers.md"
    assert numbered(path.read_text(encoding="utf-8")) == asked
    assert len(asked) >= 5
