# SPDX-License-Identifier: MIT
"""Processor time of the tests, and which files need more than they should.

    worker: a test, and the programs that it has started and waited for
                 |  processor seconds, as a property of its report
                 v
    controller: sum for each file --> build/test-times.json
                                  --> a line where tests/budgets.json is passed

A budget is not a limit: wall time depends on the machine and its load, processor
time less so, and a test that needs more is not a failure.  It is a hint that
`make test` gets slow, and where.
"""
import json
import resource
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUDGETS = ROOT / "tests" / "budgets.json"
TIMES = ROOT / "build" / "test-times.json"
PROPERTY = "processor_seconds"


def processor_seconds():
    """Of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF,
                                                resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def file_of(test):
    return test.split("::")[0]


def read():
    """budget(file): the processor seconds that a file should need at most."""
    known = json.loads(BUDGETS.read_text(encoding="utf-8"))
    return lambda name: known["files"].get(name, known["others"])


class Times:
    """In a worker, marks each report; in the controller, adds them up."""

    def __init__(self):
        self.before = processor_seconds()
        self.tests = defaultdict(float)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self):
        outcome = yield
        now = processor_seconds()
        outcome.get_result().user_properties.append(
            (PROPERTY, now - self.before))
        self.before = now

    def pytest_runtest_logreport(self, report):
        for name, seconds in report.user_properties[-1:]:
            if name == PROPERTY:
                self.tests[report.nodeid] += seconds

    def of_files(self):
        files = defaultdict(float)
        for test, seconds in self.tests.items():
            files[file_of(test)] += seconds
        return files

    def pytest_terminal_summary(self, terminalreporter):
        files = self.of_files()
        if sum(files.values()) < 1:
            return
        TIMES.parent.mkdir(exist_ok=True)
        TIMES.write_text(json.dumps(
            {"files": by_time(files), "tests": by_time(self.tests)},
            indent=1) + "\n", encoding="utf-8")
        say = terminalreporter.write_line
        say(f"processor time: {sum(files.values()):.0f} s; "
            f"build/{TIMES.name} says of which test")
        for line in passed(files, read()):
            say(line)


def by_time(seconds):
    return {name: round(value, 2) for name, value in
            sorted(seconds.items(), key=lambda one: -one[1])}


def passed(files, budget):
    """A line for each file that needs more than its budget."""
    for name, seconds in by_time(files).items():
        if seconds > budget(name):
            yield (f"  {name}: {seconds:.0f} s of processor time, its budget "
                   f"is {budget(name)} s")


def pytest_collection_modifyitems(items):
    """The files that take longest begin: so the workers end at the same time."""
    budget = read()
    items.sort(key=lambda item: -budget(file_of(item.nodeid)))


def pytest_configure(config):
    if not config.getoption("--long"):
        config.pluginmanager.register(Times(), "processor times")
