# SPDX-License-Identifier: MIT
"""Machines that are about to run the kernel's first instruction.

    ISO --> QEMU --> BIOS --> GRUB, with one long word for the kernel
                                 |  breakpoint at the kernel's entry
                                 v
             state (devices, registers)  +  memory without its zeros
                                 |
      options in place of the long word --> QEMU goes on from there

The BIOS and GRUB take ten times as long as the kernel's own start, and do the
same for each test.  All that the kernel does is done again in each test.  A state
costs one boot, so the second guest of a size makes it; all workers share it.
"""
import contextlib
import fcntl
import functools
import os
import re
import socket
import subprocess
import time
from pathlib import Path

from qmp import connect

from mallow import machine
from mallow.grade.guest_memory import extents, mapped, used_pieces
from mallow.project import ISO, KERNEL

MULTIBOOT2_MAGIC = 0x36D76289
# A longer one takes another frame of memory for the machine's serial number.
LONG_WORD = "x" * 160
# GRUB passes these words on unchanged.
PLAIN = re.compile(r"[A-Za-z0-9=:,._+-]+")
# QEMU cannot migrate a machine that a breakpoint holds: it runs in a circle.
JUMP_TO_ITSELF = b"\xeb\xfe"
SECONDS = 60
EAX, EBX = 0, 3  # their places among gdb's registers


def entry():
    """The address of the kernel's first instruction, from its ELF header."""
    with KERNEL.open("rb") as file:
        return int.from_bytes(file.read(28)[24:], "little")


def leave_out_memory(qmp):
    """Memory is a file, which these tests copy: QEMU would look at each page."""
    qmp.execute("migrate-set-capabilities", capabilities=[
        {"capability": "x-ignore-shared", "state": True}])


class GdbServer:
    """QEMU's server for gdb, as far as one breakpoint needs it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rb")

    def send(self, text):
        data = text.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) % 256))

    def ask(self, text):
        self.send(text)
        while self.stream.read(1) != b"$":
            pass  # the "+" that confirms what was sent
        answer = b""
        while not answer.endswith(b"#"):
            answer += self.stream.read(1)
        self.stream.read(2)  # the checksum
        self.socket.sendall(b"+")
        return answer[:-1].decode()

    def register(self, number):
        digits = self.ask("g")[8 * number:8 * number + 8]
        return int.from_bytes(bytes.fromhex(digits), "little")

    def run_to(self, address):
        """Stops where GRUB enters the kernel.  Code of GRUB lies there before."""
        assert self.ask(f"Z1,{address:x},1") == "OK"
        self.ask("c")
        while self.register(EAX) != MULTIBOOT2_MAGIC:
            self.ask("c")
        assert self.ask(f"z1,{address:x},1") == "OK"

    def close(self):
        self.stream.close()
        self.socket.close()


class Saved:
    """A saved machine, in a folder."""

    def __init__(self, folder, memory_bytes, devices):
        self.folder, self.memory_bytes = folder, memory_bytes
        self.devices = devices  # more than a guest has, for QEMU

    def memory_words(self, folder):
        """For QEMU: memory is a file in `folder`."""
        return ["-object", "memory-backend-file,id=ram,share=on,"
                f"mem-path={folder / 'memory'},size={self.memory_bytes // 1024}K",
                "-machine", "pc,memory-backend=ram"]

    def command(self, folder, words):
        return [*machine.arguments(ISO, folder, words, self.memory_bytes),
                *self.memory_words(folder),
                "-qmp", f"unix:{folder / 'qmp'},server=on,wait=off"]

    def save(self):
        qemu = subprocess.Popen(
            [*self.command(self.folder, [LONG_WORD]), *self.devices, "-S",
             "-gdb", f"unix:{self.folder / 'gdb'},server=on,wait=off"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            preexec_fn=machine.die_with_parent)
        try:
            with contextlib.closing(connect(self.folder / "qmp")) as qmp, \
                    contextlib.closing(GdbServer(self.folder / "gdb")) as gdb:
                self._save(qmp, gdb)
        finally:
            qemu.kill()
            qemu.wait()

    def _save(self, qmp, gdb):
        gdb.run_to(entry())
        info = gdb.register(EBX)
        begins_with = self._poke(entry(), JUMP_TO_ITSELF)
        gdb.send("c")
        qmp.execute("stop")
        leave_out_memory(qmp)
        qmp.execute("migrate", uri=f"exec:cat >{self.folder / 'state'}")
        while qmp.execute("query-migrate")["status"] != "completed":
            time.sleep(0.005)
        self._poke(entry(), begins_with)
        line = mapped(self.folder / "memory").find(
            LONG_WORD.encode() + b"\0", info)
        assert line > 0, "GRUB has passed another command line"
        (self.folder / "line").write_text(str(line), encoding="ascii")

    def _poke(self, address, new):
        """Writes to the machine's memory; the bytes that were there."""
        with (self.folder / "memory").open("r+b") as file:
            file.seek(address)
            old = file.read(len(new))
            file.seek(address)
            file.write(new)
        return old

    @functools.cached_property
    def pages(self):
        memory = self.folder / "memory"
        return used_pieces(mapped(memory), extents(memory))

    def lay_out(self, folder, words):
        """Writes a guest's memory, with its options."""
        line = int((self.folder / "line").read_text(encoding="ascii"))
        options = " ".join(words).encode("ascii") + b"\0"
        with (folder / "memory").open("wb") as file:
            file.truncate(self.memory_bytes)
            for offset, piece in [*self.pages, (line, options)]:
                file.seek(offset)
                file.write(piece)

    def load(self, folder):
        """Brings a QEMU that was started with `-incoming defer` to the kernel's
        first instruction; its monitor."""
        qmp = connect(folder / "qmp")
        leave_out_memory(qmp)
        qmp.execute("migrate-incoming", uri=f"exec:cat {self.folder / 'state'}")
        while qmp.execute("query-status")["status"] == "inmigrate":
            time.sleep(0.005)
        return qmp


@functools.lru_cache(maxsize=None)
def opened(folder, memory_bytes, devices):
    return Saved(folder, memory_bytes, devices)


def find(words, memory_bytes, devices=()):
    """The machine from which a guest with these options can start; None if it has
    to boot.  MALLOW_TEST_ROOM is a folder of all workers."""
    if "MALLOW_TEST_ROOM" not in os.environ or not words \
            or len(" ".join(words)) > len(LONG_WORD) \
            or not all(map(PLAIN.fullmatch, words)):
        return None
    made = ISO.stat()
    folder = Path(os.environ["MALLOW_TEST_ROOM"],
                  f"guest-{memory_bytes}-{made.st_mtime_ns}-{made.st_size}"
                  + "".join(devices))
    try:
        folder.mkdir()
        return None  # the first
    except FileExistsError:
        saved = opened(folder, memory_bytes, devices)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "line").exists():
            saved.save()
    return saved
