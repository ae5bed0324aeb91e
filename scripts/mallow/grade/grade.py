# SPDX-License-Identifier: MIT
"""Grades the student's files of a tree, in the booted kernel.

    submission --> files --> checks --> kernel, a lab --> machine, a test
                                                              |
              results.json, table <-- points <-- verdicts <---+

G1: lab N is graded on the reference's labs before it; labs behind it are not
    written.  In a hand-out, which has no reference, the tree's own take their
    place.
G2: once more, for no points, all labs of a submission run together.
G3: whatever is wrong with a submission ends in points and a reason.
"""
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from .. import check, machine
from .. import labs as lab_rooms
from .. import records, sheet
from ..check import NOT_WRITTEN
from ..project import ISO, KERNEL, ROOT, WRONG_USE, Trouble, require
from . import guest_machine, host_check, run_test, submissions
from .build import GRADE, Kit
from .guest_memory import MEMORY_BYTES
from .report import Report, write_whole
from .run_test import Runner, not_run, run_one
from .student_files import Refused


class Grading:
    """Of one submission.  With `watched`, somebody waits at a terminal."""

    def __init__(self, kit, submission, report, runner, folder,
                 watched=False):
        self.kit, self.submission, self.watched = kit, submission, watched
        self.report, self.runner, self.folder = report, runner, folder
        self.every_lab = lab_rooms.table()
        self.students = {}  # {lab name: {file: object}}
        self.starters = {}
        self.digging = threading.Lock()

    # -- Objects and kernels --------------------------------------------------

    def take(self, lab):
        """The student's objects of a lab, compiled once; Refused."""
        if lab.name not in self.students:
            try:
                made = self.kit.students(self.submission, lab,
                                         self.folder / "taken")
            except Refused as refused:
                made = refused
            self.students[lab.name] = made
        if isinstance(self.students[lab.name], Refused):
            raise self.students[lab.name]
        return self.students[lab.name]

    def later(self, lab):
        """Starters for all labs behind `lab`, made once.  Kernels are made in
        threads: none may read a file that another one writes."""
        exchanged = {}
        with self.digging:
            for other in self.every_lab:
                if other.number <= lab.number:
                    continue
                if other.name not in self.starters:
                    self.starters[other.name] = self.kit.starters(
                        other, self.folder / "starter")
                exchanged.update(self.starters[other.name])
        return exchanged

    def alone(self, lab):
        """The kernel for one lab (G1)."""
        return self.kit.kernel(self.folder / lab.name,
                               {**self.later(lab), **self.take(lab)})

    def together(self, last):
        """The kernel with all labs up to `last` that can be taken (G2); None
        if that is one lab."""
        taken = []
        for lab in self.every_lab:
            try:
                if lab.number <= last.number:
                    taken.append(self.take(lab))
            except Refused:
                continue
        if len(taken) < 2:
            return None
        exchanged = self.later(last)
        for made in taken:
            exchanged.update(made)
        return self.kit.kernel(self.folder / "together", exchanged)

    # -- Running --------------------------------------------------------------

    def begin(self, what):
        if self.watched:
            print(f"  {'GRADE':7} {what}", file=sys.stderr, flush=True)

    async def run(self, kernel, tests, done=None, play=True):
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            saved = await self.runner.save(kernel, folder)
            return await self.runner.tests(saved, tests, done, play)

    async def lab(self, lab, kernel):
        """One lab; whether anything of it is written."""
        tests = [test for test in self.report.tests if test.lab == lab.name]
        self.begin(lab.name)
        try:
            verdicts = await self.run(await kernel, tests, self.report.add)
        except Refused as refused:
            self.report.refused[lab.name] = str(refused)
            for test in tests:
                self.report.add(test, not_run(str(refused)))
            return True
        return any(verdict.passed or not verdict.message.endswith(NOT_WRITTEN)
                   for verdict in verdicts.values() if verdict.ran)

    async def labs(self, chosen, stop_at_unwritten):
        kernels = [asyncio.ensure_future(asyncio.to_thread(self.alone, lab))
                   for lab in chosen]
        written = []
        for lab, kernel in zip(chosen, kernels):
            if self.report.next_lab and stop_at_unwritten:
                await asyncio.gather(kernel, return_exceptions=True)
                for test in self.report.tests:
                    if test.lab == lab.name:
                        self.report.add(test, not_run(NOT_WRITTEN))
            elif await self.lab(lab, kernel):
                written.append(lab)
            else:
                self.report.next_lab = self.report.next_lab or lab
        return [lab for lab in written if lab.name not in self.report.refused]

    async def once_more(self, written):
        """G2, of the labs that are written."""
        names = [lab.name for lab in written]
        tests = [test for test in self.report.tests if test.lab in names]
        if not tests:
            return
        try:
            kernel = await asyncio.to_thread(self.together, written[-1])
            if kernel:
                self.begin("all together")
                self.report.together = await self.run(kernel, tests,
                                                      play=False)
        except Refused as refused:
            self.report.apart = str(refused)
        self.report.write()


# -- What there is to grade ---------------------------------------------------

def boot_for_list():
    """Asks the kernel of this tree which tests it has."""
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
    """check.Test of all that this tree's kernel has."""
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
    chosen = lab_rooms.resolve(lab_text)
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
    """The Verdict on one test, "malloc/split", of a folder's files, whatever
    the test needs; Refused if there is nothing to run."""
    lab_name = name.partition("/")[0]
    lab, = lab_rooms.resolve(lab_name)
    with workshop() as folder:
        grading = Grading(kit or Kit(), Path(submission), None, Runner(1, seed),
                          Path(folder))
        return run_one(grading.alone(lab), name, seed, play)


async def everything(grading, chosen, own_tree, whole):
    report = grading.report
    report.write()
    written = await grading.labs(chosen, stop_at_unwritten=own_tree and whole)
    if not own_tree:
        await grading.once_more(written)


def leave_out_optional(report):
    """An optional lab counts as soon as something of it is written."""
    idle = [name for name, lab in report.labs.items()
            if lab.optional and report.score(name) == 0]
    report.tests = [test for test in report.tests if test.lab not in idle]


def grade_one(arguments, out, watched=False):
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
            watched)
        asyncio.run(everything(grading, chosen, own_tree, whole))
        if own_tree:
            host_check.look_again(report)
    if whole:
        leave_out_optional(report)
    report.write()
    return report


def grade(arguments):
    if arguments.lab in (sheet.LAB, "0"):
        raise Trouble("lab 0 is a sheet, with the answers of the machine that "
                      "it was filled in on: make check LAB=boot marks it there",
                      WRONG_USE)
    if arguments.submissions is not None:
        check.read_seed(arguments.seed)
        choose(arguments.lab, arguments.test)  # wrong words: once, not for each
        return submissions.grade_all(arguments)
    # With --out a machine asks, which reads the refusal in results.json.
    if arguments.submission and not arguments.out and \
            not Path(arguments.submission).expanduser().is_dir():
        raise Trouble(f"SUBMISSION: {arguments.submission} is no directory",
                      WRONG_USE)
    out = Path(arguments.out) if arguments.out else GRADE
    report = grade_one(arguments, out, watched=sys.stderr.isatty())
    print(report.text())
    return 0 if report.full else 1


def add_commands(commands):
    parser = commands.add_parser("grade", help="tests in the booted kernel")
    parser.add_argument("--lab", default="", metavar="NAME|NUMBER")
    parser.add_argument("--test", default="", metavar="NAME")
    parser.add_argument("--seed", default="", metavar="N")
    parser.add_argument("--submission", default="", metavar="DIR")
    parser.add_argument("--submissions", default=None, metavar="DIR",
                        help="grade every folder in it")
    parser.add_argument("--out", default="", metavar="DIR",
                        help="where results.json goes, if not build/grade")
    parser.add_argument("--jobs", default=0, type=int, metavar="N",
                        help="machines at once")
    parser.set_defaults(run=grade)
