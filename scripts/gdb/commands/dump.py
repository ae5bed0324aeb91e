# SPDX-License-Identifier: MIT
"""`mallow dump`: the machine's memory as a file that travels.

    mallow-dump.tar.gz    core         QEMU's dump of memory and registers (ELF)
                          kernel.elf   the kernel that ran, with its symbols
                          registers    what the core has no place for
                          console      what the kernel had printed

`make debug CORE=FILE` opens it, on any machine, without booting anything.
"""
import json
import os
import tarfile
import tempfile
from pathlib import Path

import gdb

from . import kernel, session
from .command import Command
from .memory import Trouble
from .screen import say, size
from .tables import processor_registers

DEFAULT = "build/mallow-dump.tar.gz"
KEPT = ("cr0", "cr2", "cr3", "esp", "eip", "ebp")


def write_core(path):
    """By QEMU, through the page tables, so that addresses are the kernel's."""
    monitor = session.Monitor()
    monitor.socket.settimeout(60)
    try:
        monitor.ask("dump-guest-memory", paging=True, protocol=f"file:{path}")
    finally:
        monitor.close()


class Dump(Command):
    """Writes memory, registers and the kernel itself into one file.

Usage:
  mallow dump [FILE]

For example, mallow dump /tmp/fault.tar.gz writes that file and prints its
size.  Without FILE it writes build/mallow-dump.tar.gz.  Another person opens
it with make debug CORE=FILE and uses the mallow commands without booting.
`make dump` boots, and writes the file at a panic or at the prompt.

It cannot answer before the kernel runs, or if gdb was not started by make."""

    name, usage, most = "dump", "[FILE]", 1

    def answer(self, memory, words):
        kernel.require(memory)
        target = Path(words[0] if words else DEFAULT)
        program = gdb.current_progspace().filename
        if not program:
            raise Trouble("gdb has no kernel: file build/kernel.elf loads it")
        registers = {name: kernel.register(name) for name in KEPT}
        registers.update(processor_registers())
        try:
            with tempfile.TemporaryDirectory(prefix="mallow-dump-") as name:
                folder = Path(name)
                write_core(folder / "core")
                (folder / "registers").write_text(json.dumps(registers))
                (folder / "console").write_text(session.console.text())
                with tarfile.open(target, "w:gz", compresslevel=6) as tar:
                    tar.add(program, "kernel.elf")
                    for one in ("core", "registers", "console"):
                        tar.add(folder / one, one)
        except OSError as error:
            raise Trouble(f"{target}: {error.strerror or error}") from None
        say(f"{target}: {size(os.path.getsize(target) & -1024)}; "
            f"make debug CORE={target} opens it")
