# SPDX-License-Identifier: MIT
"""The Makefile's face: what is typed, what it says, what it does not do."""
import argparse
import gzip
import importlib
import re
import runpy
import shutil

import pytest
from conftest import ROOT
from guest import machines_in

from mallow import machine, stages

STAGES = stages.names()
TARGET = re.compile(r"^([a-z-]+):.*## ", re.MULTILINE)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_help_is_complete(tree):
    said = tree.make("help")
    assert said.returncode == 0 and tree.make().stdout == said.stdout
    for target in TARGET.findall(read("Makefile") + read("staff.mk")
                              + read("site/site.mk")):
        assert re.search(rf"^  make {target} +\S", said.stdout, re.MULTILINE)
    for variable in ("STAGE=", "MEMORY=", "TRACES=", "V=1", "LLVM=1"):
        assert f"  {variable}" in said.stdout
    assert all(len(line) <= 80 for line in said.stdout.splitlines())


def test_readme_names_what_is_there():
    text = read("README.md")
    targets = TARGET.findall(read("Makefile") + read("staff.mk")
                              + read("site/site.mk"))
    for target in re.findall(r"make ([a-z-]+)", text):
        assert target in targets, f"README: make {target}"
    for path in re.findall(r"`([\w./-]+/[\w./-]+)`|\]\(([\w./-]+)\)", text):
        name = next(filter(None, path))
        assert (ROOT / name).exists(), f"README: {name}"


def test_readme_is_short():
    assert len(read("README.md").split()) < 400


def test_enable_disable_status(tree):
    def enabled():
        line = next(line for line in tree.make("status").stdout.splitlines()
                    if line.startswith("*"))
        return line.split()[2]

    assert enabled() == (tree.root / "STAGE").read_text().strip()
    for word, name in (("malloc", "malloc"), ("1", "frames")):
        assert tree.make("enable", f"STAGE={word}").returncode == 0
        assert enabled() == name
        assert (tree.root / "STAGE").read_text() == name + "\n"
    assert tree.make("disable").returncode == 0
    assert enabled() == "boot"
    refused = tree.make("disable")
    assert refused.returncode != 0 and "first stage" in refused.stderr
    assert enabled() == "boot"


def test_status_lists_every_stage(tree):
    said = tree.make("status").stdout
    for number, (name, lab) in enumerate(stages.table()):
        assert re.search(rf"^[*+-] {number} {name} +{lab}$", said,
                         re.MULTILINE)


@pytest.mark.parametrize("text", ["", "mallok\n", "0 1\n"])
def test_bad_stage_file(tree, text):
    (tree.root / "STAGE").write_text(text)
    refused = tree.make("status")
    assert refused.returncode != 0 and "the file STAGE" in refused.stderr


def test_no_stage_file(tree):
    (tree.root / "STAGE").unlink()
    refused = tree.make("status")
    assert refused.returncode != 0 and "make enable" in refused.stderr
    assert tree.make("enable", "STAGE=heap").returncode == 0


@pytest.mark.parametrize("target", ["enable", "run", "replay", "debug"])
def test_wrong_stage(tree, target):
    refused = tree.make(target, "STAGE=mallok")
    assert refused.returncode != 0
    line = next(line for line in refused.stderr.splitlines()
                if '"mallok"' in line)
    assert all(f"{number} {name}" in line
               for number, name in enumerate(STAGES))


@pytest.mark.parametrize("words, said", [
    (["run", "MEMORY=3M"], "3M is too little"),
    (["run", "MEMORY=plenty"], '"plenty"'),
    (["debug", "MEMORY=12Q"], '"12Q"'),
    (["replay", "TRACES=nowhere"], "nowhere"),
    (["iso", "LLVM=2"], "LLVM=2"),
    (["iso", "CROSS_COMPILE=no-such-"], "no-such-gcc"),
    (["fly"], "fly"),
])
def test_wrong_words(tree, words, said):
    refused = tree.make(*words)
    assert refused.returncode != 0
    assert said in refused.stderr


def compiled(said):
    return re.findall(r"^  CC +(\S+)", said.stdout, re.MULTILINE)


def test_builds_what_changed_and_nothing_else(tree):
    tree.make("iso")
    iso = tree.root / "build" / "mallow.iso"
    before = iso.stat().st_mtime_ns
    again = tree.make("iso")
    assert (again.returncode, again.stdout) == (0, "")
    assert iso.stat().st_mtime_ns == before
    (tree.root / "src/mm/heap/heap.c").touch()
    said = tree.make("iso")
    assert compiled(said) == ["mm/heap/heap.c"]
    assert iso.stat().st_mtime_ns > before
    (tree.root / "src/mm/heap/heap_pages.h").touch()
    said = compiled(tree.make("iso"))
    assert "boot/heap_stages.c" in said and "lib/print.c" not in said
    (tree.root / "src/mm/heap/heap.c").touch()
    assert "-march=i486" in tree.make("iso", "V=1").stdout


def test_a_trace_dropped_in_is_packed(tree):
    tree.make("iso")
    shutil.copy(tree.root / "traces" / "bash-arrays.rep",
                tree.root / "traces" / "another.rep")
    assert "ISO" in tree.make("iso").stdout


def test_broken_source_breaks_the_build(tree):
    (tree.root / "src/mm/heap/bump.c").write_text("int x = ;\n")
    done = tree.make("iso")
    assert done.returncode != 0 and "bump.c:1" in done.stderr


@pytest.mark.skipif(not (shutil.which("clang") and shutil.which("ld.lld")),
                    reason="there is no clang with ld.lld")
def test_clang_builds_it_too(tree, boot):
    said = tree.make("iso", "LLVM=1", "-j2")
    assert said.returncode == 0 and said.stderr == "", said.stderr
    guest = boot("stage=zalloc", "replay=bash-arrays.rep", "quick", "exit",
                 iso=tree.root / "build" / "mallow.iso").finish()
    assert guest.status == machine.FINE, guest.text


def test_replay(tree, tmp_path):
    (tmp_path / "one.rep").write_text("1\n2\na 0 8\nf 0\n")
    done = tree.make("replay", f"TRACES={tmp_path}", "STAGE=malloc")
    assert done.returncode == 0, done.stderr
    assert '"one.rep"' in (tree.root / "build/replay.json").read_text()


def test_debug_without_a_person(tree, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = tree.make("debug", "STAGE=boot")
    assert done.returncode == 0, done.stderr
    assert "tail -f build/debug-serial.log" in done.stdout
    assert not machines_in(tmp_path)


def test_each_command_is_where_the_table_says():
    """mallow.py loads only the module of the command that it was given."""
    rooms = runpy.run_path(str(ROOT / "scripts/mallow.py"))["ROOMS"]
    for room, names in rooms.items():
        module = importlib.import_module(f"mallow.{room}")
        commands = argparse.ArgumentParser().add_subparsers()
        module.add_commands(commands)
        assert list(commands.choices) == names, room


def test_a_lost_trace_leaves_the_iso(tree):
    """The packed copies in build/ follow traces/."""
    lost = tree.root / "traces/vim-edit.rep"
    assert tree.make("iso").returncode == 0
    packed = tree.root / "build/packed/vim-edit.rep.gz"
    assert gzip.decompress(packed.read_bytes()) == lost.read_bytes()
    lost.unlink()
    assert "ISO" in tree.make("iso").stdout
    assert not packed.exists()
