# SPDX-License-Identifier: MIT
"""A student's tree: this one without solutions, in a repository of its own.

    this tree --> left out: staff's files, labs that are not open
        |    --> cut: what stands between STAFF BEGIN and STAFF END
        |    --> dug: the students' functions (holes.py)
        v
    branch handout   A ------- B          one commit a hand-out
                      \\         \\
    branch main        A -- s -- m        what the student works on

Run again on the same directory it adds a commit to `handout` and merges it
into the branch that is checked out there, whatever has been written on it
meanwhile.  A merge that does not go by itself is left to the student.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import holes, stages
from .project import ROOT, WRONG_USE, Trouble

BRANCH = "handout"

# Never handed out; a name that ends in / is a folder.
STAFF = ["staff/", "tests/", "bench/", ".ci/", "scripts/mallow/handout.py",
         "scripts/mallow/holes.py", "docs/bench.svg", "docs/bench.md"]
STAFF_PATTERN = re.compile(
    r"labs/[^/]+/(faults|variants|answers|notes)\b|docs/instructor"
    r"|(^|/)staff\b")
LAB_FOLDER = re.compile(r"labs/(\d+)-[^/]+/")
CUT = re.compile(r"^[^\n]*\bSTAFF BEGIN\b[^\n]*\n.*?"
                 r"^[^\n]*\bSTAFF END\b[^\n]*\n", re.MULTILINE | re.DOTALL)

WHO = {"GIT_AUTHOR_NAME": "Mallow", "GIT_AUTHOR_EMAIL": "mallow@localhost",
       "GIT_COMMITTER_NAME": "Mallow",
       "GIT_COMMITTER_EMAIL": "mallow@localhost"}


def git(where, *words, **extra):
    """What git says; Trouble with its last words if it fails."""
    done = subprocess.run(["git", *words], cwd=where, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          env={**os.environ, **WHO, **extra}, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Trouble(f"git {words[0]}: {said[-1] if said else 'failed'}")
    return done.stdout.strip()


# -- What goes into it -----------------------------------------------------------

def is_staffs(name):
    return (any(name == each or each.endswith("/") and name.startswith(each)
                for each in STAFF) or STAFF_PATTERN.search(name) is not None)


def is_closed(name, last_open):
    folder = LAB_FOLDER.match(name)
    return folder is not None and int(folder.group(1)) > last_open


def names(last_open):
    """Every file of a hand-out, below the root of the tree."""
    known = git(ROOT, "ls-files", "-z").split("\0")
    return [name for name in known
            if name and (ROOT / name).is_file() and not is_staffs(name)
            and not is_closed(name, last_open)]


def student_text(name, text):
    text = CUT.sub("", text)
    if name.endswith((".c", ".h")):
        try:
            text = holes.dig(text)
        except ValueError as error:
            raise Trouble(f"{name}: {error}") from None
    return text


def lay_out(folder, last_open):
    """Writes the files of a hand-out into an empty folder."""
    for name in names(last_open):
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        try:
            text = source.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        target.write_text(student_text(name, text), encoding="utf-8")
    known = stages.names()
    (folder / "STAGE").write_text(known[min(last_open, len(known) - 1)] + "\n",
                                  encoding="utf-8")


def handed_out_whole():
    """Files of labs that have no marker yet."""
    for name in stages.names()[1:]:
        path = ROOT / "src" / "mm" / f"{'bump' if name == 'heap' else name}.c"
        if path.exists() and not holes.find(path.read_text(encoding="utf-8")):
            yield path.relative_to(ROOT)


# -- Its repository ----------------------------------------------------------------

def commit(repository, folder, message, parent):
    """A commit of all that lies in `folder`; touches no branch."""
    with tempfile.TemporaryDirectory() as scratch:
        there = {"GIT_DIR": str(repository / ".git"),
                 "GIT_WORK_TREE": str(folder),
                 "GIT_INDEX_FILE": str(Path(scratch) / "index")}
        git(folder, "add", "--all", "--force", ".", **there)
        tree = git(folder, "write-tree", **there)
    if parent and git(repository, "rev-parse", f"{parent}^{{tree}}") == tree:
        return None
    parents = ["-p", parent] if parent else []
    return git(repository, "commit-tree", tree, *parents, "-m", message)


def create(repository, folder, message):
    repository.mkdir(parents=True, exist_ok=True)
    git(repository, "init", "-q")
    git(repository, "symbolic-ref", "HEAD", "refs/heads/main")
    new = commit(repository, folder, message, None)
    for branch in (BRANCH, "main"):
        git(repository, "update-ref", f"refs/heads/{branch}", new)
    git(repository, "reset", "-q", "--hard", "main")
    return "written"


def update(repository, folder, message):
    before = git(repository, "rev-parse", "--verify", BRANCH)
    new = commit(repository, folder, message, before)
    if not new:
        return "unchanged: it has all of this already"
    git(repository, "update-ref", f"refs/heads/{BRANCH}", new, before)
    if git(repository, "status", "--porcelain", "--untracked-files=no"):
        return (f"has a new commit on the branch {BRANCH}; there is work that "
                f"is not committed, so it is not merged: git merge {BRANCH}")
    try:
        git(repository, "merge", "-q", "--no-edit", BRANCH)
    except Trouble:
        git(repository, "merge", "--abort")
        return (f"has a new commit on the branch {BRANCH}, which conflicts "
                f"with the work there: git merge {BRANCH}")
    return "brought up to date"


def is_ours(repository):
    return (repository / ".git" / "refs" / "heads" / BRANCH).exists()


def make(repository, last_open):
    """Writes or updates the repository; what came of it, in words."""
    message = f"Labs up to {last_open}"
    with tempfile.TemporaryDirectory() as scratch:
        lay_out(Path(scratch), last_open)
        if is_ours(repository):
            return update(repository, Path(scratch), message)
        if repository.exists() and any(repository.iterdir()):
            raise Trouble(f"{repository} is not empty, and no hand-out",
                          WRONG_USE)
        return create(repository, Path(scratch), message)


def last_lab(text):
    count = len(stages.names()) - 1
    if not text:
        return count
    if not text.isdecimal() or int(text) > count:
        raise Trouble(f'OPEN="{text}": the labs are 0 to {count}', WRONG_USE)
    return int(text)


def handout(arguments):
    if not arguments.dir:
        raise Trouble("where to? make handout DIR=... [OPEN=N]", WRONG_USE)
    last_open = last_lab(arguments.open)
    repository = Path(arguments.dir).expanduser().resolve()
    print(f"{repository}: {make(repository, last_open)}; labs 0 to {last_open} "
          "are open")
    for path in handed_out_whole():
        print(f"warning: {path} has no LAB markers and is handed out whole",
              file=sys.stderr)


def add_commands(commands):
    parser = commands.add_parser("handout", help="writes a student's tree")
    parser.add_argument("--dir", default="", metavar="DIR")
    parser.add_argument("--open", default="", metavar="N")
    parser.set_defaults(run=handout)
