# SPDX-License-Identifier: MIT
"""The benchmark is believed only where it is known to be right: functions of
known length, an allocator that is slow or wrong on purpose, figures worked out
by hand.  And no stage may cost more than was recorded for this compiler."""
import io
import json
import platform
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))

# pylint: disable=wrong-import-position
import bench as bench_program  # noqa: E402
import build  # noqa: E402
import drive  # noqa: E402
import figures  # noqa: E402
import peers  # noqa: E402
import picture  # noqa: E402
import progress  # noqa: E402
import recorded  # noqa: E402
import sections  # noqa: E402
import targets  # noqa: E402
import workloads  # noqa: E402
from workloads import ALLOC, FREE, RESIZE, Work  # noqa: E402

LINUX_TRACE = "linux-i386-kmalloc"

# A kmalloc layer with faults that the benchmark has to see.  `slow` calls a
# function of known length, 2 + 2 * 500, before each allocation; `twice` hands
# out the same block again and again; `leaky` needs 4 KiB for a byte.
SUSPECTS = """
#include "bench/driver/subject.h"
#include "lib/string.h"

static uintptr_t at, limit;

static bool start(uintptr_t begin, uintptr_t end)
{
    at = begin;
    limit = end;
    return true;
}

static void *take(size_t bytes)
{
    uintptr_t payload = at;

    if (bytes > limit - at)
        return NULL;
    at += bytes;
    return (void *)payload;
}

static void *quick_alloc(size_t bytes)
{
    return take((bytes + 7) & ~7u);
}

static void *slow_alloc(size_t bytes)
{
    known_loop(500);
    return quick_alloc(bytes);
}

static void *twice_alloc(size_t bytes)
{
    (void)bytes;
    return (void *)at;
}

static void *leaky_alloc(size_t bytes)
{
    (void)bytes;
    return take(4096);
}

static uintptr_t keep(void *payload)
{
    (void)payload;
    return 0;
}

static const struct subject suspects[] = {
    { "quick", start, (callee)quick_alloc, NULL, (callee)keep, NULL, NULL },
    { "slow", start, (callee)slow_alloc, NULL, (callee)keep, NULL, NULL },
    { "twice", start, (callee)twice_alloc, NULL, (callee)keep, NULL, NULL },
    { "leaky", start, (callee)leaky_alloc, NULL, (callee)keep, NULL, NULL },
};

const struct subject *subject_find(const char *name)
{
    for (size_t i = 0; i < sizeof suspects / sizeof suspects[0]; i++) {
        if (strcmp(suspects[i].name, name) == 0)
            return &suspects[i];
    }
    return NULL;
}
"""


@pytest.fixture(scope="module", name="bench")
def fixture_bench():
    if platform.machine() not in ("x86_64", "i686"):
        pytest.skip(f"no i386 programs on {platform.machine()}")
    if not shutil.which(drive.QEMU):
        pytest.skip(f"no {drive.QEMU}: install qemu-user")
    return drive.Bench()


@pytest.fixture(scope="module", name="suspects")
def fixture_suspects(bench):
    """The drivers with the faulty kmalloc layers instead of the kernel's."""
    source = bench.toolchain.folder / "suspects.c"
    source.write_text(SUSPECTS, encoding="utf-8")
    others = [one for one in build.WITH_ALL + build.WITH_KERNEL
              if one != "subject_kernel.c"]  # and no stages
    program = bench.toolchain.kernel_program("suspects", [*others, source])
    return {name: drive.Subject(name, program, True)
            for name in ("quick", "slow", "twice", "leaky")}


# --- the counter -------------------------------------------------------------

def programs(bench):
    """One subject of each program: the kernel's, and the C libraries'."""
    return {subject.program: subject for subject in bench.subjects
            if not subject.preload}.values()


@pytest.mark.parametrize("rounds", [1, 10, 1000])
def test_known_lengths_are_counted_exactly(bench, rounds):
    for subject in programs(bench):
        printed = bench.run_counted(subject, "known", str(rounds))
        assert [int(word) for word in printed.split()] == [
            1, 5, 2 + 2 * rounds, 7 + rounds + 1], subject.name


def test_counts_repeat(bench):
    work = workloads.fixed_size("random", 64, live=50, rounds=4)
    for subject in bench.ours():
        assert bench.count(subject, work) == bench.count(subject, work)


def test_slow_allocator_is_reported_as_slow(bench, suspects):
    work = workloads.fixed_size("lifo", 64, live=50, rounds=2)
    quick, slow = (bench.count(suspects[name], work)
                   for name in ("quick", "slow"))
    # known_loop, the call to it, and what passing 500 on the stack takes.
    for kind in ("mean", "median", "worst"):
        extra = slow["malloc"][kind] - quick["malloc"][kind]
        assert 2 + 2 * 500 < extra < 2 + 2 * 500 + 20
    assert slow["free"] == quick["free"]


def test_failures_are_counted_apart(bench, suspects):
    work = Work("large", [(ALLOC, 0, 64), (ALLOC, 1, 1 << 20), (FREE, 1, 0)])
    found = bench.count(suspects["quick"], work, heap_bytes=4096)
    assert found["malloc"]["count"] == 1
    assert found["failed"]["count"] == 1
    assert "free" not in found


# --- memory ------------------------------------------------------------------

@pytest.mark.parametrize("name, blocks, size, region", [
    ("quick", 1000, 8, 8 << 10), ("quick", 2000, 64, 125 << 10),
    ("leaky", 100, 1, 400 << 10)])
def test_region_is_the_smallest_that_fits(bench, suspects, name, blocks, size,
                                          region):
    work = Work("fill", [(ALLOC, i, size) for i in range(blocks)])
    assert bench.region(suspects[name], work) == region


def test_resident_growth_of_a_c_library(bench):
    """A megabyte in pages of its own cannot be had for less, and no allocator
    that is any good takes a tenth more."""
    work = Work("pages", [(ALLOC, i, 4096) for i in range(256)])
    for subject in bench.subjects:
        if not subject.ours:
            grown = bench.region(subject, work)
            assert 1 << 20 <= grown < 1.2 * (1 << 20), subject.name


def test_a_growing_heap_goes_on_behind_its_static_part(bench):
    """In less than this the blocks do not fit, and no tenth more is needed."""
    grow = [one for one in bench.ours() if one.name == "grow"]
    work = Work("large", [(ALLOC, i, 100_000) for i in range(100)])
    for subject in grow:
        region = bench.region(subject, work)
        assert 100 * 100_000 <= region < 1.1 * 100 * 100_000
        assert "failed" not in bench.count(subject, work, region)
        assert "failed" in bench.count(subject, work, 2 << 20)


# --- misuse ------------------------------------------------------------------

def test_memory_handed_out_twice_is_seen(bench, suspects):
    with pytest.raises(build.Trouble, match="errs without any misuse"):
        bench.run(suspects["twice"], "misuse", "twice", "overflow-1", "0")


def test_damaged_payload_is_seen(bench, suspects):
    work = Work("two", [(ALLOC, 0, 64), (ALLOC, 1, 64), (FREE, 0, 0)])
    with pytest.raises(build.Trouble, match="id 0: byte 0"):
        bench.count(suspects["twice"], work)


def test_the_worst_of_several_heaps_counts(monkeypatch):
    words = iter(["refused", "harmless", "damaged", "refused", "stopped"])
    monkeypatch.setattr(sections, "outcome", lambda *_: next(words))
    assert sections.worst_outcome(None, None, "misuse", "x") == "damaged"


# --- workloads and figures ---------------------------------------------------

def test_peak_payload():
    work = Work("", [(ALLOC, 0, 100), (ALLOC, 1, 50), (FREE, 0, 0),
                     (RESIZE, 1, 80), (RESIZE, 2, 90), (FREE, 1, 0)])
    assert work.peak_payload() == 170


@pytest.mark.parametrize("order", workloads.ORDERS)
def test_fixed_sizes_give_back_what_they_took(order):
    live = set()
    for kind, number, size in workloads.fixed_size(order, 24, 10,
                                                   3).operations:
        if kind == ALLOC:
            assert size == 24 and number not in live
            live.add(number)
        else:
            live.remove(number)
    assert len(live) in (0, 10)


def test_hard_patterns_are_hard():
    """The large block never shrinks, with a small one beyond it; each gap is
    too short for what comes next, and has live neighbours."""
    block = workloads.growing_block()
    sizes = [size for kind, _, size in block.operations if kind == RESIZE]
    assert len(sizes) > 500 and sizes == sorted(set(sizes))
    pairs = workloads.too_small_pairs(pairs=3)
    assert [op for op in pairs.operations if op[0] == FREE] == [
        (FREE, 1, 0), (FREE, 3, 0), (FREE, 5, 0)]
    first, last = (dict((number, size) for kind, number, size in some
                        if kind == ALLOC)
                   for some in (pairs.operations[:6], pairs.operations[9:]))
    assert all(last[number] > first[number] for number in (1, 3, 5))
    for work in (block, workloads.too_small_pairs()):
        assert work.peak_payload() < 1 << 20


def test_log_uniform_sizes():
    sizes = [size for kind, _, size in workloads.log_uniform().operations
             if kind == ALLOC]
    assert min(sizes) == 1 and max(sizes) == 1024
    octaves = [sum(low <= size < 2 * low for size in sizes) / len(sizes)
               for low in (8, 64, 512)]
    assert all(0.08 < share < 0.12 for share in octaves)


def test_figures_by_hand():
    operations = [(ALLOC, 0, 8)] * 4 + [(RESIZE, 0, 9)] * 2 + [(FREE, 0, 0)]
    costs = [10, 20, 60, 99 | figures.FAILED, 7, 8 | figures.MOVED, 5]
    found = figures.figures(operations, costs)
    assert found["malloc"]["mean"] == 30 and found["malloc"]["median"] == 20
    assert found["malloc"]["worst"] == 60 and found["malloc"]["count"] == 3
    assert found["failed"]["worst"] == 99
    assert found["in_place"]["worst"] == 7 and found["moved"]["worst"] == 8
    assert found["free"]["mean"] == 5


@pytest.mark.parametrize("better, value, expected", [
    ("lower", 101, "missed"), ("lower", 100, "reached"),
    ("lower", 50, "beyond"), ("lower", None, "-"), ("higher", 49, "missed"),
    ("higher", 50, "missed"), ("higher", 100, "beyond")])
def test_verdict(better, value, expected):
    row = {"target": 100, "beyond": 50 if better == "lower" else 100,
           "better": better}
    assert targets.verdict(row, value) == expected


def results_by_hand():
    row = {"malloc": {"mean": 80, "median": 70, "worst": 210},
           "free": {"mean": 60, "median": 60, "worst": 190},
           "utilisation": 0.95}
    cheap = {**row, "malloc": {"mean": 20, "median": 20, "worst": 9000},
             "utilisation": 0.5}
    return {"traces": {"armour": {LINUX_TRACE: row, "vim-edit": row,
                                  "other": cheap},
                       "<peer>": {LINUX_TRACE: cheap, "vim-edit": row,
                                  "other": row}},
            "final": "armour", "ours": ["armour"], "compiler": "gcc"}


def test_targets_by_hand():
    judged = {row["name"]: row for row in targets.judge(results_by_hand())}
    assert judged["cost_kernel"]["value"] == 140
    assert judged["cost_kernel"]["verdict"] == "missed"
    assert judged["cost_tuning"]["value"] == 140
    assert judged["cost_held_out"]["value"] == 80
    assert judged["cost_held_out"]["verdict"] == "beyond"
    assert judged["worst"]["value"] == 9000
    assert judged["utilisation_kernel"]["verdict"] == "beyond"
    assert judged["utilisation_held_out"]["value"] == 0.5
    assert judged["lowest_held_out"]["verdict"] == "missed"
    assert judged["frames"]["verdict"] == "-"


def test_the_best_peer_is_the_one_of_this_run():
    judged = {row["name"]: row for row in targets.judge(results_by_hand())}
    assert judged["cost_kernel"]["best"] == {"name": "<peer>", "value": 80,
                                             "beside": 0.5}
    assert judged["utilisation_tuning"]["best"]["value"] == 0.95
    assert judged["frames"]["best"] is None


def test_each_trace_has_its_column():
    assert workloads.part(LINUX_TRACE) == "kernel"
    assert workloads.part("vim-edit") == "tuning", "one of traces/"
    halves = {workloads.part(path.name.split(".")[0])
              for path in workloads.MORE_TRACES.glob("*.xz")}
    assert halves == {"tuning", "held-out"}
    for name in ("a", "b", "c", "d"):  # not in the repository
        assert workloads.part(name) == "held-out"


def test_all_traces_are_measured_or_those_of_a_folder(tmp_path):
    names = {work.name for work in bench_program.works_of(ROOT / "traces")}
    assert {"vim-edit", LINUX_TRACE, "git-pack"} <= names
    (tmp_path / "own.rep").write_text("1\n1\na 0 8\n", encoding="ascii")
    assert [work.name for work in bench_program.works_of(tmp_path)] == ["own"]


def test_picture_names_everyone():
    document = ElementTree.fromstring(picture.draw(results_by_hand()))
    words = [word for element in document.iter()
             if element.tag.endswith("text")
             for word in element.text.split(", ")]
    assert words.count("armour") == 2 and words.count("<peer>") == 2
    assert "9,000" in words and "target" in words


def test_absent_peers_come_with_the_line_that_installs_them():
    line = peers.install_line([peers.PEERS[1], peers.PEERS[2]])
    assert line.startswith("sudo dpkg --add-architecture i386 && ")
    assert line.endswith("musl:i386 libmimalloc2.0:i386")


def test_without_the_emulator(monkeypatch):
    monkeypatch.setattr(drive, "QEMU", "qemu-nowhere")
    with pytest.raises(build.Trouble, match="apt-get install .* qemu-user"):
        drive.Bench()


def test_malformed_trace_is_named_and_left_out(tmp_path, capsys):
    (tmp_path / "bad.rep").write_text("1\n1\nx 0\n", encoding="ascii")
    (tmp_path / "good.rep").write_text("1\n1\na 0 8\n", encoding="ascii")
    works = workloads.traces(tmp_path)
    assert works == [Work("good", [(ALLOC, 0, 8)])]
    assert "bad.rep:3: " in capsys.readouterr().err


def test_wrong_names_are_told(bench):
    with pytest.raises(build.Trouble, match="no allocator 'mallok' here; "
                                            "there are heap malloc"):
        bench.choose(["malloc", "mallok"])


TARGET = re.compile(r"^  (\S.*?)  +\S+ +\S+ +\S+ +missed", re.MULTILINE)


def test_every_missed_target_has_its_reason():
    """bench/README.md explains those that docs/bench.md says are missed."""
    missed = TARGET.findall((ROOT / "docs" / "bench.md").read_text())
    text = (ROOT / "bench" / "README.md").read_text()
    table = text.split("## Targets that are missed")[1].split("\n## ")[0]
    explained = re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", table, re.MULTILINE)
    assert [one for one in explained[1:] if not one.startswith("-")] == missed


# --- progress ----------------------------------------------------------------

class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream, least", [(io.StringIO(), 1),
                                           (Terminal(), 3)])
def test_progress_is_shown_each_second_on_a_terminal(monkeypatch, stream,
                                                     least):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN", 0.05)
    shown = progress.Progress(stream)
    with shown.of("traces"):
        shown.expect(2)
        shown.step()
        time.sleep(0.4)
        shown.step()
    lines = stream.getvalue().split("\r")[1:]
    assert len(lines) >= least and (least > 1 or len(lines) == 1)
    assert lines[-1] == "  BENCH   traces 2/2 (0 s)\n"
    assert least == 1 or lines[0] == "  BENCH   traces 1/2 (0 s)"


def test_kept_figures_stand_beside_new_ones():
    before, now = results_by_hand(), results_by_hand()
    del now["traces"]["<peer>"]
    now["traces"]["armour"][LINUX_TRACE] = {
        **now["traces"]["armour"][LINUX_TRACE], "utilisation": 0.75}
    bench_program.keep_others(now, before)
    assert list(now["traces"]) == ["armour", "<peer>"]
    judged = {row["name"]: row for row in now["targets"]}
    assert judged["utilisation_kernel"]["value"] == 0.75
    assert judged["cost_kernel"]["best"]["name"] == "<peer>"


# --- the record --------------------------------------------------------------

def test_worse_than_recorded_is_told():
    def row(cost):
        costs = {"mean": cost, "worst": 2 * cost}
        return {"heap": {"t": {"malloc": costs, "free": costs}}}

    known = recorded.flat(row(100))
    assert recorded.worse(row(102), known) == []
    lines = recorded.worse(row(103), known)
    assert lines[0] == ("heap: malloc mean on t is 103.0, was recorded as "
                        "100.0")
    assert len(lines) == len(recorded.FIGURES)


def test_recording_one_stage_keeps_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "FILE", tmp_path / "recorded.json")
    row = {"t": {"malloc": {"mean": 1, "worst": 2}}}
    recorded.save("cc 1", {"heap": row})
    recorded.save("cc 1", {"armour": row})
    recorded.save("cc 2", {"heap": row})
    assert set(recorded.load("cc 1")) == {"heap", "armour"}
    assert recorded.load("cc 3") is None


def test_no_stage_costs_more_than_recorded(bench):
    version = bench.toolchain.version
    known = recorded.load(version)
    if known is None:
        pytest.skip(f"nothing is recorded for {version}")
    measured = sections.quick(bench, ROOT / "traces")
    dearer = recorded.worse(measured, known)
    assert not dearer, ("\n".join(dearer) + "\nif it is worth its price: "
                        "bench/bench.py --record")
    missing = [stage for stage in measured if stage not in known]
    if missing:
        pytest.skip(f"not recorded for {version}: {' '.join(missing)}")


# The argument, the call, and what the caller keeps: see bench/README.md.
CALLERS_SIDE = 10


@pytest.mark.parametrize("stage", [
    "malloc", "grow", *(pytest.param(stage, marks=pytest.mark.native)
                        for stage in ("zalloc", "spans", "armour"))])
def test_the_booted_kernel_counts_the_same(bench, stage, tmp_path):
    known = recorded.load(bench.toolchain.version)
    if known is None or stage not in known:
        pytest.skip(f"nothing is recorded for {bench.toolchain.version}")
    trace = ROOT / "traces" / "linux-i386-kmalloc.rep"
    (tmp_path / trace.name).write_bytes(trace.read_bytes())
    out = tmp_path / "replay.json"
    subprocess.run([sys.executable, ROOT / "scripts" / "mallow.py", "replay",
                    f"--stage={stage}", f"--traces={tmp_path}",
                    f"--json={out}"], check=True, capture_output=True)
    counted = json.loads(out.read_text())["traces"][0]
    for call in ("malloc", "free"):
        here = known[stage][trace.stem][f"{call} mean"]
        assert counted[f"{call}_mean_milli"] / 1000 - CALLERS_SIDE == \
            pytest.approx(here, abs=0.05)
