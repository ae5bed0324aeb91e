# SPDX-License-Identifier: MIT
"""Damage of every kind, done from gdb: which invariant is broken, and where?"""
from gdb_sessions import AT_PROMPT, BLOCKS, GROWN, asked


# The damage, by a command of gdb that can be taken back with another, and
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
    (f"{ZONE.replace('zone', 'span_zone')}->magic", "7", "I2", "the magic"),
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
    ("armour_arena.below_peak", "1", "A3", "bytes in use"),
    ("armour_arena.frees", "armour_arena.allocations - 99", "A3", "found 99"),
    ("armour_arena.caches[5].newest.number", "1", "Z1", "cached"),
    ("armour_arena.used[armour_arena.length.count / 64]", "5", "", "sound"),
]


def test_damaged_armour(gdb):
    said, last = damage_and_ask(gdb, ARMOUR_DAMAGE, "mallow armour",
                                stage="armour")
    assert "sound" in last
    for (place, _, invariant, part), answer in zip(ARMOUR_DAMAGE, said):
        assert f"BROKEN: {invariant}" in answer or not invariant, place
        assert part in answer, f"{place}: {answer}"


GROW_DAMAGE = [
    ("grow.arena.starts[3]", "1", "M2", "in the gap"),
    ("grow.arena.starts[0]", "0", "M1", "granule 0"),
    ("grow.arena.length.count", "0xffffff", "G3", "at most"),
    ("grow.arena.end", "grow.arena.end + 8", "G1", "the end"),
    ("armour_arena.frees", "armour_arena.allocations - 99", "A3", "found 99"),
    ("armour_arena.starts[0]", "0", "M1", "granule 0"),
]


def test_damaged_grow(gdb):
    said, last = damage_and_ask(gdb, GROW_DAMAGE, "mallow heap",
                                stage="grow", blocks=GROWN)
    assert "sound" in last and "in the window" in last
    for (place, _, invariant, part), answer in zip(GROW_DAMAGE, said):
        assert f"BROKEN: {invariant}: " in answer, f"{place}: {answer}"
        assert part in answer, f"{place}: {answer}"


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
