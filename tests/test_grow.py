# SPDX-License-Identifier: MIT
"""Stage grow: what does not fit 2 MiB, where memory ends, and that every frame
comes back."""
import random
import re
import subprocess

import pytest
from test_replay import Replay

from mallow import machine, memory, project

MIB = memory.MIB
STATIC = 2 * MIB
FIGURES = re.compile(r"^(\d+) frames of 4 KiB: (\d+) free, (\d+) used",
                     re.MULTILINE)


def trace_of(peak, seed=1, largest=4000):
    """Allocations and frees in random order, up to `peak` bytes live; twice."""
    chance = random.Random(seed)
    lines, live, ids, held = [], {}, 0, 0
    for _ in range(2):
        while held < peak:
            size = chance.randint(1, largest)
            lines.append(f"a {ids} {size}")
            live[ids], ids, held = size, ids + 1, held + size
            if chance.random() < 0.3:
                gone = chance.choice(list(live)[-50:])
                held -= live.pop(gone)
                lines.append(f"f {gone}")
        gone = list(live)
        chance.shuffle(gone)
        for one in gone[:-20]:
            held -= live.pop(one)
            lines.append(f"f {one}")
    return f"{ids}\n{len(lines)}\n" + "\n".join(lines) + "\n"


def one_block(size):
    return f"1\n2\na 0 {size}\nf 0\n"


@pytest.fixture
def large(tmp_path):
    """A folder with a trace that holds 6 MB at its peak, and one that wants
    nothing but one block of 3 MB."""
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "six.rep").write_text(trace_of(6_000_000), encoding="ascii")
    (folder / "three.rep").write_text(one_block(3_000_000), encoding="ascii")
    return folder


def iso_with(folder, tmp_path):
    iso = tmp_path / "traces.iso"
    done = subprocess.run([project.ROOT / "scripts" / "make-iso",
                           project.BUILD / "kernel.elf", iso, folder],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return iso


def frames(guest):
    return FIGURES.search(guest.ask("frames")).groups()


def test_traces_beyond_two_megabytes_fail_before(large, tmp_path):
    run = Replay(tmp_path, "--stage=armour", f"--traces={large}")
    for trace in run.figures["traces"]:
        assert trace["verdict"] == "out-of-memory", run.done.stdout
        assert trace["failures"] > 0
        assert "does not fit the heap of 2097152" in trace["reason"]


def test_traces_beyond_two_megabytes_run(large, tmp_path):
    run = Replay(tmp_path, "--stage=grow", f"--traces={large}")
    assert run.done.returncode == 0, run.done.stdout + run.done.stderr
    for trace in run.figures["traces"]:
        assert (trace["verdict"], trace["failures"]) == ("ok", 0)
    six, three = run.trace("six.rep"), run.trace("three.rep")
    assert six["peak_bytes"] >= 6_000_000
    assert 6_000_000 < six["footprint_bytes"] < 6_000_000 * 1.1
    # The static 2 MiB do not help a block that is larger than they are.
    assert STATIC + 3_000_000 < three["footprint_bytes"]
    assert three["footprint_bytes"] < STATIC + 3_000_000 * 1.05


def test_every_frame_comes_back(boot, large, tmp_path):
    guest = boot("stage=grow", iso=iso_with(large, tmp_path), seconds=60)
    guest.prompt()
    before = frames(guest)
    table = guest.ask("replay")
    assert "2 traces, 0 wrong: 2 ok" in table
    assert frames(guest) == before
    taken = [guest.ask("alloc 2500000").split(",")[0] for _ in range(3)]
    assert all(address.startswith("0xf0") for address in taken), taken
    assert frames(guest) != before
    assert "grown" in guest.ask("heap")
    guest.ask("replay three.rep")
    assert frames(guest) == before
    assert "BROKEN" not in guest.ask("check")


@pytest.mark.parametrize("size", ["12M", "16M"])
def test_out_of_frames(boot, size, tmp_path):
    """More than the machine has: failures, and nothing is lost or broken."""
    folder = tmp_path / "larger"
    folder.mkdir()
    (folder / "twenty.rep").write_text(trace_of(20_000_000, largest=30000),
                                       encoding="ascii")
    guest = boot("stage=grow", iso=iso_with(folder, tmp_path),
                 memory_size=size, seconds=60)
    guest.prompt()
    before = frames(guest)
    table = guest.ask("replay")
    assert "1 trace, 0 wrong: 1 out of memory" in table, table
    assert frames(guest) == before
    assert "NULL" in guest.ask("alloc 20000000")
    assert frames(guest) == before
    guest.ask("alloc 3000000")
    assert "BROKEN" not in guest.ask("check")


def test_page_after_the_end_faults(boot):
    guest = boot("stage=grow", "crash=end").finish()
    assert guest.status == machine.PANIC, guest.text
    report = guest.text[guest.text.index("PANIC"):]
    assert "page fault in crash_end" in report
    assert "the page is not mapped" in report
    end = re.search(r"0x0 bytes past the heap's end at (0x\w+)", report)
    assert end and f"wrote {end[1]}" in report, report


def test_a_wild_address_in_the_window_is_explained(boot):
    guest = boot("stage=grow")
    guest.prompt()
    address = guest.ask("alloc 3000000").split(",")[0]
    inside = int(address, 16) + 8
    assert "inside a block, not at its start" in guest.ask(f"free {inside:#x}")
    assert "no allocation gave out" in guest.ask("free 0xff000000")
    assert "freed" in guest.ask(f"free {address}")
    assert "already free" in guest.ask(f"free {address}")


def test_heap_option_stops_growth(boot):
    guest = boot("stage=grow", "heap=2M")
    guest.prompt()
    assert "NULL" in guest.ask("alloc 3000000")
    other = boot("stage=grow", "heap=6M")
    other.prompt()
    assert "bytes to use" in other.ask("alloc 3000000")
    assert "NULL" in other.ask("alloc 3000000")
