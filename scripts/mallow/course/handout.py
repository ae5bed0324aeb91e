# SPDX-License-Identifier: MIT
"""A student's tree: this tree without solutions, in a separate repository.

    this tree --> left out: staff's files, labs above LAST
        |    --> cut: what stands between STAFF BEGIN and STAFF END
        |    --> dug: the students' functions (holes.py) of labs above OPEN
        |    --> laid over: docs/handout/, such as the students' README
        v
    a commit (handout_git.py)

Without OPEN or LAST, the earlier value stays, so that no file that was handed
out disappears.
"""
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from .. import labs, stages
from ..project import ROOT, WRONG_USE, Trouble
from . import handout_git, holes, hunts
from .handout_git import Extent

# Never handed out; a name that ends in / is a folder.
STAFF = ["staff/", "tests/", "bench/", "site/", ".ci/", ".github/",
         ".clang-tidy", "scripts/lint", "scripts/check-modules",
         "scripts/check-callers",
         "scripts/make-base-iso", "scripts/make-release",
         "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff",
         "scripts/pictures", "scripts/pictures-of-labs",
         "scripts/record/more-examples",
         "scripts/mallow/course/", "scripts/mallow/mutants/",
         "scripts/mallow/soak/", "docs/reliability.md",
         "docs/bench.svg", "docs/bench.md", "docs/grading.md", "docs/testing.md",
         "docs/lectures/"]
STAFF_PATTERN = re.compile(
    r"labs/[^/]+/(answers\.md|notes)\b|docs/instructor"
    r"|(^|/)staff\b|gradescope")
LAID_OVER = "docs/handout/"
LAB_FOLDER = re.compile(r"labs/(\d+)-[^/]+/")
CUT = re.compile(r"^[^\n]*\bSTAFF BEGIN\b[^\n]*\n.*?"
                 r"^[^\n]*\bSTAFF END\b[^\n]*\n", re.MULTILINE | re.DOTALL)
NOT_SOURCE = {"build", ".git", "__pycache__", ".pytest_cache"}


# -- What goes into it ---------------------------------------------------------

def is_staffs(name):
    return (any(name == each or each.endswith("/") and name.startswith(each)
                for each in STAFF) or STAFF_PATTERN.search(name) is not None)


def is_above(name, last):
    folder = LAB_FOLDER.match(name)
    return folder is not None and int(folder.group(1)) > last


def all_files():
    """The files that git lists in this tree; all files without git."""
    known = handout_git.answer(ROOT, "-c", "safe.directory=*", "ls-files", "-z")
    if known:
        return known.rstrip("\0").split("\0")
    found = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = sorted(set(inner) - NOT_SOURCE)
        found += [str((Path(folder) / name).relative_to(ROOT))
                  for name in names]
    return found


def contents(last):
    """{name in the hand-out: file of this tree}."""
    own = [name for name in all_files() if (ROOT / name).is_file()
           and not is_staffs(name) and not is_above(name, last)]
    found = {name: ROOT / name for name in own if not
             name.startswith(LAID_OVER)}
    found.update((name[len(LAID_OVER):], ROOT / name) for name in own
                 if name.startswith(LAID_OVER))
    return found


def student_text(name, text, solved):
    text = CUT.sub("", text)
    if re.search(r"\bSTAFF (BEGIN|END)\b", text):
        raise Trouble(f"{name}: a STAFF marker without its other half")
    if name.endswith((".c", ".h")):
        try:
            text = holes.dig(text, solved)
        except ValueError as error:
            raise Trouble(f"{name}: {error}") from None
    return text


def lay_out(folder, extent, stage):
    """Writes the files of a hand-out into an empty folder."""
    for name, source in contents(extent.last).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        try:
            text = source.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        target.write_text(student_text(name, text, extent.open),
                          encoding="utf-8")
    hunts.lay_out(folder, extent.last)
    for name, lab in stages.table()[extent.last + 1:]:
        if lab:
            say_not_yet(folder / lab, name)
    (folder / "STAGE").write_text(stage + "\n", encoding="utf-8")


def say_not_yet(folder, name):
    """Writes a short page for a lab that is left out, for links and the boot
    log."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(f"# {name}\n\nThis lab has not been "
                                      "handed out.\n", encoding="utf-8")


def has_student_parts(name):
    path = ROOT / name
    return (name.endswith((".c", ".h")) and path.is_file()
            and bool(holes.find(path.read_text(encoding="utf-8"))))


def handed_out_whole():
    """Files of labs that have no marker yet."""
    students = {lab.name: list(lab.files) for lab in labs.table()}
    for stage in stages.names()[1:]:
        for name in students.get(stage, [f"src/mm/{stage}/{stage}.c"]):
            if (ROOT / name).exists() and not has_student_parts(name):
                yield name


# -- The command ---------------------------------------------------------------

def lab_number(variable, text, least, default):
    """The lab of OPEN= or LAST=: a lab from `least` on."""
    most = len(stages.names()) - 1
    if not text:
        return default
    if not text.isdecimal() or int(text) > most:
        raise Trouble(f'{variable}="{text}": the labs are 0 to {most}',
                      WRONG_USE)
    if int(text) < least:
        raise Trouble(f"{variable}={text}: {variable}={least} has been handed "
                      "out there", WRONG_USE)
    return int(text)


def wanted(arguments, before):
    """The requested extent; `before` is the extent of the last hand-out."""
    most = len(stages.names()) - 1
    least = before or Extent(0, 0)
    extent = Extent(
        lab_number("OPEN", arguments.open, least.open, least.open),
        lab_number("LAST", arguments.last, least.last,
                   before.last if before else most))
    if extent.open > extent.last:
        raise Trouble(f"OPEN={extent.open} is above LAST={extent.last}",
                      WRONG_USE)
    return extent


def place(text):
    """The folder of the hand-out, which is not in this tree nor around it."""
    repository = Path(text).expanduser().resolve()
    if repository == ROOT or ROOT in repository.parents:
        raise Trouble(f"{repository} lies inside this tree; take a place "
                      "beside it, such as ../students", WRONG_USE)
    if repository.exists() and not repository.is_dir():
        raise Trouble(f"{repository} is not a folder", WRONG_USE)
    return repository


def stage_at(repository, before, extent):
    """The stage of the first lab to write.  A later hand-out does not change
    it."""
    if before:
        return handout_git.git(repository, "show", f"{before}:STAGE")
    known = stages.names()
    return known[min(extent.open + 1, extent.last, len(known) - 1)]


def make(repository, arguments):
    """Writes or updates the repository; returns (what was done, its extent)."""
    before = handout_git.last_handout(repository)
    if not before and not handout_git.is_free(repository):
        raise Trouble(f"{repository} is not empty, and no hand-out", WRONG_USE)
    extent = wanted(arguments, before and
                    handout_git.extent_of(repository, before))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        lay_out(folder, extent, stage_at(repository, before, extent))
        if before:
            came = handout_git.update(repository, folder, extent, before,
                                      has_student_parts)
        else:
            came = handout_git.create(repository, folder, extent)
    return came, extent


def handout(arguments):
    if not arguments.dir:
        raise Trouble("where to? make handout DIR=... [OPEN=N] [LAST=N]",
                      WRONG_USE)
    repository = place(arguments.dir)
    try:
        came, extent = make(repository, arguments)
    except OSError as error:
        raise Trouble(f"{error.filename}: {error.strerror}") from None
    solved = f", 1 to {extent.open} solved" if extent.open else ""
    print(f"{repository}: {came}; labs 0 to {extent.last}{solved}")
    for name in handed_out_whole():
        print(f"warning: {name} has no LAB markers and is handed out whole",
              file=sys.stderr)


def add_commands(commands):
    parser = commands.add_parser("handout", help="writes a student's tree")
    parser.add_argument("--dir", default="", metavar="DIR")
    parser.add_argument("--open", default="", metavar="N",
                        help="labs up to N come solved; else none")
    parser.add_argument("--last", default="", metavar="N",
                        help="labs above N are left out; else none")
    parser.set_defaults(run=handout)
