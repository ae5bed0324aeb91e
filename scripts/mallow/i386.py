# SPDX-License-Identifier: MIT
"""Programs for i386 Linux, on a machine whose kernel may not run them.

A 64-bit kernel runs 32-bit programs only if it was built, and started, with
that part of it (CONFIG_IA32_EMULATION, ia32_emulation=on); some distributions
and many virtual machines leave it out.  qemu-i386 runs them everywhere, some
ten times slower.
"""
import functools
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from .project import Trouble

QEMU = "qemu-i386"
BASE = 0x08048000
# mov $1, %eax; xor %ebx, %ebx; int $0x80: exit(0)
CODE = bytes.fromhex("b801000000" "31db" "cd80")


def smallest_program():
    """An ELF file that ends with status 0: a header, one segment, `CODE`."""
    begin = 52 + 32
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 2, 3, 1,
                         BASE + begin, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    size = begin + len(CODE)
    segment = struct.pack("<8I", 1, 0, BASE, BASE, size, size, 5, 4096)
    return header + segment + CODE


@functools.lru_cache(maxsize=None)
def runs_here():
    """Whether this machine's kernel runs such programs by itself."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "exit0"
        program.write_bytes(smallest_program())
        program.chmod(0o755)
        try:
            return subprocess.run([program], check=False).returncode == 0
        except OSError:
            return False


@functools.lru_cache(maxsize=None)
def runner():
    """The words before an i386 program's name: none, or qemu-i386."""
    if runs_here():
        return []
    qemu = shutil.which(QEMU)
    if not qemu:
        raise Trouble("this machine's kernel does not run 32-bit programs, and "
                      f"there is no {QEMU}: scripts/setup installs it")
    return [qemu]
