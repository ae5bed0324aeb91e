# SPDX-License-Identifier: MIT
"""UEFI machines: the same ISO boots there, and the kernel draws its own screen."""
import re
import time
from pathlib import Path

import drawn_screen
import pytest

from mallow import machine
from mallow.project import ISO

FOLDER = Path("/usr/share/OVMF")
FLASH = "if=pflash,format=raw,file="
FIRMWARE = {
    "x64": ("qemu-system-x86_64", [
        "-drive", f"{FLASH}{FOLDER / 'OVMF_CODE_4M.fd'},readonly=on"]),
    # Debian has this one for machines that guard the firmware's memory.
    "ia32": ("qemu-system-i386", [
        "-machine", "q35,smm=on",
        "-global", "driver=cfi.pflash01,property=secure,value=on",
        "-drive", f"{FLASH}{FOLDER / 'OVMF32_CODE_4M.secboot.fd'},readonly=on",
        "-drive", f"{FLASH}{FOLDER / 'OVMF32_VARS_4M.fd'},snapshot=on"]),
}
SECONDS = 150  # the firmware alone takes 3 s, and ten times that on a busy host
TRACE = "linux-i386-kmalloc.rep"
BANNER = re.compile(r"Mallow \S+: where memory comes from")


@pytest.fixture(name="uefi")
def a_uefi_machine(boot):
    """uefi(words..., kind="x64"): a Guest on UEFI."""
    def start(*words, kind="x64", iso=ISO):
        return boot(*words, iso=iso, memory_size="256M", seconds=SECONDS,
                    firmware=FIRMWARE[kind])
    return start


def screen(guest):
    """The text on the screen, read from its pixels."""
    path = guest.folder / "screen.ppm"
    guest.qmp.execute("screendump", filename=str(path))
    return drawn_screen.read(path), drawn_screen.around(path)


def lines_of(guest):
    """The last 25 lines of the kernel's words on the serial line."""
    text = guest.text[list(BANNER.finditer(guest.text))[-1].start():]
    return [line.rstrip() for line in text.splitlines()][-25:]


@pytest.mark.parametrize("kind", ["x64", pytest.param(
    "ia32", marks=pytest.mark.long)])
def test_the_screen_shows_what_the_serial_line_says(uefi, kind):
    guest = uefi("stage=grow", f"replay={TRACE}", "quick", kind=kind)
    guest.prompt()
    rows, around = screen(guest)
    shown = [row for row in rows if row]
    assert shown[-1] == "mallow> _"
    assert shown[:-1] == lines_of(guest)[:-1]
    assert around == {(0, 0, 0)}, "what the firmware drew is gone"


def test_the_page_tables_are_sound_with_a_screen_in_them(uefi):
    """More lines than there are rows, so that the screen scrolls, too."""
    guest = uefi("stage=grow")
    guest.prompt()
    assert "BROKEN" not in guest.ask("check")
    assert re.search("directory entry 1023: .*writable",
                     guest.ask("page 0xffc00000"))
    assert "not present" in guest.ask("page 0xfffff000")
    guest.ask("help")
    rows, _ = screen(guest)
    assert rows[:-1] == lines_of(guest)[-25:-1]
    assert rows[-1] == "mallow> _"


@pytest.mark.long
def test_the_live_map_is_drawn(uefi):
    guest = uefi("stage=malloc", f"replay={TRACE}", "quick", "map=slow")
    guest.expect("replay at stage malloc")
    deadline = time.monotonic() + SECONDS
    while True:
        rows, _ = screen(guest)
        if sum(shade in "".join(rows[1:-2]) for shade in "░▒▓█") >= 3:
            break
        assert time.monotonic() < deadline, "\n".join(rows)
        time.sleep(0.2)
    assert "malloc" in rows[0] and TRACE in rows[0]
    assert all(shade in rows[-2] for shade in "░▒▓█")


@pytest.mark.long
def test_a_panic_is_seen(uefi, monkeypatch):
    """On a machine that has no port to leave by, like a real one."""
    told = machine.arguments

    def without_exit(*words, **more):
        found = told(*words, **more)
        at = found.index("isa-debug-exit,iobase=0xf4,iosize=4")
        return found[:at - 1] + found[at + 1:]

    monkeypatch.setattr(machine, "arguments", without_exit)
    guest = uefi("stage=grow", "crash=null")
    deadline = time.monotonic() + SECONDS
    rows = []
    while not any("PANIC" in row for row in rows):
        assert time.monotonic() < deadline, "\n".join(rows)
        time.sleep(0.5)
        rows, _ = screen(guest)


def test_a_bios_machine_stays_in_text_mode(boot):
    guest = boot("stage=boot")
    guest.prompt()
    path = guest.folder / "screen.ppm"
    guest.qmp.execute("screendump", filename=str(path))
    assert path.read_bytes().split(b"\n", 2)[1] == b"720 400"


@pytest.mark.long
@pytest.mark.parametrize("kind", ["bios", "x64", "ia32"])
def test_an_iso_made_without_grub_boots(tree, boot, uefi, kind):
    (tree.root / "build" / "mallow.iso").unlink()
    done = tree.make("iso", "BASE=1")
    assert done.returncode == 0, done.stderr
    iso = tree.root / "build" / "mallow.iso"
    words = ["stage=grow", f"replay={TRACE}", "quick", "exit"]
    guest = (boot(*words, iso=iso, seconds=60) if kind == "bios"
             else uefi(*words, kind=kind, iso=iso)).finish()
    assert guest.status == machine.FINE, guest.text
