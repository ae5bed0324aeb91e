# SPDX-License-Identifier: MIT
"""Break it: the student writes a test, and allocators are tried with it.

    labs/4-malloc/hunt.c --> one object --+--> a program with right-1.o   passes
                                          +--> ...
                                          +--> a program with wrong-1.o   fails
                                          +--> ...

A test that fails a right allocator counts nothing, and neither does one with
too many calls: the lab's own tests, copied, would tell everything apart.
"""
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from .. import check, i386, machine
from ..project import BUILD, ROOT, Trouble, require, shown
from ..waiting import Waiting
from . import packs

SOURCE = "hunt.c"
POINTS = 10  # for as many wrong allocators
CALLS_MAX = 500
HOST = BUILD / "check"
LEFT_OUT = re.compile(r"build/check/(labs/\d|staff/)")
CALLS = re.compile(r"^passed after (\d+) calls$", re.MULTILINE)
# The same program a quarter of a second sooner.
LINKER = ["-fuse-ld=gold"] if shutil.which("ld.gold") else []
ERRORS_SHOWN = 12


class Tried(NamedTuple):
    """The student's tests on one allocator."""
    failed: str   # the name of the first that fails; "" if all pass
    message: str
    calls: int    # of all that have passed


# -- Building ------------------------------------------------------------------

def compiler():
    return require(HOST / ".tools").read_text(encoding="utf-8").split()


def started(command):
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, errors="replace",
                          check=False)


def compile_test(lab, folder):
    """The object of the student's file."""
    source = ROOT / lab.folder / SOURCE
    if not source.is_file():
        raise Trouble(f"there is no {shown(source)}; docs/hunts.md says what "
                      "belongs into it")
    done = started([*compiler(), "-c", str(shown(source)), "-o",
                    str(folder / "hunt.o")])
    if done.returncode != 0:
        lines = done.stderr.splitlines()[:ERRORS_SHOWN]
        raise Trouble(f"{shown(source)} does not compile:\n" + "\n".join(lines))
    return folder / "hunt.o"


def common_objects(lab):
    """Those of the labs' tests, without the allocator and without tests."""
    own = {str(Path("build/check") / Path(name).with_suffix(".o"))
           for name in lab.sources}
    found = require(HOST / "objects").read_text(encoding="utf-8").split()
    return [name for name in found
            if name not in own and not LEFT_OUT.match(name)]


def link(test, common, allocator, folder):
    program = folder / allocator.stem
    done = started([*compiler(), *LINKER, "-o", str(program), *common,
                    str(test), str(allocator)])
    if done.returncode != 0:
        raise Trouble(f"{shown(allocator)} does not link: "
                      f"{machine.last_line(done.stderr)}")
    return program


# -- Trying --------------------------------------------------------------------

def try_one(program, tests, seed):
    """Up to the first test that fails."""
    calls = 0
    for test in tests:
        outcome = check.run(test, seed, program=program)
        if not outcome.passed:
            return Tried(test.name, outcome.message.partition("\n")[0], calls)
        calls += count_calls(program, test, seed)
    return Tried("", "", calls)


def count_calls(program, test, seed):
    done = started([*i386.runner(), str(program), test.lab, test.name,
                    str(seed)])
    found = CALLS.search(done.stderr)
    return int(found.group(1)) if found else 0


def try_all(lab, seed=check.SEED):
    """({name of an object: Tried} of the right, of the wrong allocators)"""
    right, wrong = (packs.objects(lab, kind) for kind in ("right", "wrong"))
    common = common_objects(lab)

    def build_and_try(allocator):
        program = link(test, common, allocator, folder)
        tests = [each for each in check.tests(program)
                 if each.lab == lab.name]
        if not tests:
            raise Trouble(f"{lab.folder}/{SOURCE} has no test in its table")
        tried = try_one(program, tests, seed)
        program.unlink()  # each is large
        waiting.step()
        return tried

    with tempfile.TemporaryDirectory(prefix="mallow-") as name, \
            Waiting("HUNT", len(right + wrong), "allocators") as waiting, \
            ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        folder = Path(name)
        test = compile_test(lab, folder)
        found = list(pool.map(build_and_try, right + wrong))
    return found[:len(right)], found[len(right):]


# -- The answer ----------------------------------------------------------------

def points(right, wrong):
    """And why there are none, or ""."""
    refused = [one for one in right if one.failed]
    if refused:
        return 0, (f"{refused[0].failed} fails a right allocator: "
                   f"{refused[0].message}")
    calls = max(one.calls for one in right)
    if calls > CALLS_MAX:
        return 0, (f"{calls} calls of the allocator; {CALLS_MAX} are the most "
                   "that count")
    return min(POINTS, sum(bool(one.failed) for one in wrong)), ""


def table(lab, right, wrong):
    """The answer's lines."""
    for number, one in enumerate(wrong, 1):
        told = f"{one.failed}: {one.message}" if one.failed else "not told apart"
        yield check.in_width(f"  wrong {number:2}  {told}")
    passed = sum(not one.failed for one in right)
    found = sum(bool(one.failed) for one in wrong)
    calls = max(one.calls for one in right)
    yield f"  right ones that pass         {passed:3} of {len(right):3}"
    yield f"  wrong ones told apart        {found:3} of {len(wrong):3}"
    yield f"  calls of the allocator       {calls:3} of {CALLS_MAX:3}"
    earned, why = points(right, wrong)
    yield f"  {lab.name + '/hunt':26}   {earned:3} of {POINTS:3}"
    if why:
        yield f"\nIt counts nothing: {why}"


def break_it(lab, seed):
    right, wrong = try_all(lab, seed)
    print("\n".join(table(lab, right, wrong)))
    return 0 if points(right, wrong)[0] == POINTS else 1
