# SPDX-License-Identifier: MIT
"""The `mallow` commands of gdb, in real sessions with booted kernels.

A session is one boot and many commands; each answer is looked at by itself.
What must never be seen is a Python error: a command that cannot go on says so
in one line, whatever the kernel's memory holds.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pexpect
import pytest
from guest import machines_in, wait_until

from mallow import project, stages

STAGES = stages.names()
EVERY = ["mallow stages", "mallow frames", "mallow frames 0x128",
         "mallow page 0xc0128010", "mallow heap", "mallow zones",
         "mallow zones 8", "mallow stores", "mallow spans", "mallow armour", "mallow owner 0xc0128010",
         "mallow owner 0xc0101000", "mallow owner 0", "mallow map",
         "mallow log"]
AT_PROMPT = ["tbreak monitor_run", "continue"]
BLOCKS = ["set var $a = (unsigned)kmalloc(40)",
          "set var $b = (unsigned)kmalloc(3000)",
          "set var $c = (unsigned)kmalloc(2000)",
          "set var $d = (unsigned)kmalloc(40)",
          "call (void)kfree((void *)$b)"]


@pytest.fixture
def gdb(monkeypatch, tmp_path):
    """gdb(commands..., stage=, options=): what each command has said."""
    with tempfile.TemporaryDirectory(prefix="mallow-test-") as name:
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setenv("TERM", "dumb")

        def session(*commands, stage="zalloc", options="", root=project.ROOT):
            script = tmp_path / "commands"
            script.write_text("".join(
                f"echo \\n@@@\\n\n{command}\n" for command in commands)
                + "echo \\n@@@\\n\n", encoding="utf-8")
            done = subprocess.run(
                [sys.executable, str(root / "scripts" / "mallow.py"), "debug",
                 f"--log={tmp_path / 'log'}", f"--stage={stage}",
                 f"--options={options}", "--", "-batch", "-x", str(script)],
                text=True, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=90, check=False)
            said = done.stdout + done.stderr
            assert "Traceback" not in said and "Python Exc" not in said, said
            assert "make no sense" not in said, said
            answers = done.stdout.split("\n@@@\n")[1:-1]
            assert len(answers) == len(commands), said
            return answers

        yield session
        wait_until(lambda: not machines_in(name))


def asked(gdb, questions, *before, **options):
    """{question: answer}, after the commands `before`."""
    answers = gdb(*before, *questions, **options)
    return dict(zip(questions, answers[len(before):]))


def one_line(answer):
    return answer.strip().count("\n") == 0 and answer.strip()


def test_help_lists_the_commands(gdb):
    listed, one = gdb("help mallow", "help mallow guard")
    for name in ("stages", "frames", "page", "heap", "zones", "stores",
                 "spans", "armour", "owner", "map", "guard", "log", "start"):
        assert re.search(rf"^mallow {name} -- .+[.?]$", listed, re.MULTILINE)
    assert "hardware" in one


def test_before_there_is_a_kernel(gdb):
    """At reset, and with GRUB done but paging off: a line that says so."""
    reset = gdb(*EVERY, "mallow guard 0xc0128010", "mallow page")
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
    assert "no zones yet" in said["mallow zones"]
    assert "4 MiB page" in said["mallow page 0xc0128010"]


@pytest.mark.parametrize("stage", STAGES)
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
    assert "the kernel's code" in said["mallow owner 0xc0101000"]
    assert "null pointer" in said["mallow owner 0"]


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
    assert "kfree, mm/heap.c:" in said["mallow owner kfree"]
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


# What is damaged, by a command of gdb that can be taken back with another, and
# what must be said of it.
def header(block, member):
    return f"((struct block_header *)({block} - 8))->{member}"


MALLOC_DAMAGE = [
    (header("$c", "bytes_and_state"), "0x61626364", "I1", "length of a block"),
    (header("$c", "bytes_and_state"), "2008 + 7", "I1", "state of a block"),
    (header("$c", "bytes_and_state"), "13", "I1", "length of a block"),
    (header("$c", "previous_bytes"), "8", "I2", "previous_bytes"),
    (header("$c", "bytes_and_state"), "2008 + 2", "I3", "found free"),
    (header("$a", "previous_bytes"), "16", "I2", "expected 0, found 16"),
    ("((struct free_block *)($b - 8))->link.next", "0", "I4", "next free"),
    ("((struct free_block *)($b - 8))->link.previous", "$b", "I4", "before"),
    ("malloc_heap.free_list.next", "&malloc_heap.free_list", "I4", "next"),
    # A list in a circle, links to nowhere, a block without a length.
    ("((struct free_block *)($b - 8))->link.next",
     "&((struct free_block *)($b - 8))->link", "I4", "next free"),
    ("((struct free_block *)($b - 8))->link.next", "0x10000", "I4",
     "found 0x10000"),
    ("((struct free_block *)($b - 8))->link.previous", "0xffffffff", "I4",
     "before"),
    (header("$c", "bytes_and_state"), "5", "I1", "found 0"),
    ("malloc_heap.usage.used_bytes", "1", "I5", "used_bytes"),
    ("malloc_heap.usage.used_blocks", "99", "I5", "found 99"),
    ("((struct block_header *)malloc_heap.end)->bytes_and_state", "0", "I1",
     "end mark"),
    ("malloc_heap.begin", "0x1000", "I1", "ends of malloc"),
    ("malloc_heap.end", "0xffffffff", "I1", "ends of malloc"),
]


def damage_and_ask(gdb, damage, question, blocks=tuple(BLOCKS), **options):
    """The answers to `question` with each place damaged in turn, and the one
    at the end with all of them put right."""
    commands, at = [*AT_PROMPT, *blocks], []
    for place, wrong, *_ in damage:
        commands += [f"set var $kept = {place}", f"set var {place} = {wrong}",
                     question, f"set var {place} = $kept"]
        at.append(len(commands) - 2)
    answers = gdb(*commands, question, **options)
    return [answers[index] for index in at], answers[-1]


def test_damaged_malloc(gdb):
    said, last = damage_and_ask(gdb, MALLOC_DAMAGE, "mallow heap",
                                stage="malloc")
    assert "sound" in last
    for (place, _, invariant, part), answer in zip(MALLOC_DAMAGE, said):
        broken = answer[answer.find("BROKEN"):]
        assert f"BROKEN: {invariant}: " in broken, f"{place}: {answer}"
        assert part in broken, f"{place}: {answer}"


ZONE = "((struct zone *)($a & ~0xfff))"
ZALLOC_DAMAGE = [
    (f"{ZONE}->words[0]", "0xff", "I4", "expected 8, found 2"),
    (f"{ZONE}->used", "9", "I4", "expected 2, found 9"),
    (f"{ZONE}->slot", "0", "I2", "the zone's slot"),
    (f"{ZONE}->cache", "0", "I2", "cannot read"),
    (f"{ZONE}->cache", "0xc0128000", "I2", ""),
    ("zalloc_heap.newest_store->slots[0].zone", "0x5000", "I2", "cannot read"),
    ("zalloc_heap.newest_store->slots[0].entry_bytes", "8", "I2", "size"),
    ("zalloc_heap.zones", "7", "I7", "expected 1, found 7"),
    ("zalloc_heap.sizes[3].used", "5", "I7", "expected 2, found 5"),
    ("zalloc_heap.sizes[3].open.next", "&zalloc_heap.sizes[3].open", "I5",
     "in the list of zone 64"),
    ("zalloc_heap.source.page_map[($a >> 12) - "
     "(zalloc_heap.source.begin >> 12)]", "0", "I1", "page map"),
]


def test_damaged_zalloc(gdb):
    said, last = damage_and_ask(gdb, ZALLOC_DAMAGE, "mallow zones")
    assert "sound" in last
    for (place, _, invariant, part), answer in zip(ZALLOC_DAMAGE, said):
        assert f"BROKEN: {invariant}: " in answer, f"{place}: {answer}"
        assert part in answer, f"{place}: {answer}"


SPANS_DAMAGE = [
    (f"{ZONE.replace('zone', 'span_zone')}->seal", "7", "I2", "the seal"),
    (f"{ZONE.replace('zone', 'span_zone')}->spans", "7", "I5", "expected 2"),
    (f"{ZONE.replace('zone', 'span_zone')}->map[1].continued", "1 << 20", "I4",
     "tail"),
    ("span_heap.pools[0].zones", "9", "I8", "expected 1, found 9"),
    ("span_heap.usage.used_blocks", "9", "I8", "expected 2, found 9"),
    ("span_heap.source.page_map[($a >> 12) - span_heap.first_page]", "255",
     "I1", "page map"),
]


def test_damaged_spans(gdb):
    said, last = damage_and_ask(gdb, SPANS_DAMAGE, "mallow spans",
                                stage="spans")
    assert "sound" in last
    for (place, _, invariant, part), answer in zip(SPANS_DAMAGE, said):
        assert f"BROKEN: {invariant}: " in answer, f"{place}: {answer}"
        assert part in answer, f"{place}: {answer}"


ARMOUR_DAMAGE = [
    ("armour_arena.starts[0]", "0", "M1", "granule 0"),
    ("armour_arena.usage.used_bytes", "1", "A3", "used_bytes"),
    ("armour_arena.usage.used_blocks", "99", "A3", "found 99"),
    ("armour_arena.sizes[5].recent[0]", "$a + 8", "Z1", "recent"),
    ("armour_arena.used[armour_arena.granules / 64]", "5", "", "sound"),
]


def test_damaged_armour(gdb):
    said, last = damage_and_ask(gdb, ARMOUR_DAMAGE, "mallow armour",
                                stage="armour")
    assert "sound" in last
    for (place, _, invariant, part), answer in zip(ARMOUR_DAMAGE, said):
        assert f"BROKEN: {invariant}" in answer or not invariant, place
        assert part in answer, f"{place}: {answer}"


# Both parts of the heap that grows: $c is moved into the window.
GROWN = [*BLOCKS, "set var $c = (unsigned)kmalloc(3000000)",
         "set var $d = (unsigned)kmalloc(64)"]
GROW_DAMAGE = [
    ("grow.arena.starts[3]", "1", "M2", "in the hole"),
    ("grow.arena.starts[0]", "0", "M1", "granule 0"),
    ("grow.arena.granules", "0xffffff", "G3", "at most"),
    ("grow.arena.end", "grow.arena.end + 8", "G1", "the end"),
    ("armour_arena.usage.used_blocks", "99", "A3", "found 99"),
    ("armour_arena.starts[0]", "0", "M1", "granule 0"),
]


def test_damaged_grow(gdb):
    said, last = damage_and_ask(gdb, GROW_DAMAGE, "mallow heap",
                                stage="grow", blocks=GROWN)
    assert "sound" in last and "in the window" in last
    for (place, _, invariant, part), answer in zip(GROW_DAMAGE, said):
        assert f"BROKEN: {invariant}: " in answer, f"{place}: {answer}"
        assert part in answer, f"{place}: {answer}"


def test_both_parts_of_grow(gdb):
    said = asked(gdb, ["mallow owner $c+5", "mallow owner grow.arena.end",
                       "mallow owner $a", "mallow map", "mallow armour",
                       "mallow guard $c"], *AT_PROMPT, *GROWN, stage="grow")
    assert "the heap window" in said["mallow owner $c+5"]
    assert "byte 5 of its payload" in said["mallow owner $c+5"]
    assert "0 bytes behind the heap's end" in \
        said["mallow owner grow.arena.end"]
    assert "used: 40 bytes" in said["mallow owner $a"]
    assert said["mallow map"].count("a letter is") == 2
    assert "and in the heap window" in said["mallow map"]
    assert "sound" in said["mallow armour"]
    assert "keeps its bookkeeping apart" in said["mallow guard $c"]


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


def test_damaged_bump(gdb):
    damage = [
        ("((struct bump_header *)($c - 8))->state", "7", "I2", "state"),
        ("((struct bump_header *)($c - 8))->bytes", "1 << 30", "I1", "length"),
        ("bump_heap.top", "0", "I1", "ends of bump"),
        ("bump_heap.usage.used_blocks", "0", "I3", "used_blocks")]
    said, last = damage_and_ask(gdb, damage, "mallow heap", stage="heap")
    assert "sound" in last
    for (_, _, invariant, part), answer in zip(damage, said):
        assert f"BROKEN: {invariant}: " in answer and part in answer, answer


def test_damaged_frames(gdb):
    said = asked(gdb, ["mallow frames"], *AT_PROMPT,
                 "set var frames.counts.free = 3",
                 "set var frames.reserved.words[500] = 1",
                 "set var frames.reserved.words[9] = 0", stage="frames")
    assert "I1 of frames.c" in said["mallow frames"]
    assert "frame 0x120 is used, and was in use before the kernel came " \
        "(image): I2 of frames.c" in said["mallow frames"]
    assert "the counter says 3 free" in said["mallow frames"]


# Anything may stand anywhere in a half written kernel: pointers to nowhere,
# lists that go in circles, absurd counts.
NONSENSE = [
    "door.large = 0xbad", "door.small = 0x55555555",
    "door.large = 0", "malloc_heap.begin = 0",
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


@pytest.mark.parametrize("part", range(3))
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


def test_guard_finds_who_overflows(gdb):
    """A real mistake of the kernel's: stopped at the store itself."""
    *_, guarded, stopped, chain, taken = gdb(
        "break crash_overflow", "continue", "tbreak kmalloc_size", "continue",
        "mallow guard payload", "continue", "backtrace", "mallow guard off",
        stage="malloc", options="crash=overflow")
    assert guarded.count("guarded: ") == 2
    assert "guard: crash_overflow (monitor/crash.c:" in stopped
    assert "through " in stopped and '"and "' in stopped
    assert "the header behind block 0" in stopped
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
    gdb("tbreak report_trap", "continue", "set var door.large = 0x12345678",
        "tbreak cpu_exit", "continue", stage="malloc", options="crash=stale")
    told = (tmp_path / "log").read_text(encoding="ascii", errors="replace")
    assert "backtrace:" in told
    assert "while looking: what is there cannot be trusted" in told
    assert "mallow owner 0x74786574" in told


def test_stage_that_is_not_written(gdb, tree):
    """A student's tree: malloc says so, and the commands say what is there."""
    tree.replace("src/mm/malloc.c",
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
