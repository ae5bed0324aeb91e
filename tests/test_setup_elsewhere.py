# SPDX-License-Identifier: MIT
"""scripts/setup on macOS and on Linux for arm64, simulated: stub_machines.py
says how far that goes."""
import os
import re
import subprocess

import pytest
from conftest import ROOT
from handouts import a_students_tree
from stub_machines import debian_arm64, mac

__all__ = ["a_students_tree"]  # a fixture

# Packages that Debian has for x86 only, or only for its own machine.
X86_ALONE = {"gcc", "gdb", "grub-pc-bin", "libc6-dev-i386", "lib32gcc-12-dev"}


def needed(done):
    """The needs that a run of setup names as missing."""
    return set(re.findall(r"^missing for [\w ]+: ([\w.-]+)", done.stdout,
                          re.MULTILINE))


@pytest.mark.parametrize("machine", ["x86_64", "arm64"])
def test_macos(student, tmp_path, machine):
    there = mac(tmp_path / "mac", machine)
    check = there.run("scripts/setup", "--check", root=student.root)
    assert check.returncode == 1
    assert needed(check) == {"i386-gcc", "make", "qemu", "gdb", "xorriso"}
    assert "brew install" in check.stdout and "sudo" not in check.stdout
    done = there.run("scripts/setup", root=student.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert there.asked == ["i686-elf-gcc", "make", "qemu", "i386-elf-gdb",
                           "xorriso"]
    assert "Type gmake where the texts say make" in done.stdout
    again = there.run("scripts/setup", "--check", root=student.root)
    assert again.returncode == 0 and not needed(again)


def test_arm64(student, tmp_path):
    there = debian_arm64(tmp_path / "arm64")
    done = there.run("scripts/setup", root=student.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"gcc-i686-linux-gnu", "qemu-system-x86",
            "gdb-multiarch"} <= set(there.asked)
    assert not X86_ALONE & set(there.asked)
    assert done.stdout.endswith("Nothing is missing any more.\n")
    assert "gmake" not in done.stdout


def test_a_machine_that_stays_wrong_is_no_endless_loop(student, tmp_path):
    there = debian_arm64(tmp_path / "arm64")
    there.stub("apt-get", "exit 0")  # installs nothing
    done = there.run("scripts/setup", root=student.root)
    assert done.returncode == 1
    assert needed(done) >= {"i386-gcc", "qemu", "gdb"}


def test_the_build_takes_what_setup_has_installed(student, tmp_path):
    """On a stub machine, the Makefile chooses the cross compiler."""
    for there in (mac(tmp_path / "mac", "arm64"),
                  debian_arm64(tmp_path / "arm64")):
        there.run("scripts/setup", root=student.root)
        name = "gmake" if (there.folder / "gmake").exists() else "make"
        said = there.run(name, "-s", "print-build", root=student.root).stdout
        compiler = re.search(r"^cc (\S+)", said, re.MULTILINE).group(1)
        assert compiler in ("i686-elf-gcc", "i686-linux-gnu-gcc")
        assert (there.folder / compiler).exists()


def test_an_old_make_gets_one_line(tree):
    done = tree.make("MAKE_VERSION=3.81", "run")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "Type gmake" in done.stderr


def names_for_arm64():
    """apt's names in the table, of a machine that is not x86."""
    text = (ROOT / "scripts" / "setup").read_text(encoding="utf-8")
    table = re.search(r"^needs='$(.*?)^'$", text, re.MULTILINE | re.DOTALL)
    rows = [line.split() for line in table.group(1).splitlines()
            if line and not line.startswith("#")]
    return {row[1].rpartition("|")[2] for row in rows} - {"-"}


@pytest.mark.long
def test_debian_has_these_packages_for_arm64(tmp_path):
    """In the lists that apt fetches for arm64, into a place of its own."""
    for name in ("lists/partial", "cache/archives/partial", "etc"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "status").touch()
    options = [f"-oDir::State::lists={tmp_path}/lists",
               f"-oDir::Cache={tmp_path}/cache",
               f"-oDir::State::status={tmp_path}/status",
               "-oAPT::Architecture=arm64", "-oAPT::Architectures=arm64",
               "-oDir::Etc::sourcelist=/dev/null",
               f"-oDir::Etc::sourceparts={tmp_path}/etc"]
    (tmp_path / "etc" / "debian.sources").write_text(
        "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm\n"
        "Components: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n")
    environment = {**os.environ, "LC_ALL": "C"}
    subprocess.run(["apt-get", *options, "update"], check=True,
                   capture_output=True, timeout=600, env=environment)
    said = subprocess.run(
        ["apt-cache", *options, "policy", *sorted(names_for_arm64())],
        text=True, capture_output=True, check=True, env=environment).stdout
    candidates = dict(re.findall(r"^(\S+):\n.*\n  Candidate: (\S+)", said,
                                 re.MULTILINE))
    assert set(candidates) == names_for_arm64()
    assert "(none)" not in candidates.values()
