# SPDX-License-Identifier: MIT
"""Lists of operations: recorded traces, and made-up ones.

Every made-up list comes from a seed of its own and is the same in each run.
"""

import hashlib
import random
import sys
from array import array
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "scripts" / "record")]

import rep  # noqa: E402  (the project's reader of traces)

ALLOC, RESIZE, FREE, FREE_NULL = range(4)
KINDS = {"a": ALLOC, "r": RESIZE, "f": FREE}
MORE_TRACES = ROOT / "bench" / "traces"  # compressed, for the bench alone
UNPACKED = ROOT / "build" / "traces"
TUNING, HELD_OUT, KERNEL = "tuning", "held-out", "kernel"
MAGIC = 0x4F50534D  # as bench/driver/work.c expects

SIZES = [8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024]
ORDERS = ["lifo", "fifo", "random"]


class Work(NamedTuple):
    """Operations as (kind, id, bytes)."""

    name: str
    operations: list

    def write(self, path):
        words = array("I", [MAGIC, self.ids(), len(self.operations)])
        for operation in self.operations:
            words.extend(operation)
        Path(path).write_bytes(words.tobytes())

    def ids(self):
        return max((one[1] for one in self.operations), default=0) + 1

    def peak_payload(self):
        """The most bytes asked for and not given back at any time."""
        live, now, peak = {}, 0, 0
        for kind, number, size in self.operations:
            now -= live.pop(number, 0)
            if kind in (ALLOC, RESIZE):
                live[number] = size
                now += size
            peak = max(peak, now)
        return peak


def split(name):
    """The half that a trace of bench/traces/ belongs to.  A hash of its name
    decides, like a coin."""
    digest = hashlib.sha256(name.encode()).digest()
    return HELD_OUT if digest[-1] % 2 else TUNING


def part(name):
    """The column of a trace.  The programs of traces/ were tuned on before
    there were halves; a trace that is not in the repository was tuned on by
    no version."""
    if name.startswith("linux"):
        return KERNEL
    if (ROOT / "traces" / f"{name}.rep").exists():
        return TUNING
    known = (MORE_TRACES / f"{name}.rep.xz").exists()
    return split(name) if known else HELD_OUT


def unpack():
    """Unpacks the compressed traces as .rep files, into one folder for each
    half."""
    for path in sorted(MORE_TRACES.glob("*.rep.xz")):
        name = path.name.removesuffix(".rep.xz")
        target = UNPACKED / split(name) / f"{name}.rep"
        target.parent.mkdir(parents=True, exist_ok=True)
        rep.read(path).write(target)


def from_trace(path):
    operations = []
    for operation in rep.read(path).operations:
        if operation.id == rep.NOTHING:
            operations.append((FREE_NULL, 0, 0))
        else:
            operations.append((KINDS[operation.kind], operation.id,
                               operation.bytes))
    return Work(Path(path).name.split(".")[0], operations)


def traces(folder, pattern="*"):
    """All traces of a folder.  A malformed one is named, and left out."""
    works = []
    folder = Path(folder)
    for path in sorted([*folder.glob(f"{pattern}.rep"),
                        *folder.glob(f"{pattern}.rep.xz")]):
        try:
            works.append(from_trace(path))
        except rep.Malformed as reason:
            print(f"bench: {reason}", file=sys.stderr)
    if not works:
        raise SystemExit(f"bench: no trace {pattern}.rep in {folder}")
    return works


def stack_order(size, live, rounds):
    """Fill, then free the newest first."""
    once = [(ALLOC, i, size) for i in range(live)]
    once += [(FREE, i, 0) for i in reversed(range(live))]
    return once * rounds


def queue_order(size, live, rounds):
    """Fill, then free the oldest first."""
    once = [(ALLOC, i, size) for i in range(live)]
    once += [(FREE, i, 0) for i in range(live)]
    return once * rounds


def random_replacement(size, live, rounds):
    """Fill, then free any one and allocate again."""
    dice = random.Random(size)
    operations = [(ALLOC, i, size) for i in range(live)]
    for _ in range(live * rounds):
        i = dice.randrange(live)
        operations += [(FREE, i, 0), (ALLOC, i, size)]
    return operations


def fixed_size(order, size, live=1000, rounds=8):
    make = {"lifo": stack_order, "fifo": queue_order,
            "random": random_replacement}[order]
    return Work(f"{order}-{size}", make(size, live, rounds))


def all_at_once(size=8, zone=511, zones=39):
    """The most expensive known allocation of object caches: it searches the
    whole map of a zone without success, and then takes the first zone of a new
    store.  The current zone is full and its first word looked at; that an
    entry came back and went again makes it look at the others."""
    count = zone * zones
    first = count - zone
    again = [(FREE, first, 0), (ALLOC, first, size)]
    return Work("all-at-once", [(ALLOC, i, size) for i in range(count)]
                + 2 * again + [(ALLOC, count, size)])


def density(size=8, count=120_000):
    """Blocks of one size, never freed."""
    return Work(f"density-{size}", [(ALLOC, i, size) for i in range(count)])


def growing_block(rounds=600, start=512, step=512, small=128):
    """A large block grows by realloc between small ones: each small block is
    there while the large one grows past it."""
    operations = [(ALLOC, 0, start), (ALLOC, 1, small)]
    for i in range(1, rounds):
        operations += [(RESIZE, 0, start + i * step), (ALLOC, i + 1, small),
                       (FREE, i, 0)]
    return Work("growing-block", operations)


def too_small_pairs(pairs=1500, small=64, large=448, wanted=512):
    """Sizes alternate, then all large ones are freed.  Each gap is a little
    shorter than what comes next, and no two gaps touch."""
    operations = [(ALLOC, i, large if i % 2 else small)
                  for i in range(2 * pairs)]
    operations += [(FREE, i, 0) for i in range(1, 2 * pairs, 2)]
    operations += [(ALLOC, i, wanted) for i in range(1, 2 * pairs, 2)]
    return Work("too-small-pairs", operations)


def log_uniform(live=3000, limit=1024, rounds=10):
    """Random replacement; a size between 8 and 16 as likely as one between
    512 and 1024."""
    dice = random.Random(1)

    def size():
        return min(limit, int(limit ** dice.random() * (1 + 1 / limit)))

    operations = [(ALLOC, i, size()) for i in range(live)]
    for _ in range(live * rounds):
        i = dice.randrange(live)
        operations += [(FREE, i, 0), (ALLOC, i, size())]
    return Work("log-uniform", operations)


if __name__ == "__main__":
    unpack()
