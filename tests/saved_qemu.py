# SPDX-License-Identifier: MIT
"""Stands in for QEMU where a test debugs the kernel: saves the way there.

    mallow.py debug --> qemu-system-i386 ... -S --> a machine at the kernel's
                        (a script that comes        first instruction, as in
                        first in PATH)              saved_guests.py

`make debug` waits for gdb's socket.  So the socket gets its name only when the
machine is complete.  A machine with another ISO is held at reset as ever.
"""
import os
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERIAL = "type=1,serial=mallow:"
NAME = "qemu-system-i386"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]


def put_before(folder):
    """A PATH in which this comes before QEMU."""
    stub = Path(folder) / NAME
    real = shutil.which(NAME)
    if not stub.exists():
        stub.write_text(
            f'#!/bin/sh\ncase " $* " in\n*" -S "*) exec {sys.executable} -S '
            f'{__file__} {real} "$@" ;;\nesac\nexec {real} "$@"\n')
        stub.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def after(option, words):
    return words[words.index(option) + 1]


def find(words):
    """(the saved machine or None, the kernel's options)."""
    import saved_guests
    from mallow import machine
    options = next((word for word in words if word.startswith(SERIAL)), SERIAL)
    options = options[len(SERIAL):].replace(",,", ",").split()
    size = re.fullmatch(r"(\d+)K", after("-m", words))
    devices = ("-device", "ib700") if "ib700" in words else ()
    plain = "-machine" not in words and words.count("-drive") == 1 \
        and machine.take_cd_out(words)[1] == str(saved_guests.ISO)
    return (saved_guests.find(options, int(size[1]) * 1024, devices)
            if plain else None, options)


def main(real, *words):
    words = list(words)
    saved, options = find(words)
    if saved:
        folder = Path(after("-D", words)).parent
        saved.lay_out(folder, options)
        words += [*saved.memory_words(folder), "-incoming", "defer"]
        socket = after("-chardev", words)
        hidden = socket.replace("/gdb,", "/gdb-later,")
        words[words.index(socket)] = hidden
        if os.fork() == 0:
            monitor = saved.load(folder)
            monitor.close()
            os.rename(folder / "gdb-later", folder / "gdb")
            os._exit(0)
    os.execv(real, [real, *words])


if __name__ == "__main__":
    main(*sys.argv[1:])
