# SPDX-License-Identifier: MIT
"""`make debug TEST=...`: gdb stands where a lab's test fails; and what ends a
run is explained while there is still something to look at."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import saved_qemu
from guest import machines_in, wait_until

from mallow import project
from mallow.debug import debug

SECONDS = 240


@pytest.fixture
def place(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="mallow-test-") as name:
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)
        wait_until(lambda: not machines_in(name))


def session(place, *words, commands=(), root=project.ROOT):
    """gdb's answer and the status of a session in batch mode."""
    gdb = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run(
        [sys.executable, str(root / "scripts" / "mallow.py"), "debug",
         f"--log={place / 'log'}", *words, "--", "-batch", *gdb],
        text=True, stdin=subprocess.DEVNULL, check=False, capture_output=True,
        timeout=SECONDS,
        env={**os.environ, "PATH": saved_qemu.put_before(place)})
    said = done.stdout + done.stderr
    assert "Traceback" not in said and "Python Exc" not in said, said
    return said


def spoilt(tree, old, new):
    """The tree with a wrong malloc, built."""
    tree.replace("src/mm/malloc/malloc.c", old, new)
    built = tree.make("-s", "iso", seconds=SECONDS)
    assert built.returncode == 0, built.stderr
    return Path(tree.root)


def test_names_of_tests():
    assert {"first", "split", "out-of-memory"} <= set(debug.tests_of("malloc"))
    assert debug.tests_of("boot") == []


@pytest.mark.parametrize("words, answer", [
    (["--test=malloc/splat"], "lab malloc has first, many"),
    (["--test=split"], "of which lab?"),
    (["--lab=4", "--test=split", "--seed=x"], "not a number"),
    (["--lab=4", "--test=stress", "--steps=1-x"], "0,3,5-9"),
    (["--lab=nine", "--test=split"], "0 boot"),
])
def test_wrong_use(place, words, answer):
    said = session(place, *words)
    assert said.startswith("debug: ") and answer in said
    assert said.strip().count("\n") == 0


def test_passes(place):
    said = session(place, "--lab=malloc", "--test=first")
    assert "The test has passed." in said


def test_stops_at_the_expectation(place, tree):
    """No coalescing with the block before: the test finds it."""
    root = spoilt(tree, "if (previous && block_is_free(previous))",
                  "if (previous && block_is_free(previous) && 0)")
    said = session(place, "--test=malloc/coalesce", "--seed=1",
                   commands=["backtrace", "mallow heap"], root=root)
    assert "The test has failed; the machine is held here." in said
    assert "| failed: labs/4-malloc/tests.c:" in said
    told, chain = said.split("\n#0 ", 1)
    assert "labs/4-malloc/tests.c:" in told.split("look around")[0]
    assert "make debug TEST=malloc/coalesce SEED=1" in told
    for name in ("lab_failed", "test_coalesce", "lab_run", "kernel_main"):
        assert name in chain
    assert "BROKEN: I3: no two free blocks touch" in chain


def test_stops_a_test_that_does_not_come_back(place, tree):
    root = spoilt(tree, "link != &malloc_heap.free_list; link = link->next",
                  "link != &malloc_heap.free_list;")
    said = session(place, "--test=malloc/full", commands=["backtrace"],
                   root=root)
    assert "The test does not come back" in said
    assert "test_full" in said


def allocations(place, *words):
    """How often a random test has asked for memory, up to its end."""
    said = session(place, "--test=malloc/stress", *words, commands=[
        "mallow start", "break lab_alloc_aligned", "ignore 1 1000000",
        "continue", "info breakpoints"])
    assert said.count("The test has passed.") == 2
    return int(re.search(r"already hit (\d+) times", said).group(1))


def test_steps_are_chosen(place):
    """The kernel takes the steps of STEPS= and no others."""
    assert allocations(place, "--steps=0,2-3") <= 8


@pytest.mark.long
def test_many_steps_are_chosen(place):
    assert allocations(place, "--steps=0-400") > 50


def test_a_panic_is_held(place):
    said = session(place, "--stage=zalloc", "--options=crash=null",
                   commands=["continue", "info locals", "backtrace"])
    assert "The kernel is about to end the machine; it is held here." in said
    assert "| *** PANIC: page fault in crash_null" in said
    assert "kernel_main" in said.split("\n#0 ")[-1]
    assert "The kernel has stopped" not in said


def test_a_double_fault_has_a_backtrace(place):
    said = session(place, "--stage=zalloc", "--options=crash=stack",
                   commands=["continue", "backtrace -5"])
    assert "| *** PANIC: stack overflow (double fault) in descend" in said
    for name in ("crash_stack", "kernel_main", "high"):
        assert name in said.split("start over")[1]


def test_a_triple_fault_is_held(place):
    """No directory, no stack: nothing is left that could report."""
    said = session(place, "--stage=malloc", commands=[
        "break monitor_run", "continue", "set var $cr3 = 0x7fff000",
        "continue", "info registers eip", "mallow start"])
    assert "The processor has given up (triple fault)" in said
    assert "monitor_run" in said.split("triple fault")[1]
    assert "started again; breakpoints stay" in said


def test_writer(place):
    """From a damaged heap to the store that did it, in two commands."""
    said = session(place, "--stage=malloc", "--options=crash=overflow",
                   commands=["continue", "mallow heap",
                             "mallow writer heap_begin+24", "backtrace",
                             "info breakpoints", "mallow writer 0"])
    asked, found = said.split("starting again, to the store")
    assert "Who wrote that?  mallow writer 0x" in asked
    assert "writer: crash_overflow (monitor/crash.c:" in found
    assert "through " in found and "was 0x" in found
    assert "crash_overflow" in found.split("\n#0 ")[1]
    assert "No breakpoints or watchpoints" in found
    assert "is older than what you ask about" in found


def test_console(place):
    said = session(place, "--stage=frames", commands=[
        "mallow console", "tbreak monitor_run", "continue",
        "mallow console 2"])
    assert "the kernel has printed nothing yet" in said
    lines = [line for line in said.splitlines() if line.startswith("| ")]
    assert len(lines) == 2 and "frames" in lines[0]


def test_two_sessions_have_two_consoles():
    with debug.console_log() as one, debug.console_log() as other:
        assert one.name != other.name
    with debug.console_log() as again:
        assert again.name == one.name


def test_the_first_refusal_is_held(place):
    """A wrong kfree: held once, in its caller; one that gdb makes is not."""
    quiet = session(place, "--stage=malloc", commands=[
        "tbreak monitor_run", "continue",
        "call (int)kfree((void *)0xc0001234)"])
    assert "$1 = " in quiet and "The heap has refused" not in quiet
    said = session(place, "--stage=malloc", "--options=crash=stale", commands=[
        "tbreak crash_stale", "continue", "tbreak kfree", "continue",
        "set var *(unsigned *)((char *)payload - 8) = 0x41414141", "continue"])
    assert "The heap has refused a block" in said
    assert "| kfree 0x" in said and "crash_stale" in said.split("refused a")[1]
