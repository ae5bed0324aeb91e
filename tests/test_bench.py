# SPDX-License-Identifier: MIT
"""The benchmark measures what is known: functions of known length, and an
allocator that is slow or wrong on purpose.  And no stage may cost more than was
recorded for this compiler."""
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))

# pylint: disable=wrong-import-position
import build  # noqa: E402
import drive  # noqa: E402
import recorded  # noqa: E402
import sections  # noqa: E402
import workloads  # noqa: E402
from workloads import ALLOC, FREE, Work  # noqa: E402

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


def test_a_growing_heap_goes_on_after_its_static_part(bench):
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


# --- words ----------------------------------------------------------------------

def test_wrong_names_are_told(bench):
    with pytest.raises(build.Trouble, match="no allocator 'mallok' here; "
                                            "there are heap malloc"):
        bench.choose(["malloc", "mallok"])


def test_without_the_emulator(monkeypatch):
    monkeypatch.setattr(drive, "QEMU", "qemu-nowhere")
    with pytest.raises(build.Trouble, match="apt-get install .* qemu-user"):
        drive.Bench()


# --- the record --------------------------------------------------------------

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
