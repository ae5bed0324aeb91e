# SPDX-License-Identifier: MIT
"""`make grade`: chooses what to grade, and reports the results.

    all points        status 0
    points missing    status 1
    wrong use         status 2
    not graded        status 3: this computer could not do it; try again
"""
import asyncio
import json
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from .. import check, machine
from .. import labs as lab_table
from .. import records, sheet
from ..project import ISO, KERNEL, ROOT, WRONG_USE, Trouble, require
from . import guest_machine, host_check, progress, run_test, submissions
from .build import GRADE, Kit
from .grading import Grading
from .guest_memory import MEMORY_BYTES
from .plain_text import plain_line
from .report import Report, write_whole
from .run_test import Runner, run_one

NOT_GRADED = 3
HIDDEN = "hidden.txt"  # beside results.json, and not for students


# -- What there is to grade ---------------------------------------------------

def boot_for_list():
    """Boots this tree's kernel, which lists its tests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            subprocess.run(
                machine.arguments(require(ISO), folder, ["test=list"],
                                  MEMORY_BYTES,
                                  f"file:{folder / 'console'}"),
                stdin=subprocess.DEVNULL, capture_output=True, check=False,
                timeout=guest_machine.BOOT_SECONDS)
        except subprocess.TimeoutExpired:
            raise Trouble("the kernel of this tree does not boot") from None
        return records.of_kind(records.read(folder / "records"), "test")


def known_tests():
    """All tests of this tree's kernel, as check.Test."""
    kept, stamp = GRADE / "tests.json", require(KERNEL).stat().st_mtime_ns
    try:
        said = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        said = {}
    if said.get("kernel") != stamp:
        said = {"kernel": stamp, "tests": boot_for_list()}
        write_whole(kept, json.dumps(said))
    return run_test.list_of(said["tests"])


def choose(lab_text, test_text):
    """(labs, their tests) that LAB= and TEST= mean."""
    of_lab, _, name = test_text.rpartition("/")
    lab_text = lab_text or of_lab
    chosen = lab_table.resolve(lab_text)
    names = [lab.name for lab in chosen]
    tests = [test for test in known_tests() if test.lab in names]
    if name and name not in [test.name for test in tests]:
        right = "LAB=NAME beside it lists a lab's" if len(names) > 1 else \
            "there are " + ", ".join(test.name for test in tests)
        raise Trouble(f'there is no test "{name}"; {right}', WRONG_USE)
    tests = [test for test in tests if name in ("", test.name)]
    having = {test.lab for test in tests}
    return [lab for lab in chosen if lab.name in having], tests


# -- A submission -------------------------------------------------------------

def workshop():
    GRADE.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=GRADE, prefix="work-")


def one_test(submission, name, seed=check.SEED, kit=None, play=True):
    """The Verdict on one test, such as "malloc/split", of a folder's files,
    even if a test that it needs fails.  Raises Refused if there is nothing to
    run."""
    lab_name = name.partition("/")[0]
    lab, = lab_table.resolve(lab_name)
    hidden = any(test.hidden for test in known_tests()
                 if f"{test.lab}/{test.name}" == name)
    with workshop() as folder:
        grading = Grading(kit or Kit(), Path(submission), None, Runner(1, seed),
                          Path(folder))
        return run_one(grading.alone(lab, hidden), name, seed, play)


def leave_out_optional(report):
    """Leaves out optional labs of which no function is written."""
    idle = [name for name, lab in report.labs.items()
            if lab.optional and report.score(name) == 0]
    report.tests = [test for test in report.tests if test.lab not in idle]


def grade_one(arguments, out):
    """Grades one tree; its Report."""
    own_tree = not arguments.submission
    seed = check.read_seed(arguments.seed)
    chosen, tests = choose(arguments.lab, arguments.test)
    whole = not arguments.lab and not arguments.test
    report = Report(chosen, tests, seed, out / "results.json")
    with workshop() as folder:
        grading = Grading(
            Kit(), ROOT if own_tree else Path(arguments.submission).expanduser()
            .absolute(), report, Runner(arguments.jobs, seed), Path(folder),
            progress.choose(), boots=not arguments.test)
        asyncio.run(grading.everything(chosen, own_tree, whole))
        if own_tree:
            host_check.look_again(report)
        else:
            report.used = grading.runner.used()
    if whole:
        leave_out_optional(report)
    report.write()
    return report


def warn_without_sandbox(kit):
    if not kit.compiler.sandbox.hides:
        print("grade: there is no sandbox for the compiler here, only an empty "
              "folder; scripts/setup installs bubblewrap", file=sys.stderr)


def grade_submission(arguments):
    # With --out a machine asks, which reads the refusal in results.json.
    if arguments.submission and not arguments.out and \
            not Path(arguments.submission).expanduser().is_dir():
        raise Trouble(f"SUBMISSION: {plain_line(arguments.submission)} is not "
                      "a directory", WRONG_USE)
    out = Path(arguments.out) if arguments.out else GRADE
    if arguments.submission and not arguments.out:
        warn_without_sandbox(Kit())
    report = grade_one(arguments, out)
    print(report.text())
    if report.has_hidden and arguments.out:
        write_whole(out / HIDDEN, report.hidden_text() + "\n")
    elif report.has_hidden:
        print(report.hidden_text())
    if report.ungraded:
        return NOT_GRADED
    return 0 if report.full else 1


def mistake(error):
    """One line about an exception that the grader did not expect."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (f"not graded: a mistake in the grader, {Path(last.filename).name}:"
            f"{last.lineno}: {plain_line(repr(error))}")


def grade(arguments):
    if arguments.lab in (sheet.LAB, "0"):
        raise Trouble("lab 0 is a sheet, with the answers of the machine that "
                      "it was filled in on: make check LAB=boot marks it there",
                      WRONG_USE)
    try:
        if not arguments.all:
            return grade_submission(arguments)
        check.read_seed(arguments.seed)
        choose(arguments.lab, arguments.test)  # wrong words: once, not for each
        warn_without_sandbox(Kit())
        return submissions.grade_all(arguments)
    except (OSError, MemoryError) as error:
        raise Trouble(f"not graded: {plain_line(str(error))}",
                      NOT_GRADED) from None
    except Trouble:
        raise
    except Exception as error:  # never points, and never 0 points
        raise Trouble(mistake(error), NOT_GRADED) from None


def add_commands(commands):
    parser = commands.add_parser("grade", help="tests in the booted kernel")
    parser.add_argument("--lab", default="", metavar="NAME|NUMBER")
    parser.add_argument("--test", default="", metavar="NAME")
    parser.add_argument("--seed", default="", metavar="N")
    parser.add_argument("--submission", default="", metavar="DIR")
    parser.add_argument("--all", action="store_true",
                        help="grade every folder in --submissions")
    parser.add_argument("--submissions", default="", metavar="DIR")
    parser.add_argument("--out", default="", metavar="DIR",
                        help="where results.json goes, if not build/grade")
    parser.add_argument("--jobs", default=0, type=int, metavar="N",
                        help="machines at once")
    parser.set_defaults(run=grade)
