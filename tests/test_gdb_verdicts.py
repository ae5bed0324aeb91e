# SPDX-License-Identifier: MIT
"""Two descriptions of the same structures: gdb's walks and the kernel's checks.
Each word of bookkeeping is damaged in turn, and both are asked."""
import re

import pytest

from mallow import project

SCRIPT = project.ROOT / "tests" / "gdb_verdicts.py"
BLOCKS = "do=alloc:20,alloc:3000,alloc:700,alloc:100,alloc:2000,free:2,free:4"
STEP = 61  # of all damages, a sample; --long takes them all

# Only the kernel's check finds damage in these: the hints of free runs, which
# these allocators drop and make again, and counters beside them.  `mallow
# check` shows the kernel's verdict, too.
HINTS = ("H1: ", "H2: ", "H3: ", "Z1: ", "R2: ", "A3: ",
         "the kernel's own check can run")
KERNEL_ALONE = {
    "spans": ("I6: each free run", "I8: the counters", "I7: "),
    "armour": HINTS, "grow": (*HINTS, "W", "G")}
# Only gdb's walk finds damage in these: the end of a heap, which the kernel's
# check does not verify, and links back in the heads of lists.
GDB_ALONE = {"heap": ("bump_heap+0x8",), "zalloc": ("zalloc_heap+",), "armour": ("armour_arena+",),
             "grow": ("armour_arena+", "grow+")}

LONG = pytest.mark.long
DIFFER = re.compile(r"^DIFFER (.*?): .*? gdb ['\"](.*)['\"], "
                    r"kernel ['\"](.*)['\"]$", re.MULTILINE)


def is_known(stage, place, ours, theirs):
    if ours == "sound":
        return theirs.startswith(KERNEL_ALONE.get(stage, ("-",)))
    return place.startswith(GDB_ALONE.get(stage, ("-",)))


@pytest.mark.parametrize("stage", [
    "malloc", "zalloc", *(pytest.param(stage, marks=LONG)
                          for stage in ("heap", "spans", "armour", "grow"))])
def test_both_verdicts_agree(gdb, monkeypatch, request, stage):
    step = 5 if request.config.getoption("--long") else STEP
    monkeypatch.setenv("VERDICTS_STAGE", stage)
    monkeypatch.setenv("VERDICTS_STEP", str(step))
    monkeypatch.setenv("VERDICTS_FIRST", str(len(stage)))
    said = gdb("tbreak monitor_run", "continue", f"source {SCRIPT}",
               stage=stage, options=BLOCKS, seconds=400)[-1]
    done = re.search(r"COMPARED (\d+) of .* left \('', ''\)", said)
    assert done and int(done[1]) >= 8, said
    unknown = [found for found in DIFFER.findall(said)
               if not is_known(stage, *found)]
    assert not unknown, "\n".join(map(str, unknown))


INTERRUPT = ("python import os, signal, threading; threading.Timer("
             "4, os.kill, (os.getpid(), signal.SIGINT)).start()")


def test_check_while_the_processor_waits(gdb):
    """At the prompt it executes nothing until a key is pressed.  It is woken,
    types nothing, and is left where it was."""
    _, stopped, check, where = gdb(
        INTERRUPT, "continue", "mallow check", "info registers eip",
        stage="malloc")
    assert "SIGINT" in stopped and "hlt" in stopped
    assert "kernel  sound by its own checks: boot, frames, paging, malloc" \
        in check
    assert "console_read" in where


def test_check_after_a_triple_fault(gdb):
    """Nothing can run any more, so nothing is run."""
    *_, end, check = gdb(
        "tbreak crash_null", "continue",
        "set var *(unsigned *)((char *)gates + 8 * 13) = 0",
        "set var *(unsigned *)((char *)gates + 8 * 14) = 0",
        "set var *(unsigned *)((char *)gates + 8 * 8) = 0",
        "continue", "mallow check", stage="malloc", options="crash=null")
    assert "triple fault" in end and "mallow check" in end, end
    assert "tables  BROKEN: T2" in check
    assert "cannot run: the processor has given up" in check


def test_a_short_table(gdb):
    said = gdb("tbreak monitor_run", "continue", "python from commands import "
               "tables; real = tables.processor_registers; "
               "tables.processor_registers = lambda: {**real(), "
               "'IDT limit': 63}", "mallow check", stage="malloc")[-1]
    assert "tables  BROKEN: T1" in said and "expected 0x17f, found 0x3f" in said
    assert "lidt" in said


def test_check_shows_both(gdb):
    """The kernel's check reports what gdb's own walk does not see; and a check
    that meets a fault leaves the machine as it was."""
    *_, sound, _, fault, where = gdb(
        "tbreak monitor_run", "continue", "mallow check",
        "set var span_heap.source.page_map = 4", "mallow check",
        "info registers eip",
        stage="spans", options="do=alloc:20,alloc:30,alloc:40,free:2")
    assert "kernel  sound by its own checks: boot, frames, paging" in sound
    assert "BROKEN" in fault and "Traceback" not in fault
    assert "monitor_run" in where
