# SPDX-License-Identifier: MIT
"""What a grading says: to a person, and in Gradescope's format.

    results.json   { "score": 87, "execution_time": 41.3, "output": "...",
                     "tests": [ { "number": "4.3", "name": "malloc/split",
                                  "score": 10, "max_score": 10, "output": "",
                                  "status": "passed",
                                  "visibility": "visible" }, ... ] }

The file is whole at any time, and new after each test: whoever stops a grading
early finds what has passed until then.
"""
import json
import os
import time

from .. import check

WAITING = "not run yet"


def write_whole(path, text):
    """A reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}.new")
    scratch.write_text(text, encoding="utf-8")
    os.replace(scratch, path)


class Report:
    """Of one submission; grows while it is graded."""

    def __init__(self, labs, tests, seed, path=None):
        self.labs = {lab.name: lab for lab in labs}
        self.tests, self.seed, self.path = tests, seed, path
        self.verdicts = {}  # {test: verdict}, in the order they come
        self.notes = {}     # {test: how a failure looks on the host}
        self.refused = {}   # {lab name: why there is nothing to run}
        self.together = {}  # {test: verdict}, with all labs of the submission
        self.apart = ""     # why they were not run together
        self.next_lab = None
        self.began = time.monotonic()

    def add(self, test, verdict):
        self.verdicts[test] = verdict
        self.write()

    # -- Points ---------------------------------------------------------------

    def points(self, test):
        return check.points(test, self.verdicts) if test in self.verdicts else 0

    def score(self, lab_name=None):
        return sum(self.points(test) for test in self.tests
                   if lab_name in (None, test.lab))

    def most(self, lab_name=None):
        return sum(test.points for test in self.tests
                   if lab_name in (None, test.lab))

    @property
    def full(self):
        return bool(self.tests) and self.score() == self.most()

    # -- In words -------------------------------------------------------------

    def again(self, test):
        return (f"make check LAB={test.lab} TEST={test.name} SEED={self.seed}",
                f"make debug TEST={test.lab}/{test.name} SEED={self.seed}")

    def failure(self, test):
        """What went wrong, where to look, how to see it again."""
        verdict = self.verdicts[test]
        lines = [*verdict.message.splitlines(),
                 *self.notes.get(test, "").splitlines()]
        if verdict.ran:
            check_line, debug_line = self.again(test)
            lines += [*check.hint(test, verdict.message),
                      f"again: {check_line}", f"       {debug_line}"]
        return lines

    def text(self):
        """The whole of it, for a person."""
        done = {test: self.verdicts[test] for test in self.tests
                if test in self.verdicts}
        lines = list(check.table(done))
        if len(self.labs) > 1:
            lines.append(f"  {'all of it':26} {self.score():3} of "
                         f"{self.most():3}")
        for name, why in self.refused.items():
            lines += ["", f"{name}: no points", *indented(why.splitlines())]
        for test, verdict in done.items():
            if verdict.ran and not verdict.passed:
                lines += ["", f"{test.lab}/{test.name}: {test.what}",
                          *indented(self.failure(test))]
        lines += self.together_lines()
        if self.next_lab:
            lines += ["", self.next_line()]
        return "\n".join(lines)

    def next_line(self):
        return (f"next: lab {self.next_lab.number}, not written yet: "
                f"{self.next_lab.folder}/README.md")

    def together_lines(self):
        """What differs when each lab stands on the submission's own ones."""
        if self.apart:
            return ["", "once more all together: " + self.apart]
        if not self.together:
            return []
        passed = sum(verdict.passed for verdict in self.together.values())
        lines = ["", f"once more all together, for no points: {passed} of "
                 f"{len(self.together)} tests pass"]
        for test, verdict in self.together.items():
            if self.verdicts[test].passed and verdict.ran \
                    and not verdict.passed:
                lines += [f"  only together fails {test.lab}/{test.name}:",
                          *indented(indented(verdict.message.splitlines()))]
        return lines

    # -- For machines ---------------------------------------------------------

    def row(self, test):
        verdict = self.verdicts.get(test)
        lab = self.labs[test.lab]
        place = [each for each in self.tests if each.lab == test.lab]
        passed = verdict is not None and verdict.passed
        output = WAITING if verdict is None else \
            "" if passed else "\n".join(self.failure(test))
        return {"number": f"{lab.number}.{place.index(test) + 1}",
                "name": f"{test.lab}/{test.name}",
                "score": self.points(test), "max_score": test.points,
                "output": output,
                "status": "passed" if passed else "failed",
                "visibility": "hidden" if test.hidden else "visible"}

    def write(self):
        if not self.path:
            return
        rows = [self.row(test) for test in self.tests]
        said = [f"{name}: no points: {why}"
                for name, why in self.refused.items()]
        if self.next_lab:
            said.append(self.next_line())
        write_whole(self.path, json.dumps({
            "score": self.score(),
            "execution_time": round(time.monotonic() - self.began, 2),
            "output": "\n".join(said + self.together_lines()).strip(),
            "visibility": "visible", "tests": rows}, indent=1) + "\n")


def indented(lines):
    return ["  " + line for line in lines]
