# SPDX-License-Identifier: MIT
"""What a test has written down, read from outside and played against a model.

    guest memory --> records, seals checked --> model --> verdict
                                                 ^
                              nothing printed by the kernel comes in here

The model knows what every allocator owes every caller, and nothing of how one
works:

    J1: the tape is whole: it begins, every call has come back, it ends, and
        each seal fits (src/lab/tape.h).
    J2: blocks lie in the heap, aligned, and share no byte.
    J3: a block in use is taken back; anything else is refused.
    J4: at the end, memory still holds what was written into each live block.
    J5: a frame or a page is handed out, mapped and freed once.
"""
import bisect
import struct
from typing import NamedTuple

RECORD = struct.Struct("<HH7I")
MASK = 0xFFFFFFFF
MIX = 0x9E3779B1
BEGIN, END, FAILED, CALL, DONE = 1, 2, 3, 0x100, 0x200
FULL = 0xFFFF
KERNEL_BASE = 0xC0000000
GRANULE = 8

# src/lab/side.h, enum lab_call, in its order.
CALLS = """frames_start frame_alloc frame_alloc_run frame_free frame_free_run
    paging_start map unmap protect translate load read write heap_start alloc
    realloc free size zones_start cache_create cache_alloc cache_free
    cache_destroy replay""".split()
# What a student knows them as.
SHOWN = {"frame_alloc": "frame_alloc()", "frame_free": "frame_free({0:#x})",
         "frame_alloc_run": "frame_alloc_run({0}, {1})",
         "frame_free_run": "frame_free_run({0:#x}, {1})",
         "map": "page_map({0:#x}, frame {1:#x})",
         "unmap": "page_unmap({0:#x})", "protect": "page_protect({0:#x})",
         "translate": "page_translate({0:#x})", "alloc": "kmalloc({0})",
         "realloc": "krealloc({0:#x}, {1})", "free": "kfree({0:#x})",
         "size": "kmalloc_size({0:#x})", "replay": "a replay"}


class Record(NamedTuple):
    kind: int
    line: int
    arguments: tuple
    result: int
    instructions: int

    @property
    def call(self):
        number = self.kind % CALL - 1
        return CALLS[number] if 0 <= number < len(CALLS) else "?"

    def __str__(self):
        shown = SHOWN.get(self.call, self.call)
        return shown.format(*self.arguments)


class Wrong(Exception):
    """The verdict, when it is not "passed"."""


def seal_of(words, seal):
    for word in words:
        seal = ((seal ^ word) * MIX) & MASK
        seal ^= seal >> 15
    return seal


def read(image, begin, size, key):
    """The records of a tape; Wrong if something else has written to it."""
    records, seal = [], key
    for at in range(begin, begin + size, RECORD.size):
        words = struct.unpack_from("<8I", image, at)
        if not any(words):
            break
        seal = seal_of(words[:7], seal)
        if words[7] != seal or words[6] != len(records):
            raise Wrong(f"record {len(records)} of the test has been written "
                        "over; something writes far outside the heap")
        kind, line, a, b, c, result, instructions, _, _ = RECORD.unpack_from(
            image, at)
        records.append(Record(kind, line, (a, b, c), result, instructions))
    return records


def message(records):
    """The text of a failed expectation; "" if none failed."""
    parts = [struct.pack("<3I", *record.arguments)
             for record in records if record.kind == FAILED]
    return b"".join(parts).rstrip(b"\0").decode("ascii", "replace")


def pending(records):
    """The call that has not come back, or None."""
    last = records[-1] if records else None
    return last if last and CALL < last.kind < DONE else None


class Blocks:
    """Live blocks, in address order."""

    def __init__(self, begin, end):
        self.begin, self.end = begin, end
        self.starts, self.sizes = [], {}

    def add(self, address, size, what):
        if not self.begin <= address <= self.end - size:
            raise Wrong(f"{what} returned {address:#x}, outside the heap")
        at = bisect.bisect_left(self.starts, address)
        room = max(size, 1)
        for other in self.starts[max(at - 1, 0):at + 1]:
            if other < address + room and \
                    address < other + max(self.sizes[other], 1):
                raise Wrong(f"{what} returned {address:#x}, which overlaps "
                            f"the {self.sizes[other]} bytes at {other:#x} "
                            "that are in use")
        self.starts.insert(at, address)
        self.sizes[address] = size

    def remove(self, address):
        del self.sizes[address]
        self.starts.pop(bisect.bisect_left(self.starts, address))


class Model:
    """What the calls so far have handed out."""

    def __init__(self):
        self.blocks = Blocks(0, 0)
        self.patterns = {}
        self.caches = {}  # of the zone entries that belong to one
        self.fills = 0
        self.frames = set()
        self.pages = {}

    def play(self, record):
        act = getattr(self, "on_" + record.call, None)
        if act:
            act(record, *record.arguments)

    def start(self, begin, end):
        self.blocks = Blocks(begin, end)
        self.patterns = {}

    def on_heap_start(self, _record, begin, end, _):
        self.start(begin, end)

    on_zones_start = on_heap_start

    def on_replay(self, *_):
        self.start(0, 0)

    def take(self, record, address, size, alignment):
        if address == 0:
            return
        if address % alignment:
            raise Wrong(f"{record} returned {address:#x}, which is no "
                        f"multiple of {alignment}")
        self.blocks.add(address, size, record)
        self.fills += 1
        self.patterns[address] = self.fills * MIX & MASK

    def give(self, record, address):
        live = address in self.blocks.sizes
        if live and record.result != 0:
            raise Wrong(f"{record} refused a block in use")
        if address and not live and record.result == 0:
            raise Wrong(f"{record} was accepted, but no block in use begins "
                        "there")
        if live:
            self.blocks.remove(address)
            del self.patterns[address]

    def on_alloc(self, record, size, alignment, _):
        self.caches.pop(record.result, None)
        self.take(record, record.result, size, max(alignment, GRANULE))

    def on_realloc(self, record, old, size, _):
        if record.result == 0:
            return
        if old:
            if old not in self.blocks.sizes:
                raise Wrong(f"{record}: no block in use begins there")
            self.blocks.remove(old)
            del self.patterns[old]
        self.take(record, record.result, size, GRANULE)

    def on_free(self, record, address, *_):
        self.give(record, address)

    def on_cache_alloc(self, record, cache, size, _):
        self.take(record, record.result, size, GRANULE)
        self.caches[record.result] = cache

    def on_cache_free(self, record, cache, address, _):
        if record.result != 0 and self.caches.get(address) != cache:
            return  # another cache's entry
        self.give(record, address)

    def on_frames_start(self, *_):
        self.frames = set()

    def on_frame_alloc_run(self, record, count, align, _):
        first = record.result
        if first == 0:
            return
        if align and first % align:
            raise Wrong(f"{record} returned {first:#x}, no multiple of "
                        f"{align}")
        for frame in range(first, first + min(count, 1 << 20)):
            if frame in self.frames:
                raise Wrong(f"{record} handed out frame {frame:#x} a second "
                            "time")
            self.frames.add(frame)

    on_frame_alloc = on_frame_alloc_run

    def on_frame_free_run(self, record, first, count, _):
        run = range(first, first + min(count, 1 << 20))
        ours = count > 0 and all(frame in self.frames for frame in run)
        if ours != (record.result == 0) and count > 0:
            raise Wrong(f"{record} " + (
                "refused frames that were handed out" if ours else
                "was accepted, but not all of that was handed out"))
        if ours and record.result == 0:
            self.frames.difference_update(run)

    on_frame_free = on_frame_free_run

    def on_paging_start(self, *_):
        self.pages = {}

    def on_map(self, record, page, frame, _):
        wrong = page % 4096 or page in self.pages
        if record.result == 0:
            if wrong:
                raise Wrong(f"{record} was accepted, but "
                            + ("the address is no multiple of 4096"
                               if page % 4096 else "the page is mapped"))
            self.pages[page] = frame

    def on_unmap(self, record, page, *_):
        if (record.result == 0) != (page in self.pages):
            raise Wrong(f"{record} was " + (
                "refused for a page that is mapped" if page in self.pages
                else "accepted for a page that is not mapped"))
        self.pages.pop(page, None)

    def on_translate(self, record, address, physical, _):
        page = address & ~0xFFF
        if page not in self.pages:
            return  # the test may have written an entry by itself
        if record.result == 0:
            raise Wrong(f"{record} says that the page is not mapped")
        if physical != (self.pages[page] << 12) + \
                address % 4096:
            raise Wrong(f"{record} says {physical:#x}")

    def check_memory(self, image):
        """J4."""
        for address, size in self.blocks.sizes.items():
            pattern = self.patterns[address]
            begin = address - KERNEL_BASE
            expected = b"".join(
                struct.pack("<I", (pattern ^ i * MIX) & MASK)
                for i in range(-(-size // 4)))[:size]
            found = bytes(image[begin:begin + size])
            if found != expected:
                at = next(i for i in range(size) if found[i] != expected[i])
                raise Wrong(f"byte {at} of the {size} at {address:#x} has been "
                            "written over by somebody else")


def judge(records, image):
    """Wrong, unless the test has passed."""
    failed = message(records)
    if failed:
        raise Wrong(failed)
    if not records or records[0].kind != BEGIN:
        raise Wrong("the test has not begun")
    model, called = Model(), None
    for record in records[1:]:
        if called is not None:
            if (record.kind - DONE != called.kind - CALL
                    or record.arguments[0] != called.arguments[0]):
                raise Wrong(f"{called} was left without coming back")
            model.play(record)
            called = None
        elif CALL < record.kind < DONE:
            called = record
        elif record.kind == FULL:
            raise Wrong("the test did more than it can write down")
        elif record.kind != END or record is not records[-1]:
            raise Wrong("the order of what the test did makes no sense")
    if records[-1].kind != END:
        raise Wrong("the test has not come to its end")
    model.check_memory(image)
