#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the allocators: the instructions of each single operation, the
worst operation, and the share of memory that is payload.

Our allocators and those of others run the same operations under the same
driver. bench/README.md explains each figure.
"""

import argparse
import contextlib
import io
import json
import sys
from pathlib import Path

import peers
import picture
import recorded
import report
import sections
import targets
import workloads
from build import ROOT, Trouble
from drive import Bench
from progress import PROGRESS

TRACES = ROOT / "traces"
RESULTS = ROOT / "build" / "bench.json"
PICTURE = ROOT / "docs" / "bench.svg"
PAGE = ROOT / "docs" / "bench.md"
PAGE_HEAD = """<!-- SPDX-License-Identifier: MIT -->
# What the allocators cost

![Cost and waste](bench.svg)

`make bench-picture` writes this page from the figures of `make bench`;
`bench/README.md` says what each means. Compiled by {compiler}, with the
kernel's flags.

The *tuning* traces ({tuning} programs) were looked at while the allocators
were changed. The *held-out* ones ({held_out} programs) were not: no constant
and no choice depends on them. `bench/traces/README.md` lists both.
"""
CLIMBS = 40


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--traces", type=lambda text: Path(text or TRACES),
                        default=TRACES, metavar="DIR",
                        help="only the .rep and .rep.xz files of DIR")
    parser.add_argument("--only", metavar="NAMES",
                        help="these allocators alone: heap,malloc,musl")
    parser.add_argument("--keep", action="store_true",
                        help="with --only: keep the others' last figures")
    parser.add_argument("--cflags", metavar="FLAGS",
                        help="compile the kernel with these flags instead")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true",
                     help="ours on the Linux trace, against the record")
    how.add_argument("--record", action="store_true",
                     help="as --quick, and make that the record")
    how.add_argument("--picture", action="store_true",
                     help="write docs/bench.svg and docs/bench.md from the "
                          "last results")
    return parser.parse_args(arguments)


def measure(bench, works):
    results = {"compiler": bench.toolchain.version,
               "flags": " ".join(bench.toolchain.flags)}
    parts = {
        "traces": lambda: sections.traces(bench, works),
        "patterns": lambda: sections.patterns(bench),
        "sizes": lambda: sections.sizes(bench),
        "packing": lambda: sections.packing(bench),
        "misuse": lambda: sections.misuse(bench),
        "search": lambda: sections.search(bench, CLIMBS),
        "frames": lambda: sections.frames(bench),
        "zones": lambda: sections.zones(bench),
        "prices": lambda: sections.prices(bench, TRACES),
    }
    for name, part in parts.items():
        with PROGRESS.of(name):
            results[name] = part()
    results["ours"] = [subject.name for subject in bench.ours()]
    results["final"] = results["ours"][-1] if results["ours"] else ""
    results["targets"] = targets.judge(results)
    return results


def troubles(results, path=()):
    """The measurements that failed, from all sections."""
    if isinstance(results, dict):
        if "trouble" in results:
            yield f"{' '.join(path)}: {results['trouble']}"
        for key, value in results.items():
            yield from troubles(value, (*path, key))


def works_of(folder):
    """The traces of a folder; for traces/ also the compressed ones."""
    more = workloads.MORE_TRACES if folder == TRACES else None
    return [work for one in (folder, more) if one
            for work in workloads.traces(one)]


def keep_others(results, before):
    """Adds the earlier figures of the allocators that were not measured this
    time, in the order of the run that measured all."""
    for name, rows in before.items():
        if isinstance(rows, dict) and isinstance(results.get(name), dict):
            results[name] = {**rows, **results[name]}
    results["ours"], results["final"] = before["ours"], before["final"]
    results["targets"] = targets.judge(results)


def full(bench, folder, keep=False):
    with PROGRESS.of("read"):
        works = works_of(folder)
    results = measure(bench, works)
    if keep and RESULTS.exists():
        keep_others(results, json.loads(RESULTS.read_text(encoding="utf-8")))
    RESULTS.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(f"{results['compiler']} {results['flags']}")
    report.print_all(results)
    if bench.absent:
        print("\nNot here: " + ", ".join(one.name for one in bench.absent)
              + f"; this installs them:\n  {peers.install_line(bench.absent)}")
    wrong = list(troubles(results))
    if wrong:
        print("\nNot measured:\n  " + "\n  ".join(wrong))
    print(f"\n{RESULTS.relative_to(ROOT)} has all figures.")
    return 1 if wrong else 0


def quick(bench, folder, record):
    measured = sections.quick(bench, folder)
    wrong = list(troubles(measured))
    if record and not wrong:
        recorded.save(bench.toolchain.version, measured)
    known = recorded.load(bench.toolchain.version)
    wrong += recorded.print_comparison(bench.toolchain.version, measured,
                                       known)
    for line in wrong:
        print(f"bench: {line}")
    return 1 if wrong else 0


def page(results):
    """The printed tables, as a document."""
    tables = io.StringIO()
    with contextlib.redirect_stdout(tables):
        report.print_all(results)
    parts = [workloads.part(name) for name in
             next(iter(results["traces"].values()))]
    head = PAGE_HEAD.format(compiler=results["compiler"],
                            tuning=parts.count(workloads.TUNING),
                            held_out=parts.count(workloads.HELD_OUT))
    return (head + "\n```text\n"
            + tables.getvalue().strip("\n") + "\n```\n")


def draw():
    if not RESULTS.exists():
        raise Trouble(f"no {RESULTS.relative_to(ROOT)}: run make bench first")
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture.draw(results), encoding="utf-8")
    PAGE.write_text(page(results), encoding="utf-8")
    print(f"  {'DRAW':7} {PICTURE.relative_to(ROOT)}")
    print(f"  {'DRAW':7} {PAGE.relative_to(ROOT)}")
    return 0


def main(arguments=None):
    options = parse(arguments)
    try:
        if options.picture:
            return draw()
        with PROGRESS.of("build"):
            bench = Bench(options.cflags,
                          options.only and options.only.split(","))
        if options.quick or options.record:
            return quick(bench, options.traces, options.record)
        return full(bench, options.traces, options.keep)
    except Trouble as trouble:
        print(f"bench: {trouble}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
