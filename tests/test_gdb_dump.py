# SPDX-License-Identifier: MIT
"""`make dump`, `make debug CORE=FILE` and `mallow list HEAD`."""
import io
import re
import subprocess
import sys
import tarfile

import pytest
from gdb_sessions import AT_PROMPT, BLOCKS, one_line

from mallow import project

NEEDS_A_MACHINE = ["mallow guard $sp", "mallow writer &malloc_heap", "mallow first", "mallow start",
                   "mallow end"]
LOOKS = ["mallow stages", "mallow check", "mallow frames", "mallow heap",
         "mallow map", "mallow log", "mallow owner $sp", "mallow page $sp",
         "mallow list malloc_heap.free_list free_block", "backtrace"]


def mallow(*words, seconds=90):
    done = subprocess.run(
        [sys.executable, project.ROOT / "scripts/mallow.py", *words],
        text=True, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=seconds, check=False)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def look(core, *commands):
    """{command: its answer}, in a dump."""
    words = [word for command in commands
             for word in ("-ex", "echo \\n@@@\\n", "-ex", command)]
    done = mallow("debug", f"--core={core}", "--", "-batch", *words)
    assert "Python Exc" not in done.stdout + done.stderr
    opened, *answers = done.stdout.split("\n@@@\n")
    # gdb writes some complaints elsewhere: a command may have no answer here.
    assert len(answers) == len(commands), done.stdout + done.stderr
    return {**dict(zip(commands, answers)), "opened": opened + done.stderr}


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    """Of a panic, with one block that is used and one pointer that is wild."""
    path = tmp_path_factory.mktemp("dump") / "it's a dump.tar.gz"
    done = mallow("dump", f"--file={path}", "--stage=malloc",
                  "--options=crash=stale")
    assert done.returncode == 0 and str(path) in done.stdout, done.stderr
    return path


def test_a_dump_is_looked_at(dump):
    """Without a machine: what the panic was, and each command on it."""
    said = look(dump, *LOOKS)
    assert "4 malloc   ok" in said["mallow stages"]
    assert "malloc  sound" in said["mallow check"]
    assert "this is a dump" in said["mallow check"]
    assert re.search("kmalloc from (crash_stale|take_block)",
                     said["mallow heap"])
    assert "1 used" in said["mallow heap"]
    assert "kfree" in said["mallow log"]
    assert "the stack" in said["mallow owner $sp"]
    assert "writable" in said["mallow page $sp"]
    assert "1 items, and every link" in said[LOOKS[-2]]
    assert "crash_stale" in said["backtrace"]
    assert "nothing runs" in said["opened"], said["opened"]
    assert "| *** PANIC: page fault in " in said["opened"]
    assert "may not match" not in said["opened"]


def test_what_needs_a_machine_says_so(dump):
    said = look(dump, *NEEDS_A_MACHINE)
    said.pop("opened")
    for command, answer in said.items():
        assert one_line(answer) and ("dump" in answer or "recorded" in answer), \
            (command, answer)


def write_tar(path, *members):
    with tarfile.open(path, "w:gz") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def test_what_is_not_a_dump(dump, tmp_path):
    """One line each, and no file is taken out of such an archive."""
    link = tarfile.TarInfo("core")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    write_tar(tmp_path / "link", (link, b""))
    write_tar(tmp_path / "other", (tarfile.TarInfo("readme"), b"x"))
    (tmp_path / "text").write_text("x")
    (tmp_path / "cut").write_bytes(dump.read_bytes()[:100000])
    for name in ("none", "text", "cut", "link", "other"):
        done = mallow("debug", f"--core={tmp_path / name}", "--", "-batch")
        assert done.returncode != 0 and one_line(done.stderr), (name, done)


def test_lists(gdb):
    """The same free blocks as the heap's walk; a broken link is named, with
    the word that is wrong; what is not a list gets one line."""
    links, blocks, heap, _, broken, whole, zero, nonsense, kind = gdb(
        *AT_PROMPT, *BLOCKS, "mallow list malloc_heap.free_list",
        "mallow list malloc_heap.free_list free_block", "mallow heap",
        "set var malloc_heap.free_list.next->previous = 0x1234",
        "mallow list malloc_heap.free_list", "mallow list malloc_heap",
        "mallow list zalloc_heap.caches", "mallow list nonsense",
        "mallow list malloc_heap.free_list nothing",
        stage="malloc")[len(AT_PROMPT) + len(BLOCKS):]
    assert "2 items, and every link points back" in links
    assert blocks.count("header = free block") == 2
    assert "2 free" in heap
    assert "BROKEN" in broken and "0x00001234" in broken
    assert "mallow writer 0x" in broken
    assert one_line(whole) and "try malloc_heap.free_list" in whole
    assert one_line(zero) and "no list there yet" in zero
    assert one_line(nonsense) and one_line(kind)
