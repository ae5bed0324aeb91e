# SPDX-License-Identifier: MIT
"""The sections of the bench.  Each section takes the bench and returns its part of
bench.json: plain dictionaries, the subject's name first."""

import subprocess
import tempfile
from pathlib import Path

import figures
import workloads
from build import BUILD, DEBUG, PLAIN, Toolchain, Trouble
from drive import environment, in_parallel

MISUSES = {
    "free-twice": "free twice",
    "free-twice-later": "free twice, later",
    "free-interior": "free an interior pointer",
    "free-wild": "free a wild pointer",
    "overflow-1": "overflow by 1",
    "overflow-16": "overflow by 16",
    "underflow-8": "underflow by 8",
    "write-after-free": "write after free",
}
SEEDS = 5
FILLS = {"empty": 0, "half": 50, "99 %": 99, "full": 100}
SUMMARIES = "summaries"  # frames by summary words; else word by word
ZONES = [10, 1000, 10_000]
ZONES_ALONE = "zones"  # zalloc without the kmalloc layer
OBJECTS = "objects"  # object caches, which no kmalloc layer uses


def table(subjects, works, measure):
    """measure(subject, work) for all pairs, side by side."""
    pairs = [(subject, work) for subject in subjects for work in works]
    results = in_parallel([lambda pair=pair: measure(*pair)
                           for pair in pairs])
    rows = {subject.name: {} for subject in subjects}
    for (subject, work), result in zip(pairs, results):
        if isinstance(result, Trouble):
            result = {"trouble": str(result).splitlines()[-1]}
        rows[subject.name][work.name] = result
    return rows


def cost_and_utilisation(bench, subject, work):
    """Measures in the kernel's heap.  Our allocators run again in the smallest
    possible heap, where they have to search: there only the cost of single
    operations is measured."""
    row = {**bench.count(subject, work), **bench.utilisation(subject, work)}
    if subject.ours and row["region"]:
        row["tight"] = bench.count(subject, work, row["region"])
    return row


def traces(bench, works):
    return table(bench.subjects, works,
                 lambda *pair: cost_and_utilisation(bench, *pair))


def patterns(bench):
    """Measures the two hard patterns."""
    return table(bench.subjects, [workloads.growing_block(),
                                  workloads.too_small_pairs()],
                 lambda *pair: cost_and_utilisation(bench, *pair))


def quick(bench, folder):
    """The Linux trace alone, ours alone, counts alone."""
    works = workloads.traces(folder, "linux*")
    return table(bench.ours(), works, bench.count)


def zone_subjects(bench, *names):
    """Allocators of equal entries as subjects, if zalloc is one."""
    return [subject._replace(name=name) for name in names
            for subject in bench.ours() if subject.name == "zalloc"]


def sizes(bench):
    works = [workloads.fixed_size(order, size) for order in workloads.ORDERS
             for size in workloads.SIZES]
    return table(bench.subjects + zone_subjects(bench, ZONES_ALONE, OBJECTS), works,
                 bench.count)


def packing(bench):
    """The share of payload in a region that one size fills, and in one where
    many sizes take turns."""
    works = [workloads.density(), workloads.log_uniform()]
    return table(bench.subjects + zone_subjects(bench, OBJECTS), works,
                 lambda *pair: cost_and_utilisation(bench, *pair))


# The words of bench/driver/misuse.c, the best first.
OUTCOMES = {
    "refused": "refused by name",
    "harmless": "harmless",
    "noticed": "noticed later",
    "stopped": "noticed and stopped",
    "crashed": "crashed",
    "hung": "hung",
    "damaged": "silent corruption",
    "twice": "memory handed out twice",
}
SECONDS = 20
ABORTED, PANICKED, HLT = -6, 70, 71


def outcome(bench, subject, command, *arguments):
    """One process, one misuse, one word."""
    try:
        done = subprocess.run(
            [*bench.native(), subject.program, "-", command, subject.name,
             *arguments], capture_output=True, text=True, errors="replace",
            check=False, timeout=SECONDS, env=environment(subject))
    except subprocess.TimeoutExpired:
        return "hung"
    if done.returncode in (ABORTED, PANICKED, HLT):
        return "stopped"
    if done.returncode != 0:
        return "crashed"
    return done.stdout.split()[-1]


def worst_outcome(bench, subject, command, *arguments):
    """The worst result of several heaps with different pasts."""
    words = [outcome(bench, subject, command, *arguments, str(seed))
             for seed in range(SEEDS)]
    return max(words, key=list(OUTCOMES).index)


def misuse(bench):
    subjects = bench.subjects + zone_subjects(bench, OBJECTS)
    cases = [(subject, ("misuse", name)) for subject in subjects
             for name in MISUSES]
    cases += [(subject, ("stray",)) for subject in bench.ours()]
    words = in_parallel([lambda case=case: worst_outcome(bench, case[0],
                                                         *case[1])
                         for case in cases])
    rows = {subject.name: {} for subject in subjects}
    for (subject, arguments), word in zip(cases, words):
        rows[subject.name][arguments[-1]] = word
    return rows


def search(bench, climbs, seed=1):
    def look(subject):
        printed = bench.run_counted(subject, "search", subject.name,
                                    str(seed), str(climbs))
        names = ("malloc", "in_place", "free", "reclaim_or_failure")
        return dict(zip(names, map(int, printed.split()[-4:])))
    subjects = bench.ours()
    found = in_parallel([lambda one=one: look(one) for one in subjects])
    return {subject.name: result if isinstance(result, dict)
            else {"trouble": str(result).splitlines()[-1]}
            for subject, result in zip(subjects, found)}


def two_halves(bench, command, *arguments):
    """A command that writes as many costs of allocations as of frees."""
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        path = Path(folder) / "costs"
        bench.run_counted(bench.kernel, command, *map(str, arguments), path)
        costs = figures.read_costs(path)
    middle = len(costs) // 2
    result = {}
    for name, some in (("alloc", costs[:middle]), ("free", costs[middle:])):
        summary = figures.summarise([cost & figures.BITS for cost in some
                                     if cost])
        result[name] = summary._asdict()
    return result


def frames(bench):
    cases = {fill if way == "words" else f"{fill}, {way}": (way, percent)
             for way in ("words", SUMMARIES)
             for fill, percent in FILLS.items()}
    results = in_parallel([lambda case=case: two_halves(bench, "frames",
                                                        *case)
                           for case in cases.values()])
    return dict(zip(cases, results))


def all_at_once(bench):
    """Of object caches."""
    row = bench.count(bench.kernel._replace(name=OBJECTS),
                      workloads.all_at_once())
    return {"alloc": row["malloc"], "free": row["free"]}


def zones(bench):
    cases = {str(count) if kind == ZONES_ALONE else f"{count}, {kind}":
             (kind, count) for kind in (ZONES_ALONE, OBJECTS)
             for count in ZONES}
    results = in_parallel([lambda case=case: two_halves(bench, "zones",
                                                        *case)
                           for case in cases.values()])
    return {**dict(zip(cases, results)), f"dearest, {OBJECTS}":
            all_at_once(bench)}


BUILDS = {PLAIN: "all files with -O2", DEBUG: "DEBUG=1"}
MORE = {"+log": "log and patterns", "+poison": "poison"}


def prices(bench, folder):
    """What a call costs where something else counts more than instructions: plain
    flags, a build for gdb, patterns in the blocks."""
    works = workloads.traces(folder, "linux*")
    subjects = {}
    for subject in bench.ours():
        subjects[subject.name, "as it is"] = subject
    for build, words in BUILDS.items():
        program = Toolchain(build=build).kernel()
        for subject in bench.ours():
            subjects[subject.name, words] = subject._replace(program=program)
    for suffix, words in MORE.items():
        for subject in bench.ours():
            subjects[subject.name, words] = subject._replace(
                name=subject.name + suffix)
    counts = in_parallel([lambda one=one: bench.count(one, works[0])
                          for one in subjects.values()])
    rows = {}
    for (name, words), row in zip(subjects, counts):
        rows.setdefault(name, {})[words] = row
    return rows
