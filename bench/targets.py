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


def targets():
    return json.loads(FILE.read_text(encoding="utf-8"))


def limit(name):
    """The target of one figure."""
    return next(row["target"] for row in targets() if row["name"] == name)


def is_kernel_trace(name):
    return name.startswith("linux")


def trace_rows(results, subject):
    """The kernel's trace, and all others: (row or None, rows)."""
    rows = results.get("traces", {}).get(subject, {})
    kernel = [row for name, row in rows.items() if is_kernel_trace(name)]
    others = [row for name, row in rows.items() if not is_kernel_trace(name)]
    return (kernel[0] if kernel else None), others


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
    """Of all that was run, the adversarial search with it."""
    rows = [row for section in ("traces", "sizes", "packing")
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


def kmalloc_figures(results, final):
    kernel, others = trace_rows(results, final)
    spread = utilisations(others)
    stray = dig(results, "misuse", final, "stray")
    return {
        "kmalloc": pair_cost(kernel),
        "kmalloc_wide": mean_cost(others),
        "worst": worst(results, final),
        "utilisation": dig(kernel, "utilisation"),
        "utilisation_wide": spread and round(mean(spread), 4),
        "utilisation_lowest": spread and min(spread),
        "resize_in_place": mean_of(others, "in_place", "mean"),
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


def judge(results):
    """Every row of the target file with the value and the verdict.  The
    targets of the kmalloc layer are for the last stage that there is."""
    values = {**kmalloc_figures(results, results["final"]),
              **zone_figures(results), **frame_figures(results)}
    return [{**row, "value": values[row["name"]],
             "verdict": verdict(row, values[row["name"]])}
            for row in targets()]
