# SPDX-License-Identifier: MIT
"""A booted kernel, as tests use it.

    console   COM1: QEMU's standard input and output, through pexpect
    records   COM2: a file, read when asked for
    screen    through QEMU's monitor (QMP): the cells, or a picture

Most guests start where GRUB enters the kernel (saved_guests.py); a test of the
boot itself says from_reset=True.

Each guest has a folder and sockets of its own and a limit of its own: it is
ended when its test is, or when its seconds are over.
"""
import contextlib
import tempfile
import time
from pathlib import Path

import pexpect
import saved_guests
from pexpect.popen_spawn import PopenSpawn
from qmp import Qmp

from mallow import machine, memory, records
from mallow.project import ISO

PROMPT = "mallow> "
SCREEN = (25, 80)
SCREEN_ADDRESS = 0xB8000


class Guest:
    """One QEMU with the kernel in it."""

    def __init__(self, seconds):
        self.directory = tempfile.TemporaryDirectory(prefix="mallow-")
        self.folder = Path(self.directory.name)
        self.seconds = seconds
        self.console = None
        self.text = ""  # all of the console so far
        self.status = None
        self.monitor = None

    def run(self, command):
        self.console = PopenSpawn(command, timeout=self.seconds,
                                  encoding="utf-8", codec_errors="replace",
                                  preexec_fn=machine.die_with_parent)

    def boot(self, words, memory_bytes, iso, counting, firmware):
        command = machine.arguments(iso, self.folder, words, memory_bytes)
        command += ["-qmp", f"unix:{self.folder / 'qmp'},server=on,wait=off"]
        command += machine.counting() if counting else []
        if firmware:  # (QEMU, its arguments): UEFI instead of BIOS
            command[:1] = [firmware[0], *firmware[1]]
        self.run(command)

    def go_on(self, words, saved, counting):
        """Starts from a saved machine."""
        saved.lay_out(self.folder, words)
        self.run([*saved.command(self.folder, words), "-incoming", "defer",
                  *(machine.counting() if counting else [])])
        self.monitor = saved.load(self.folder)
        with contextlib.suppress(EOFError, ConnectionError):
            self.monitor.execute("cont")  # its last answer, if the guest ends

    def expect(self, text):
        """Waits for `text`; what came before it."""
        try:
            self.console.expect_exact(text)
        except (pexpect.EOF, pexpect.TIMEOUT) as error:
            self.text += clean(self.console.before)
            raise AssertionError(
                f"{type(error).__name__} instead of {text!r} after:\n"
                + self.text) from None
        before = clean(self.console.before)
        self.text += before + (text if isinstance(text, str) else "")
        return before

    def prompt(self):
        """Waits for the prompt; what came before it."""
        return self.expect(PROMPT)

    def ask(self, line):
        """Types a line at the prompt; the answer, without the echo."""
        self.console.send(line + "\r")
        answer = self.prompt()
        return answer.partition("\n")[2]

    def synchronize(self):
        """Comes to a fresh prompt, whatever was typed; False if the guest is
        of no use any more."""
        mark = f"here-{len(self.text)}"
        try:
            self.console.send("\x15" + mark + "\r")
            self.expect(f'"{mark}"')
            self.prompt()
        except (AssertionError, OSError):
            return False
        return True

    def finish(self):
        """Waits until QEMU has ended."""
        self.expect(pexpect.EOF)
        self.status = self.console.proc.wait()
        return self

    @property
    def records(self):
        return records.read(self.folder / "records")

    def records_of(self, kind):
        return records.of_kind(self.records, kind)

    @property
    def reason(self):
        """Why it ended, as `make run` would say it."""
        return machine.explain(self.status, self.folder, self.text)

    @property
    def qmp(self):
        if self.monitor is None:
            self.monitor = Qmp(self.folder / "qmp")
        return self.monitor

    def cells(self):
        """The screen: rows of (character, colour), as the VGA memory has
        them."""
        rows, columns = SCREEN
        path = self.folder / "cells"
        self.qmp.human(f'pmemsave {SCREEN_ADDRESS:#x} {2 * rows * columns} '
                       f'"{path}"')
        raw = path.read_bytes()
        pairs = list(zip(raw[0::2], raw[1::2]))
        return [pairs[row * columns:(row + 1) * columns]
                for row in range(rows)]

    def screen(self):
        """The screen's characters, a string a row."""
        return [bytes(character for character, _ in row).decode("cp437")
                for row in self.cells()]

    def close(self):
        if self.monitor is not None:
            self.monitor.close()
        if self.console is not None:
            self.console.proc.kill()
            self.console.proc.communicate()
        self.directory.cleanup()


def machines_in(folder):
    """Process ids of the QEMUs whose files lie under `folder`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue  # it has just ended
        if b"qemu-system" in line and str(folder).encode() in line:
            found.append(int(path.parent.name))
    return found


def wait_until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def clean(text):
    return text.replace("\r\n", "\n").replace("\r", "")


def start(*words, memory_size="128M", iso=ISO, counting=False, seconds=20,
          firmware=None, from_reset=False):
    memory_bytes = memory.parse(memory_size)
    as_saved = not (iso != ISO or firmware or from_reset)
    saved = saved_guests.find(words, memory_bytes) if as_saved else None
    guest = Guest(seconds)
    try:
        if saved:
            guest.go_on(words, saved, counting)
        else:
            guest.boot(words, memory_bytes, iso, counting, firmware)
    except BaseException:
        guest.close()
        raise
    return guest
