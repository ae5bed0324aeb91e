# SPDX-License-Identifier: MIT
r"""The call record of a test, read from outside.

    guest memory --> call record --> it says that the test failed: it has failed
                        \---> played back in a second machine --> verdict

Only a complete record is played back (src/labtest/run_kernel.h).  Any other
test has failed already; this module finds in which call, and why.
"""
import struct
from typing import NamedTuple

RECORD = struct.Struct("<HH7I")
BEGIN, END, FAILED, CALL, DONE = 1, 2, 3, 0x100, 0x200
FULL = 0xFFFF

# src/labtest/side.h, enum lab_call, in its order.
CALLS = """frames_start frame_alloc frame_alloc_run frame_free frame_free_run
    paging_start map unmap protect translate load read write heap_start alloc
    realloc free size zones_start cache_create cache_alloc cache_free
    cache_destroy window_init window_move_end window_close""".split()
# Their names for students.
SHOWN = {"frame_alloc": "frame_alloc()", "frame_free": "frame_free({0:#x})",
         "frame_alloc_run": "frame_alloc_run({0}, {1})",
         "frame_free_run": "frame_free_run({0:#x}, {1})",
         "map": "page_map({0:#x}, frame {1:#x})",
         "unmap": "page_unmap({0:#x})", "protect": "page_protect({0:#x})",
         "translate": "page_translate({0:#x})", "alloc": "kmalloc({0})",
         "realloc": "krealloc({0:#x}, {1})", "free": "kfree({0:#x})",
         "size": "kmalloc_size({0:#x})", "window_init": "window_init()",
         "window_move_end": "window_move_end({0}, {1:#x})",
         "window_close": "window_close()"}


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


def read(image, begin, size):
    """The entries of a call record; raises Wrong if the kernel cannot have
    written it.  The second machine checks the authentication codes."""
    found = []
    size -= size % RECORD.size
    for row in RECORD.iter_unpack(image[begin:begin + size]):
        if not any(row):
            break
        kind, line, a, b, c, result, instructions, order, _ = row
        if order != len(found):
            raise Wrong(f"record {len(found)} of the test has been written "
                        "over; something writes far outside the heap")
        found.append(Record(kind, line, (a, b, c), result, instructions))
    return found


def message(records):
    """The text of a failed expectation; "" if none failed."""
    parts = [struct.pack("<3I", *record.arguments)
             for record in records if record.kind == FAILED]
    return b"".join(parts).rstrip(b"\0").decode("ascii", "replace")


def pending(records):
    """The call that has not returned, or None."""
    last = records[-1] if records else None
    return last if last and CALL < last.kind < DONE else None


def check_whole(records):
    """Raises Wrong unless the last entry says that the test ended."""
    failed = message(records)
    if failed:
        raise Wrong(failed)
    if not records or records[0].kind != BEGIN:
        raise Wrong("the test has not begun")
    if records[-1].kind == FULL:
        raise Wrong("the test did more than it can write down")
    if records[-1].kind != END:
        raise Wrong("the test has not come to its end")
