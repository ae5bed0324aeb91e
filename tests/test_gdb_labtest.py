# SPDX-License-Identifier: MIT
"""gdb's commands in the middle of a lab's test.  A test starts one allocator
over memory of its own; the answers are about that, or say why they are not."""
import pytest

LONG = pytest.mark.long
# Each call of the allocator under test ends in lab_noted().
STOPPED = ["mallow start", "break lab_noted", "ignore 1 12", "continue"]


def during(gdb, test, *commands):
    """Returns the answers of the commands after a few calls of a lab's test."""
    return gdb(*STOPPED, *commands, test=test)[len(STOPPED):]


# A test that only uses zones has no list of blocks; one of lab 8 has frames of
# its own, among which there is no page table.
@pytest.mark.parametrize("test, own, kernel", [
    ("zalloc/cache", "zalloc  sound", "boot, frames, paging, zalloc, the lab"),
    pytest.param("spans/fit", "spans   sound",
                 "boot, frames, paging, spans, the lab", marks=LONG),
    pytest.param("grow/heap", "grow    sound", "boot, frames, grow, the lab",
                 marks=LONG),
    pytest.param("armour/tiny", "armour  sound",
                 "boot, frames, paging, armour, the lab", marks=LONG),
    pytest.param("frames/random", "frames  sound", "boot, the lab",
                 marks=LONG)])
def test_check_is_about_the_test(gdb, test, own, kernel):
    said = during(gdb, test, "mallow check")[0]
    assert own in said and "BROKEN" not in said, said
    assert f"sound by its own checks: {kernel}" in said, said


def test_damage_in_a_test_of_zones(gdb):
    """Both verdicts see it, and no command speaks of blocks."""
    _, check, blocks, zones, other = during(
        gdb, "zalloc/cache", "set var zalloc_heap.newest_store->slots[0].zone->used "
        "^= 64", "mallow check", "mallow heap", "mallow zones", "mallow spans")
    assert "zalloc  BROKEN: I4" in check and "kernel  zalloc: BROKEN" in check
    assert "mallow zones" in blocks and "no list of blocks" in blocks
    assert "BROKEN: I4" in zones and "no spans yet" in other
