# SPDX-License-Identifier: MIT
"""Booting: each stage, the kernel's options, sizes of memory."""
import re

import pytest

from mallow import layout, machine, memory, stages

STAGES = stages.names()
MIB = memory.MIB
DIRECT_MAP_FRAMES = layout.DIRECT_MAP_BYTES // 4096


def log_of(guest):
    """{stage: its state} of the boot log."""
    return dict(re.findall(r"^  \d (\w+) +(ok|off|not written|partly written"
                           r"|BROKEN)", guest.text, re.MULTILINE))


@pytest.mark.parametrize("stage", STAGES)
def test_stage(boot, stage):
    guest = boot(f"stage={stage}", "exit", from_reset=True).finish()
    number = STAGES.index(stage)
    assert guest.status == machine.FINE, guest.text
    assert log_of(guest) == dict.fromkeys(STAGES[:number + 1], "ok")
    told, = guest.records_of("boot")
    assert told["stage"] == stage


@pytest.mark.parametrize("number", [0, len(STAGES) - 1])
def test_stage_by_number(boot, number):
    guest = boot(f"stage={number}", "exit").finish()
    assert guest.status == machine.FINE
    assert list(log_of(guest)) == STAGES[:number + 1]


@pytest.mark.parametrize("wrong", [
    "mallok", "9", pytest.param("-1", marks=pytest.mark.native), "",
    pytest.param("malloc,heap", marks=pytest.mark.native)])
def test_wrong_stage(boot, wrong):
    guest = boot(f"stage={wrong}", "exit").finish()
    assert guest.status == machine.BAD_OPTION
    assert f'"{wrong}"' in guest.text or f'"stage={wrong}"' in guest.text
    if wrong:
        line = next(line for line in guest.text.splitlines()
                    if f'"{wrong}"' in line)
        assert all(name in line for name in STAGES)


@pytest.mark.parametrize("word", ["bogus", "heap=", "heap=0", "heap=12x",
                                  "map=quickly", "replay=", "x" * 70])
def test_wrong_option(boot, word):
    guest = boot("stage=boot", word, "exit").finish()
    assert guest.status == machine.BAD_OPTION
    assert word[:60] in guest.text


def test_wrong_option_leaves_the_prompt_usable(boot):
    guest = boot("stage=frames", "bogus")
    assert '"bogus"' in guest.prompt()
    assert "frames" in guest.ask("help")


@pytest.mark.parametrize("size, kib", [("65536", 64), ("256K", 256),
                                       ("1M", 1024), ("2M", 2048)])
def test_smaller_heap(boot, size, kib):
    guest = boot("stage=zalloc", f"heap={size}")
    guest.prompt()
    assert f"{kib} KiB" in guest.ask("heap")
    begin, end = heap_bounds(guest)
    assert end - begin == kib * 1024
    assert "NULL" in guest.ask(f"alloc {kib * 1024}")
    assert "BROKEN" not in guest.ask("check")


def heap_bounds(guest):
    """From what `heap` says: N KiB at ADDRESS."""
    kib, begin = re.search(r"(\d+) KiB at (0x[0-9a-f]+)",
                           guest.ask("heap")).groups()
    return int(begin, 16), int(begin, 16) + int(kib) * 1024


def test_heap_of_more_than_there_is(boot):
    guest = boot("stage=heap", "heap=3M", "exit").finish()
    assert "heap=3145728: there are only 2097152" in guest.text


@pytest.mark.parametrize("size", ["1", "8", "100", "5000"])
def test_absurdly_small_heap(boot, size):
    """May work or be refused, by name; may not panic."""
    guest = boot("stage=zalloc", f"heap={size}", "exit").finish()
    assert guest.status in (machine.FINE, machine.BAD_OPTION), guest.text


def test_needed_memory_boots(boot):
    least = memory.show(memory.needed())
    guest = boot(f"stage={STAGES[-1]}", "exit", memory_size=least,
                 from_reset=True).finish()
    assert guest.status == machine.FINE, guest.text
    assert list(log_of(guest)) == STAGES


def test_less_than_needed_is_said_so(boot):
    """One MiB below, GRUB cannot load the kernel: the figure that `make run`
    asks for is not a guess that is too high."""
    less = memory.needed() - MIB
    guest = boot("exit", memory_size=memory.show(less), seconds=15,
                 from_reset=True)
    assert "needs" in guest.expect("MiB of memory")
    assert "GRUB: " in machine.explain_silence(guest.text, guest.folder, 1)


def test_3m_is_said_so(boot):
    guest = boot("exit", memory_size="3M", seconds=15, from_reset=True)
    before = guest.expect("MiB of memory")
    assert int(re.search(r"needs (\d+) $", before).group(1)) \
        == memory.needed() // MIB


def host_has(size):
    for line in open("/proc/meminfo", encoding="ascii"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024 > memory.parse(size) * 1.25
    return False


@pytest.mark.parametrize("size", ["16M", "128M", "1G", "3G", "4G", "6G"])
def test_memory(boot, size):
    if not host_has(size):
        pytest.skip(f"this host has too little memory for {size}")
    guest = boot("stage=zalloc", "exit", memory_size=size,
                 from_reset=True).finish()
    assert guest.status == machine.FINE, guest.text
    told, = guest.records_of("boot")
    reached = min(memory.parse(size) // 4096, DIRECT_MAP_FRAMES)
    # A few frames at the end of memory belong to the firmware.
    assert reached - 256 <= told["frames_total"] <= reached
    assert reached - 4096 <= told["frames_free"] < told["frames_total"]
    beyond = "beyond the direct map" in guest.text
    assert beyond == (memory.parse(size) > 768 * MIB)


def test_a_saved_machine_is_one_that_booted(boot):
    """Most tests start where GRUB enters the kernel: nothing may differ there."""
    words = "stage=grow", "replay=bash-arrays.rep", "quick", "exit"
    boot("exit")  # the second guest of a size is the first that is restored
    saved, booted = boot(*words), boot(*words, from_reset=True)
    assert (saved.folder / "memory").exists(), "it was not restored"
    assert saved.finish().text == booted.finish().text
    assert saved.records == booted.records and saved.status == booted.status
