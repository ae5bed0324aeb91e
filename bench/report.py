# SPDX-License-Identifier: MIT
"""The tables that a person reads."""

from statistics import mean

import workloads
from figures import dig, mean_of
from sections import MISUSES, OUTCOMES
from targets import HALVES, most, trace_rows, utilisations, worst

SHORT = {"refused": "refused", "harmless": "harmless", "noticed": "noticed",
         "stopped": "stops", "crashed": "CRASHES", "hung": "HANGS",
         "damaged": "CORRUPT", "twice": "TWICE"}


def figure(value, digits=3):
    """Costs as whole numbers, shares of one with some digits."""
    if value is None:
        return "-"
    if isinstance(value, float) and abs(value) < 2:
        return f"{value:.{digits}f}".replace("0.", ".", value < 1)
    return f"{value:,.0f}"


def both(first, second):
    return f"{figure(first)} / {figure(second)}"


def print_table(title, head, rows):
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    print(f"\n{title}\n")
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:],
                                                           widths[1:])]
        print("  " + "  ".join(cells).rstrip())


def half_cells(rows):
    spread = utilisations(rows) or [None]
    return [
        both(mean_of(rows, "malloc", "mean"), mean_of(rows, "free", "mean")),
        figure(None if None in spread else mean(spread)),
        figure(min(spread) if None not in spread else None),
    ]


def trace_line(results, subject):
    kernel = next(iter(trace_rows(results, subject, workloads.KERNEL)), None)
    rows = list(results["traces"][subject].values())
    failed = sum(dig(row, "failed", "count") or 0 for row in rows)
    return [
        subject,
        both(dig(kernel, "malloc", "mean"), dig(kernel, "free", "mean")),
        figure(dig(kernel, "utilisation")),
        *(cell for half in HALVES
          for cell in half_cells(trace_rows(results, subject, half))),
        both(most(dig(row, "malloc", "worst") for row in rows),
             most(dig(row, "free", "worst") for row in rows)),
        figure(mean_of(rows, "in_place", "mean")),
        figure(failed) if failed else "",
        figure(most(dig(row, "reclaimed", "worst") for row in rows)),
    ]


def print_traces(results):
    rows = [trace_line(results, subject) for subject in results["traces"]]
    print_table(
        "Traces: instructions per malloc / free, and the share of the "
        "smallest region\nthat is payload at the peak (mean, lowest): the "
        "kernel's trace, the tuning half of\nthe program traces, the held-out "
        "half.  Failed: requests, in 2 MiB.  Reclaim: the\nworst request that "
        "emptied caches first.",
        ["", "kernel", "util.", "tuning", "util.", "lowest", "held-out",
         "util.", "lowest", "worst", "resize", "failed", "reclaim"], rows)


def print_patterns(results):
    """Prints the hard patterns.  Resizes that move the block count here, too.
    """
    rows = []
    for subject, found in results["patterns"].items():
        line = [subject]
        for row in found.values():
            moved = dig(row, "moved", "count") or 0
            still = dig(row, "in_place", "count") or 0
            line += [both(dig(row, "malloc", "mean"),
                          dig(row, "free", "mean")),
                     figure(moved / (moved + still)) if moved + still else "",
                     figure(dig(row, "utilisation"))]
        rows.append(line)
    print_table(
        "Two hard patterns: a large block that grows by realloc between small "
        "ones, with the\nshare of the resizes that moved it; and sizes that "
        "alternate, so that each freed gap\nis too short.", [
            "", "growing", "moved", "util.", "alternating", "", "util."], rows)


def print_sizes(results):
    lines = []
    for subject, rows in results["sizes"].items():
        line, all_rows = [subject], []
        for order in workloads.ORDERS:
            some = [rows[f"{order}-{size}"] for size in workloads.SIZES]
            all_rows += some
            line.append(both(mean_of(some, "malloc", "mean"),
                             mean_of(some, "free", "mean")))
            line.append(both(mean_of(some, "malloc", "median"),
                             mean_of(some, "free", "median")))
        line.append(both(*(most(dig(row, kind, "worst") for row in all_rows)
                           for kind in ("malloc", "free"))))
        lines.append(line)
    head = [""]
    for order in workloads.ORDERS:
        head += [order, "median"]
    print_table(f"One size at a time, {workloads.SIZES[0]} to "
                f"{workloads.SIZES[-1]} bytes: mean over the sizes.",
                head + ["worst"], lines)


def print_misuse(results):
    subjects = list(results["misuse"])
    rows = [[title, *(SHORT[results["misuse"][subject][name]]
                      for subject in subjects)]
            for name, title in MISUSES.items()]
    rows.append(["10^6 stray writes",
                 *(SHORT.get(results["misuse"][subject].get("stray"), "")
                   for subject in subjects)])
    print_table("Misuse, then 10,000 verified operations; the worst of some "
                "heaps.", ["", *subjects], rows)
    for word, meaning in OUTCOMES.items():
        if SHORT[word] != meaning:
            print(f"    {SHORT[word]:9} {meaning}")


def print_packing(results):
    rows = [[subject, *(figure(dig(row, name, "utilisation"))
                        for name in ("density-8", "log-uniform"))]
            for subject, row in results["packing"].items()]
    print_table("Payload's share: nothing but 8-byte blocks; sizes 1 to 1024 "
                "with 3,000 live.", ["", "8 bytes", "log-uniform"], rows)


def print_search(results):
    kinds = ["malloc", "in_place", "free", "reclaim_or_failure"]
    rows = [[subject, *(figure(dig(row, kind)) for kind in kinds),
             figure(worst(results, subject))]
            for subject, row in results["search"].items()]
    print_table("The worst single operation that a search by random changes "
                "found; and the\nworst malloc or free of all that was run.",
                ["", "malloc", "resize", "free", "reclaim or failure", "all"],
                rows)


def print_prices(results):
    rows = [[name] + [both(dig(row, "malloc", "mean"), dig(row, "free", "mean"))
                      for row in found.values()]
            for name, found in results["prices"].items()]
    words = list(next(iter(results["prices"].values())))
    print_table("What else a build may be for: malloc / free on the kernel's trace "
                "without the\nflags for what is called most, built for gdb, with "
                "the log and the patterns of\nfresh and freed bytes, and with "
                "OPTIONS=poison.", ["", *words], rows)


def print_pairs(title, results):
    rows = [[name] + [both(dig(row, kind, "mean"), dig(row, kind, "worst"))
                      for kind in ("alloc", "free")]
            for name, row in results.items()]
    print_table(title, ["", "alloc: mean / worst", "free: mean / worst"],
                rows)


def peer_words(row):
    """The target file's figure of the peers, else the best of this run."""
    best = row["best"]
    if "peer" in row or not best:
        return row.get("peer", "")
    price = best["beside"]
    return (f"{best['name']} {figure(best['value'])}"
            + (f" at utilisation {figure(price)}" if price else ""))


def print_targets(results):
    rows = [[row["label"], figure(row["value"], 4), figure(row["target"]),
             figure(row["beyond"]), row["verdict"], peer_words(row)]
            for row in results["targets"]]
    width = max(len(row[-1]) for row in rows)
    for row in rows:
        row[-1] = "  " + row[-1].ljust(width)
    print_table(f"Targets, for the last stage there is: {results['final']}.",
                ["", "found", "target", "beyond", "", "best peer"], rows)


def print_all(results):
    print_traces(results)
    print_patterns(results)
    print_sizes(results)
    print_packing(results)
    print_misuse(results)
    print_search(results)
    print_pairs("Frames, on a map of 4 GiB, by how much of it is in use.",
                results["frames"])
    print_pairs("A zone cache, by its number of zones.", results["zones"])
    print_prices(results)
    print_targets(results)
