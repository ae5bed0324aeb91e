# SPDX-License-Identifier: MIT
"""The repository of a hand-out, and how it grows.

    branch handout   A ------- B        a commit a hand-out, which says its extent
                      \\         \\
    branch main        A -- s -- m      what the student works on

A clone has no branch `handout`; the last hand-out in its history is found by
what its message says.

G1: `handout` only ever gets a child of what it was.
G2: work is never lost.  Uncommitted changes stay as they are, and so does the
    branch then.  Where both sides wrote the same function of a lab, the
    student's stays; any other conflict is left to people.
"""
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from ..project import WRONG_USE, Trouble

BRANCH = "handout"
REF = f"refs/heads/{BRANCH}"
SAYS = re.compile(r"^Handed-Out: open=(\d+) last=(\d+)$", re.MULTILINE)

WHO = {f"GIT_{role}_{what}": says for role in ("AUTHOR", "COMMITTER")
       for what, says in (("NAME", "Mallow"), ("EMAIL", "mallow@localhost"))}
# Of the settings of whoever runs it, none that asks for keys or changes bytes.
SETTINGS = ["-c", "commit.gpgSign=false", "-c", "core.autocrlf=false",
            "-c", "advice.detachedHead=false"]


class Extent(NamedTuple):
    """The labs that a hand-out has."""
    open: int  # the last one that comes solved; 0: none
    last: int  # the last one that is in it


def environment(extra):
    """The environment without the variables of an outer git, such as a hook's.
    """
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("GIT_")}
    return {**kept, **WHO, **extra}


def complaint(done):
    """Two lines: what is wrong, and what to do."""
    lines = (done.stderr or done.stdout).strip().splitlines() or ["failed"]
    wrong = [line for line in lines if line.startswith(("fatal:", "error:"))]
    cure = [line.strip() for line in lines if "safe.directory" in line]
    return "; ".join((wrong or lines[-1:])[:1] + cure[:1])


def git(where, *words, **extra):
    """The output of git; Trouble if it fails."""
    try:
        done = subprocess.run(
            ["git", *SETTINGS, *words], cwd=where, text=True,
            stdin=subprocess.DEVNULL, capture_output=True,
            env=environment(extra), check=False)
    except FileNotFoundError:
        raise Trouble("there is no git here: scripts/setup installs it") \
            from None
    if done.returncode != 0:
        raise Trouble(f"git {words[0]}: {complaint(done)}")
    return done.stdout.strip()


def answer(where, *words):
    """The output of git, or "" if it fails."""
    try:
        return git(where, *words)
    except Trouble:
        return ""


def extent_of(repository, commit):
    """The fields in the message of a hand-out's commit."""
    found = SAYS.search(git(repository, "log", "-1", "--format=%B", commit))
    return Extent(*map(int, found.groups())) if found else None


def last_handout(repository):
    """The commit of the last hand-out; "" if there is none."""
    if not (repository / ".git").exists():
        return ""
    git(repository, "rev-parse", "--git-dir")  # are we let in at all?
    return (answer(repository, "rev-parse", "--verify", "-q", REF)
            or answer(repository, "log", "-1", "--format=%H", "-E",
                      "--grep=^Handed-Out: open=[0-9]+ last=[0-9]+$", "HEAD"))


def is_free(repository):
    """Whether there is no file yet, or only a repository without a commit."""
    if not repository.exists():
        return True
    if [path.name for path in repository.iterdir()] not in ([], [".git"]):
        return False
    return not answer(repository, "rev-parse", "-q", "--verify", "HEAD")


def commit(repository, folder, extent, parent):
    """Makes a commit of all files in `folder`, or returns `parent` if that has
    them already.  Changes no branch and no file of the repository."""
    where = {"GIT_DIR": git(repository, "rev-parse", "--absolute-git-dir"),
             "GIT_WORK_TREE": str(folder)}
    with tempfile.TemporaryDirectory() as scratch:
        where["GIT_INDEX_FILE"] = str(Path(scratch) / "index")
        git(folder, "add", "--all", "--force", ".", **where)
        tree = git(folder, "write-tree", **where)
    if parent and git(repository, "rev-parse", f"{parent}^{{tree}}") == tree:
        return parent
    solved = f", up to lab {extent.open} solved" if extent.open else ""
    parents = ["-p", parent] if parent else []
    return git(repository, "commit-tree", tree, *parents,
               "-m", f"Labs 0 to {extent.last}{solved}",
               "-m", f"Handed-Out: open={extent.open} last={extent.last}")


def create(repository, folder, extent):
    """A repository with one commit, on both branches."""
    repository.mkdir(parents=True, exist_ok=True)
    git(repository, "init", "-q")
    git(repository, "symbolic-ref", "HEAD", "refs/heads/main")
    new = commit(repository, folder, extent, None)
    for branch in (REF, "refs/heads/main"):
        git(repository, "update-ref", branch, new)
    git(repository, "reset", "-q", "--hard", "main")
    return "written"


def update(repository, folder, extent, before, students):
    """Adds a commit to the branch `handout` and merges it into the one that is
    checked out; `students` says whether a file has a part that students write.
    """
    dirty = git(repository, "status", "--porcelain", "--untracked-files=no")
    here = answer(repository, "symbolic-ref", "-q", "HEAD")
    if dirty and here == REF:
        raise Trouble(f"{repository}: the branch {BRANCH} is checked out, and "
                      "has work that is not committed", WRONG_USE)
    new = commit(repository, folder, extent, before)
    if here == REF:
        git(repository, "merge", "-q", "--ff-only", new)
        return "brought up to date" if new != before else "has it already"
    git(repository, "update-ref", REF, new)
    if answer(repository, "merge-base", new, "HEAD") == new:
        return "has it already"
    if dirty:
        raise Trouble(f"{repository} has work that is not committed, so the "
                      f"new commit waits on the branch {BRANCH}: git commit, "
                      f"then git merge {BRANCH}")
    return merge(repository, students)


def merge(repository, students):
    try:
        git(repository, "merge", "-q", "--no-edit", BRANCH)
        return "brought up to date"
    except Trouble as trouble:
        both = git(repository, "diff", "--name-only", "--diff-filter=U")
        if not both:
            raise Trouble(f"{repository}: the new commit waits on the branch "
                          f"{BRANCH}; {trouble}") from None
        git(repository, "merge", "--abort")
    names = both.splitlines()
    others = [name for name in names if not students(name)]
    if others:
        raise Trouble(f"{repository}: the new commit waits on the branch "
                      f"{BRANCH}: both sides changed {', '.join(others)}; "
                      f"git merge {BRANCH}, and settle it there")
    git(repository, "merge", "-q", "--no-edit", "-X", "ours", BRANCH)
    return ("brought up to date; where both had written, the student's own "
            f"was kept (for ours: git checkout {BRANCH} -- {' '.join(names)})")
