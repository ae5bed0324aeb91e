# SPDX-License-Identifier: MIT
"""The objects for a lab's hunts, and the answers' hashes.

A hand-out has them as labs/4-malloc/hunt/.  In the tree that hand-outs are made
from, scripts/mallow/course/hunts.py makes them, below build/.

An answer is kept as a salted hash that takes a moment to compute.  There are few
possible answers, so this stops a glance at the file, not a program that tries
them all.
"""
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from ..project import BUILD, ROOT, WRONG_USE, Trouble

FOLDER, TABLE = "hunt", "hunt.json"
ROUNDS = 100000
LEVELS = ["easy", "medium", "hard"]


class Bug(NamedTuple):
    """A planted fault."""
    object: Path
    level: str
    test: str     # the one of the lab's tests that runs into it
    seed: str     # of that test
    answers: dict  # {kind of question: hash}
    salt: str


# -- Answers -------------------------------------------------------------------

def plain(answer):
    """As answers are compared: "I3: no two ..." is I3, block_split() a name,
    0x10 the number 16."""
    word = answer.strip().split(":")[0].strip("\"'`() ").lower()
    try:
        return str(int(word, 0))
    except ValueError:
        return word


def sealed_answer(answer, salt):
    return hashlib.pbkdf2_hmac("sha256", plain(answer).encode(), salt.encode(),
                               ROUNDS).hex()[:32]


def sealed(lab, number, bug):
    """A bug of a plan as hunt.json says it.  The same plan gives the same salt,
    so that a hand-out does not change without a reason."""
    salt = hashlib.sha256(f"{lab}/{bug['patch']}".encode()).hexdigest()[:16]
    return {"object": f"bug-{number}.o", "level": bug["level"],
            "test": bug["test"], "seed": str(bug.get("seed", 1)), "salt": salt,
            "answers": {kind: sealed_answer(answer, f"{salt}/{kind}")
                        for kind, answer in bug["answers"].items()}}


def is_right(bug, kind, answer):
    return sealed_answer(answer, f"{bug.salt}/{kind}") == bug.answers[kind]


# -- A pack --------------------------------------------------------------------

def folder(lab):
    """Where a lab's pack is; Trouble if there is none."""
    handed_out = ROOT / lab.folder / FOLDER
    made_here = BUILD / "hunts" / Path(lab.folder).name
    for place in (handed_out, made_here):
        if (place / TABLE).is_file():
            return place
    raise Trouble(f"lab {lab.number}, {lab.name}, has no hunt", WRONG_USE)


def objects(lab, kind):
    """The objects of the right, or of the wrong allocators, by number."""
    found = folder(lab).glob(f"{kind}-*.o")
    return sorted(found, key=lambda path: int(path.stem.split("-")[1]))


def bugs(lab, seed):
    """Those of a lab in the order of a student's seed, the easy ones first."""
    place = folder(lab)
    rows = json.loads((place / TABLE).read_text(encoding="utf-8"))["bugs"]
    found = [Bug(place / row["object"], row["level"], row["test"], row["seed"],
                 row["answers"], row["salt"]) for row in rows]
    return sorted(found, key=lambda bug: (
        LEVELS.index(bug.level),
        hashlib.sha256(f"{seed}/{bug.salt}".encode()).hexdigest()))
