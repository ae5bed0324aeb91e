# SPDX-License-Identifier: MIT
"""Runs tests against one mutant after the other until one of them fails.

The test that noticed a mutant last time is tried first; apart from that, the
quick ones come first.  A verdict is kept with a hash of its inputs: if no
input has changed, the test is not run again.

    a lab's tests      a process each; a counter ends what does not end
    the unit tests     one process that forks for each, and stops at the first
                       failure; a limit of processor time ends what does not
"""
import json
import os
import resource
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from .. import check, i386
from ..project import ROOT, Trouble
from . import programs

VERDICTS = programs.WORK / "verdicts.json"
SECONDS = 120       # of wall time, for what neither limit ends: of a test,
ALL_SECONDS = 1800  # and of all unit tests, on a busy machine
UNIT_SECONDS = "4"  # of processor time, for a unit test; none takes one
LAB_SECONDS = 8


class Test(NamedTuple):
    name: str       # "malloc/split", or "malloc_splits" of the unit tests
    arguments: tuple


class Program(NamedTuple):
    path: object
    tests: list     # in the order in which they are tried
    together: bool  # all in one process


def limit():
    """Called in the child: limits its processor time and lowers its priority.
    """
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_CPU, (LAB_SECONDS, LAB_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(program, arguments, number):
    """(status, stderr) of one process."""
    environment = {**os.environ, "MUTANT": str(number),
                   "MALLOW_TEST_SECONDS": UNIT_SECONDS}
    try:
        done = subprocess.run([*i386.runner(), program.path, *arguments],
                              cwd=ROOT, env=environment, preexec_fn=limit,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE,
                              timeout=ALL_SECONDS if program.together
                              else SECONDS,
                              check=False)
    except subprocess.TimeoutExpired:
        return 1, b""
    return done.returncode, done.stderr


def killer(program, tests, number):
    """The first test that fails, or ""."""
    if program.together:
        if not tests:
            return ""
        names = [test.name for test in tests]
        status, said = run(program, ("--first", *names), number)
        if status == 0:
            return ""
        lines = [line for line in said.decode(errors="replace").splitlines()
                 if line.startswith("FAILED ")]
        return lines[-1].split()[1] if lines else "(the program)"
    for test in tests:
        if run(program, test.arguments, number)[0] != 0:
            return test.name
    return ""


# -- Which tests -------------------------------------------------------------------

def lab_tests(path, lab, seed):
    found = [Test(f"{test.lab}/{test.name}", (test.lab, test.name, str(seed)))
             for test in check.tests(path) if test.lab == lab and
             not test.hidden]
    return Program(path, found, False)


def unit_tests(path, rooms):
    """The unit tests, those of the changed modules first."""
    names = sorted(check.listed(path).stdout.split(),
                   key=lambda name: (name.split("_")[0] not in rooms, name))
    return Program(path, [Test(name, (name,)) for name in names], True)


def by_cost(program):
    """Sorts the tests, quick ones first; all have to pass without a mutant."""
    if program.together:
        failed = killer(program, program.tests, 0)
        if failed:
            raise Trouble(f"{failed} fails without any mutant")
        return program
    cost = {}
    for test in program.tests:
        begin = time.monotonic()
        status, said = run(program, test.arguments, 0)
        if status != 0:
            raise Trouble(f"{test.name} fails without any mutant: "
                          + said.decode(errors="replace")[:300])
        cost[test] = time.monotonic() - begin
    return program._replace(tests=sorted(program.tests, key=cost.get))


# -- What is remembered --------------------------------------------------------------

class Memory:
    """{mutant: [what the verdict was reached on, the test that noticed it]}"""

    def __init__(self):
        try:
            self.known = json.loads(VERDICTS.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.known = {}

    def save(self):
        VERDICTS.parent.mkdir(parents=True, exist_ok=True)
        part = VERDICTS.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(self.known), encoding="utf-8")
        part.rename(VERDICTS)


def name_of(mutant):
    return programs.digest(*mutant.key, *[mutant.twin] * bool(mutant.twin))


def tried_first(program, last):
    return sorted(program.tests, key=lambda test: test.name != last)


def try_all(program, mutants, memory, basis, show=lambda done: None):
    """{mutant: the test that notices it, or ""}"""
    def one(mutant):
        name = f"{basis[0]}:{name_of(mutant)}"
        before = memory.known.get(name, ["", ""])
        if before[0] == basis[1]:
            return before[1]
        tests = tried_first(program, before[1])
        if program.together and before[1]:
            found = killer(program, tests[:1], mutant.number) or \
                killer(program, tests[1:], mutant.number)
        else:
            found = killer(program, tests, mutant.number)
        memory.known[name] = [basis[1], found]
        return found

    found = {}
    with ThreadPoolExecutor(programs.WORKERS) as pool:
        for mutant, test in zip(mutants, pool.map(one, mutants)):
            found[mutant] = test
            show(len(found))
            if len(found) % 200 == 0:
                memory.save()
    memory.save()
    return found
