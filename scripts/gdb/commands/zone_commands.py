# SPDX-License-Identifier: MIT
"""`mallow zones` and `mallow stores`."""
from . import kernel
from .command import Command
from .memory import Trouble, number_of
from .screen import paint, picture, say, say_verdict
from .zones import Zalloc

ZONES_SHOWN, SLOTS_SHOWN = 8, 8
AGREE = "zones, stores, lists and page map agree"


def entry_cells(zone):
    return [("#", "used") if bit else (".", "free") for bit in zone.bits]


def zalloc_in_force(memory):
    kernel.require(memory)
    if kernel.small_allocator(memory) == "spans":
        raise Trouble("zalloc is not in force: spans serves small blocks; "
                      "mallow spans shows them")
    zalloc = Zalloc(memory)
    kernel.require_in_force(memory, "zalloc")
    return zalloc


class Zones(Command):
    """Shows the zones of each entry size, and whether their bookkeeping agrees.

Usage:
  mallow zones             a line for each size or cache that has zones
  mallow zones BYTES       the zones with entries of BYTES bytes
  mallow zones ADDRESS     the zone that ADDRESS is in

For example, mallow zones 64 draws each zone's bitmap: "#" is an entry in use,
"." is a free one.  A verdict follows.

It cannot answer before stage zalloc, or while another allocator serves small
blocks."""

    name, usage, most = "zones", "[BYTES|ADDRESS]", 1

    def answer(self, memory, words):
        zalloc = zalloc_in_force(memory)
        if not words:
            self.all(zalloc)
            return
        number = number_of(words[0])
        if number >= zalloc.begin:
            zone = zalloc.zone_of(number)
            if not zone:
                raise Trouble(f"{number:#010x} is in no zone")
            self.one(zone, number)
            return
        zones, broken = zalloc.zones()
        mine = [one for one in zones if one.cache.entry_bytes == number]
        if not mine and not broken:
            raise Trouble(f"no zone has entries of {number} bytes")
        for zone in mine[:ZONES_SHOWN]:
            self.one(zone)
        if len(mine) > ZONES_SHOWN:
            say(f"  ... and {len(mine) - ZONES_SHOWN} zones more")
        say_verdict(broken, AGREE)

    @staticmethod
    def all(zalloc):
        say("  entries       in zones   used of entries  pages a zone")
        for cache in zalloc.caches():
            entries = cache.zones * cache.zone_entries
            line = (f"  {cache.name:12} {cache.zones:9}  "
                    f"{cache.used:5} of {entries:5}      {cache.zone_pages}")
            say(line if cache.zones else paint(line, "dim"))
        say_verdict(zalloc.zones()[1], AGREE)

    @staticmethod
    def one(zone, address=None):
        say(f"zone {zone.at:#010x} of {zone.cache.name}: {zone.used} of "
            f"{len(zone.bits)} entries used, the first at "
            f"{zone.first_entry:#010x}")
        picture(entry_cells(zone), 64)
        entry = address is not None and zone.entry(address)
        if entry:
            state = "used" if zone.bits[entry[0]] else "free"
            say(f"  {address:#010x} is in entry {entry[0]}, {state}, "
                f"at {entry[1]:#010x}")


class Stores(Command):
    """Shows the zone stores, the newest first, and their slots.

Usage:
  mallow stores

A store is a page of slots.  A slot holds a zone's address and entry size.  All
stores are full except the newest.

For example, it prints "store 0xc017c000: 3 of 510 slots used, the first", and
a line for each of the first slots.

It cannot answer before stage zalloc, or while another allocator serves small
blocks."""

    name = "stores"

    def answer(self, memory, words):
        zalloc = zalloc_in_force(memory)
        for store in zalloc.stores():
            say(f"store {store.at:#010x}: {store.used} of "
                f"{zalloc.store_slots()} slots used, "
                + (f"before it {store.previous:#010x}" if store.previous
                   else "the first"))
            slots = list(zalloc.slots(store))
            for number, (_, slot) in enumerate(slots[:SLOTS_SHOWN]):
                say(f"  slot {number:3}: zone {slot.zone:#010x}, entries of "
                    f"{slot.entry_bytes} bytes")
            if len(slots) > SLOTS_SHOWN:
                say(f"  ... and {len(slots) - SLOTS_SHOWN} slots more")
        say(f"{zalloc.heap.stores} stores, {zalloc.heap.zones} zones by the "
            "counters")
        say_verdict(zalloc.zones()[1], AGREE)
