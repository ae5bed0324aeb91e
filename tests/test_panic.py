# SPDX-License-Identifier: MIT
"""The text of a panic: the cause, where, and how it came there."""
import pytest

from mallow import machine, memory
from mallow.project import ROOT

# kind: what must be in the report, in this order.
CRASHES = {
    "null": ["page fault", "crash_null", "wrote 0x0000000c", "not mapped",
             "null pointer", "eip", "backtrace", "crash_null", "kernel_main"],
    "text": ["page fault", "crash_text", "wrote 0xc0", "does not allow",
             "code or constants", "backtrace", "crash_text", "kernel_main"],
    "physical": ["page fault", "wrote 0x00", "not mapped",
                 "physical address", "crash_physical", "kernel_main"],
    "stack": ["stack overflow", "descend", "guard page", "esp", "backtrace",
              "descend"],
    "jump": ["page fault", "ran code at 0x00badc0d", "not mapped",
             "stack from esp on", "crash+", "a call through a pointer led "
             "there, in crash+"],
    "return": ["page fault", "ran code at 0x656d6f73", "reads as text",
               "stack from esp on", "finish+", "a ret took that address from "
               "the stack", "who has written that return address?"],
    "gate": ["double fault in crash_gate", "null pointer", "crash_gate",
             "T2: each gate of the IDT leads to the stub of its vector",
             "found 0\n", "break report_double_fault", "mallow writer 0xc"],
    "segment": ["page fault", "S2: the descriptors of the GDT are as",
                "expected 0xffff, found 0\n", "mallow writer 0xc"],
    "divide": ["divide error", "crash_divide", "eip", "backtrace",
               "kernel_main"],
    "opcode": ["invalid opcode", "crash_opcode", "backtrace", "kernel_main"],
    "assert": ["crash.c", "found = 0x3, expected 4 = 0x4", "backtrace",
               "crash_assert", "kernel_main"],
}


def assert_in_order(text, parts):
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"no {part!r} (in this place) in:\n{text}"
        at = found + len(part)


@pytest.mark.parametrize("kind", CRASHES)
def test_crash(boot, kind):
    guest = boot("stage=zalloc", f"crash={kind}").finish()
    assert guest.status == machine.PANIC, guest.text
    report = guest.text[guest.text.index("PANIC"):]
    assert_in_order(report, CRASHES[kind])
    told, = guest.records_of("panic")
    assert CRASHES[kind][0] in told["cause"]
    assert CRASHES[kind][0] in guest.reason


def test_crash_from_the_prompt(boot):
    guest = boot("stage=paging")
    guest.prompt()
    kinds = guest.ask("crash")
    assert all(kind in kinds for kind in CRASHES)
    guest.console.send("crash divide\r")
    guest.finish()
    assert guest.status == machine.PANIC
    assert_in_order(guest.text, ["PANIC", "divide error", "monitor_run"])


def test_advice_leads_back(boot):
    """The panic's line boots the same machine once more; what only a
    script asks for is left out, and so is the Makefile's own MEMORY."""
    report = boot("stage=malloc", "map=off", "crash=null", "exit").finish().text
    assert "make debug STAGE=malloc OPTIONS='map=off crash=null', then" in report
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"MEMORY ?= {memory.DEFAULT}\n" in makefile
    report = boot("crash=null", memory_size="64M").finish().text
    assert "make debug STAGE=grow MEMORY=64M OPTIONS='crash=null', then" \
        in report
    report = boot("test=malloc/split", "seed=7").finish().text
    assert "PANIC" not in report or "TEST=malloc/split SEED=7, then" in report


def test_a_full_stack_is_what_esp_says(gdb, tmp_path):
    """An access to the guard page from a stack with room left is a wild
    pointer: only the address that the processor names is moved there."""
    gdb("tbreak report_trap", "continue", "set var $cr2 = stack_guard_begin + 8",
        "tbreak cpu_exit", "continue", stage="malloc", options="crash=null")
    told = (tmp_path / "log").read_text(encoding="ascii", errors="replace")
    assert "below the stack, which has room left" in told
    assert "the stack is full" not in told


@pytest.mark.parametrize("stage", ["boot", "frames"])
def test_null_is_caught_before_paging(boot, stage):
    guest = boot(f"stage={stage}", "crash=null").finish()
    assert guest.status == machine.PANIC
    assert_in_order(guest.text, ["page fault", "null pointer"])


def test_unknown_kind(boot):
    guest = boot("stage=boot", "crash=comet")
    before = guest.prompt()
    assert '"comet"' in before
    assert all(kind in before for kind in CRASHES)


# kind: what the report has found out, and what it says should be asked in gdb.
QUESTIONS = {
    "overflow": ["the heap is damaged: I1: blocks tile", "expected",
                 "break panic", "mallow first "],
    "stale": ["edx: 0xc", "used malloc", "holds the address that was used",
              "break report_trap", "mallow owner 0x74786574",
              "mallow writer 0xc"],
    "null": ["break report_trap", "mallow owner 0x0000000c"],
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_where_to_look_next(boot, kind):
    report = boot("stage=malloc", f"crash={kind}").finish().text
    assert_in_order(report, ["PANIC", "backtrace", *QUESTIONS[kind]])
    assert ("mallow first" in report) == (kind == "overflow")
