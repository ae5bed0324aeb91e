# SPDX-License-Identifier: MIT
"""`make dump` and `make debug CORE=FILE`: a machine's memory in a file, and a
look at it without a machine (scripts/gdb/commands/dump.py says what it holds).
"""
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

from . import gdb
from ..project import WRONG_USE, Trouble

NAMES = ("core", "kernel.elf", "registers", "console")
MOST_BYTES = 8 << 30
DEFAULT = "build/mallow-dump.tar.gz"

# To the end of the run, whichever it is, and what is written there.
TO_AN_END = ["-batch", "-ex", "tbreak monitor_run", "-ex", "continue", "-ex"]


def unpack(path, folder):
    """Unpacks the four files, and no other file that may be in there."""
    try:
        with tarfile.open(path, "r:gz") as tar:
            for name in NAMES:
                member = tar.getmember(name)
                if not member.isfile() or member.size > MOST_BYTES:
                    raise Trouble(f"{path}: {name} in it is not a plain file")
                source = tar.extractfile(member)
                with (folder / name).open("wb") as target:
                    for data in iter(lambda: source.read(1 << 20), b""):
                        target.write(data)
    except KeyError as error:
        raise Trouble(f"{path} is not a dump of make dump: {error.args[0]}",
                      WRONG_USE) from None
    except (OSError, EOFError, tarfile.TarError) as error:
        raise Trouble(f"CORE={path}: {error}", WRONG_USE) from None


def look(path, arguments):
    """gdb's status, with the dump instead of a machine."""
    program, wrong = gdb.choose()
    if wrong:
        raise Trouble(wrong)
    with tempfile.TemporaryDirectory(prefix="mallow-") as name:
        folder = Path(name)
        unpack(Path(path), folder)
        environment = {**os.environ, "MALLOW_CORE": str(folder / "registers"),
                       "MALLOW_CONSOLE": str(folder / "console")}
        environment.pop("DEBUGINFOD_URLS", None)
        return subprocess.run(
            [program, "-q", "-iex", "set confirm off",
             # Symbols only: QEMU's core does not name its program, and of a
             # program gdb would say that the two may not match.
             "-ex", f"symbol-file {folder / 'kernel.elf'}",
             "-ex", f"core-file {folder / 'core'}", "-x", str(gdb.COMMANDS),
             *arguments], env=environment, check=False).returncode
