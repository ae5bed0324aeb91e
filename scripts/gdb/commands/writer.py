# SPDX-License-Identifier: MIT
"""`mallow writer`: who has put there what is there now?

    now     0xc0128010: 0x6f20646e, which no header should hold
    again   reset --> kernel_main --> stores ... --> 0x6f20646e: stop

A run that nobody types into does the same each time.  So the machine starts
again, with a watchpoint that stops when the place takes its present value.
"""
import gdb

from .command import Command
from .first import Finding
from .guard import OWN_FILES, Writer
from .memory import Memory, Trouble, Unreadable, number_of
from .screen import paint, say
from .seek import run_to_an_end, run_to_moment
from .session import restart, run_to

WORD = 4


class Watch(gdb.Breakpoint):
    """Stops at the store after which the word at `address` is `value`."""

    def __init__(self, address, value):
        super().__init__(f"*(unsigned *){address:#x}", gdb.BP_WATCHPOINT,
                         gdb.WP_WRITE, internal=True)
        self.silent = True
        self.address, self.value = address, value
        self.before, self.stores = self.word(), 0
        self.found = False

    def word(self):
        try:
            return Memory().word(self.address)
        except Unreadable:
            return None

    def stop(self):
        now = self.word()
        before, self.before = self.before, now
        self.stores += 1
        if now != self.value:
            return False
        was = "" if before is None else f", was {before:#010x}"
        self.found = True
        writer = Writer()
        say(paint(f"writer: {writer.text} has put {now:#010x} at "
                  f"{self.address:#010x}{was}", "bad"))
        say(f"  store {self.stores} into this word; `continue` looks for a "
            "later one that leaves the same there")
        if any(map(writer.belongs_to, OWN_FILES)):
            say("  that is the allocator's own code: its mistake, or it has "
                "reckoned with a header that was damaged before")
        return True


class WriterCommand(Command):
    """Starts again, and stops at the store that made a word what it is now.

mallow writer ADDRESS     the word of 4 bytes with ADDRESS in it
mallow writer             the word that `mallow first` has found
mallow writer off         looks no longer

After `mallow first` it begins where the heap was sound for the last time.

Works for a run that nobody types into: it does the same each time.  Memory is
watched by the hardware, so nothing runs slower."""

    name, usage, most = "writer", "ADDRESS | off", 1
    kind = gdb.COMMAND_RUNNING
    watch = None

    def answer(self, memory, words):
        if words == ["off"]:
            self.forget()
            say("nothing is looked for any more")
            return
        address = self.wanted(words) & ~(WORD - 1)
        value = memory.word(address)
        self.forget()
        finding = Finding.latest
        if finding and finding.holds_for(address):
            run_to_moment(finding.sound)
            since = f", which was sound {finding.sound}"
        else:
            restart()
            run_to("kernel_main")
            since = ""
        self.require_news(address, value, since)
        say(f"started again, to the store that puts {value:#010x} at "
            f"{address:#010x}" + since)
        WriterCommand.watch = watch = Watch(address, value)
        end = run_to_an_end()
        if not watch.found:
            self.forget()
            say(paint("writer: nobody", "bad") + f" has left {value:#010x} "
                "there " + (f"on the way to {end}" if end else "so far")
                + f" ({watch.stores} stores): it has come with the image, or "
                "from gdb")

    @staticmethod
    def require_news(address, value, since):
        """Ends the command if the word was what it is when all was sound."""
        if since and Memory().word(address) == value:
            raise Trouble(f"{value:#010x} was there when all was sound: what "
                          "is wrong is that nobody has changed it, or what is "
                          "around it; `mallow first sound` goes back to step "
                          "from there")

    def wanted(self, words):
        if words:
            return number_of(words[0])
        if not Finding.latest or not Finding.latest.word:
            raise Trouble(f"usage: mallow {self.name} {self.usage}; after "
                          "`mallow first` it needs no address")
        return Finding.latest.word

    @staticmethod
    def forget():
        if WriterCommand.watch and WriterCommand.watch.is_valid():
            WriterCommand.watch.delete()
        WriterCommand.watch = None
