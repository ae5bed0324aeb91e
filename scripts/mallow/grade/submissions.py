# SPDX-License-Identifier: MIT
"""A folder of submissions, some at once; a line each in scores.csv.

    SUBMISSIONS/ann/  -->  build/grade/ann.log, build/grade/ann/results.json
    SUBMISSIONS/bob/  -->  build/grade/bob.log, build/grade/bob/results.json
                           build/grade/scores.csv

A1: each submission is graded by a process of its own.  What is wrong with one
    is a reason in its line, and nothing to the others.
"""
import csv
import io
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ..project import ROOT, WRONG_USE, Trouble, shown
from . import guest_machine
from .build import GRADE
from .report import write_whole

SECONDS = 3600
NAMES_MAX = 3  # of failed tests in a row
COLUMNS = ["name", "score", "max_score", "seconds", "reason"]


def names(folder):
    """{name of a submission, fit for a file: its path}."""
    found = {}
    for path in sorted(folder.iterdir()):
        name = re.sub(r"[^\w.-]", "_", path.name)
        if name.startswith("."):
            continue
        while name in found or name in ("scores.csv", "results.json"):
            name += "_"
        found[name] = path
    return found


def command(name, path, arguments):
    return [sys.executable, str(ROOT / "scripts" / "mallow.py"), "grade",
            f"--submission={path}", f"--out={GRADE / name}", "--jobs=1",
            f"--lab={arguments.lab}", f"--test={arguments.test}",
            f"--seed={arguments.seed}"]


def grade(name, path, arguments):
    """The row of one submission."""
    results, log = GRADE / name / "results.json", GRADE / f"{name}.log"
    results.unlink(missing_ok=True)
    reason = ""
    with log.open("wb") as file:
        try:
            done = subprocess.run(
                command(name, path, arguments), stdin=subprocess.DEVNULL,
                stdout=file, stderr=subprocess.STDOUT, timeout=SECONDS,
                check=False)
            if done.returncode not in (0, 1):
                reason = f"the grader ended with status {done.returncode}"
        except subprocess.TimeoutExpired:
            reason = f"given up after {SECONDS} s"
    return row(name, results, reason)


def row(name, results, reason):
    try:
        said = json.loads(results.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        log = (GRADE / f"{name}.log").read_text(errors="replace").split("\n")
        last = [line for line in log if line.strip()][-1:] or ["no message"]
        return {"name": name, "score": 0, "reason": reason or last[0]}
    labs = {}
    for test in said["tests"]:
        lab = test["name"].partition("/")[0]
        labs[lab] = labs.get(lab, 0) + test["score"]
    most = sum(test["max_score"] for test in said["tests"])
    if said["score"] < most:
        reason = reason or in_a_line(said["output"].partition("\n\n")[0]) \
            or failed(said["tests"])
    return {"name": name, "score": said["score"], "max_score": most,
            "seconds": said["execution_time"], **labs, "reason": reason}


def in_a_line(text):
    """Of what a grading says, what fits a row: the log has all of it."""
    kept = []
    for line in text.splitlines():
        if re.match(r"\w+: no points: |next: ", line):
            kept.append(line)
        elif ": error: " in line and kept and kept[-1].endswith(":"):
            kept[-1] += " " + line
    return "; ".join(kept)


def failed(tests):
    """The first tests that ran and failed, by name."""
    names_of = [test["name"] for test in tests if test["status"] != "passed"
                and not test["output"].startswith("not run")]
    more = len(names_of) - NAMES_MAX
    return "failed: " + ", ".join(names_of[:NAMES_MAX]) \
        + (f" and {more} more" if more > 0 else "") if names_of else ""


def as_csv(rows):
    known = [column for each in rows for column in each]
    labs = [name for name in dict.fromkeys(known) if name not in COLUMNS]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS[:3] + labs + COLUMNS[3:],
                            lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda each: each["name"]))
    return text.getvalue()


def grade_all(arguments):
    if not arguments.submissions:
        raise Trouble("which folder? make grade-all SUBMISSIONS=DIR", WRONG_USE)
    folder = Path(arguments.submissions).expanduser().absolute()
    if not folder.is_dir():
        raise Trouble(f"{folder} is no folder of submissions", WRONG_USE)
    submissions = names(folder)
    if not submissions:
        raise Trouble(f"{folder} holds no submission", WRONG_USE)
    GRADE.mkdir(parents=True, exist_ok=True)
    rows = []
    with ThreadPoolExecutor(guest_machine.jobs()) as pool:
        waiting = [pool.submit(grade, name, path, arguments)
                   for name, path in submissions.items()]
        for done in as_completed(waiting):
            rows.append(done.result())
            write_whole(GRADE / "scores.csv", as_csv(rows))
            print(line(rows[-1]), flush=True)
    print(f"{len(rows)} submissions; {shown(GRADE / 'scores.csv')}")
    return 0


def line(each):
    first = each["reason"].partition("\n")[0]
    return (f"  {each['name']:26} {each['score']:3} of "
            f"{each.get('max_score', '?'):>3}  {first}").rstrip()
