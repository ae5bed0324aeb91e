# SPDX-License-Identifier: MIT
"""gdb's commands with a kernel that is well, at each stage of its way."""
import os
import re
import sys
import tempfile

import pexpect
import pytest
from gdb_sessions import AT_PROMPT, BLOCKS, EVERY, GROWN, asked, one_line
from guest import machines_in, wait_until

from mallow import project, stages

STAGES = stages.names()


COMMANDS = ["armour", "back", "check", "console", "dump", "end", "first",
            "frames", "guard", "heap", "list", "log", "map", "owner", "page",
            "spans", "stages", "start", "stores", "writer", "zones"]


def test_help(gdb):
    """The list has all commands.  Each one's help says how it is used, what it
    prints for example, and when it cannot answer."""
    listed, *each = gdb("help mallow",
                        *(f"help mallow {name}" for name in COMMANDS))
    assert sorted(re.findall(r"^mallow (\w+) -- .+[.?]$", listed,
                             re.MULTILINE)) == COMMANDS
    for name, text in zip(COMMANDS, each):
        assert f"Usage:\n  mallow {name}" in text, text
        assert "For example" in text or "for example" in text, text
        assert "print" in text or "writes" in text or "draws" in text, text
        assert "It cannot answer" in text, text


def test_before_there_is_a_kernel(gdb):
    """At reset, and with GRUB done but paging off: a line that says so."""
    reset = gdb(*EVERY, "mallow guard 0xc0128010", "mallow page",
                from_reset=True)
    assert all(one_line(answer) for answer in reset), reset
    assert all("no kernel in memory" in answer for answer in reset
               if "page" not in answer)
    assert "paging is off" in reset[EVERY.index("mallow page 0xc0128010")]
    assert "usage: mallow page ADDRESS" in reset[-1]
    stub = gdb("mallow start", *EVERY)[1:]
    assert all(one_line(answer) for answer in stub), stub
    assert "entry stub" in stub[0]


def test_before_the_first_stage(gdb):
    said = asked(gdb, EVERY, "tbreak stages_start", "continue")
    assert "no stage has been started" in said["mallow stages"]
    assert "no frames yet" in said["mallow frames"]
    assert "no heap yet" in said["mallow heap"]
    assert "BROKEN" not in said["mallow check"]
    assert "no zones yet" in said["mallow zones"]
    assert "4 MiB page" in said["mallow page 0xc0128010"]


# The others differ from one of these in the allocator only, which
# test_gdb_damage.py has for each of them.
FAST = ("boot", "malloc", "grow")


@pytest.mark.parametrize("stage", [
    pytest.param(stage, marks=() if stage in FAST else pytest.mark.long)
    for stage in STAGES])
def test_stage(gdb, stage):
    said = asked(gdb, EVERY, *AT_PROMPT, stage=stage)
    number = STAGES.index(stage)
    for name in STAGES:
        state = "ok" if STAGES.index(name) <= number else "off"
        assert re.search(rf" {name} +{state} ", said["mallow stages"])
    assert ("free, " in said["mallow frames"]
            or " free" in said["mallow frames"]) == (number >= 1)
    assert ("in use before the kernel came: image"
            in said["mallow frames 0x128"]) == (number >= 1)
    assert ("4 MiB page" in said["mallow page 0xc0128010"]) == (number < 2)
    assert "physical 0x00128010" in said["mallow page 0xc0128010"]
    assert ("sound" in said["mallow heap"]) == (number >= 3)
    assert ("a letter is" in said["mallow map"]) == (number >= 3)
    assert ("sound" in said["mallow zones"]) == (stage == "zalloc")
    assert ("sound" in said["mallow spans"]) == (stage == "spans")
    assert ("sound" in said["mallow armour"]) == \
        (stage in ("armour", "grow"))
    assert ("zalloc is not in force" in said["mallow zones"]) == (number > 5)
    assert "mallow writer" not in said["mallow frames 0x128"]  # reserved
    assert "the kernel's code" in said["mallow owner 0xc0101000"]
    assert "null pointer" in said["mallow owner 0"]
    assert "BROKEN" not in said["mallow check"]
    assert said["mallow check"].count("sound: ") == \
        min(number, 3) + 1 + (stage in ("zalloc", "spans"))


def test_blocks_and_their_owners(gdb):
    """A used, a freed and a zone's block, and the addresses around them."""
    said = asked(gdb, [
        "mallow heap", "mallow owner $a", "mallow owner $b+8",
        "mallow owner $c-4", "mallow owner $a+1", "mallow owner $esp",
        "mallow owner &zalloc_heap", "mallow owner 0xc00b8000",
        "mallow owner 0x109000", "mallow owner 0x64636261",
        "mallow owner 0xbad", "mallow zones 64", "mallow zones $a",
        "mallow stores", "mallow log 4", "mallow frames $cr3",
        "mallow heap $c", "mallow owner heap_end-1",
        "mallow owner kfree"], *AT_PROMPT, *BLOCKS)
    assert "a zone of zone 64" in said["mallow heap"]
    assert "a zone store" in said["mallow heap"]
    assert "kmalloc from" in said["mallow heap"]
    assert "entry 0, used: byte 0 of 64" in said["mallow owner $a"]
    assert "entry 0, used: byte 1 of 64" in said["mallow owner $a+1"]
    assert "free: " in said["mallow owner $b+8"]
    assert "last call about it: kfree" in said["mallow owner $b+8"]
    assert "in its header" in said["mallow owner $c-4"]
    assert "the stack" in said["mallow owner $esp"]
    assert "zalloc_heap" in said["mallow owner &zalloc_heap"]
    assert "frame 0xb8: reserved" in said["mallow owner 0xc00b8000"]
    assert "as a physical address" in said["mallow owner 0x109000"]
    assert "kernel's code" in said["mallow owner 0x109000"]
    assert '"abcd"' in said["mallow owner 0x64636261"]
    assert "not written" in said["mallow owner 0xbad"]
    assert "2 of 63 entries used" in said["mallow zones 64"]
    assert "##......" in said["mallow zones 64"]
    assert "is in entry 0, used" in said["mallow zones $a"]
    assert "1 of 510 slots used" in said["mallow stores"]
    assert said["mallow log 4"].count("kmalloc") == 3
    assert "kfree" in said["mallow log 4"]
    assert "end mark" in said["mallow owner heap_end-1"]
    assert "kfree, mm/heap/heap.c:" in said["mallow owner kfree"]
    assert "page directory in force" in said["mallow frames $cr3"]


def test_printers(gdb):
    said = gdb(*AT_PROMPT, *BLOCKS, "print (phys_t){0x5678}",
               "print (frame_t){5}", "print (page_entry_t)0x5003",
               "print *(struct block_header *)($c - 8)",
               "print *(struct zone *)($a & ~0xfff)",
               "print zalloc_heap.newest_store.slots[0]",
               "print heap_stats()", "print frames.layout.in_use[0]",
               "print heap_check()")[-9:]
    wanted = ["physical 0x00005678 (frame 0x5)", "frame 0x5 (physical 0x",
              "frame 0x5, present, writable", "used block of 2008 bytes",
              "zone with 2 entries used", "entries of 64 bytes",
              '"malloc" and "zalloc" up to 1024: 2128 bytes in 3 blocks',
              '"low memory" 0x0 to 0x100000', "sound"]
    for answer, part in zip(said, wanted):
        assert part in answer


def test_both_parts_of_grow(gdb):
    said = asked(gdb, ["mallow owner $c+5", "mallow owner grow.arena.end",
                       "mallow owner $a", "mallow map", "mallow armour",
                       "mallow guard $c"], *AT_PROMPT, *GROWN, stage="grow")
    assert "the heap window" in said["mallow owner $c+5"]
    assert "byte 5 of its payload" in said["mallow owner $c+5"]
    assert "0 bytes past the heap's end" in \
        said["mallow owner grow.arena.end"]
    assert "used: 40 bytes" in said["mallow owner $a"]
    assert said["mallow map"].count("a letter is") == 2
    assert "and in the heap window" in said["mallow map"]
    assert "sound" in said["mallow armour"]
    assert "keeps its bookkeeping apart" in said["mallow guard $c"]


@pytest.mark.native
def test_owners_of_spans_and_armour(gdb):
    span, inside, free = gdb(*AT_PROMPT, *BLOCKS, "mallow owner $a+3",
                             "mallow spans $a", "mallow spans 8",
                             stage="spans")[-3:]
    assert "span: byte 3 of 40" in span
    assert "is in a span of 40 bytes" in inside
    assert "#====#====..." in free
    block, apart, guarded = gdb(
        *AT_PROMPT, *BLOCKS, "mallow owner $c+3", "mallow owner "
        "armour_arena.starts", "mallow guard $c", stage="armour")[-3:]
    assert "of armour, used: 2000 bytes" in block
    assert "bookkeeping of armour" in apart
    assert "keeps its bookkeeping apart" in guarded


def test_colour_is_left_out_of_files_and_pipes(gdb):
    for answer in asked(gdb, EVERY, *AT_PROMPT).values():
        assert "\x1b" not in answer


@pytest.mark.parametrize("more, coloured", [({}, True), ({"NO_COLOR": "1"},
                                                         False)])
def test_colour_in_a_terminal(more, coloured):
    """The same letters with and without colour, in a terminal's width."""
    with tempfile.TemporaryDirectory(prefix="mallow-test-") as name:
        child = pexpect.spawn(
            sys.executable,
            [str(project.ROOT / "scripts" / "mallow.py"), "debug",
             f"--log={name}/log", "--stage=malloc", "--", "-q"],
            env={**os.environ, "TERM": "xterm", "TMPDIR": name, **more},
            encoding="utf-8", timeout=60, dimensions=(50, 60))
        try:
            for command in ("set pagination off", *AT_PROMPT, "mallow map"):
                child.expect_exact("(gdb) ")
                child.sendline(command)
            child.expect("a letter is")
            rows = [line.strip() for line in re.sub(
                r"\x1b\[[0-9;?]*[a-zA-Z]", "", child.before).splitlines()
                if re.fullmatch(r"  [-.+o#]+\s*", re.sub(
                    r"\x1b\[[0-9;?]*[a-zA-Z]", "", line))]
            assert len(rows) == 16 and {len(row) for row in rows[:-1]} == {56}
            assert ("\x1b[32m" in child.before) == coloured
        finally:
            child.close(force=True)
        wait_until(lambda: not machines_in(name))
