# SPDX-License-Identifier: MIT
"""Other ways to start: from a USB stick, and in Bochs."""
import re
import shutil
import subprocess
import time

import pytest
from conftest import ROOT
from test_uefi import FIRMWARE, TRACE, a_uefi_machine

from mallow import machine
from mallow.project import ISO

__all__ = ["a_uefi_machine"]  # a fixture
pytestmark = pytest.mark.long
SECONDS = 120
BOCHS = """
display_library: term
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
megs: 64
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev={serial}
log: {log}
panic: action=fatal
clock: sync=none
"""
STRAIGHT = "insmod regexp\nmallow stage=grow replay={trace} quick\n"


def straight_iso(folder):
    """An ISO whose menu is not asked: Bochs passes no options on."""
    tree = folder / "tree"
    (tree / "boot" / "grub").mkdir(parents=True)
    (tree / "traces").mkdir()
    shutil.copy(ROOT / "build/gcc/mallow.elf", tree / "boot" / "mallow.elf")
    shutil.copy(ROOT / "traces" / TRACE, tree / "traces")
    menu = (ROOT / "iso" / "grub.cfg").read_text(encoding="utf-8")
    (tree / "boot" / "grub" / "grub.cfg").write_text(
        menu[:menu.index("\nsmbios ") + 1] + STRAIGHT.format(trace=TRACE))
    subprocess.run([ROOT / "scripts" / "fill-iso", ROOT / "iso/base.iso.xz",
                    tree, folder / "straight.iso"], check=True)
    return folder / "straight.iso"


@pytest.mark.skipif(not shutil.which("bochs"), reason="there is no bochs")
def test_bochs(tmp_path):
    serial = tmp_path / "serial"
    (tmp_path / "bochsrc").write_text(BOCHS.format(
        iso=straight_iso(tmp_path), serial=serial, log=tmp_path / "log"))
    (tmp_path / "go").write_text("c\n")  # Debian's waits in its debugger
    bochs = subprocess.Popen(
        ["script", "-qc", "TERM=xterm exec bochs -q -f bochsrc -rc go",
         "/dev/null"], cwd=tmp_path, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=machine.die_with_parent)
    deadline = time.monotonic() + SECONDS
    text = ""
    try:
        while "mallow> " not in text and time.monotonic() < deadline:
            time.sleep(0.2)
            text = serial.read_text(errors="replace") if serial.exists() else ""
    finally:
        bochs.kill()
        bochs.wait()
    log = (tmp_path / "log").read_text(errors="replace")
    assert "mallow> " in text, text + log[-2000:]
    assert len(re.findall(r"^  \d \w+ +ok ", text, re.MULTILINE)) == 9
    assert re.search(rf"^{re.escape(TRACE)} .* ok", text, re.MULTILINE)
    assert "1 trace, 0 wrong" in text


@pytest.mark.parametrize("kind", ["bios", "x64"])
def test_usb_stick(boot, kind, monkeypatch):
    """The same file, as a stick: with its boot sector and EFI partition."""
    told = machine.arguments

    def from_stick(iso, *others, **more):
        words, path = machine.take_cd_out(told(iso, *others, **more))
        return words + [
            "-drive", f"if=none,id=stick,format=raw,readonly=on,file={path}",
            "-device", "qemu-xhci", "-device",
            "usb-storage,drive=stick,bootindex=0"]

    monkeypatch.setattr(machine, "arguments", from_stick)
    guest = boot("stage=grow", f"replay={TRACE}", "quick", "exit", iso=ISO,
                 memory_size="256M", seconds=SECONDS,
                 firmware=None if kind == "bios" else FIRMWARE[kind]).finish()
    assert guest.status == machine.FINE, guest.text
