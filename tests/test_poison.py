# SPDX-License-Identifier: MIT
"""Mistakes of callers, seen when they happen: patterns, red zones, quarantine;
and commands of the prompt that run at boot."""
import pytest

from mallow import machine

LONG = pytest.mark.long
STAGES = ["malloc", "zalloc", *(pytest.param(stage, marks=LONG)
                              for stage in ("spans", "armour", "grow"))]


@pytest.mark.parametrize("stage", ["heap", *STAGES])
def test_a_byte_too_far(boot, stage):
    """No allocator sees it: they round up.  The red zone does."""
    report = boot(f"stage={stage}", "crash=byte", "poison").finish().text
    assert "P2: nothing was written past the end of a block" in report
    assert "13 bytes at 0x" in report and "byte 13 is 0x78" in report
    assert "allocated by take_block" in report and "crash_byte" in report
    assert "mallow writer 0x" in report
    assert "OPTIONS='crash=byte poison'" in report


@pytest.mark.parametrize("stage", STAGES)
def test_a_pointer_in_a_freed_block(boot, stage):
    """Without the option, too: freed memory has its pattern."""
    for words in (["poison"], []):
        report = boot(f"stage={stage}", "crash=freed", *words).finish().text
        assert "wrote 0xdddddddd" in report, report
        assert "was read from freed memory" in report
        assert ("freed by crash_freed" in report) == bool(words)


@pytest.mark.parametrize("stage", STAGES)
def test_sound_without_mistakes(boot, stage):
    """Every way through the layer, with a quarantine of one block and of many;
    wrong frees are refused by name, and nothing else changes."""
    done = ("do=alloc:20,alloc:4000:4096,alloc:70000,free:2,free:1,free:1,"
            "alloc:0,alloc:20,free:3,free:0x1000,check")
    for quarantine in ("poison=1", "poison"):
        said = boot(f"stage={stage}", done, quarantine, "exit").finish()
        assert said.status == machine.FINE, said.text
        assert said.text.count("freed\n") == 3
        assert "already free (double free?)" in said.text
        assert "no allocation gave out this address" in said.text
        assert "poison  sound" in said.text and "BROKEN" not in said.text


@LONG
def test_a_replay_under_poison(boot):
    """A whole trace, with verified payloads, in a kernel that does not count:
    quarantined blocks are given back before memory runs out."""
    said = boot("stage=armour", "poison", "replay=gcc-check-syntax.rep",
                "quick", "map=off", "do=check", "exit").finish()
    assert said.status == machine.FINE, said.text
    assert "poison  sound" in said.text


def test_counted_replays_are_without(boot):
    """Where instructions count, neither patterns nor red zones are there."""
    words = ["stage=malloc", "replay=gcc-check-syntax.rep", "quick", "map=off",
             "exit"]
    plain, poisoned = (boot(*words, *more, counting=True).finish().text
                       for more in ([], ["poison"]))
    assert plain[plain.index("trace"):] == poisoned[poisoned.index("trace"):]


def test_commands_at_boot(boot):
    guest = boot("stage=malloc", "do=alloc:20,frames,nonsense,alloc,free:1")
    text = guest.prompt()
    assert "do> alloc 20" in text and "24 bytes to use" in text
    assert 'no command "nonsense"' in text and "usage: alloc" in text
    assert "freed" in text[text.index("do> free 1"):]
    assert guest.ask("log 1").count("kfree") == 1
