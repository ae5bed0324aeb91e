# SPDX-License-Identifier: MIT
"""The places of files, and the error that ends a command."""
import shlex
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
KERNEL = BUILD / "kernel.elf"
ISO = BUILD / "mallow.iso"
TRACES = ROOT / "traces"

# On macOS `make` is GNU make 3.81, and Homebrew installs a newer one as gmake.
MAKE = shutil.which("gmake") or "make"

WRONG_USE = 2


class Trouble(Exception):
    """An error: one line for the user, and the command's status."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


def require(path):
    """`path`, if it has been built."""
    if not path.exists():
        raise Trouble(f"there is no {shown(path)}: make iso builds it")
    return path


def shown(path):
    """`path`, relative to the root of the tree."""
    path = Path(path)
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def add_verbose(parser):
    parser.add_argument("--verbose", default="", metavar="V",
                        help="anything: show the commands that are started")


def show_command(arguments, command):
    """Shows a command, for V=1."""
    if arguments.verbose:
        print(shlex.join(map(str, command)), flush=True)
