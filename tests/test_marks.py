# SPDX-License-Identifier: MIT
"""The grader's files for other services: rosters, results, similarity."""
import csv
import datetime
import json
import random

import pytest
from conftest import ROOT

from mallow.course import formats, roster
from mallow.project import Trouble

CANVAS = ("Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (77)\n"
          "    Points Possible,,,,,10\n"
          '"Lovelace, Ada",11,u11,ada,CS 1,\n"Hopper, Grace",12,u12,grace,CS 1,\n'
          '"Turing, Alan",13,u13,alan,CS 1,\n')
MOODLE = ("First name,Surname,Username,ID number,Email address\n"
          "Ada,Lovelace,ada,11,ada@example.org\n"
          "Grace,Hopper,hopper,12,grace@example.org\n"
          "Zoë,Groß,zoe,14,zoe@example.org\n")
SCORES = "name,score,max_score\n"


@pytest.fixture(name="graded")
def a_tree_that_was_graded(tree):
    """graded(scores): the tree, as if grade-all had written these."""
    def write(rows):
        path = tree.root / "build" / "grade" / "scores.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SCORES + rows, encoding="utf-8")
        return tree
    return write


def marks(tree):
    with (tree.root / "build/grade/marks.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("text, service, column", [
    (CANVAS, "Canvas", "SIS Login ID"), (MOODLE, "Moodle", "Email address")])
def test_scores_meet_a_roster(graded, tmp_path, text, service, column):
    tree = graded("ada,90,100\nHopper Grace,70,100\nMallory,5,100\n")
    (tmp_path / "it's.csv").write_text("\ufeff" + text, encoding="utf-8")
    done = tree.make("marks", f"ROSTER={tmp_path}/it's.csv", "LAB=heap")
    assert done.returncode == 0, done.stderr
    assert f"for {service}: 2 of" in done.stdout
    assert "whose is the submission Mallory?" in done.stdout
    points = {row[column]: row["heap"] for row in marks(tree)}
    assert points[next(key for key in points if "ada" in key)] == "90"
    assert points[next(key for key in points if "grace" in key)] == "70"
    assert sorted(points.values())[0] == "", "without a submission: no mark"


def test_a_name_that_fits_two_fits_none():
    students = [{"Username": "kim", "Email address": "a@x"},
                {"Username": "kim", "Email address": "b@x"}]
    found, strangers = roster.match([{"name": "kim", "score": "1"}], students,
                                    ["Username", "Email address"])
    assert not found and strangers == ["kim"]


@pytest.mark.parametrize("seed", range(5))
def test_no_mark_goes_astray(seed):
    """Each student has the score of the submission that is
    named by one of the student's own cells, or none."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdeé_.- ", k=6)) for _ in range(12)]
    students = [{"Username": chance.choice(words), "ID number": str(number),
                 "Email address": f"{chance.choice(words)}@x"}
                for number in range(8)]
    scores = [{"name": chance.choice(words + ["3", "5"]), "score": str(i)}
              for i in range(10)]
    columns = ["Username", "ID number", "Email address"]
    found, strangers = roster.match(scores, students, columns)
    assert len(found) + len(strangers) == len(scores)
    for place, row in found.items():
        word = roster.plain_word(row["name"])
        owners = [at for at, student in enumerate(students)
                  if word in roster.keys(student, columns)]
        assert owners == [place]


@pytest.mark.parametrize("text, said", [
    ("a,b\n1,2\n", "no column"), ("", "no column"), (None, "No such file")])
def test_a_bad_roster_gets_a_line(graded, tmp_path, text, said):
    tree = graded("ada,90,100\n")
    path = tmp_path / "roster.csv"
    if text is not None:
        path.write_text(text)
    done = tree.make("marks", f"ROSTER={path}")
    assert done.returncode != 0 and said in done.stderr
    assert "Traceback" not in done.stderr


def results(*tests):
    return {"tests": [{"name": name, "score": score, "max_score": 10,
                       "status": "passed" if score == 10 else "failed",
                       "visibility": visibility}
                      for name, score, visibility in tests]}


def test_autolab(tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results(("heap/first", 10, "visible"),
                                       ("heap/run-of", 0, "visible"),
                                       ("heap/secret", 10, "hidden"))))
    line = formats.autolab(formats.visible_tests(path))
    assert "\n" not in line
    assert json.loads(line) == {"scores": {"heap_first": 10, "heap_run_of": 0}}


def test_classroom50(tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results(("heap/first", 10, "visible"),
                                       ("heap/many", 0, "visible"))))
    now = datetime.datetime(2027, 2, 3, 4, 5, 6)
    text = formats.classroom50(
        formats.visible_tests(path),
        {"CLASSROOM": "os", "ASSIGNMENT": "heap", "SUBMISSION_TAG": "submit/1",
         "COMMIT_URL": "https://c", "RELEASE_URL": "https://r"}, now)
    assert json.loads(text) == {
        "schema": "classroom50/result/v1", "classroom": "os",
        "assignment": "heap", "submission": "submit/1", "commit": "https://c",
        "release": "https://r", "review": "https://c",
        "datetime": "2027-02-03T04:05:06Z", "score": 10, "max-score": 20,
        "tests": [{"test-name": "heap/first", "passed": True, "score": 10,
                   "max-score": 10},
                  {"test-name": "heap/many", "passed": False, "score": 0,
                   "max-score": 10}]}


@pytest.mark.parametrize("text", ["", "[]", '{"tests": [{"name": "x"}]}', json.
                         dumps({"tests": [{"name": "x", "visibility":
                                           "visible", "max_score": 1}]})])
def test_what_is_no_grading_is_not_passed_on(tmp_path, text):
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(Trouble):
        formats.visible_tests(path)


def test_similarity(tree, tmp_path):
    bump = (ROOT / "src/mm/heap/bump.c").read_text(encoding="utf-8")
    whole = tmp_path / "class" / "ada" / "src" / "mm" / "heap"
    whole.mkdir(parents=True)
    (whole / "bump.c").write_text(bump)
    (tmp_path / "class" / "bob").mkdir()
    (tmp_path / "class" / "bob" / "bump.c").write_text(bump)
    (tmp_path / "class" / "eve").mkdir()
    (tmp_path / "class" / "eve" / "bump.c").symlink_to("/etc/passwd")
    done = tree.make("similarity", f"SUBMISSIONS={tmp_path}/class", "LAB=heap")
    assert done.returncode == 0, done.stderr
    out = tree.root / "build" / "similarity"
    assert {path.name for path in (out / "submissions").iterdir()} \
        == {"ada", "bob"}
    assert "nothing of eve" in done.stdout
    base = (out / "base" / "bump.c").read_text(encoding="utf-8")
    assert "LAB 3 BEGIN" in base and base != bump, "no solution in it"
    assert "compare50" in (out / "README.md").read_text()
