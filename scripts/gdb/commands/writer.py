# SPDX-License-Identifier: MIT
"""`mallow writer`: which store has put there what is there now?

    now     0xc0128010: 0x6f20646e, which no header should hold
    again   reset --> kernel_main --> stores ... --> 0x6f20646e: stop

A run without typing does the same each time.  So the machine starts
again, with a watchpoint that counts how often the place takes its present value
on the way to the end; then once more, to the last of those stores.  In a
replay of a recorded run the machine goes backwards instead (back.py).
"""
import gdb

from . import back, kernel, session
from .command import Command
from .first import Finding
from .frames import table_holders
from .guard import OWN_FILES, Writer
from .memory import PAGE, Memory, Trouble, Unreadable, number_of
from .screen import paint, say
from .seek import ENDS, run_to_an_end, run_to_moment
from .stack_words import is_in_stack, run_to_call
from .stack_words import moments as stack_moments
from .verdict import first_broken

WORD = 4


# Bits that the processor sets in a page-table entry: accessed, dirty.
PROCESSORS_BITS = 0x60


class Watch(gdb.Breakpoint):
    """Counts the stores after which the word at `address` is `value`; stops at
    number `wanted` of them."""

    def __init__(self, address, value, wanted, ignored=0):
        super().__init__(f"*(unsigned *){address:#x}", gdb.BP_WATCHPOINT,
                         gdb.WP_WRITE, internal=True)
        self.silent = True
        self.address, self.ignored = address, ignored
        self.value = value & ~ignored
        self.before, self.stores = self.word(), 0
        self.matches, self.wanted = 0, wanted
        self.was = None

    def word(self):
        try:
            return Memory().word(self.address)
        except Unreadable:
            return None

    def stop(self):
        now = self.word()
        before, self.before = self.before, now
        self.stores += 1
        if now is None or now & ~self.ignored != self.value:
            return False
        self.matches += 1
        self.was = before
        return self.matches == self.wanted

    def tell(self):
        """After it has stopped the machine."""
        writer = Writer()
        was = "" if self.was is None else f", was {self.was:#010x}"
        say(paint(f"writer: {writer.text} has put {self.before:#010x} at "
                  f"{self.address:#010x}{was}", "bad"))
        if any(map(writer.belongs_to, OWN_FILES)):
            say("  That is the allocator's own code.  If the value is wrong, "
                "the allocator is wrong,\n  or it read a header that was "
                "damaged before.")


class WriterCommand(Command):
    """Finds the store that gave a word in memory the value that it has now.

Usage:
  mallow writer ADDRESS          the word of 4 bytes at ADDRESS
  mallow writer ADDRESS VALUE    the same, if VALUE is not there any more
  mallow writer                  the word that `mallow first` has found, or
                                 the first that is damaged now

It starts the machine again with a watchpoint on the word, and stops after the
last store of that value.  In a recorded run it goes back instead.

For example, it prints "writer: crash_overflow (monitor/crash.c:91), through
memcpy, has put 0x20646e61 at 0xc017b018, was 0x00000015".  `backtrace` shows
the callers.  It leaves no watchpoint.

It cannot answer for what needs keys or interrupts, because the run that starts
again gets none: record that run with make debug RECORD=1."""

    name, usage, most = "writer", "ADDRESS [VALUE]", 2
    kind = gdb.COMMAND_RUNNING

    def answer(self, memory, words):
        address = self.wanted(memory, words) & ~(WORD - 1)
        value = self.value(memory, address, words)
        if back.recorded():
            back.to_writer(address, value)
            return
        session.require_machine()
        ignored = PROCESSORS_BITS if is_page_table(address) else 0
        session.the_end.remember(is_at_end())
        finding = Finding.latest
        known = finding and finding.holds_for(address)
        since = f", which was sound {finding.sound}" if known else ""
        say(f"starting again, to the store that puts {value:#010x} at "
            f"{address:#010x}{since} ...")
        gdb.flush()
        if session.the_end.at_end and not known and is_in_stack(address) \
                and self.run_from_callers(memory, address, value):
            return
        wanted = 1
        if session.the_end.at_end and not known:
            wanted, end = self.run(None, address, value, 0, ignored, since)
            if not wanted:
                self.none(value, end)
                return
        found, end = self.run(finding if known else None, address, value,
                              wanted, ignored, since)
        if found < wanted:
            self.none(value, end)

    def run_from_callers(self, memory, address, value):
        """Whether the store into a word of the stack is found."""
        for moment in stack_moments(memory, address):
            found = 0
            for wanted in (0, 1):
                run_to_call(*moment)
                found, _ = self.watch(address, value, found * wanted, 0, "last")
                if not found:
                    break
            if found:
                return True
        return False

    def run(self, finding, address, value, wanted, ignored, since):
        """Runs from the beginning, or from where a Finding was sound, to the
        store `wanted`, or to the end: (stores found, end or None)."""
        if finding:
            run_to_moment(finding.sound)
            self.require_news(address, value, since)
        else:
            session.restart()
            session.run_to("kernel_main")
        which = "last" if wanted > 1 or session.the_end.at_end and not finding \
            else "" if finding else "first"
        return self.watch(address, value, wanted, ignored, which)

    @staticmethod
    def watch(address, value, wanted, ignored, which):
        """Runs on to the store `wanted` or to the end."""
        watch = Watch(address, value, wanted, ignored)
        try:
            end = run_to_an_end()
            if wanted and watch.matches == wanted:
                watch.tell()
                if which == "last":
                    say("  the last store that put this value there, of "
                        f"{watch.matches}; store {watch.stores} into the word")
                elif which == "first":
                    say("  the first store that put this value there; a later "
                        "one may have put it there again")
            return watch.matches, end
        finally:
            watch.delete()

    @staticmethod
    def none(value, end):
        say(paint("writer: no code", "bad") + f" has left {value:#010x} there "
            + (f"on the way to {end}" if end else "so far")
            + ": it has come with the image, or from gdb")

    @staticmethod
    def value(memory, address, words):
        """The value to wait for: as given, or as it was at the end."""
        if len(words) > 1:
            return number_of(words[1])
        if Finding.latest and Finding.latest.holds_for(address) \
                and Finding.latest.value is not None:
            return Finding.latest.value
        kept = session.the_end.word(address)
        if kept is not None:
            return kept
        if session.the_end.bytes is not None:
            raise Trouble("the machine was started again, and what is at "
                          f"{address:#010x} now is older than what you ask "
                          f"about: give the value, mallow writer {address:#x} "
                          "VALUE, or `continue` to the end first")
        return memory.word(address)

    @staticmethod
    def require_news(address, value, since):
        """Ends the command if the word was what it is when all was sound."""
        if since and Memory().word(address) == value:
            raise Trouble(f"{value:#010x} was there when all was sound: what "
                          "is wrong is that no code has changed it, or what is "
                          "around it; `mallow first sound` goes back to step "
                          "from there")

    def wanted(self, memory, words):
        if words:
            return number_of(words[0])
        if not Finding.latest or not Finding.latest.word:
            broken = first_broken(memory)
            if broken and broken.word:
                return broken.word
            raise Trouble(f"usage: mallow {self.name} {self.usage}; no address "
                          "is needed after\n  `mallow first`, or where `mallow "
                          "check` finds damage")
        return Finding.latest.word


def is_at_end():
    """Whether the machine stands where a run ends."""
    frame = gdb.newest_frame()
    while frame:
        if frame.name() in ENDS:
            return True
        frame = frame.older()
    return False


def is_page_table(address):
    """Whether the word is an entry of a table that the processor walks."""
    try:
        base = kernel.image_base()
        return address >= base and any(
            "page" in holder for holder in table_holders(
                (address - base) // PAGE))
    except (Trouble, gdb.error):
        return False
