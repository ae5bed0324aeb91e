# SPDX-License-Identifier: MIT
"""zalloc's zones and stores, followed from memory, and held against the
invariants that zalloc.c states:

    I1: the page map marks the pages of all listed zones and of all stores,
        and no others.
    I2: a zone and its slot name each other and agree on the entry size.
    I3: all stores are full except the newest.
    I4: a zone's `used` is the number of bits set in its bitmap.
    I5: a zone is in its cache's list if and only if it has a free entry.
    I6: a cache has one zone at most that is all free.
    I7: the counters equal what the zones add up to.
"""
from . import layout
from .heaps import Broken, hexadecimal
from .memory import PAGE, Trouble

I1 = "I1: the page map marks zones and stores, and nothing else"
I2 = "I2: a zone and its slot name each other and agree on the entry size"
I3 = "I3: all stores are full except the newest"
I4 = "I4: a zone's `used` is the number of bits set in its bitmap"
I5 = "I5: a zone is in its cache's list if and only if it has a free entry"
I6 = "I6: a cache has one zone at most that is all free"
I7 = "I7: the counters equal what the zones add up to"

MOST = 1 << 14      # stores, or caches: more is a list that goes in circles
MARK_FIRST = 1      # the page map: this is the first page of a zone,
MARK_STORE = 255    # or a store


class Damage(Trouble):
    """A list that is damaged; `broken` says where."""

    def __init__(self, broken):
        super().__init__("; ".join(broken.lines()))
        self.broken = broken


class Zone:
    """A zone, with its bitmap read."""

    def __init__(self, memory, address, cache=None):
        self.at = address
        raw = layout.record(memory, "struct zone", address)
        self.slot, self.used, self.cache_at = raw.slot, raw.used, raw.cache
        self.place_of = raw.place_of
        self.cache = cache or Cache(memory, raw.cache)
        count = self.cache.zone_entries
        if not 0 < count <= PAGE * 4 or not self.cache.entry_bytes:
            raise Trouble(f"zone {address:#010x}: its cache at "
                          f"{raw.cache:#010x} makes no sense ({count} "
                          f"entries of {self.cache.entry_bytes} bytes)")
        words = memory.read(raw.place_of("words"), (count + 31) // 32 * 4,
                            "a zone's bitmap")
        bits = int.from_bytes(words, "little")
        self.bits = [bits >> index & 1 for index in range(count)]
        self.bitmap_at = raw.place_of("words")
        self.bitmap_bytes = len(words)

    @property
    def bookkeeping(self):
        """Its header and bitmap, as pieces."""
        return [(self.at, self.bitmap_at + self.bitmap_bytes)]

    @property
    def first_entry(self):
        return self.at + self.cache.first_entry

    @property
    def end(self):
        return self.at + self.cache.zone_pages * PAGE

    def entry(self, address):
        """(number, where it begins) of the entry at `address`, or None."""
        offset = address - self.first_entry
        number = offset // self.cache.entry_bytes
        if offset < 0 or number >= len(self.bits):
            return None
        return number, self.first_entry + number * self.cache.entry_bytes


class Cache:
    """A zone_cache, with its numbers read once."""

    def __init__(self, memory, address):
        raw = layout.record(memory, "struct zone_cache", address)
        self.raw, self.at = raw, address
        for name in ("entry_bytes", "zone_pages", "zone_entries",
                     "first_entry", "zones", "used"):
            setattr(self, name, getattr(raw, name))
        self.name = memory.text(raw.name, "a cache's name") \
            if raw.name else "(no name)"


def linked(memory, head, what):
    """The links of a list that starts and ends at `head`; each points back."""
    to_next = layout.offset_of("struct list_link", "next")
    to_previous = layout.offset_of("struct list_link", "previous")
    before, at, found = head, memory.word(head + to_next, what), []
    while True:
        back = memory.word(at + to_previous, what)
        if back != before:
            raise Damage(Broken(I5, at, f"the link back in {what}",
                                hexadecimal(before), hexadecimal(back),
                                at + to_previous))
        if at == head:
            return found
        if len(found) == MOST:
            raise Trouble(f"{what} goes in circles, at {at:#010x}")
        found.append(at)
        before, at = at, memory.word(at + to_next, what)


class Zalloc:
    """The zone allocator as memory has it."""

    def __init__(self, memory):
        self.memory = memory
        self.heap = layout.variable(memory, "zalloc_heap")
        self.begin = self.heap.source.begin
        self.end = self.heap.source.end
        if self.heap.source.begin == 0:
            raise Trouble("there are no zones yet: zalloc_init has not run "
                          "(stage zalloc)")

    def mark_place(self, address):
        return (self.heap.source.page_map + address // PAGE
                - self.begin // PAGE)

    def mark(self, address):
        """The page map's word about a page; 0 outside."""
        if not self.begin <= address < self.end:
            return 0
        return self.memory.read(self.mark_place(address), 1,
                                "the page map")[0]

    def caches(self):
        offset = layout.offset_of("struct zone_cache", "link")
        return [Cache(self.memory, link - offset)
                for link in linked(self.memory, self.heap.place_of("caches"),
                                   "the list of caches")]

    def stores(self):
        """Records, the newest first."""
        found, at = [], self.heap.newest_store
        while at:
            if len(found) == MOST:
                raise Trouble(f"the stores go in circles, at {at:#010x}")
            found.append(layout.record(self.memory, "struct zone_store", at))
            at = found[-1].previous
        return found

    def store_slots(self):
        """How many slots a store has: what a page holds."""
        slot = layout.size_of("struct zone_slot")
        first = layout.offset_of("struct zone_store", "slots")
        return (PAGE - first - slot) // slot

    def slots(self, store):
        """(address, slot) of the slots in use."""
        bytes_each = layout.size_of("struct zone_slot")
        for number in range(min(store.used, self.store_slots())):
            at = store.place_of("slots") + number * bytes_each
            yield at, layout.record(self.memory, "struct zone_slot", at)

    def zone_of(self, address):
        """The zone in whose pages `address` lies, or None."""
        mark = self.mark(address)
        if mark in (0, MARK_STORE):
            return None
        return Zone(self.memory, address // PAGE * PAGE
                    - (mark - MARK_FIRST) * PAGE)

    def zones(self):
        """All that the stores list, and the first invariant that breaks on
        the way: (zones, Broken or None)."""
        found, caches = [], {}
        for number, store in enumerate(self.stores()):
            if number > 0 and store.used != self.store_slots():
                return found, Broken(I3, store.at, "slots used of a store "
                                     "that is not the newest",
                                     self.store_slots(), store.used)
            for at, slot in self.slots(store):
                try:
                    zone = Zone(self.memory, slot.zone)
                except Trouble as trouble:
                    return found, Broken(I2, at, "the zone of a slot",
                                         "a zone", str(trouble))
                zone.cache = caches.setdefault(zone.cache_at, zone.cache)
                broken = self.zone_broken(zone, at, slot)
                if broken:
                    return found, broken
                found.append(zone)
        try:
            return found, self.counters_broken(found)
        except Damage as damage:
            return found, damage.broken

    def zone_broken(self, zone, slot_at, slot):
        if zone.slot != slot_at:
            return Broken(I2, zone.at, "the zone's slot",
                          hexadecimal(slot_at), hexadecimal(zone.slot),
                          zone.place_of("slot"))
        if zone.cache.entry_bytes != slot.entry_bytes:
            return Broken(I2, zone.at, "the entry size in its slot",
                          zone.cache.entry_bytes, slot.entry_bytes,
                          slot.place_of("entry_bytes"))
        for number in range(min(zone.cache.zone_pages, MARK_STORE)):
            page = zone.at + number * PAGE
            if self.mark(page) != MARK_FIRST + number:
                return Broken(I1, page, "the page map's mark",
                              MARK_FIRST + number, self.mark(page),
                              self.mark_place(page))
        if zone.used != sum(zone.bits):
            return Broken(I4, zone.at, "used", sum(zone.bits), zone.used,
                          zone.place_of("used"), zone.bookkeeping)
        return None

    def counters_broken(self, zones):
        heap = self.heap
        if heap.zones != len(zones):
            return Broken(I7, heap.place_of("zones"), "the number of zones",
                          len(zones), heap.zones)
        for cache in self.caches():
            mine = [zone for zone in zones if zone.cache_at == cache.at]
            if cache.zones != len(mine):
                return Broken(I7, cache.raw.place_of("zones"),
                              f"zones of {cache.name}", len(mine), cache.zones)
            if cache.used != sum(zone.used for zone in mine):
                return Broken(I7, cache.raw.place_of("used"),
                              f"entries in use of {cache.name}",
                              sum(zone.used for zone in mine), cache.used)
            empty = [zone for zone in mine if zone.used == 0]
            if len(empty) > 1:
                return Broken(I6, empty[1].at, f"empty zones of {cache.name}",
                              "1 at most", len(empty))
            broken = self.list_broken(cache, mine)
            if broken:
                return broken
        return self.usage_broken(zones)

    def usage_broken(self, zones):
        """The first wrong counter of all zones together, those of dedicated
        caches among them."""
        usage = self.heap.usage
        used_bytes = sum(zone.used * zone.cache.entry_bytes for zone in zones)
        for name, expected in (("used_blocks", sum(z.used for z in zones)),
                               ("used_bytes", used_bytes)):
            if getattr(usage, name) != expected:
                return Broken(I7, usage.place_of(name), name, expected,
                              getattr(usage, name))
        if usage.peak_bytes < usage.used_bytes:
            return Broken(I7, usage.place_of("peak_bytes"), "peak_bytes",
                          f"at least {usage.used_bytes}", usage.peak_bytes)
        return None

    def list_broken(self, cache, zones):
        offset = layout.offset_of("struct zone", "link")
        listed = {link - offset for link in
                  linked(self.memory, cache.raw.place_of("open"),
                         f"the list of {cache.name}")}
        opened = {zone.at for zone in zones if 0 in zone.bits}
        for at in sorted(listed ^ opened):
            return Broken(I5, at, f"in the list of {cache.name}",
                          "yes" if at in opened else "no",
                          "yes" if at in listed else "no")
        return None
