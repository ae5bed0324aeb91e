# SPDX-License-Identifier: MIT
"""The parts of each lab: the student's files, and the headers that they may
include.

labs/N-name/lab.json is the only place that says so:

    {
      "files": {
        "src/mm/malloc/malloc.c": {
          "includes": ["mm/malloc/malloc.h", ...]
        }
      },
      "includers": ["src/mm/grow/grow.c", ...]  (may be left out: none)
      "optional": true                     (may be left out: false)
    }

Includers are sources that are given, and include a header among the files:
they are compiled with it.

A file may call what the headers in its list declare, so no second list can
disagree with them.  The exception is CALL_BACK.
"""
import functools
import json
import re
from typing import NamedTuple

from . import stages
from .project import ROOT, WRONG_USE, Trouble


COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CALLED = re.compile(r"\b([A-Za-z_]\w*)\(|^extern [^;(]*?(\w+)(?:\[[^;]*)?;",
                    re.MULTILINE)
# The kmalloc layer, which mm/heap/heap.h declares for its callers.  It calls the
# student's file back, or lets another allocator do the work in its place.
CALL_BACK = set("kmalloc kcalloc krealloc kmalloc_aligned kfree kmalloc_size "
                "heap_start heap_add_small heap_lend heap_lend_map "
                "heap_take_back heap_walk heap_check".split())


@functools.lru_cache(maxsize=None)
def declared(header):
    """The functions and objects that a header names outside its comments."""
    text = COMMENT.sub(" ", (ROOT / "src" / header).read_text(encoding="utf-8"))
    return {name for pair in CALLED.findall(text) for name in pair if name}


class Contract(NamedTuple):
    """The contract of one file: the headers that it may include."""
    includes: list

    @property
    def calls(self):
        """The functions that it may call."""
        return set().union(*map(declared, self.includes)) - CALL_BACK


class Lab(NamedTuple):
    number: int
    name: str     # of its stage, and of its tests
    folder: str   # labs/4-malloc
    files: dict   # {name below the root of a tree: Contract}
    optional: bool
    includers: tuple = ()

    @property
    def sources(self):
        """The sources to compile when the files have changed."""
        return [name for name in self.files if name.endswith(".c")] \
            + list(self.includers)

    @property
    def calls_of_headers(self):
        return set().union(*(contract.calls for name, contract
                             in self.files.items() if name.endswith(".h")))


def read(number, name, folder):
    """The lab; None if this tree has no lab.json of it."""
    path = ROOT / folder / "lab.json"
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        files = {file: Contract(rules["includes"])
                 for file, rules in said["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Trouble(f"{folder}/lab.json: {error!r}") from None
    return Lab(number, name, folder, files, bool(said.get("optional")),
               tuple(said.get("includers", ())))


def table():
    """The labs of this tree that have files to be graded, in their order."""
    found = (read(number, name, folder)
             for number, (name, folder) in enumerate(stages.table()) if folder)
    return [lab for lab in found if lab]


def resolve(text):
    """The labs that LAB= means: one, by name or number; all without it."""
    known = table()
    if not text:
        return known
    found = [lab for lab in known if text in (lab.name, str(lab.number))]
    if not found:
        raise Trouble(f'there is no lab "{text}" to grade; there are '
                      + ", ".join(f"{lab.number} {lab.name}" for lab in known),
                      WRONG_USE)
    return found
