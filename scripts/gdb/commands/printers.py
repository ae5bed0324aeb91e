# SPDX-License-Identifier: MIT
"""How gdb's own `print` shows the kernel's types."""
import gdb
import gdb.printing

from . import layout, pages
from .memory import Memory, Trouble


def number(value, name):
    return int(value[name])


def text(value):
    """A string member, which may point anywhere."""
    if not int(value):
        return "(none)"
    try:
        return f'"{Memory().text(int(value))}"'
    except Trouble:
        return f"(unreadable: {int(value):#x})"


def physical(value):
    address = number(value, "addr")
    return f"physical {address:#010x} (frame {address >> 12:#x})"


def frame(value):
    found = number(value, "number")
    if found in (0, 0xFFFFFFFF):
        return "no frame" if not found else "frame: not written yet"
    return f"frame {found:#x} (physical {found << 12 & 0xFFFFFFFF:#010x})"


def page_entry(value):
    entry = int(value)
    if not entry & 1:
        return f"{entry:#010x} (not present)"
    return f"{entry:#010x} (frame {entry >> 12:#x}, " \
        f"{pages.flags_text(entry)})"


def block_header(value):
    word = number(value, "bytes_and_state")
    tags = layout.enumeration("enum block_tag")
    state = {tags["TAG_USED"]: "used", tags["TAG_FREE"]: "free"}.get(
        word & 7, f"DAMAGED state {word & 7}")
    return (f"{state} block of {word & ~7} bytes with its header, after one "
            f"of {number(value, 'previous_bytes')}")


def block(value):
    state = {0: "free", 1: "used", 2: "bookkeeping"}.get(
        number(value, "state"), "?")
    return (f"{state} {text(value['owner'])}: {number(value, 'bytes')} bytes "
            f"at {number(value, 'address'):#010x}, header "
            f"{number(value, 'overhead')}")


def zone(value):
    cache = value["cache"]
    return (f"zone with {number(value, 'used')} entries used, cache "
            f"{int(cache):#010x}, slot {number(value, 'slot'):#010x}")


def zone_slot(value):
    if not number(value, "zone"):
        return "empty slot"
    return (f"slot: zone {number(value, 'zone'):#010x}, entries of "
            f"{number(value, 'entry_bytes')} bytes")


def violation(value):
    if not number(value, "invariant"):
        return "sound"
    return (f"{text(value['invariant'])} at {number(value, 'address'):#010x}:"
            f" expected {number(value, 'expected'):#x}, found "
            f"{number(value, 'found'):#x}")


def heap_stats(value):
    usage = value["usage"]
    return (f"heap {number(value, 'begin'):#010x} to "
            f"{number(value, 'end'):#010x}, {text(value['large'])}"
            + (f" and {text(value['small'])} up to "
               f"{number(value, 'small_limit')}" if int(value["small"])
               else "")
            + f": {number(usage, 'used_bytes')} bytes in "
            f"{number(usage, 'used_blocks')} blocks, peak "
            f"{number(usage, 'peak_bytes')}; "
            f"{number(value, 'allocations')} allocations, "
            f"{number(value, 'frees')} frees, "
            f"{number(value, 'failures')} failures, "
            f"{number(value, 'bad_frees')} bad frees")


def region(value):
    begin, end = number(value, "begin"), number(value, "end")
    return f"{text(value['name'])} {begin:#x} to {end:#x} ({end - begin} bytes)"


PRINTERS = {"phys_t": physical, "frame_t": frame, "page_entry_t": page_entry,
            "block_header": block_header, "block": block, "zone": zone,
            "zone_slot": zone_slot, "violation": violation,
            "heap_stats": heap_stats, "region": region}


class Printer:
    """Falls back on the plain members when a value makes no sense."""

    def __init__(self, describe, value):
        self.describe, self.value = describe, value

    def to_string(self):
        try:
            return self.describe(self.value)
        except (gdb.error, Trouble) as error:
            return f"<{error}>"


def register():
    collection = gdb.printing.RegexpCollectionPrettyPrinter("mallow")
    for name, describe in PRINTERS.items():
        collection.add_printer(
            name, f"^{name}$",
            lambda value, describe=describe: Printer(describe, value))
    gdb.printing.register_pretty_printer(None, collection, replace=True)
