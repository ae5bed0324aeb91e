# SPDX-License-Identifier: MIT
"""Wrong and right solutions of the labs, for tests of the labs' tests.

    tests/solutions/4-malloc/wrong/no-coalescing.patch   a mistake people make
    tests/solutions/4-malloc/right/best-fit.patch      as right as the reference, and
    tests/solutions/4-malloc/right/bins.c              designed in another way

A patch is against the reference.  The text above its first "diff" says in words
what is different; a fault's text also names the tests that have to catch it:

    caught-by: malloc/coalesce

or, where only sanitizers see it, or only they so soon, by place; with the first
line alone, the text says why the kernel cannot see it:

    caught-by-host: malloc/first
    caught-by-kernel: malloc/many

A file stands in for a lab's only file as a whole.

    solution --> folder/src/mm/malloc/malloc.c --> one object + those of build/check
                                            --> lab-tests of this solution
                                        --> one object + those of make iso
                                            --> a kernel of this solution
"""
import asyncio
import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

from mallow import check, labs
from mallow.course import holes
from mallow.grade import grade
from mallow.grade.run_test import Runner

ROOT = Path(__file__).resolve().parents[1]
HOST = ROOT / "build" / "check"

CAUGHT_BY = re.compile(r"^caught-by(-host|-kernel|): +([\w-]+/[\w-]+)$",
                       re.MULTILINE)
TOUCHED = re.compile(r"^\+\+\+ b/(\S+)", re.MULTILINE)
# The same program a quarter of a second sooner.
LINKER = ["-fuse-ld=gold"] if shutil.which("ld.gold") else []
LABS = {lab.folder: lab for lab in labs.table()}


class Solution(NamedTuple):
    lab: labs.Lab
    name: str
    path: Path
    says: str
    caught_by: list  # the names of tests, on the host
    in_kernel: list

    def __str__(self):
        return f"{self.lab.name}/{self.name}"


def read(path):
    text = path.read_text(encoding="utf-8")
    head = text if path.suffix == ".c" else re.split(
        r"^(?:diff|---) ", text, maxsplit=1, flags=re.MULTILINE)[0]
    lab = LABS["labs/" + path.parents[1].name]
    tests = CAUGHT_BY.findall(head)
    return Solution(lab, path.stem, path, CAUGHT_BY.sub("", head).strip(),
                    [name for where, name in tests if where != "-kernel"],
                    [name for where, name in tests if where != "-host"])


def found(kind):
    """All wrong, or all right, solutions, in the order of the labs."""
    return [read(path) for path in sorted(ROOT.glob(f"tests/solutions/*/{kind}/*"))
            if path.suffix in (".patch", ".c")]


def params(solutions, kind):
    """For parametrize: the first of each lab run always; the first of each
    kind where there is no emulation, too; the others in `make test-all`."""
    def first(key):
        return list({key(each): each for each in reversed(solutions)}.values())

    always = first(lambda each: each.lab.name)
    natively = first(kind)
    return [pytest.param(each, id=str(each), marks=[] if each in always
                         else pytest.mark.native if each in natively
                         else pytest.mark.long)
            for each in solutions]


# -- Their tests ------------------------------------------------------------------

@functools.lru_cache(maxsize=None)
def all_tests():
    return check.tests()


def by_name(lab):
    return {test.name: test for test in all_tests() if test.lab == lab.name}


def named(fault, names):
    """The tests that have to catch it: fault.caught_by, or .in_kernel."""
    names = [name.split("/") for name in names]
    assert names and all(lab == fault.lab.name for lab, _ in names)
    return [by_name(fault.lab)[name] for _, name in names]


# -- The files --------------------------------------------------------------------

def put_reference(lab, folder):
    """The lab's files, and no others, below `folder`."""
    for name in lab.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)


def put_starter(lab, folder):
    """The lab's files as a hand-out has them, without solutions."""
    put_reference(lab, folder)
    for name in lab.files:
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(holes.dig(text), encoding="utf-8")


def put(solution, folder):
    put_reference(solution.lab, folder)
    if solution.path.suffix == ".c":
        (name,) = solution.lab.files
        shutil.copyfile(solution.path, folder / name)
        return
    touched = TOUCHED.findall(solution.path.read_text(encoding="utf-8"))
    assert touched and set(touched) <= set(solution.lab.files), \
        f"{solution.path} changes {touched}"
    done = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", solution.path], cwd=folder,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)},
        text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{solution.path}: {done.stderr}"


# -- On the host --------------------------------------------------------------------

def run(*command):
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stderr


def to_compile(lab, folder):
    """The sources whose objects differ from the tree's: a lab has up to five, and
    most solutions change one of them, or a header that two include."""
    changed = {name for name in lab.files if (folder / name).read_bytes()
               != (ROOT / name).read_bytes()}
    return [name for name in lab.sources if changed & {name, *(
        HOST / Path(name).with_suffix(".d")).read_text().split()}]


def host_program(lab, folder, extra=(), warnings="-Werror", debug="-g0"):
    """lab-tests with the lab's files below `folder` in place of the tree's, and
    `extra` sources."""
    compiler = (HOST / ".tools").read_text(encoding="utf-8").split()
    objects = (HOST / "objects").read_text(encoding="utf-8").split()
    for name in to_compile(lab, folder):
        made = (folder / name).with_suffix(".o")
        made.parent.mkdir(parents=True, exist_ok=True)
        source = name if name in lab.includers else folder / name
        run(*compiler, warnings, debug, "-iquote", folder / "src", "-c",
            source, "-o", made)
        own = HOST.relative_to(ROOT) / Path(name).with_suffix(".o")
        objects[objects.index(str(own))] = str(made)
    run(*compiler, *LINKER, "-o", folder / "lab-tests", *objects, *extra)
    return folder / "lab-tests"


def host_outcomes(tests, program):
    """{test: outcome}, one after the other: others run beside this."""
    return {test: check.run(test, program=program) for test in tests}


def total(outcomes):
    return sum(check.points(test, outcomes) for test in outcomes)


# -- In the kernel ------------------------------------------------------------------

@contextlib.contextmanager
def kernel(kit, lab, folder):
    """A kernel with the lab's files below `folder` in place of the tree's.
    Later labs are the reference's: no test of this lab starts them."""
    with grade.workshop() as work:
        work = Path(work)
        made = kit.students(folder, lab, work / "taken")
        yield kit.kernel(work / lab.name, made, hidden=True)


def kernel_verdicts(tests, built):
    """{test: verdict}, as in grading: without those whose need has failed."""
    async def all_of_them():
        runner = Runner(1)
        with tempfile.TemporaryDirectory() as folder:
            saved = await runner.save(built, folder)
            return await runner.tests(lambda test: saved, tests)

    return asyncio.run(all_of_them())
