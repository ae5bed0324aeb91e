# SPDX-License-Identifier: MIT
"""Half-written kernels, wild structures, no symbols: words, always."""
import re
from pathlib import Path

import pytest
from gdb_sessions import AT_PROMPT, BLOCKS, EVERY, asked, one_line


# Anything may stand anywhere in a half written kernel: pointers to nowhere,
# lists that go in circles, absurd counts.
NONSENSE = [
    "kmalloc_layer.large = 0xbad", "kmalloc_layer.small = 0x55555555",
    "kmalloc_layer.large = 0", "malloc_heap.begin = 0",
    "malloc_heap.free_list.next = 4", "frames.busy.words = 4",
    "frames.busy.bits = 0xffffffff", "frames.layout = 0x77",
    "paging.directory = 5", "paging.directory = 0xc0101234",
    "'stages.c'::stages = 12", "'stages.c'::stage_count = 9999999",
    "zalloc_heap.newest_store = zalloc_heap.newest_store->slots",
    "zalloc_heap.newest_store->previous = zalloc_heap.newest_store",
    "zalloc_heap.newest_store->used = 0xffffffff",
    "zalloc_heap.caches.next = 0x10", "zalloc_heap.source.page_map = 0",
    "zalloc_heap.sizes[3].open.next = &zalloc_heap.sizes[0].open",
    "zalloc_heap.sizes[3].entry_bytes = 0",
    "zalloc_heap.sizes[3].zone_entries = 0xffffffff",
    "zalloc_heap.sizes[3].name = 3", "heap_log.next = 0xffffffff",
    "heap_log.calls[0].caller = 0", "heap_log.calls[0].kind = 99",
    "heap_log.calls[1].payload = 0xffffffff",
    "direct_map.base = 0", "direct_map.bytes = 0", "$cr3 = 0x7fff000"]


def nonsense_commands(nonsense):
    for text in nonsense:
        place = text.split(" = ")[0]
        yield from [f"set var $kept = {place}", f"set var {text}", *EVERY,
                    f"set var {place} = $kept"]


@pytest.mark.parametrize("part", [
    0, *(pytest.param(part, marks=pytest.mark.long) for part in (1, 2))])
def test_nonsense(gdb, part):
    """All commands with all kinds of nonsense, one kind at a time: each still
    answers, and all is well again when the nonsense is gone."""
    commands = [*AT_PROMPT, *BLOCKS,
                *nonsense_commands(NONSENSE[part::3]), *EVERY]
    answers = gdb(*commands)
    for command, answer in zip(commands, answers):
        assert answer.strip() or not command.startswith("mallow"), command
    last = dict(zip(EVERY, answers[-len(EVERY):]))
    assert "sound" in last["mallow heap"] and "sound" in last["mallow zones"]


def test_wild_directories(gdb):
    """A table beyond all memory, a table of zeros, no kernel at all."""
    entry = "set var paging.directory->entries"
    said = gdb(*AT_PROMPT, f"{entry}[832] = 0x7fff0003",
               "mallow page 0xd0000000", "mallow owner 0xd0000000",
               f"{entry}[832] = 0x3003", "mallow page 0xd0000000",
               f"{entry}[768] = 0", "mallow heap", "mallow page kernel_main",
               stage="malloc")[len(AT_PROMPT):]
    _, wild, owner, _, empty, _, lost, way = said
    assert "beyond the machine's memory: there is no table" in wild
    assert "is not mapped" in owner and "is not mapped" in empty
    assert "does not map the kernel" in lost and one_line(lost)
    assert "not present" in way


def test_code_that_is_somewhere_else(gdb):
    """An entry leads the processor to other memory than the kernel's code."""
    entry = ("*(unsigned *)(0xc0000000 + (paging.directory->entries[768] "
             "& ~0xfff) + 4 * {})")
    at = entry.format("0x180")
    *_, page, _, _, stopped = gdb(
        "tbreak crash_null", "continue", f"set var $kept = {at}",
        f"set var {at} = 0x00300003", "mallow page 0xc0180000",
        f"set var {at} = $kept", "set var *(unsigned *)&image_begin = 0",
        "continue", stage="malloc", options="crash=null")
    assert "is at physical 0x00300000" in page
    assert "That is wrong: this part of the kernel is at physical 0x00180000" \
        in page and "mallow writer 0xc0" in page
    assert "not the kernel's code any more" in stopped
    assert "mallow page $pc" in stopped


def test_no_symbols(gdb):
    """A gdb that has lost its file: what to do about it, and no more."""
    answers = gdb(*AT_PROMPT, "symbol-file", *EVERY, "mallow first",
                  "mallow start")[len(AT_PROMPT) + 1:]
    assert all(one_line(answer) for answer in answers), answers
    assert all("file build/kernel.elf" in answer for answer in answers)


def test_after_a_triple_fault(gdb):
    said = asked(gdb, EVERY, *AT_PROMPT, "set var $cr3 = 0x7fff000",
                 "continue")
    assert all("does not map the kernel" in answer for question, answer in
               said.items() if "page" not in question), said


@pytest.mark.long
@pytest.mark.parametrize("place", [
    "boot_memory_read", "frames_init", "paging_init", "paging_enable",
    "heap_start", "malloc_init", "zalloc_init"])
def test_in_the_middle_of_the_boot(gdb, place):
    said = asked(gdb, EVERY, f"tbreak {place}", "continue")
    assert all(answer.strip() for answer in said.values()), said
    assert place in said["mallow stages"]
    assert "BROKEN" not in said["mallow check"]


def test_stage_that_is_not_written(gdb, tree):
    """A student's tree: malloc says so, and the commands say what is there."""
    tree.replace("src/mm/malloc/malloc.c",
                 "    *heap = (struct malloc_heap){",
                 "    return STAGE_NOT_WRITTEN;\n"
                 "    *heap = (struct malloc_heap){")
    built = tree.make("-s", "iso")
    assert built.returncode == 0, built.stderr
    said = asked(gdb, EVERY, *AT_PROMPT, root=Path(tree.root))
    assert re.search(r" malloc +not written +labs/4", said["mallow stages"])
    assert "BROKEN" in said["mallow heap"] or "0 used" in said["mallow heap"]
    assert "no zones yet" in said["mallow zones"]
    assert "free" in said["mallow frames"]
