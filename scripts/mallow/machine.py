# SPDX-License-Identifier: MIT
"""Starts QEMU, and explains its end.

One machine has a folder of its own, so that any number may run at once:

    records      what the kernel tells machines (COM2)
    faults       QEMU's log of processor resets: the only trace that a triple
                 fault leaves, since QEMU then ends with status 0 and no word

The kernel's options travel without a new ISO: QEMU shows them as the serial
number of the machine, GRUB reads it and puts them on the command line.
"""
import ctypes
import re
import shutil
import signal
import subprocess
import sys

from . import records
from .project import Trouble

QEMU = "qemu-system-i386"
OLDEST = (5, 2)
OPTION_CHARACTERS = 1000

# MiB of translated code that QEMU keeps.  A boot with a replay takes 7; without a limit a
# guest that runs code all over its memory makes QEMU take 1 GiB.
TRANSLATED_MIB_MAX = 64

# The exit status that QEMU's isa-debug-exit makes of the value v that the kernel writes:
# (v << 1) | 1.
FINE, WRONG_REPLAY, PANIC, BAD_OPTION = 33, 35, 37, 39

PR_SET_PDEATHSIG = 1


def version():
    """QEMU's version as text, if it is installed and new enough."""
    if not shutil.which(QEMU):
        raise Trouble(f"{QEMU} is not installed; scripts/setup installs it")
    said = subprocess.run([QEMU, "--version"], capture_output=True, text=True,
                          check=False)
    found = re.search(r"version (\d+)\.(\d+)[.\d]*", said.stdout)
    if not found:
        raise Trouble(f"{QEMU} --version failed: {last_line(said.stderr)}")
    if (int(found.group(1)), int(found.group(2))) < OLDEST:
        raise Trouble(f"this QEMU is {found.group()}; at least version "
                      f"{OLDEST[0]}.{OLDEST[1]} is needed")
    return found.group().split()[1]


def smbios(words):
    """QEMU's arguments that pass `words` to the kernel."""
    text = " ".join(words)
    if len(text) > OPTION_CHARACTERS:
        raise Trouble(f"the kernel's options have {len(text)} characters; "
                      f"at most {OPTION_CHARACTERS} get through")
    return ["-smbios", "type=1,serial=mallow:" + text.replace(",", ",,")]


def cd_drive(iso):
    """QEMU's arguments for a CD whose controller moves the data itself.  The
    processor does that with QEMU's -cdrom, and a boot takes twice as long."""
    path = str(iso).replace(",", ",,")
    return ["-drive", "if=none,id=cd,media=cdrom,format=raw,readonly=on,"
            f"file={path}",
            "-device", "ahci,id=sata", "-device", "ide-cd,drive=cd,bus=sata.0"]


def take_cd_out(command):
    """(a command of arguments() without its CD, the CD's file)"""
    at, words = command.index("-drive"), len(cd_drive(""))
    return (command[:at] + command[at + words:],
            command[at + 1].partition("file=")[2])


def arguments(iso, folder, words, memory_bytes, console="stdio",
              display="none"):
    """The command line of QEMU; `console` is where COM1 goes."""
    return [
        QEMU, "-accel", f"tcg,tb-size={TRANSLATED_MIB_MAX}",
        "-nodefaults", "-vga", "std",
        "-display", display, "-m", f"{memory_bytes // 1024}K",
        "-serial", console, "-serial", f"file:{folder / 'records'}",
        "-boot", "d", *cd_drive(iso),
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-no-reboot",
        "-d", "cpu_reset", "-D", str(folder / "faults"), *smbios(words)]


def counting():
    """Time that advances by 8 ns an instruction: rdtsc becomes a counter."""
    return ["-icount", "shift=3"]


def die_with_parent():
    """Runs in the child: on Linux, QEMU then ends however its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no message"


def triple_faulted(folder):
    log = folder / "faults"
    return log.exists() and "Triple fault" in log.read_text(encoding="utf-8")


def explain(status, folder, errors=""):
    """The reason why the machine ended, in one line; None if it ended as it
    should.  `errors` has QEMU's own messages, if they were kept.
    """
    told = records.read(folder / "records")
    if status == PANIC:
        panics = records.of_kind(told, "panic")
        cause = panics[-1].get("cause", "") if panics else ""
        return f"the kernel panicked: {cause or 'the report is above'}"
    if triple_faulted(folder):
        return ("the processor gave up (triple fault): a fault came while "
                "the kernel could not report one; `make debug` with the same "
                "words, then `continue`, stops right there")
    if status == WRONG_REPLAY:
        return "a replay was wrong"
    if status == BAD_OPTION:
        return ("the kernel refused an option, or a stage is not written or "
                "broken: its last lines say which")
    if status < 0:
        return f"QEMU was ended by signal {-status}"
    if status not in (0, FINE):
        return f"QEMU ended with status {status}: {last_line(errors)}"
    return None


def explain_silence(console, folder, seconds):
    """The reason why a machine had not ended after `seconds`."""
    needs = re.search(r"^.*needs.*MiB.*$", console, re.MULTILINE)
    if needs:
        return f"GRUB: {needs.group().strip()}"
    if not records.read(folder / "records"):
        return (f"given up after {seconds} s without a word from the kernel: "
                "GRUB could not load it, or it hangs very early")
    return (f"given up after {seconds} s; the kernel's last line: "
            f"{last_line(console)}")
