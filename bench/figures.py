# SPDX-License-Identifier: MIT
"""Computes the printed figures from the cost of each operation."""

from array import array
from statistics import mean, median
from typing import NamedTuple, Optional

from workloads import ALLOC, FREE, RESIZE

# The flags of bench/driver/work.h.
FAILED, RECLAIMED, MOVED = 1 << 31, 1 << 30, 1 << 29
BITS = MOVED - 1


class Summary(NamedTuple):
    """Instructions per operation of one kind."""

    count: int
    mean: float
    median: float
    p99: int
    worst: int


def summarise(costs) -> Optional[Summary]:
    if not costs:
        return None
    ordered = sorted(costs)
    return Summary(len(ordered), round(mean(ordered), 1), median(ordered),
                   ordered[(len(ordered) - 1) * 99 // 100], ordered[-1])


def sort_out(operations, costs):
    """Sorts costs by the kind of the call.  A call that failed, or that
    emptied caches before it succeeded, is counted apart."""
    kinds = {"malloc": [], "free": [], "in_place": [], "moved": [],
             "failed": [], "reclaimed": []}
    names = {ALLOC: "malloc", FREE: "free"}
    for (kind, _, _), cost in zip(operations, costs):
        if cost == 0:
            continue
        if cost & FAILED:
            name = "failed"
        elif cost & RECLAIMED:
            name = "reclaimed"
        elif kind == RESIZE:
            name = "moved" if cost & MOVED else "in_place"
        else:
            name = names.get(kind)
        if name:
            kinds[name].append(cost & BITS)
    return kinds


def figures(operations, costs):
    """A Summary, as a dictionary, for each kind that occurs."""
    summaries = {name: summarise(some)
                 for name, some in sort_out(operations, costs).items()}
    return {name: summary._asdict()
            for name, summary in summaries.items() if summary}


def read_costs(path):
    costs = array("I")
    with open(path, "rb") as file:
        costs.frombytes(file.read())
    return costs


def mean_of(rows, *keys):
    """The mean of the value at `keys`, over the dictionaries that have it;
    None if none has it."""
    found = [value for value in (dig(row, *keys) for row in rows)
             if value is not None]
    return round(mean(found), 3) if found else None


def dig(row, *keys):
    for key in keys:
        if row is None or key not in row:
            return None
        row = row[key]
    return row
