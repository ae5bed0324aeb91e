# SPDX-License-Identifier: MIT
"""make gradescope: unpacked and run as Gradescope does, elsewhere."""
import json
import os
import re
import shutil
import subprocess
import zipfile

import pytest
from conftest import ROOT
from handouts import a_students_tree, reference_files, share_objects

from mallow.course import holes

__all__ = ["a_students_tree"]  # a fixture

POINTS = ROOT / "docs/handout/scripts/points"
WORKFLOW = ROOT / "docs/handout/.github/workflows/classroom.yml"


def make(*words):
    return subprocess.run(["make", "-C", str(ROOT), "gradescope", *words],
                          text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=120)


def unpack(folder):
    """With the rights of the files, as unzip does it."""
    with zipfile.ZipFile(ROOT / "build/gradescope.zip") as archive:
        archive.extractall(folder)
        for info in archive.infolist():
            (folder / info.filename).chmod(info.external_attr >> 16 & 0o777)
        return archive.namelist()


def autograder(room, script, seconds):
    """Gradescope starts it in /autograder, and run_autograder as a copy."""
    copied = shutil.copy(room / "source" / script, room)
    return subprocess.run([copied], cwd=room, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=seconds,
                          check=False, env={**os.environ, "MAKEFLAGS": "",
                                            "AUTOGRADER": str(room)})


def grade(room, name, text):
    """The score of a submission that is one file."""
    shutil.rmtree(room / "submission", ignore_errors=True)
    (room / "submission").mkdir()
    (room / "submission" / name).write_text(text)
    done = autograder(room, "run_autograder", 300)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((room / "results" / "results.json").read_text())


@pytest.mark.native
def test_unpacked_and_run(tmp_path):
    done = make("LAB=heap", "SEED=5")
    assert done.returncode == 0 and "grades heap" in done.stdout, done.stderr
    names = unpack(tmp_path / "source")
    assert {"setup.sh", "run_autograder"} <= set(names)
    assert not [name for name in names if "mallow/tests/test_" in name]
    share_objects(tmp_path / "source/mallow", but="mm/heap")
    done = autograder(tmp_path, "setup.sh", 500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " CC " in done.stdout, "nothing was left to build"
    reference = (ROOT / "src/mm/heap/bump.c").read_text()
    said = grade(tmp_path, "bump.c", reference)
    assert said["score"] == 100 and len(said["tests"]) >= 8
    said = grade(tmp_path, "bump.c", holes.dig(reference))
    assert said["score"] == 0 and "SEED=5" in said["tests"][0]["output"]
    said = grade(tmp_path, "bump.c", "int x = ;\n")
    assert said["score"] == 0 and "does not compile" in said["output"]
    said = grade(tmp_path, "essay.txt", "")
    assert said["score"] == 0 and "bump.c is missing" in said["output"]


@pytest.mark.long
def test_without_results_it_fails(tmp_path):
    assert make("LAB=heap").returncode == 0
    unpack(tmp_path / "source")
    (tmp_path / "source/mallow/src/main.c").write_text("int x = ;\n")
    (tmp_path / "results").mkdir()
    (tmp_path / "results/results.json").write_text("old")
    (tmp_path / "submission").mkdir()
    assert autograder(tmp_path, "run_autograder", 300).returncode != 0
    assert not (tmp_path / "results/results.json").exists()


@pytest.mark.parametrize("words, said", [
    (["LAB=heep"], '"heep"'), (["SEED=x"], 'SEED="x"')])
def test_wrong_words(words, said):
    done = make(*words)
    assert done.returncode != 0 and said in done.stderr


# -- GitHub Classroom -----------------------------------------------------------

def test_the_workflow_runs_what_is_there(student):
    text = (student.root / ".github/workflows/classroom.yml").read_text()
    assert text == WORKFLOW.read_text()
    steps = re.findall(r"^ +run: (.*)$", text, re.MULTILINE)
    assert len(steps) == 4
    offered = student.make("help").stdout
    for step in steps:
        for command in step.split(" && "):
            words = [word for word in command.split() if word != "-j2"]
            assert (student.root / words[0]).exists() or \
                f"  make {words[1]} " in offered, command


@pytest.mark.parametrize("scores, status", [((10, 5), 0), ((10, 0), 1)])
def test_points(tmp_path, scores, status):
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"score": sum(scores), "tests": [
        {"name": "heap/first", "score": scores[0], "max_score": 10},
        {"name": "heap/many", "score": scores[1], "max_score": 5}]}))
    page = tmp_path / "page.md"
    done = subprocess.run([POINTS, results], text=True, capture_output=True,
                          check=False, env={**os.environ,
                                            "GITHUB_STEP_SUMMARY": str(page)})
    assert done.returncode == status
    complete, report = done.stdout.splitlines()
    assert complete == ("::notice title=Autograding complete::"
                        f"Points {sum(scores)}/15")
    assert json.loads(report.partition("report::")[2]) == {
        "totalPoints": sum(scores), "maxPoints": 15}
    assert f"| heap/many | {scores[1]} | 5 |" in page.read_text()


def test_points_of_nothing(tmp_path):
    done = subprocess.run([POINTS, tmp_path / "none.json"], text=True,
                          capture_output=True, check=False)
    assert done.returncode != 0 and "none.json" in done.stderr


def test_only_the_reference_has_parts():
    """The file graded above is the one that lab 3 names."""
    assert "src/mm/heap/bump.c" in [str(path) for path, _ in reference_files()]
