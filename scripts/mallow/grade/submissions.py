# SPDX-License-Identifier: MIT
"""A folder of submissions, some at once; a line each in scores.csv.

    SUBMISSIONS/ann/  -->  build/grade/submissions/ann/   results.json
                                                          log.txt
                                                          hidden.txt
    SUBMISSIONS/bob/  -->  build/grade/submissions/bob/   ...
                           build/grade/scores.csv

A1: each submission is graded by a process of its own.  A mistake in one
    is a reason in its line, and nothing to the others.
A2: names are data.  A submission's folder here has a short plain name of its
    own; scores.csv says which is whose.
A3: while one `make grade-all` runs, another one writes to build/grade-2.
A4: a submission that this computer failed is tried once more.  Then its line
    has no score, and the command ends with status 3.
"""
import contextlib
import csv
import fcntl
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ..project import BUILD, ROOT, WRONG_USE, Trouble, shown
from . import guest_machine, progress
from .build import GRADE
from .plain_text import cell, plain_line
from .report import write_whole

SECONDS = 3600  # of a submission, which has a limit of processor time itself
NAMES_MAX = 3   # of failed tests in a row
NAME_MAX = 60   # characters;
MESSAGE_MAX = 100  # of a failure in a row, too
TRIES = 2
NOT_GRADED = 3
COLUMNS = ["name", "score", "max_score", "seconds", "reason", "folder"]


# -- Names and folders -----------------------------------------------------------

def short_name(path, taken):
    """A name for the folder of a submission's results, unlike those that are
    `taken`, whatever letters a file system thinks equal (A2)."""
    name = re.sub(r"[^A-Za-z0-9-]+", "_", path.name)[:NAME_MAX].strip("_")
    name, number = name or "submission", 1
    found = name
    while found.lower() in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found.lower())
    return found


def find_submissions(folder):
    """{short name: path}."""
    taken = set()
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise Trouble(f"{plain_line(str(folder))}: {error.strerror}",
                      WRONG_USE) from None
    return {short_name(path, taken): path for path in paths
            if path.name[0] != "." and path.name != "__MACOSX"}


@contextlib.contextmanager
def results_folder():
    """build/grade, or another one if that is in use (A3)."""
    for number in range(1, 100):
        folder = GRADE if number == 1 else BUILD / f"grade-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            shutil.rmtree(folder / "submissions", ignore_errors=True)
            (folder / "scores.csv").unlink(missing_ok=True)
            yield folder
            return
    raise Trouble("100 gradings run at once")


# -- One submission --------------------------------------------------------------

class Status:
    """The state of all running gradings, on one line of the terminal."""

    def __init__(self, left):
        self.line, self.left = progress.choose(), left
        self.at, self.lock = {}, threading.Lock()
        self.children = set()  # processes that grade now

    def show(self):
        self.line.show("; ".join([f"{len(self.at) + self.left} submissions left",
                                  *(f"{name}: {text}" for name, text
                                    in self.at.items())]))

    def set(self, name, text):
        with self.lock:
            self.left -= name not in self.at
            self.at[name] = text
            self.show()

    def done(self, name, row):
        with self.lock:
            self.at.pop(name, None)
            self.line.clear()
            print(row_line(row), flush=True)
            self.show()


def command(path, out, arguments):
    return [sys.executable, str(ROOT / "scripts" / "mallow.py"), "grade",
            f"--submission={path}", f"--out={out}", "--jobs=1",
            f"--lab={arguments.lab}", f"--test={arguments.test}",
            f"--seed={arguments.seed}"]


def watch(number, name, status):
    """Shows the progress of a grading until it ends."""
    with os.fdopen(number, encoding="utf-8", errors="replace") as said:
        for text in said:
            status.set(name, text.strip())


def run(name, path, out, arguments, status):
    """Grades in a process of its own (A1): its status, None if it had to be
    ended."""
    here, there = os.pipe()
    with (out / "log.txt").open("wb") as log:
        child = subprocess.Popen(
            command(path, out, arguments), stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, pass_fds=[there],
            env={**os.environ, progress.PIPE: str(there)})
        status.children.add(child)
        os.close(there)
        watcher = threading.Thread(target=watch, args=(here, name, status))
        watcher.start()
        try:
            code = child.wait(SECONDS)
        except subprocess.TimeoutExpired:
            child.terminate()
            child.wait()
            code = None
        status.children.discard(child)
        watcher.join()
    return code


def what_went_wrong(code, out):
    """The reason why a grading has no result."""
    if code is None:
        return f"not ended after {SECONDS} s"
    if code < 0:
        return f"the grader was ended by signal {-code}"
    return last_line(out / "log.txt")


def last_line(log):
    lines = [line for line in log.read_text("utf-8", "replace").splitlines()
             if line.strip()]
    return plain_line(lines[-1]) if lines else "no message"


def grade(name, path, out, arguments, status):
    """The row of one submission (A4)."""
    for _ in range(TRIES):
        shutil.rmtree(out, ignore_errors=True)
        try:
            out.mkdir(parents=True)
            code = run(name, path, out, arguments, status)
            if code in (0, 1):
                return row(path, out)
            why = what_went_wrong(code, out)
        except (OSError, ValueError) as error:
            code, why = None, str(error)
        if code == NOT_GRADED:  # it has tried once more itself
            break
    return {"name": plain_line(path.name), "folder": out.name,
            "reason": not_graded_reason(out, why)}


# -- Its row -----------------------------------------------------------------------

def not_graded_reason(out, why):
    """The test that was not graded, if it is known."""
    with contextlib.suppress(OSError, ValueError):
        said = json.loads((out / "results.json").read_text(encoding="utf-8"))
        for test in said["tests"]:
            if test["output"].startswith("not graded"):
                return f"{test['name']}: " + in_a_line(test["output"])
    return "not graded: " + plain_line(why.removeprefix("grade: ")
                                       .removeprefix("not graded: "))


def in_a_line(text):
    return plain_line(text.partition("\n")[0])


def row(path, out):
    said = json.loads((out / "results.json").read_text(encoding="utf-8"))
    labs = {}
    for test in said["tests"]:
        lab = test["name"].partition("/")[0]
        labs[lab] = labs.get(lab, 0) + test["score"]
    most = sum(test["max_score"] for test in said["tests"])
    reason = ""
    if said["score"] < most:
        reason = reasons(said["output"]) or failed(said["tests"])
    return {"name": plain_line(path.name), "score": said["score"],
            "max_score": most, "seconds": said["execution_time"], **labs,
            "reason": reason, "folder": out.name}


def reasons(text):
    """The part of a grading's messages that fits a row; the log has all of
    them."""
    kept = []
    for line in text.splitlines():
        if re.match(r"\w+: no points: |next: ", line):
            kept.append(line)
        elif ": error: " in line.lower() and kept and kept[-1].endswith(":"):
            kept[-1] += " " + line
    return plain_line("; ".join(kept))


def failed(tests):
    """The first tests that ran and failed, by name, and how the first one did."""
    found = [test for test in tests if test["status"] != "passed"
             and not test["output"].startswith("not run")]
    if not found:
        return ""
    names = [test["name"] for test in found[:NAMES_MAX]]
    how = in_a_line(found[0]["output"])
    if len(how) > MESSAGE_MAX:
        how = how[:MESSAGE_MAX] + "..."
    names[0] += f" ({how})"
    more = len(found) - NAMES_MAX
    return "failed: " + ", ".join(names) + (f" and {more} more" if more > 0
                                            else "")


def row_line(each):
    got = f"{each['score']:3} of {each['max_score']:>3}" \
        if "score" in each else "          "
    return f"  {each['name']:26} {got}  {each['reason']}".rstrip()


def as_csv(rows):
    known = [column for each in rows for column in each]
    labs = [name for name in dict.fromkeys(known) if name not in COLUMNS]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS[:3] + labs + COLUMNS[3:],
                            lineterminator="\n")
    writer.writeheader()
    for each in sorted(rows, key=lambda each: each["name"]):
        writer.writerow({key: cell(value) for key, value in each.items()})
    return text.getvalue()


# -- All of them -------------------------------------------------------------------

def grade_every(submissions, out, arguments):
    """Grades all submissions; yields their rows as they are ready."""
    rows, status = [], Status(len(submissions))
    with ThreadPoolExecutor(guest_machine.jobs()) as pool:
        waiting = {pool.submit(grade, name, path, out / "submissions" / name,
                               arguments, status): name
                   for name, path in submissions.items()}
        try:
            for done in as_completed(waiting):
                rows.append(done.result())
                write_whole(out / "scores.csv", as_csv(rows))
                status.done(waiting[done], rows[-1])
        except BaseException:  # Ctrl-C, a signal: nothing goes on without us
            pool.shutdown(wait=False, cancel_futures=True)
            for child in list(status.children):
                child.terminate()
            raise
    status.line.clear()
    return rows


def grade_all(arguments):
    if not arguments.submissions:
        raise Trouble("which folder? make grade-all SUBMISSIONS=DIR", WRONG_USE)
    folder = Path(arguments.submissions).expanduser().absolute()
    name = plain_line(str(folder))
    if not folder.is_dir():
        raise Trouble(f"{name} is not a folder of submissions", WRONG_USE)
    submissions = find_submissions(folder)
    if not submissions:
        raise Trouble(f"{name} holds no submission", WRONG_USE)
    with results_folder() as out:
        rows = grade_every(submissions, out, arguments)
    missing = sum("score" not in each for each in rows)
    print(f"{len(rows)} submissions; {shown(out / 'scores.csv')}"
          + (f"; {missing} not graded" if missing else ""))
    return NOT_GRADED if missing else 0
