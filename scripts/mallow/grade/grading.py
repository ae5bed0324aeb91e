# SPDX-License-Identifier: MIT
"""Grades one submission.

    submission --> files --> checks --> kernels, two a lab --> machine, a test
                                         |      \\                  |
                                      visible  hidden              |
                                                                   |
              results.json, table <-- points <-- verdicts <--------+

G1: lab N is graded on the reference's labs before it; labs after it are not
    written.  In a hand-out, which has no reference, the tree's own take their
    place.
G2: once more, for no points, all labs of a submission run together.
G3: whatever is wrong with a submission ends in points and a reason; whatever is
    wrong with this computer ends in "not graded" and a reason.
G4: each lab is also booted to its stage, for no points.
G5: staff's hidden tests run in a kernel of their own.  Its output goes into
    what is said of hidden tests, and nowhere else.
"""
import asyncio
import tempfile
import threading

from .. import labs as lab_table
from ..check import NOT_WRITTEN
from ..project import Trouble
from .progress import Silent
from .run_test import not_graded, not_run
from .student_files import Refused


def is_begun(verdicts):
    """Whether a function of the lab is written."""
    return any(verdict.passed or not verdict.message.endswith(NOT_WRITTEN)
               for verdict in verdicts.values() if verdict.ran)


class Grading:
    """The grading of one submission."""

    def __init__(self, kit, submission, report, runner, folder,
                 progress=Silent(), boots=False):
        self.boots = boots  # whether G4 is wanted
        self.kit, self.submission, self.progress = kit, submission, progress
        self.report, self.runner, self.folder = report, runner, folder
        self.every_lab = lab_table.table()
        self.students = {}  # {lab name: {file: object}}
        self.starters = {}
        self.digging = threading.Lock()

    # -- Objects and kernels --------------------------------------------------

    def take(self, lab):
        """The student's objects of a lab, compiled once; raises Refused."""
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
        """Starters for all labs after `lab`, made once: kernels are made in
        threads."""
        exchanged = {}
        with self.digging:
            for other in self.every_lab:
                if other.number <= lab.number:
                    continue
                if other.name not in self.starters:
                    self.starters[other.name] = self.kit.starters(other)
                exchanged.update(self.starters[other.name])
        return exchanged

    def alone(self, lab, hidden=False):
        """The kernel for one lab (G1)."""
        place = self.folder / (f"{lab.name}-hidden" if hidden else lab.name)
        return self.kit.kernel(place, {**self.later(lab), **self.take(lab)},
                               hidden)

    def kernels(self, lab, tests):
        """{hidden: kernel}, of those that these tests need (G5)."""
        return {hidden: self.alone(lab, hidden)
                for hidden in sorted({test.hidden for test in tests})}

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

    def tests_of(self, lab):
        return [test for test in self.report.tests if test.lab == lab.name]

    def done(self, test, verdict):
        self.report.add(test, verdict)
        left = sum(each not in self.report.verdicts
                   for each in self.report.tests)
        self.progress.show(f"{test.lab}/{test.name}, {left} tests left")

    async def boot(self, lab, saved):
        """G4; a failure here does not change the verdict."""
        try:
            self.report.boots[lab.name] = \
                await self.runner.boot(saved, lab.name)
        except (Trouble, OSError, MemoryError) as trouble:
            self.report.boots[lab.name] = f"not booted: {trouble}"

    async def run(self, kernels, tests, done=None, play=True, lab=None):
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            saved = {}
            for hidden, kernel in kernels.items():
                place = f"{folder}/{hidden}"
                (self.folder / place).mkdir()
                saved[hidden] = asyncio.ensure_future(
                    self.runner.save(kernel, place))
            await asyncio.gather(*saved.values())
            verdicts = await self.runner.tests(
                lambda test: saved[test.hidden].result(), tests, done, play)
            if lab and self.boots and False in saved and is_begun(verdicts):
                await self.boot(lab, saved[False].result())
            return verdicts

    async def lab(self, lab, kernels):
        """One lab; whether anything of it is written."""
        tests = self.tests_of(lab)
        self.progress.show(lab.name)
        try:
            verdicts = await self.run(await kernels, tests, self.done,
                                      lab=lab)
        except Refused as refused:
            self.report.refused[lab.name] = str(refused)
            for test in tests:
                self.report.add(test, not_run(str(refused)))
            return True
        except (Trouble, OSError, MemoryError) as trouble:
            for test in tests:
                if test not in self.report.verdicts:
                    self.report.add(test, not_graded(str(trouble)))
            return True
        return is_begun(verdicts)

    async def labs(self, chosen, stop_at_unwritten):
        """Those of them that are written, and could be graded."""
        kernels = [asyncio.ensure_future(asyncio.to_thread(
            self.kernels, lab, self.tests_of(lab))) for lab in chosen]
        written = []
        for lab, kernel in zip(chosen, kernels):
            if self.report.next_lab and stop_at_unwritten:
                await asyncio.gather(kernel, return_exceptions=True)
                for test in self.tests_of(lab):
                    self.report.add(test, not_run(NOT_WRITTEN))
            elif await self.lab(lab, kernel):
                written.append(lab)
            else:
                self.report.next_lab = self.report.next_lab or lab
        return [lab for lab in written if lab.name not in self.report.refused]

    async def once_more(self, written):
        """G2, of the labs that are written, with the labs' own tests."""
        names = [lab.name for lab in written]
        tests = [test for test in self.report.tests
                 if test.lab in names and not test.hidden]
        if not tests:
            return
        try:
            kernel = await asyncio.to_thread(self.together, written[-1])
            if kernel:
                self.progress.show("all together")
                self.report.together = await self.run({False: kernel}, tests,
                                                      play=False)
        except (Refused, Trouble, OSError, MemoryError) as trouble:
            self.report.apart = str(trouble)
        self.report.write()

    async def everything(self, chosen, own_tree, whole):
        self.report.write()
        written = await self.labs(chosen,
                                  stop_at_unwritten=own_tree and whole)
        if not own_tree:
            await self.once_more(written)
        self.progress.clear()
