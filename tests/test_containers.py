# SPDX-License-Identifier: MIT
"""Fresh systems: the Dockerfile's steps, done in a chroot that debootstrap makes.

There is no Docker here.  Its RUN lines are shell commands, its COPY is a copy; so
what a build does is done, on the image's Debian and on the next one.
"""
import json
import re
import shutil
import subprocess

import pytest
from conftest import ROOT
from handouts import hand_out

SUITES = {"12": "bookworm", "13": "trixie"}
CAN = shutil.which("debootstrap") and shutil.which("unshare")


def steps():
    """[(instruction, its words)] of the Dockerfile."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    return [tuple(line.split(" ", 1)) for line in text.splitlines()
            if line and not line.startswith("#")]


def test_the_dockerfile_is_simple_enough_to_be_followed():
    known = {"FROM", "RUN", "COPY", "WORKDIR", "CMD"}
    assert {name for name, _ in steps()} <= known
    image, = (words for name, words in steps() if name == "FROM")
    assert image.removeprefix("debian:") in SUITES
    assert ("COPY", ". /mallow") in steps()
    assert ("WORKDIR", "/mallow") in steps()
    assert json.loads(dict(steps())["CMD"]) == ["make", "run"]


def test_the_devcontainer_leads_to_it():
    path = ROOT / ".devcontainer" / "devcontainer.json"
    text = re.sub(r"^\s*//.*$", "", path.read_text(encoding="utf-8"),
                  flags=re.MULTILINE)
    build = json.loads(text)["build"]
    assert (path.parent / build["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (path.parent / build["context"]).resolve() == ROOT


class Chroot:
    """A fresh system in a folder; /proc is mounted while a command runs, in a
    name space of its own, so that nothing stays mounted."""

    def __init__(self, root, suite):
        self.root = root
        subprocess.run(["debootstrap", "--variant=minbase", suite, root],
                       check=True, capture_output=True, timeout=900)

    def run(self, line, seconds=1500):
        inner = ('mount -t proc proc "$0/proc" && '
                 'exec chroot "$0" /bin/sh -c "$1"')
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", inner, self.root, line],
            text=True, capture_output=True, stdin=subprocess.DEVNULL,
            timeout=seconds, check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                 "LC_ALL": "C"})
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.skipif(not CAN, reason="there is no debootstrap")
@pytest.mark.parametrize("version", SUITES)
def test_a_fresh_debian(tmp_path, version):
    """With a solved hand-out: what a student's container would have."""
    assert hand_out(tmp_path / "tree", "OPEN=8").returncode == 0
    system = Chroot(tmp_path / "root", SUITES[version])
    folder = "/"
    for name, words in steps():
        if name == "COPY":
            source, target = words.split()
            shutil.copytree(tmp_path / "tree" / source,
                            tmp_path / "root" / target.lstrip("/"))
        elif name == "WORKDIR":
            folder = words
        elif name == "RUN":
            said = system.run(f"cd {folder} && {words}")
            assert "warning:" not in said.replace("debconf", ""), said
    assert "Nothing is missing." in system.run("cd /mallow && make doctor")
    said = system.run("cd /mallow && mkdir t && cp traces/bash-arrays.rep t && "
                      "make replay STAGE=grow TRACES=t")
    assert "0 wrong" in said
    assert "100 of 100" in system.run("cd /mallow && make grade LAB=heap")
