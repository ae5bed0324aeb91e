# SPDX-License-Identifier: MIT
"""`mallow frames`: physical memory, from the bitmaps of mm/frames/frames.c."""
from . import kernel, layout
from .command import Command
from .memory import PAGE, Trouble, number_of, physical_words
from .screen import paint, picture, say, shade, size, width

ROWS = 16
FAULTS_SHOWN = 3
MOST_FRAMES = 1 << 20  # 4 GiB
PRESENT, LARGE = 1, 0x80
FREE, USED, RESERVED, IMPOSSIBLE = "free", "used", "reserved", "impossible"


class Frames:
    """The bitmaps, read whole: their bits as two long numbers."""

    def __init__(self, memory):
        kernel.require(memory)
        self.memory = memory
        self.frames = layout.variable(memory, "frames")
        self.total = self.frames.busy.bits
        if not self.frames.busy.words or not self.total:
            raise Trouble("there are no frames yet: frames_init has not "
                          "placed its bitmaps (stage frames)")
        if self.total > MOST_FRAMES:
            raise Trouble(f"the bitmap claims {self.total} frames, more than "
                          "32-bit addresses have")
        self.busy = self.bits(self.frames.busy)
        self.reserved = self.bits(self.frames.reserved)

    def bits(self, bitmap):
        count = (self.total + 31) // 32 * 4
        raw = self.memory.read(bitmap.words, count, "the frame bitmap")
        return int.from_bytes(raw, "little") & ((1 << self.total) - 1)

    def count(self):
        """{state: frames}, counted bit by bit."""
        def ones(bits):
            return bin(bits).count("1")
        return {USED: ones(self.busy & ~self.reserved),
                RESERVED: ones(self.busy & self.reserved),
                IMPOSSIBLE: ones(self.reserved & ~self.busy),
                FREE: self.total - ones(self.busy | self.reserved)}

    def state(self, number):
        busy, reserved = self.busy >> number & 1, self.reserved >> number & 1
        return {(0, 0): FREE, (1, 0): USED, (1, 1): RESERVED,
                (0, 1): IMPOSSIBLE}[busy, reserved]

    def regions(self):
        """(begin, end, name) of what was in use before the kernel came."""
        memory_layout = layout.record(self.memory, "struct memory_layout",
                                      self.frames.layout)
        each = layout.size_of("struct region")
        for number in range(min(memory_layout.in_use_count, 256)):
            region = layout.record(self.memory, "struct region",
                                   memory_layout.in_use + number * each)
            yield region.begin, region.end, self.memory.text(
                region.name, "a region's name")

    def given_away(self):
        """(region, its first frame that is not reserved) of what was in use
        already: such memory must never be handed out."""
        for begin, end, name in self.regions():
            for number in range(begin // PAGE,
                                min(-(-end // PAGE), self.total)):
                if self.state(number) != RESERVED:
                    yield name, number
                    break

    def faults(self):
        """In words, what is wrong with the bitmaps and the counts."""
        counts, given = self.count(), list(self.given_away())
        for name, number in given[:FAULTS_SHOWN]:
            yield (f"frame {number:#x} is {self.state(number)}, and was in use "
                   f"before the kernel came ({name}): I2 of frames.c")
        if len(given) > FAULTS_SHOWN:
            yield f"and {len(given) - FAULTS_SHOWN} such places more"
        if counts[IMPOSSIBLE]:
            yield (f"{counts[IMPOSSIBLE]} frames are reserved and not busy, "
                   "which cannot be: I1 of frames.c")
        for state in (FREE, USED, RESERVED):
            said = getattr(self.frames.counts, state)
            if said != counts[state]:
                yield (f"the counter says {said} {state}, the bitmaps say "
                       f"{counts[state]}: I3 of frames.c")

    def holders(self, number):
        """In words, who has it; several answers may be right."""
        begin, end = number * PAGE, (number + 1) * PAGE
        place = self.frames.place
        if number == 0:
            yield "frame 0 is never handed out: its number means \"none\""
        if place.first <= number < place.end:
            yield "the frame bitmaps themselves"
        for region_begin, region_end, name in self.regions():
            if region_begin < end and begin < region_end:
                yield f"in use before the kernel came: {name}"
        yield from piece_holders(self.memory, number)
        yield from table_holders(number)


def piece_holders(memory, number):
    base, _ = kernel.direct_map(memory)
    piece = kernel.piece_of(base + number * PAGE)
    if piece:
        yield piece[2]


def table_holders(number):
    """Page tables that the processor walks now."""
    directory = kernel.register("cr3") & ~(PAGE - 1)
    if directory == number * PAGE:
        yield "the page directory in force"
    for index, entry in enumerate(physical_words(directory, PAGE // 4)):
        if entry & PRESENT and not entry & LARGE and entry // PAGE == number:
            yield (f"the page table for {index << 22:#010x} to "
                   f"{((index + 1) << 22) - 1:#010x}")


def letter(frames, first, count):
    """One cell of the picture."""
    states = [frames.state(number) for number in range(first, first + count)]
    if IMPOSSIBLE in states:
        return "!", "bad"
    if states.count(RESERVED) == count:
        return "R", "own"
    if USED in states:
        return shade(states.count(USED), count)
    return ("r", "own") if RESERVED in states else (".", "free")


class FramesCommand(Command):
    """Shows which frames of physical memory are in use, and who uses a frame.

Usage:
  mallow frames            a picture of the frame bitmap, and the counts
  mallow frames NUMBER     the users of frame NUMBER
  mallow frames ADDRESS    the same for the frame of an address.  A number
                           past the last frame is taken for an address.

For example, mallow frames 0x7ff prints "used" or "free" and, if the frame
holds a page table, the addresses that the table is for.

It cannot answer before stage frames has placed its bitmaps."""

    name, usage, most = "frames", "[NUMBER|ADDRESS]", 1

    def answer(self, memory, words):
        frames = Frames(memory)
        if words:
            self.one(memory, frames, number_of(words[0]))
        else:
            self.all(frames)

    @staticmethod
    def one(memory, frames, number):
        if number >= frames.total:
            base, count = kernel.direct_map(memory)
            if base <= number < base + count:
                number -= base
            number //= PAGE
        if number >= frames.total:
            raise Trouble(f"frame {number:#x} is beyond the last one, "
                          f"{frames.total - 1:#x}")
        say(f"frame {number:#x} ({number}), physical {number * PAGE:#010x}: "
            + frames.state(number))
        for holder in frames.holders(number):
            say(f"  {holder}")
        if frames.state(number) != RESERVED:
            say("  Who set or cleared its bit?  mallow writer "
                f"{frames.frames.busy.words + number // 32 * 4:#010x}")

    @staticmethod
    def all(frames):
        counts = frames.count()
        say(f"{frames.total} frames of 4 KiB, {size(frames.total * PAGE)}: "
            + ", ".join(f"{count} {state}" for state, count in counts.items()
                        if count or state != IMPOSSIBLE))
        columns = (width() - 2) // 8 * 8
        step = -(-frames.total // (columns * ROWS))
        picture([letter(frames, first, min(step, frames.total - first))
                 for first in range(0, frames.total, step)], columns)
        say(f"  a letter is {step} frames: . free  -+o# used, ever more  "
            "R reserved  r in part")
        kernel.require_written(frames.memory, "frames")
        for text in frames.faults():
            say(paint(f"  ! {text}", "bad"))
