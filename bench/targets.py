# SPDX-License-Identifier: MIT
"""The figures that have a target, computed from what was measured, and
whether they are reached."""

import json
from pathlib import Path
from statistics import mean, median

import workloads
from figures import dig, mean_of
from sections import MISUSES, OBJECTS, SUMMARIES, ZONES

FILE = Path(__file__).with_name("targets.json")
HARMLESS = ("refused", "harmless")
HALVES = (workloads.TUNING, workloads.HELD_OUT)


def targets():
    return json.loads(FILE.read_text(encoding="utf-8"))


def limit(name):
    """The target of one figure."""
    return next(row["target"] for row in targets() if row["name"] == name)


def trace_rows(results, subject, part):
    """The rows of one column: kernel, tuning or held-out."""
    rows = results.get("traces", {}).get(subject, {})
    return [row for name, row in rows.items() if workloads.part(name) == part]


def program_rows(results, subject):
    """The rows of both halves."""
    return [row for half in HALVES
            for row in trace_rows(results, subject, half)]


def pair_cost(row):
    """malloc + free, or alloc + free."""
    first = dig(row, "malloc", "mean") or dig(row, "alloc", "mean")
    second = dig(row, "free", "mean")
    if first is None or second is None:
        return None
    return round(first + second, 1)


def mean_cost(rows):
    costs = [pair_cost(row) for row in rows]
    return round(mean(costs), 1) if costs and None not in costs else None


def most(values):
    found = [value for value in values if value is not None]
    return max(found, default=None)


def worst(results, subject):
    """The worst operation of all runs, with the adversarial search."""
    rows = [row for section in ("traces", "patterns", "sizes", "packing")
            for row in results.get(section, {}).get(subject, {}).values()]
    rows += [row["tight"] for row in rows if "tight" in row]
    found = [dig(row, kind, "worst") for row in rows
             for kind in ("malloc", "free")]
    found += [dig(results, "search", subject, kind)
              for kind in ("malloc", "free")]
    return most(found)


def count_words(results, subject, names, words):
    row = dig(results, "misuse", subject)
    return row and sum(row.get(name) in words for name in names)


def utilisations(rows):
    values = [dig(row, "utilisation") for row in rows]
    return values if values and None not in values else None


def half_figures(results, subject, half):
    """The cost and the utilisation of one half of the program traces."""
    rows = trace_rows(results, subject, half)
    spread = utilisations(rows)
    name = half.replace("-", "_")
    return {f"cost_{name}": mean_cost(rows),
            f"utilisation_{name}": spread and round(mean(spread), 4),
            f"lowest_{name}": spread and min(spread)}


def kmalloc_figures(results, final):
    kernel = next(iter(trace_rows(results, final, workloads.KERNEL)), None)
    stray = dig(results, "misuse", final, "stray")
    return {
        "cost_kernel": pair_cost(kernel),
        "utilisation_kernel": dig(kernel, "utilisation"),
        **half_figures(results, final, workloads.TUNING),
        **half_figures(results, final, workloads.HELD_OUT),
        "worst": worst(results, final),
        "resize_in_place": mean_of(program_rows(results, final), "in_place",
                                   "mean"),
        "misuse_harmless": count_words(results, final, MISUSES, HARMLESS),
        "misuse_named": count_words(
            results, final, [name for name in MISUSES
                             if name.startswith("free")], ["refused"]),
        "stray_harmless": stray and int(stray in HARMLESS),
        "log_uniform": dig(results, "packing", final, "log-uniform",
                           "utilisation"),
        "density_spans": dig(results, "packing", "spans", "density-8",
                             "utilisation"),
    }


def zone_figures(results):
    rows = dig(results, "sizes", OBJECTS) or {}
    caches = [dig(results, "zones", f"{count}, {OBJECTS}") for count in ZONES]
    stack = [rows.get(f"lifo-{size}") for size in workloads.SIZES]
    few, many = pair_cost(caches[0]), pair_cost(caches[-1])

    def middle(kind):
        values = [dig(row, kind, "median") for row in stack]
        return None if None in values else median(values)

    return {
        "zalloc_alloc": middle("malloc"),
        "zalloc_free": middle("free"),
        "zalloc_mean": mean_cost(list(rows.values())),
        "zalloc_worst": most(dig(row, kind, "worst") for row in rows.values()
                             for kind in ("malloc", "free")),
        "cache_alloc": dig(caches[0], "alloc", "median"),
        "cache_free": dig(caches[0], "free", "median"),
        "zones_ratio": few and many and round(many / few, 3),
        "density_zones": dig(results, "packing", OBJECTS, "density-8",
                             "utilisation"),
    }


def frame_figures(results):
    rows = results.get("frames", {})
    return {"frames": most(dig(row, "alloc", "mean")
                           for name, row in rows.items()
                           if name.endswith(SUMMARIES))}


def verdict(row, value):
    """"missed", "reached" or "beyond"; "-" if there is nothing to judge."""
    def is_within(limit):
        if limit is None:
            return False
        return value <= limit if row["better"] == "lower" else value >= limit

    if value is None:
        return "-"
    if is_within(row["beyond"]):
        return "beyond"
    return "reached" if is_within(row["target"]) else "missed"


def best_peer(row, peers):
    """The peer that is best at the row's figure: its name, its figure, and
    the one that says at which price; None if no peer has that figure."""
    known = {name: figures for name, figures in peers.items()
             if figures.get(row["name"]) is not None}
    if not known:
        return None
    choose = min if row["better"] == "lower" else max
    name = choose(known, key=lambda one: known[one][row["name"]])
    return {"name": name, "value": known[name][row["name"]],
            "beside": known[name].get(row.get("beside"))}


def judge(results):
    """Every row of the target file with the value, the verdict and the best
    peer of this run.  The targets of the kmalloc layer are for the last stage
    that there is."""
    values = {**kmalloc_figures(results, results["final"]),
              **zone_figures(results), **frame_figures(results)}
    peers = {name: kmalloc_figures(results, name)
             for name in results.get("traces", {})
             if name not in results["ours"]}
    return [{**row, "value": values[row["name"]],
             "verdict": verdict(row, values[row["name"]]),
             "best": best_peer(row, peers)}
            for row in targets()]
