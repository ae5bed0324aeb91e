# SPDX-License-Identifier: MIT
"""The kernel's prompt, typed at over the serial port."""
import re

import guest as guests
import pytest

TRACE = "linux-i386-kmalloc.rep"
BACKSPACE, DELETE, CTRL_U, UP = "\b", "\x7f", "\x15", "\x1b[A"


@pytest.fixture(scope="module")
def shared():
    """The guest that all tests here share, or none yet, in a list."""
    started = []
    yield started
    for one in started:
        one.close()


@pytest.fixture
def guest(shared):
    """At the prompt, all stages in force; whatever the test did, the kernel's
    own checks must still pass afterwards."""
    if not shared or not shared[-1].synchronize():
        shared.append(guests.start("stage=zalloc"))
        shared[-1].prompt()
    yield shared[-1]
    assert shared[-1].synchronize()
    told = shared[-1].ask("check")
    assert (told.count(" sound"), told.count(" replaced")) == (5, 1), told


def alloc(guest, *words):
    """alloc WORDS...: (address, bytes that may be used)."""
    answer = guest.ask(" ".join(["alloc", *map(str, words)]))
    address, size = re.match(r"(0x[0-9a-f]+), (\d+) bytes", answer).groups()
    return int(address, 16), int(size)


def live(guest):
    """(bytes, blocks) that are in use, says `heap`."""
    return tuple(map(int, re.search(r"(\d+) bytes live in (\d+) blocks",
                                    guest.ask("heap")).groups()))


def test_help_names_every_command(guest):
    for command in re.findall(r"^  (\w+) ", guest.ask("help"), re.MULTILINE):
        if command not in ("crash", "reboot", "exit", "replay"):
            assert "no command" not in guest.ask(command)


def test_wrong_words(guest):
    assert '"fly"' in guest.ask("fly")
    assert "usage: page ADDRESS" in guest.ask("page")
    assert "usage: alloc" in guest.ask("alloc 1 2 3")
    assert "too many words" in guest.ask("a b c d e f g h")
    assert '"12q"' in guest.ask("alloc 12q")
    assert guest.ask("") == ""


def test_stages(guest):
    assert guest.ask("stages").count(" ok ") == 6


def test_frames_add_up(guest):
    answer = guest.ask("frames")
    total, free, used, reserved = map(int, re.match(
        r"(\d+) frames of 4 KiB: (\d+) free, (\d+) used, (\d+) reserved",
        answer).groups())
    assert total == free + used + reserved
    rows = [line for line in answer.splitlines()
            if re.fullmatch(r"  [-.+o#Rr]+", line)]
    assert sum(len(row) - 2 for row in rows) >= 900
    assert "R" in "".join(rows) and "." in "".join(rows)


def test_page(guest):
    answer = guest.ask("page 0xc00b8000")
    assert "directory" in answer and "writable" in answer
    assert "0xc00b8000 is at physical 0x000b8000" in answer
    assert "not present" in guest.ask("page 0")
    text = guest.ask("page 0xc0101000")
    assert "table" in text and "read-only" in text
    assert "physical 0x00101000" in text


@pytest.mark.parametrize("size", [0, 1, 8, 100, 1024, 1025, 5000, 100000])
def test_alloc_and_free(guest, size):
    before = live(guest)
    address, usable = alloc(guest, size)
    assert address % 8 == 0 and usable >= size
    other, _ = alloc(guest, size)
    assert other >= address + max(size, 1) or other + max(size, 1) <= address
    assert live(guest)[1] == before[1] + 2
    assert guest.ask(f"free {address:#x}") == "freed\n"
    assert guest.ask(f"free {other:#x}") == "freed\n"
    assert live(guest) == before
    assert "BROKEN" not in guest.ask("check")


def test_alloc_aligned(guest):
    for alignment in (16, 64, 4096, 65536):
        address, usable = alloc(guest, 100, alignment)
        assert address % alignment == 0 and usable >= 100
    assert "NULL" in guest.ask("alloc 100 48")
    assert "BROKEN" not in guest.ask("check")


def test_out_of_memory(guest):
    before = live(guest)
    for size in ("2097152", "0x7fffffff", "0xffffffff", "0xfffffff8"):
        assert "NULL" in guest.ask(f"alloc {size}")
    assert live(guest) == before
    assert "BROKEN" not in guest.ask("check")


@pytest.mark.parametrize("size", [24, 3000])
def test_wild_frees_are_named(guest, size):
    address, _ = alloc(guest, size)
    assert guest.ask(f"free {address:#x}") == "freed\n"
    before = live(guest)
    for wild in (address, address + 8, address + 3, 0xC0101000, 16,
                 0xFFFFFFF8):
        answer = guest.ask(f"free {wild:#x}")
        assert f"kfree {wild:#x}: " in answer and "freed\n" != answer, answer
    assert "already free" in guest.ask(f"free {address:#x}")
    assert live(guest) == before
    assert "BROKEN" not in guest.ask("check")


def test_heap_lists_blocks(guest):
    address, _ = alloc(guest, 3000)
    assert re.search(rf"{address:#010x} +\d+ bytes  used +malloc",
                     guest.ask("heap 1000"))


def test_map_shows_what_is_used(guest):
    def dots(text):
        return sum(line.count(".") for line in text.splitlines()
                   if re.fullmatch(r"  [-.+o#b?]+", line))

    empty = dots(guest.ask("map"))
    alloc(guest, 1 << 20)
    half = guest.ask("map")
    assert "#" in half
    assert 400 < empty - dots(half) < 600  # of 1024 cells


def test_replay(guest):
    answer = guest.ask(f"replay {TRACE}")
    assert re.search(rf"^{TRACE} +35462 +0 +644266 .* ok$", answer,
                     re.MULTILINE), answer
    assert "1 trace, 0 wrong" in answer
    assert live(guest) == (0, 0)


def test_replay_of_no_trace(guest):
    answer = guest.ask("replay nonsense.rep")
    assert '"nonsense.rep"' in answer and TRACE in answer


def test_line_editing(guest):
    assert "sound" in guest.ask("chez" + BACKSPACE + "ck")
    assert "sound" in guest.ask("x" * 300 + CTRL_U + "check")
    assert "sound" in guest.ask(BACKSPACE * 5 + "cheq" + DELETE + "ck")
    assert "sound" in guest.ask(UP)


def test_heap_commands_before_the_heap(boot):
    guest = boot("stage=frames")
    guest.prompt()
    for command in ("alloc 8", "free 8", "heap", "map", "replay"):
        assert "this needs stage heap" in guest.ask(command)
    assert "this needs stage frames" not in guest.ask("frames")


def test_reboot_and_exit(boot):
    guest = boot("stage=boot")
    guest.prompt()
    guest.console.send("reboot\r")
    assert guest.finish().reason is None  # -no-reboot: QEMU ends
    guest = boot("stage=boot")
    guest.prompt()
    guest.console.send("exit\r")
    assert guest.finish().status == 33
