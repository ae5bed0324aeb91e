# SPDX-License-Identifier: MIT
"""Reports of faults: the words beyond the fault, and the caller of kfree."""
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest

from mallow import machine, project

SCRIPTS = project.ROOT / "scripts"


def script(name, *arguments, text=""):
    return subprocess.run([sys.executable, str(SCRIPTS / name), *arguments],
                          input=text, text=True, capture_output=True,
                          timeout=90, check=False)


def report(boot, kind, stage="malloc"):
    guest = boot(f"stage={stage}", f"crash={kind}").finish()
    assert guest.status == machine.PANIC, guest.text
    return guest.text[guest.text.index("PANIC"):]


def test_stale_block(boot):
    """A wild pointer that came out of a block: what it is, and whose block
    the registers still hold."""
    told = report(boot, "stale")
    assert "reads as text" in told
    assert re.search(r"e[a-d]x: 0x[0-9a-f]+ is in the heap", told) \
        or re.search(r"e[sd]i: 0x[0-9a-f]+ is in the heap", told)
    assert "used malloc, 8 bytes" in told
    assert "kmalloc, from crash_stale+" in told
    assert "mallow owner 0x74786574" in told


def test_stale_block_of_a_zone(boot):
    assert "used zone 8, 8 bytes" in report(boot, "stale", "zalloc")


def test_overflow(boot):
    told = report(boot, "overflow")
    assert "I1: blocks tile the heap" in told
    assert "break panic" in told


def test_overflow_without_a_heap(boot):
    assert "no heap" in report(boot, "overflow", "frames")


def test_page_tables_of_a_fault(boot):
    told = report(boot, "text")
    assert re.search(r"directory entry +768: 0x\w+ +frame .*writable", told)
    assert re.search(r"table +entry .*read-only", told)
    assert "is in the kernel's code" in told
    assert "make debug" in told and "break report_trap" in told


def test_physical_address(boot):
    told = report(boot, "physical")
    assert re.search(r"meant as physical: 0xc01\w+ is in the kernel's code",
                     told)


def test_log_at_the_prompt(boot):
    guest = boot("stage=malloc")
    guest.prompt()
    block = re.match(r"0x\w+", guest.ask("alloc 40")).group()
    again = guest.ask(f"free {block}") + guest.ask(f"free {block}")
    assert "freed" in again
    assert re.search(r"double free.*called from run_free\+0x", again)
    *_, first, second, third = guest.ask("log").strip().splitlines()
    assert re.search(rf"kmalloc +40 bytes +{block} +from run_alloc\+", first)
    assert re.search(rf"kfree +{block} +from run_free\+", second)
    assert re.search(rf"refused +{block} +from run_free\+", third)
    assert guest.ask("log 1").strip() == third.strip()


def test_log_needs_a_heap(boot):
    guest = boot("stage=paging")
    guest.prompt()
    assert "needs stage heap" in guest.ask("log")


def test_log_stands_still_while_instructions_are_counted(boot):
    """And only then: a replay that is not counted can be looked back on."""
    for counting in (True, False):
        guest = boot("stage=malloc", "replay=sqlite3-table.rep", "quick",
                     counting=counting)
        guest.prompt()
        assert ("call_free" in guest.ask("log 60")) != counting


def test_explain_log(boot):
    told = report(boot, "overflow")
    done = script("explain-log", text=told)
    assert done.returncode == 0, done.stderr
    assert re.search(r"crash_overflow\+0x\w+  \[monitor/crash\.c:\d+\]",
                     done.stdout)
    assert re.search(r"high\+0x\w+  \[arch/i386/boot\.S:\d+\]", done.stdout)
    plain = [line.partition("  [")[0] for line in done.stdout.splitlines()]
    assert plain == [line.rstrip("\r") for line in told.splitlines()]


@pytest.mark.parametrize("line", ["", "no code in here", "0xc0ffeeee",
                                  "0xffffffff bogus+0x12", "a+0x1 0xc0000000"])
def test_explain_log_leaves_other_lines_alone(line):
    assert script("explain-log", text=line + "\n").stdout == line + "\n"


def test_explain_log_of_another_file():
    done = script("explain-log", "--kernel", "/etc/passwd")
    assert done.returncode == 1 and done.stderr.count("\n") == 1


def test_history_as_a_picture(tmp_path):
    """Each block of the trace is one closed path, inside the field."""
    target = tmp_path / "history.svg"
    done = script("picture-of-replay", "gcc-check-syntax.rep",
                  "--stage=malloc", "-o", str(target))
    assert done.returncode == 0, done.stderr
    assert target.stat().st_size < 200_000
    root = xml.parse(target).getroot()
    space = "{http://www.w3.org/2000/svg}"
    field = root.find(f"{space}svg")
    last, top = map(int, field.get("viewBox").split()[2:])
    blocks = re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)z", " ".join(
        path.get("d") for path in field.iter(f"{space}path")))
    trace = (project.TRACES / "gcc-check-syntax.rep").read_text()
    taken = len(re.findall(r"^[ar] ", trace, re.MULTILINE))
    assert len(blocks) == taken
    for block in blocks:
        x, y, width, height, back = map(int, block)
        assert x + width <= last and y + height <= top and width == back > 0


@pytest.mark.parametrize("arguments, word", [
    (["nothing.rep"], "nothing.rep"),
    (["gcc-check-syntax.rep", "--stage=paging"], "no block"),
    (["gcc-check-syntax.rep", "--stage=bogus"], "bogus")])
def test_picture_that_cannot_be(tmp_path, arguments, word):
    done = script("picture-of-replay", *arguments, "-o", str(tmp_path / "x"))
    assert done.returncode != 0 and word in done.stderr
    assert done.stderr.count("\n") == 1 and not (tmp_path / "x").exists()
