# SPDX-License-Identifier: MIT
"""The debugger: which one runs, its abilities, and its environment.

Facts that gdb's commands (scripts/gdb/) cannot find by themselves come in the
environment:

    MALLOW_QMP       the machine's monitor, to start the machine again
    MALLOW_CONSOLE   the file that takes what the kernel prints, if there is one
    MALLOW_TEST      the test that runs, if one does
    MALLOW_AGAIN     what is typed to come to the same place another time
"""
import os
import platform
import re
import shutil
import subprocess

from ..project import ROOT, Trouble

COMMANDS = ROOT / "scripts" / "gdb" / "mallow.py"
NAMES = ["gdb", "gdb-multiarch", "i686-elf-gdb", "i386-elf-gdb"]
if platform.machine() not in ("x86_64", "i686", "i386"):
    NAMES.append(NAMES.pop(0))  # the plain one may know its own machine alone
OLDEST = (8, 3)  # the first that knows unix sockets
ASK = ("python import sys; "
       "print('python', sys.version_info.major, sys.version_info.minor)")
OLDEST_PYTHON = (3, 6)


def find():
    """Finds the debugger's path: GDB= if it is given, else one of the usual
    names."""
    wanted = os.environ.get("GDB")
    for name in [wanted] if wanted else NAMES:
        path = shutil.which(name)
        if path:
            return path
    raise Trouble(f"{wanted or 'gdb'} is not installed"
                  + ("" if wanted else "; scripts/setup installs it"))


def ask_version(path):
    """(version, Python's version or None) of a debugger."""
    done = subprocess.run([path, "-nx", "-batch", "-ex", "show version",
                           "-ex", ASK], text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    version = re.search(r"^GNU gdb.*?(\d+)\.(\d+)[^ ]*$", done.stdout,
                        re.MULTILINE)
    if not version:
        raise Trouble(f"{path} is not a GNU gdb: it says nothing of a version")
    python = re.search(r"^python (\d+) (\d+)$", done.stdout, re.MULTILINE)
    return (tuple(map(int, version.groups())),
            tuple(map(int, python.groups())) if python else None)


def dotted(version):
    return ".".join(map(str, version))


def choose():
    """Chooses a debugger: (path, its fault or "").  A debugger without Python
    is still useful."""
    path = find()
    version, python = ask_version(path)
    if version < OLDEST:
        raise Trouble(f"{path} is gdb {dotted(version)}; at least "
                      f"{dotted(OLDEST)} is needed")
    if python is None:
        return path, (f"{path} has no Python, so there are no mallow commands; "
                      "scripts/setup installs one that has")
    if python < OLDEST_PYTHON:
        return path, (f"{path} has Python {dotted(python)}, and the mallow "
                      f"commands need {dotted(OLDEST_PYTHON)}: there are none")
    return path, ""


def make_environment(folder, what, console=""):
    """The environment of a debugger."""
    return {"MALLOW_QMP": str(folder / "qmp"), "MALLOW_TEST": what.test,
            "MALLOW_AGAIN": what.again, "MALLOW_CONSOLE": str(console)}
