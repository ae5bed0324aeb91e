# SPDX-License-Identifier: MIT
"""Kernels that are wrong on purpose: replay must notice, and say what.

Each is this tree with one place changed, built and replayed for real.  A
change that no longer applies fails its test.
"""
import json
import sys

import pytest

LINUX = "linux-i386-kmalloc.rep"
MALLOC = "src/mm/malloc/malloc.c"

SMALL = "2\n4\na 0 512\na 1 24\nf 0\nf 1\n"
RESIZES = "2\n6\na 0 512\na 1 24\nr 0 600\nr 1 2000\nf 0\nf 1\n"

# The common part of all changes.
FREED = "    block_mark(block, TAG_FREE);\n    block_coalesce(block);\n"
FOUND = "    usage_add(&malloc_heap.usage, payload_bytes(block));\n" \
        "    return block_payload(block);\n"

# name: (file, old, new, a word of the reason)
WRONG = {
    "blocks_overlap": (
        MALLOC, "align_up(bytes, HEAP_ALIGNMENT) + HEADER_BYTES",
        "align_up(bytes, HEAP_ALIGNMENT)", ""),
    "same_block_twice": (
        MALLOC, FOUND,
        "    static void *last;\n" + FOUND.replace(
            "return block_payload(block);",
            "if (!last || bytes != 40)\n        last = block_payload(block);\n"
            "    return last;"), ""),
    "misaligned": (
        MALLOC, FOUND, FOUND.replace(
            "return block_payload(block);",
            "return (char *)block_payload(block) + 4;"), "no multiple of 8"),
    "outside_the_heap": (
        MALLOC, FOUND, FOUND.replace(
            "return block_payload(block);",
            "return (char *)block_payload(block) + (4 << 20);"), "heap"),
    "neighbour_scribbled": (
        MALLOC, FREED, FREED.replace(
            "    block_mark",
            "    *((uint8_t *)block_payload(block_next(block)) + 2) ^= 1;\n"
            "    block_mark"), ""),
    "live_block_refused": (
        MALLOC, "    if (error != HEAP_OK)\n        return error;\n"
        "    usage_remove",
        "    if (error != HEAP_OK || malloc_heap.usage.used_blocks == 900)\n"
        "        return HEAP_ALREADY_FREE;\n    usage_remove", "free"),
    "nothing_freed": (MALLOC, FREED, "", "out of memory"),
    "bump_instead": (
        "src/main.c", "start_malloc, malloc_check", "start_heap, bump_check",
        "out of memory"),
    "contents_lost": (
        "src/mm/heap/heap_calls.c",
        "    memcpy(moved, payload, old_bytes < bytes ? old_bytes : bytes);\n"
        "    error",
        "    memset(moved, 0, old_bytes < bytes ? old_bytes : bytes);\n"
        "    error", ""),
}

# name: (new text for FREED, a word of the reason)
DEADLY = {
    "null_written": ("*(volatile uint32_t *)12 = 0;", "page fault"),
    "never_returns": ("for (;;)\n            ;", "given up after"),
    "triple_fault": ("__asm__ volatile(\"lidt %0; int3\" : : "
                     "\"m\"((const uint64_t[]){ 0 }));", "triple fault"),
}


def replay(tree, tmp_path, *words, **traces):
    """Builds the changed tree, replays `traces` at stage malloc; (status,
    {name: figures})."""
    folder = tmp_path / "traces"
    folder.mkdir()
    for name, text in traces.items():
        (folder / f"{name}.rep").write_text(text, encoding="ascii")
    linux = tree.root / "traces" / LINUX
    (folder / LINUX).write_bytes(linux.read_bytes())
    built = tree.make("build/kernel.elf")
    assert built.returncode == 0, built.stdout + built.stderr
    done = tree.run(sys.executable, "scripts/mallow.py", "replay",
                    "--stage=malloc", f"--traces={folder}", *words)
    figures = json.loads((tree.root / "build" / "replay.json")
                         .read_text(encoding="utf-8"))
    return done, {trace["name"]: trace for trace in figures["traces"]}


# The others run in `make test-all`: a build and a replay each take long.
USUAL = ("nothing_freed", "triple_fault")
NATIVE = ("blocks_overlap", "contents_lost")


def each(names):
    return pytest.mark.parametrize("name", [
        pytest.param(name, marks=[] if name in USUAL else pytest.mark.native
                     if name in NATIVE else pytest.mark.long)
        for name in names])


@each(WRONG)
def test_wrong(name, tree, tmp_path):
    file, old, new, reason = WRONG[name]
    tree.replace(file, old, new)
    done, traces = replay(tree, tmp_path, resizes=RESIZES)
    assert done.returncode == 1
    wrong = [trace for trace in traces.values() if not trace["right"]]
    assert wrong, done.stdout
    for trace in wrong:
        # A change that writes over its own bookkeeping may fall over it, too.
        assert trace["verdict"] == "failed" or "panicked" in trace["reason"]
        assert reason in trace["reason"] and trace["reason"] in done.stderr


@each(DEADLY)
def test_deadly(name, tree, tmp_path):
    """Costs the trace that meets it, and no other."""
    text, reason = DEADLY[name]
    tree.replace(MALLOC, FREED, "    if (payload_bytes(block) == 2048) {\n"
                 f"        {text}\n    }}\n" + FREED)
    done, traces = replay(tree, tmp_path, "--seconds=20", small=SMALL)
    assert done.returncode == 1
    assert traces["small.rep"]["right"], traces["small.rep"]
    assert not traces[LINUX]["right"]
    assert reason in traces[LINUX]["reason"]


@pytest.mark.long
def test_right_but_worse(tree, tmp_path):
    """Without coalescing the trace needs more memory, and that shows."""
    before = replay(tree, tmp_path)[1][LINUX]
    (tmp_path / "traces" / LINUX).unlink()
    (tmp_path / "traces").rmdir()
    tree.replace(MALLOC, "    if (block_is_free(next)) {\n"
                 "        place = free_list_remove(next);\n"
                 "        block_absorb_next(block);\n    }\n"
                 "    if (previous && block_is_free(previous))\n"
                 "        block_absorb_next(previous);\n"
                 "    else\n        free_list_insert(block, place);\n",
                 "    (void)next, (void)previous;\n"
                 "    free_list_insert(block, place);\n")
    after = replay(tree, tmp_path)[1][LINUX]
    assert before["verdict"] == "ok"
    if after["verdict"] == "ok":
        assert after["footprint_bytes"] > before["footprint_bytes"] * 1.02
        assert after["utilisation_milli"] < before["utilisation_milli"]
    else:
        assert "out of memory" in after["reason"]
