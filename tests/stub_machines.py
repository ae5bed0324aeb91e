# SPDX-License-Identifier: MIT
"""Machines that are not at hand, made of stubs.

A stub machine is a folder of programs, and nothing else is in PATH:

    uname, make, brew, apt-get ...  scripts that say what they say on that system
    sed, sort, bash ...             links to this machine's own

Its package manager installs a package by making a stub of each program that the
real package has.  So a test sees which packages scripts/setup asks for, in which
order, and that it is content afterwards; it does not see whether they work.
"""
import os
import subprocess
from pathlib import Path
from shutil import which

from conftest import ROOT

OWN = ("bash sh env cat sed sort grep tail head tr mktemp rm chmod dirname "
       "timeout printf echo").split()

# The output of a program that is asked for its version, or to compile.
SAYS = {
    "gmake": 'case "$*" in *print-build) exec REAL "$@" ;; esac; '
             'echo "GNU Make 4.4.1"',
    "make": 'case "$*" in *print-build) exec REAL "$@" ;; esac; '
            'echo "GNU Make 4.3"',
    "old-make": 'case "$*" in *print-build) exit 2 ;; esac; '
                'echo "GNU Make 3.81"',
    "qemu-system-i386": "echo QEMU emulator version 9.0.0",
    "gdb": 'case "$*" in *i386*) echo "Undefined item: \\"i386\\"." ;; '
           "*) echo 1 ;; esac",
    "cross-gdb": "echo 1",
    "gcc": 'for word; do [ "$word" = -m32 ] && exit 1; done; exit 0',
}

# package: the programs that it has, and which of the above each is.
PACKAGES = {
    "xorriso": ["xorriso"],
    "bubblewrap": ["bwrap"], "python3-pyelftools": [],
    "i686-elf-gcc": ["i686-elf-gcc", "i686-elf-ld"],
    "make": ["gmake"],
    "qemu": ["qemu-system-i386"],
    "qemu-system-x86": ["qemu-system-i386"],
    "i386-elf-gdb": ["i386-elf-gdb:cross-gdb"],
    "gdb-multiarch": ["gdb-multiarch:cross-gdb"],
    "gcc-i686-linux-gnu": ["i686-linux-gnu-gcc", "i686-linux-gnu-ld"],
    "python": [], "python3": [],
    "llvm": ["clangd"], "clangd": ["clangd"],
}


class StubMachine:
    """One machine; `asked` is what its package manager was asked for."""

    def __init__(self, folder, kernel, machine):
        self.folder = folder
        folder.mkdir()
        for name in OWN:
            (folder / name).symlink_to(which(name))
        (folder / "python3").symlink_to("/usr/bin/python3")
        self.stub("uname", f'case "$1" in -m) echo {machine} ;; '
                  f"*) echo {kernel} ;; esac")
        self.stub("id", "echo 0")
        self.log = folder / "asked.log"

    def stub(self, name, text):
        path = self.folder / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def add(self, name, kind=None):
        self.stub(name, SAYS.get(kind or name, "exit 0").replace(
            "REAL", which("make")))

    def add_manager(self, name):
        """A package manager; a package that it does not know is an error."""
        known = "\n".join(
            f'{package}) ' + "; ".join(
                f'cp "$here/.{program}" "$here/{program.split(":")[0]}"'
                for program in programs) + " ;;"
            for package, programs in PACKAGES.items())
        for programs in PACKAGES.values():
            for program in programs:
                title, _, kind = program.partition(":")
                self.add(title, kind or title)
                (self.folder / title).rename(self.folder / f".{program}")
        (self.folder / "cp").symlink_to(which("cp"))
        self.stub(name, f"""here={self.folder}
while [ $# -gt 0 ] && [ "$1" != install ]; do shift; done
[ $# -gt 0 ] && shift
for package; do
    case $package in
    -*) continue ;;
    {known}
    *) echo "no package $package" >&2; exit 1 ;;
    esac
    echo "$package" >>"$here/asked.log"
done""")

    @property
    def asked(self):
        return self.log.read_text().split() if self.log.exists() else []

    def run(self, *command, root=ROOT):
        return subprocess.run(
            [str(word) for word in command], cwd=root, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, check=False,
            timeout=120, env={"PATH": str(self.folder), "CI": "1"})


def mac(folder, machine):
    """macOS with Apple's tools and Homebrew: make is 3.81, gcc is clang and
    builds nothing for i386, gdb is not there."""
    there = StubMachine(Path(folder), "Darwin", machine)
    there.add("make", "old-make")
    there.add("gcc")
    there.add("git")
    there.add_manager("brew")
    return there


def debian_arm64(folder):
    """Debian on arm64: gcc and gdb are there, for arm64 alone."""
    there = StubMachine(Path(folder), "Linux", "aarch64")
    for name in ("make", "gcc", "gdb", "git"):
        there.add(name)
    there.add_manager("apt-get")
    there.stub("apt-cache", "exit 0")
    there.stub("dpkg-query", "exit 1")
    return there
