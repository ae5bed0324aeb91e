# SPDX-License-Identifier: MIT
"""The student's files, found in a submission and read.

    submission/
      __MACOSX/            left alone, as all that begins with . or _, and
      build/               node_modules
      ada/report.pdf       left alone
      ada/src/mm/heap/bump.c  --> src/mm/heap/bump.c

F1: only what a lab names is read, and nothing of it is run on this machine.
F2: a file is a plain file, reached without a symbolic link, of a sane length.
F3: a file with another name or at another place is taken only if nothing else
    in the submission could be meant.  Otherwise one sentence says what is
    there.

Places, best first: the file's path in a tree; its path before there was a folder
for each stage, src/mm/bump.c; its name alone; a name that nearly is it, such as
Bump.c or bump (1).c.
"""
import itertools
import os
import re
import stat
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from .plain_text import plain_line

TEXT_BYTES_MAX = 512 * 1024
DEPTH_MAX = 8
ENTRIES_MAX = 20000
ALIKE_MAX = 20  # files that are compared with each other
NAMES_SHOWN = 5
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
SKIPPED = ("build", "node_modules")
# Additions to a name by browsers and people: "bump (1)", "bump-copy", "Copy of bump".
ADDED = re.compile(r"^copy of |[ _-]*(\(\d+\)|copy( \d+)?|final|\d+)$")


class Refused(Exception):
    """The reason why a submission cannot be graded, in words."""


# -- What is there ---------------------------------------------------------------

class Found(NamedTuple):
    files: list    # paths relative to the submission, the upper folders first
    closed: list   # of folders that cannot be read
    deep: list     # of folders below DEPTH_MAX levels
    skipped: list  # of what is left alone for its name


def entries(folder):
    """The entries of a folder, by name."""
    with os.scandir(folder) as inside:
        some = list(itertools.islice(inside, ENTRIES_MAX))
    return sorted(some, key=lambda entry: entry.name)


def is_skipped(entry):
    return entry.name[0] in "._" or entry.name in SKIPPED and \
        entry.is_dir(follow_symlinks=False)


def look(root):
    """Found, below `root`; links are not followed."""
    found, waiting, seen = Found([], [], [], []), [root], 0
    while waiting and seen < ENTRIES_MAX:
        folder = waiting.pop(0)
        try:
            inside = entries(folder)
        except OSError:
            found.closed.append(folder.relative_to(root))
            continue
        seen += len(inside)
        for entry in inside:
            path = Path(entry.path).relative_to(root)
            if is_skipped(entry):
                found.skipped.append(path)
            elif not entry.is_dir(follow_symlinks=False):
                found.files.append(path)
            elif len(path.parts) > DEPTH_MAX:
                found.deep.append(path)
            else:
                waiting.append(root / path)
    return found


# -- Which of it is meant ----------------------------------------------------------

def stem_of(name):
    """bump, of "Bump (1).c", "bump.c " and "bump.c.txt"."""
    name = name.strip().lower().removesuffix(".txt")
    stem, _, kind = name.rpartition(".")
    before = None
    while stem != before:
        before, stem = stem, ADDED.sub("", stem).strip()
    return stem, kind


def old_path(name):
    """src/mm/bump.c, of src/mm/heap/bump.c."""
    return str(PurePosixPath("src/mm", PurePosixPath(name).name))


def is_elsewhere_in_a_tree(path):
    """Whether it is in the sources of a tree and not where students write: a
    tree has src/mm/frames/frames.c and src/labtest/frames.c."""
    parts = path.parts[:-1]
    at = parts.index("src") if "src" in parts else None
    return at is not None and parts[at + 1:at + 2] != ("mm",)


def ends_with(path, name):
    parts = PurePosixPath(name).parts
    return path.parts[-len(parts):] == parts


def ranks(name):
    """The rules for a path that fits, best first."""
    base = PurePosixPath(name).name
    return (lambda path: ends_with(path, name),
            lambda path: ends_with(path, old_path(name)),
            lambda path: path.name == base,
            lambda path: stem_of(path.name) == stem_of(base)
            and stem_of(base)[0])


def candidates(paths, name):
    """The files that fit best, and of those the ones in the fewest folders."""
    near = [path for path in paths if not is_elsewhere_in_a_tree(path)]
    for fits in ranks(name):
        found = [path for path in near if fits(path)]
        if found:
            least = min(len(path.parts) for path in found)
            return [path for path in found if len(path.parts) == least]
    return []


def listed(paths):
    more = len(paths) - NAMES_SHOWN
    return ", ".join(plain_line(str(path)) for path in paths[:NAMES_SHOWN]) \
        + (f" and {more} more" if more > 0 else "")


def instead(found):
    """The things that were found instead of a lab's file, in words."""
    archives = [path for path in found.files
                if path.name.lower().strip().endswith(ARCHIVES)]
    if archives:
        return f"there is {listed(archives)}, which is not unpacked"
    if found.closed:
        return f"the submission's folder {listed(found.closed)} cannot be read"
    if found.deep:
        return (f"the folder {listed(found.deep[:1])} is not searched: it is "
                f"deeper than {DEPTH_MAX} levels")
    if found.files:
        return f"there is {listed(found.files)}"
    if found.skipped:
        return (f"there is nothing but {listed(found.skipped)}, a name that is "
                "passed over")
    return "the submission has no files"


def missing(found, name):
    return f"{name} is missing: {instead(found)}"


def find(root, found, name):
    """The path of a lab's file in a submission (F3)."""
    fitting = candidates(found.files, name)
    if not fitting:
        raise Refused(missing(found, name))
    if len(fitting) > ALIKE_MAX:
        raise Refused(f"{name}: {listed(fitting)} could be it; leave one of "
                      "them")
    first = contents(root, fitting[0], name)
    if any(contents(root, path, name) != first for path in fitting[1:]):
        raise Refused(f"{name}: {listed(fitting)} differ, and each could be "
                      "it; leave one of them")
    return fitting[0]


# -- Reading ---------------------------------------------------------------------

def contents(root, path, name):
    """The bytes of the file; it is checked after it has been opened (F2)."""
    for above in [*path.parents, path]:
        if (root / above).is_symlink():
            raise Refused(f"{name}: a symbolic link is not taken for a file")
    try:
        number = os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW
                         | os.O_NONBLOCK)
    except OSError as error:
        raise Refused(f"{name}: {error.strerror}") from None
    try:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{name} is not a plain file")
        if status.st_size > TEXT_BYTES_MAX:
            raise Refused(f"{name}: {status.st_size} bytes; at most "
                          f"{TEXT_BYTES_MAX} are read")
        return os.read(number, TEXT_BYTES_MAX)
    finally:
        os.close(number)


def as_text(raw, name):
    """The file as the compiler gets it: without the mark that some editors put
    first, and with line ends of Unix.  Refused if it is not text."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Refused(f"{name} is UTF-16 text; save it as UTF-8")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if not raw.strip():
        raise Refused(f"{name} is empty")
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise Refused(f"{name}:{line}: a NUL character; save it as UTF-8 text")
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def check_folder(submission):
    name = plain_line(submission.name)
    if submission.is_symlink():
        raise Refused(f"{name} is a symbolic link; a submission is a folder")
    if not submission.is_dir():
        is_archive = submission.name.lower().endswith(ARCHIVES)
        raise Refused(f"{name} is not a directory"
                      + (", but an archive: unpack it" if is_archive else ""))


def take(submission, lab):
    """{name: contents} of the files of a lab; Refused if one is not fit."""
    check_folder(submission)
    found = None
    taken = {}
    for name in lab.files:
        path = Path(name)
        if not os.path.lexists(submission / path):
            found = found or look(submission)
            path = find(submission, found, name)
        taken[name] = as_text(contents(submission, path, name), name)
    return taken
