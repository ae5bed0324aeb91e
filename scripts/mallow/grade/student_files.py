# SPDX-License-Identifier: MIT
"""The student's files, taken out of a submission.

    submission/                     build/grade/NAME/taken/
      src/mm/malloc/malloc.c  ----------->   src/mm/malloc/malloc.c
      src/main.c         left alone
      Makefile           left alone

F1: only what a lab names is read, and nothing of it is run on this machine.
F2: a file is a plain file, reached without a link, and of a sane length.

A submission is a tree, a folder with the files themselves, or a folder with
one of these in it, as archives often unpack.
"""
import os
import stat
from pathlib import Path

from .contract import TEXT_BYTES_MAX


class Refused(Exception):
    """Why there is nothing to grade, in words."""


def root_of(folder):
    """Where the files of a submission begin."""
    if not folder.is_dir():
        raise Refused(f"{folder} is not a directory")
    inside = [path for path in folder.iterdir() if path.name[0] not in "._"]
    if len(inside) == 1 and inside[0].is_dir() and not inside[0].is_symlink() \
            and inside[0].name != "src":
        return inside[0]
    return folder


def without_links(root, name):
    """Whether `name` lies below `root` without a symbolic link on the way."""
    path = root
    for part in Path(name).parts:
        path = path / part
        if path.is_symlink():
            raise Refused(f"{name}: a symbolic link is no file")
    return path


def find(root, name):
    """The file, at its place in a tree or alone."""
    for place in (name, Path(name).name):
        path = without_links(root, place)
        if path.exists():
            return path
    raise Refused(f"{name} is missing")


def contents(path, name):
    """Its bytes; the file is looked at after it has been opened."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Refused(f"{name}: {error.strerror}") from None
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            raise Refused(f"{name} is no plain file")
        if found.st_size > TEXT_BYTES_MAX:
            raise Refused(f"{name}: {found.st_size} bytes; at most "
                          f"{TEXT_BYTES_MAX} are read")
        return os.read(number, TEXT_BYTES_MAX)
    finally:
        os.close(number)


def take(submission, lab, into):
    """Copies the files of a lab to below `into`; Refused if one is not fit."""
    root = root_of(submission)
    for name in lab.files:
        text = contents(find(root, name), name)
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)
