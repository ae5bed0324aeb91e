# SPDX-License-Identifier: MIT
"""The recorded cost of each compiler's code, so that a change
that makes an allocator dearer is noticed."""

import json
from pathlib import Path

from figures import dig

FILE = Path(__file__).with_name("recorded.json")
TOLERANCE = 1.02
FIGURES = [("malloc", "mean"), ("malloc", "worst"), ("free", "mean"),
           ("free", "worst")]


def load(version):
    """{stage: {trace: {"malloc mean": cost, ...}}}; None if this compiler was
    never recorded."""
    if not FILE.exists():
        return None
    return json.loads(FILE.read_text(encoding="utf-8")).get(version)


def flat(measured):
    """Only the figures that are compared."""
    return {stage: {trace: {" ".join(keys): dig(row, *keys)
                            for keys in FIGURES}
                    for trace, row in rows.items()}
            for stage, rows in measured.items()}


def save(version, measured):
    """Saves the figures of the measured stages; the other stages keep theirs.
    """
    everything = {}
    if FILE.exists():
        everything = json.loads(FILE.read_text(encoding="utf-8"))
    everything.setdefault(version, {}).update(flat(measured))
    FILE.write_text(json.dumps(everything, indent=2, sort_keys=True) + "\n",
                    encoding="utf-8")


def worse(measured, known):
    """A line for each figure that is more than 2 % above the record."""
    lines = []
    for stage, rows in flat(measured).items():
        for trace, costs in rows.items():
            for name, cost in costs.items():
                before = dig(known, stage, trace, name)
                if before is not None and cost > before * TOLERANCE:
                    lines.append(f"{stage}: {name} on {trace} is {cost:,.1f}, "
                                 f"was recorded as {before:,.1f}")
    return lines


def print_comparison(version, measured, known):
    for stage, rows in flat(measured).items():
        for trace, costs in rows.items():
            listed = ", ".join(f"{name} {cost:,.1f}"
                               for name, cost in costs.items())
            print(f"{stage:8} {trace}: {listed}")
    if known is None:
        print(f"nothing is recorded for {version}; "
              "bench/bench.py --record does it")
        return []
    return worse(measured, known)
