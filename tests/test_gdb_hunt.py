# SPDX-License-Identifier: MIT
"""Who has done it?  Guards, and the runs that are made again."""
import re
from pathlib import Path

import pytest
from gdb_sessions import AT_PROMPT, BLOCKS

from mallow import project


def test_guard_finds_who_overflows(gdb):
    """A real mistake of the kernel's: stopped at the store itself."""
    *_, guarded, stopped, chain, taken = gdb(
        "break crash_overflow", "continue", "tbreak kmalloc_size", "continue",
        "mallow guard payload", "continue", "backtrace", "mallow guard off",
        stage="malloc", options="crash=overflow")
    assert guarded.count("guarded: ") == 2
    assert "guard: crash_overflow (monitor/crash.c:" in stopped
    assert "through " in stopped and '"and "' in stopped
    assert "the header after block 0" in stopped
    assert "only the allocator may" in stopped
    assert re.search(r"memcpy.*\n(.*\n)*.*crash_overflow", chain)
    assert "2 guards taken away" in taken


@pytest.mark.parametrize("words, stops", [("payload", False),
                                          ("payload all", True)])
def test_guard_knows_the_allocator(gdb, words, stops):
    """A free changes the header: nothing to stop for, unless asked to."""
    stopped = gdb("break report_trap", "tbreak kfree", "continue",
                  f"mallow guard {words}", "continue",
                  stage="malloc", options="crash=stale")[-1]
    assert ("the allocator's own code" in stopped) == stops
    assert ("guard: " in stopped) == stops
    assert ("report_trap" in stopped) != stops


def test_guard_of_a_zone(gdb):
    guarded, _ = gdb(*AT_PROMPT, *BLOCKS, "mallow guard $a",
                     "mallow guard 0xd0000000")[-2:]
    assert "the header and bitmap of the zone" in guarded


def test_report_survives_what_it_looks_at(gdb, tmp_path):
    """The heap's bookkeeping leads nowhere when the fault is reported: the
    look ends there, and the report does not."""
    gdb("tbreak report_trap", "continue",
        "set var kmalloc_layer.large = 0x12345678",
        "tbreak cpu_exit", "continue", stage="malloc", options="crash=stale")
    told = (tmp_path / "log").read_text(encoding="ascii", errors="replace")
    assert "backtrace:" in told
    assert "while looking: what is there cannot be trusted" in told
    assert "mallow owner 0x74786574" in told


def test_first_when_no_call_comes_after(gdb):
    """The crime is the last thing that happens: the end is looked at, too."""
    *_, checked, first, writer = gdb(
        "continue", "mallow check", "mallow first",
        "mallow writer heap_begin+24", stage="malloc",
        options="crash=overflow")
    assert re.search(r"^malloc +BROKEN: I1", checked, re.MULTILINE)
    assert re.search(r"^(frames|pages) +sound", checked, re.MULTILINE)
    assert "broken at the end, with no call between" in first
    assert re.search("take_block|crash_overflow", first)  # clang has one
    assert "not the allocator" in first
    assert "which was sound after call" in writer
    assert "crash_overflow (monitor/crash.c:" in writer
    assert ", was 0x00000015" in writer


def test_first_and_the_prompt(gdb):
    """do= runs commands before the prompt; what comes after it cannot be
    repeated, and `first` says so instead of "sound"."""
    before, _, later = gdb(
        *AT_PROMPT, "mallow first", "call (void)kmalloc(20)", "mallow first",
        stage="malloc", options="do=alloc:20,alloc:3000,free:1")[2:]
    assert "sound before and after each call (6 checks)" in before
    assert "ends at the prompt, because it gets no keys" in before
    assert "came after the prompt (1)" in later and "sound" not in later
    assert "OPTIONS='do=" in later and "RECORD=1" in later


@pytest.mark.long
@pytest.mark.native
def test_first_in_a_run_without_damage(gdb):
    sound, none = gdb("mallow start", "mallow first", stage="malloc",
                      options="replay=gcc-check-syntax.rep quick map=off")[-1:] \
        + gdb("mallow start", "mallow first", stage="malloc")[-1:]
    assert re.search(r"sound before and after each call \(\d{4,} checks\)",
                     sound)
    assert "no call of kmalloc or kfree" in none


def test_a_byte_too_far(gdb):
    """Where poison finds damage, `check` names it too, by both verdicts, and
    the line is that of the store, not the next one."""
    _, check, owner, writer, first = gdb(
        "continue", "mallow check", "python import commands.poison as p; "
        "from commands.memory import Memory; gdb.execute("
        "f'mallow owner {p.broken(Memory()).address}')", "mallow writer",
        "mallow first", stage="malloc", options="crash=byte poison")
    assert "poison  BROKEN: P2" in check and "kernel  poison: BROKEN" in check
    assert "not the word that is wrong" not in check
    assert "byte 13, in the red zone past the end" in owner
    line = re.search(r"writer: crash_byte \(monitor/crash.c:(\d+)\)", writer)
    text = (project.ROOT / "src/monitor/crash.c").read_text(encoding="utf-8")
    assert "block[13] = 'x'" in text.splitlines()[int(line[1]) - 1], writer
    assert "BROKEN: P2" in first


def test_writer_of_what_nobody_writes(gdb):
    said = gdb(*AT_PROMPT, "mallow writer kernel_main")[-1]
    assert "no code" in said and "with the image" in said


# Damage to the heap between two calls of a replay, long before
# anything is noticed: (stage, code after a kfree, what check says of it).
CRIMES = [
    pytest.param("malloc", """
    if (run->trace.done > 4000 && run->trace.done < 5000 &&
        ((uint32_t *)payload)[-2] % 8 == 2)
        ((uint32_t *)payload)[1] ^= 8; /* used after it was freed */
""", "I4", id="link"),
    pytest.param("zalloc", """
    if (run->trace.done >= 4000 && run->trace.done < 4100 &&
        entry->bytes <= 64 && run->trace.done % 16 == 0)
        *(uint8_t *)(((uintptr_t)payload & ~0xFFFu) + 0x15) ^= 4;
""", "I4", id="bitmap", marks=pytest.mark.long),
    pytest.param("malloc", """
    if (run->trace.done == 5000)
        for (uint32_t i = 0; i < run->trace.ids; i++)
            if (holds_block(&run->ids->entries[i]))
                ((uint32_t *)(run->ids->entries[i].address & ~7u))
                    [(run->ids->entries[i].bytes + 7) / 8 * 2 + 1] = 7;
""", "I2", id="overflow", marks=pytest.mark.long),
]


@pytest.mark.parametrize("stage, code, invariant", CRIMES)
def test_first_finds_a_crime_in_a_replay(gdb, tree, stage, code, invariant):
    tree.replace("src/replay/run.c",
                 "    error = call_free(run, payload);\n",
                 "    error = call_free(run, payload);\n" + code)
    built = tree.make("-s", "iso")
    assert built.returncode == 0, built.stderr
    options = {"stage": stage, "root": Path(tree.root),
               "options": "replay=linux-i386-kmalloc.rep quick map=off exit"}
    _, first, writer, frame = gdb("continue", "mallow first", "mallow writer",
                                  "frame", **options)
    assert re.search(r"the heap is sound after call (\d+), and broken before "
                     r"call \d+", first), first
    assert f"BROKEN: {invariant}: " in first and "kfree" in first
    assert "writer: do_free (replay/run.c:" in writer, writer
    assert "do_free" in frame


@pytest.mark.long
def test_first_finds_the_allocators_own_mistake(gdb, tree):
    """A length is written in only one of its two places.  The wrong word was
    never written in that call, so the search starts before the call."""
    tree.replace("src/mm/malloc/malloc.c", """\
    block_set_bytes(block, block_bytes(block) + block_bytes(block_next(block)),
                    block->bytes_and_state & BLOCK_STATE_BITS);
    /* LAB 4 END */""", """\
    block->bytes_and_state += (uint32_t)block_bytes(block_next(block));
    /* LAB 4 END */""")
    built = tree.make("-s", "iso")
    assert built.returncode == 0, built.stderr
    _, none, first, writer, back, step = gdb(
        "continue", "mallow first sound", "mallow first", "mallow writer",
        "mallow first sound", "next", stage="malloc", root=Path(tree.root),
        options="replay=gcc-check-syntax.rep quick map=off")
    assert "no such moment is known" in none
    call = re.search(r"sound before call (\d+), and broken after call \1\b",
                     first)
    assert call and "the allocator itself has done it" in first, first
    assert "BROKEN: I2: " in first
    assert "was there when all was sound" in writer
    assert f"the heap is sound here, before call {call[1]}, and not " in back
    assert "logged_k" in back and "mm/heap/heap_calls.c" in back + step
