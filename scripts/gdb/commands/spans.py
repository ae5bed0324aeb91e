# SPDX-License-Identifier: MIT
"""`mallow spans`: zones of granules, read from their maps bit by bit.

    A C    0 0 free    1 0 head of a span    1 1 tail of a span    0 1 never

    I1: the page map marks whole zones.
    I2: a zone's magic is its own.
    I3: the sentinels are allocated and no tails.
    I4: a tail follows a head or a tail.
    I5: a zone counts the heads that its maps show.
    I8: the counters equal what the zones add up to.
"""
from . import kernel, layout
from .command import Command
from .heaps import Broken, hexadecimal
from .memory import PAGE, Trouble, number_of
from .screen import paint, picture, say, say_verdict

MOST_GRANULES = 4096
MOST_PAGES = 1 << 18
PAGE_BITS = 2               # of the page map's byte: which page of its zone
MAGIC = 0x5EA1ED00
ZONES_SHOWN = 8

FREE, HEAD, TAIL, NEVER = ".", "#", "=", "!"
STATES = {(0, 0): FREE, (1, 0): HEAD, (1, 1): TAIL, (0, 1): NEVER}
COLOURS = {FREE: "free", HEAD: "used", TAIL: "part", NEVER: "bad"}

I1 = "I1: the page map marks whole zones"
I2 = "I2: a zone's magic is its own"
I3 = "I3: the sentinels are allocated and no tails"
I4 = "I4: a tail follows a head or a tail"
I5 = "I5: a zone counts the heads in its maps"
I8 = "I8: the counters equal what the zones add up to"


class Pool:
    """All zones of one granule."""

    def __init__(self, memory, raw, number):
        self.raw, self.number = raw, number
        self.name = memory.text(raw.name, "a pool's name") if raw.name else "?"
        for name in ("granule_bytes", "span_max", "zone_pages", "granules",
                     "granule_zero", "zones"):
            setattr(self, name, getattr(raw, name))
        if not 0 < self.granules <= MOST_GRANULES or not self.granule_bytes:
            raise Trouble(f"pool {number} makes no sense: {self.granules} "
                          f"granules of {self.granule_bytes} bytes")


class Zone:
    """A zone: a letter for each granule, from 1 on."""

    def __init__(self, memory, pool, address):
        self.pool, self.at = pool, address
        raw = layout.record(memory, "struct span_zone", address)
        self.magic, self.spans = raw.magic, raw.spans
        pairs = (pool.granules + 1) // 32 + 1
        each = layout.size_of("struct map_pair")
        words = memory.read(raw.place_of("map"), pairs * each, "a zone's map")
        self.map_end = raw.place_of("map") + pairs * each
        self.letters = "".join(
            STATES[self.bit(words, index, "allocated"),
                   self.bit(words, index, "continued")]
            for index in range(1, pool.granules + 1))
        sentinels = (0, *range(pool.granules + 1, pairs * 32))
        self.lost = next((
            index for index in sentinels
            if not self.bit(words, index, "allocated") or
            self.bit(words, index, "continued")), None)
        self.map = raw.place_of("map")

    @staticmethod
    def bit(words, index, name):
        at = index // 32 * layout.size_of("struct map_pair") \
            + layout.offset_of("struct map_pair", name)
        word = int.from_bytes(words[at:at + 4], "little")
        return word >> index % 32 & 1

    @property
    def end(self):
        return self.at + self.pool.zone_pages * PAGE

    @property
    def first(self):
        return self.at + self.pool.granule_zero + self.pool.granule_bytes

    def pieces(self):
        """(begin, end, used) of the spans and the free runs."""
        at, each = 0, self.pool.granule_bytes
        while at < len(self.letters):
            used, stop = self.letters[at] != FREE, at + 1
            wanted = TAIL if used else FREE
            while stop < len(self.letters) and self.letters[stop] == wanted:
                stop += 1
            yield self.first + at * each, self.first + stop * each, used
            at = stop

    def broken(self):
        if self.magic != self.at ^ MAGIC:
            return Broken(I2, self.at, "the magic",
                          hexadecimal(self.at ^ MAGIC),
                          hexadecimal(self.magic))
        if self.lost is not None:
            at = self.map + self.lost // 32 * layout.size_of("struct map_pair")
            return Broken(I3, at, f"bit {self.lost % 32} of the maps",
                          "allocated, no tail", "another state",
                          suspects=[(at, at + 8)])
        for index, letter in enumerate(self.letters):
            alone = letter == TAIL and (
                index == 0 or self.letters[index - 1] not in (HEAD, TAIL))
            if alone or letter == NEVER:
                return Broken(I4, self.first + index *
                              self.pool.granule_bytes, "a granule",
                              "a tail after a head", "a tail by itself",
                              suspects=[(self.at, self.map_end)])
        if self.spans != self.letters.count(HEAD):
            return Broken(I5, self.at, "spans", self.letters.count(HEAD),
                          self.spans, suspects=[(self.at, self.map_end)])
        return None


class Spans:
    """The span allocator as memory has it."""

    def __init__(self, memory):
        self.memory = memory
        self.heap = layout.variable(memory, "span_heap")
        self.count = self.heap.page_count
        self.begin = self.heap.first_page * PAGE
        if not self.begin:
            raise Trouble("there are no spans yet: spans_init has not run "
                          "(stage spans)")
        if self.count > MOST_PAGES or \
                self.heap.pool_count > len(self.heap.pools):
            raise Trouble(f"span_heap makes no sense: {self.count} pages, "
                          f"{self.heap.pool_count} pools")
        self.marks = memory.read(self.heap.source.page_map, self.count,
                                 "the page map")
        self.pools = [Pool(memory, self.heap.pools[number], number + 1)
                      for number in range(self.heap.pool_count)]

    def zone_of(self, address):
        """The zone in whose pages `address` lies, or None."""
        page = address // PAGE - self.begin // PAGE
        if not 0 <= page < self.count or not self.marks[page]:
            return None
        number = self.marks[page] >> PAGE_BITS
        if not 0 < number <= len(self.pools):
            return None
        back = self.marks[page] & ((1 << PAGE_BITS) - 1)
        return Zone(self.memory, self.pools[number - 1],
                    address // PAGE * PAGE - back * PAGE)

    def zones(self):
        """All that the page map marks, and the first invariant that breaks:
        (zones, Broken or None)."""
        broken = self.pools_broken()
        if broken:
            return [], broken
        found, page = [], 0
        while page < self.count:
            if not self.marks[page]:
                page += 1
                continue
            at = self.begin + page * PAGE
            zone = None if self.marks[page] & 3 else self.zone_of(at)
            if not zone or not self.is_whole(page, zone.pool):
                return found, Broken(I1, at, "the page map's mark",
                                     "the first page of a zone",
                                     self.marks[page])
            broken = zone.broken()
            if broken:
                return found, broken
            found.append(zone)
            page += max(zone.pool.zone_pages, 1)
        return found, self.counters_broken(found)

    def is_whole(self, page, pool):
        """Whether the marks from `page` on are those of one zone."""
        wanted = [(pool.number << PAGE_BITS) + each
                  for each in range(min(pool.zone_pages, 1 << PAGE_BITS))]
        return pool.zone_pages == len(wanted) > 0 and \
            list(self.marks[page:page + len(wanted)]) == wanted

    def pools_broken(self):
        for pool in self.pools:
            mark = pool.number << PAGE_BITS
            if pool.raw.mark != mark:
                return Broken(I1, pool.raw.place_of("mark"), "a pool's mark",
                              mark, pool.raw.mark)
            if self.heap.numbered[pool.number] != pool.raw.at:
                return Broken(I1, self.heap.place_of("numbered")
                              + pool.number * 4, "a pool by its number",
                              hexadecimal(pool.raw.at),
                              hexadecimal(self.heap.numbered[pool.number]))
        return None

    def counters_broken(self, zones):
        for pool in self.pools:
            mine = [zone for zone in zones if zone.pool is pool]
            if pool.zones != len(mine):
                return Broken(I8, pool.raw.place_of("zones"),
                              f"zones of {pool.name}", len(mine), pool.zones)
        blocks = sum(zone.spans for zone in zones)
        usage = self.heap.usage
        if usage.used_blocks != blocks:
            return Broken(I8, usage.place_of("used_blocks"), "used_blocks",
                          blocks, usage.used_blocks)
        return None


class SpansCommand(Command):
    """Shows the zones of spans, and whether their maps agree.

Usage:
  mallow spans             a line for each granule size
  mallow spans BYTES       the zones with granules of BYTES bytes
  mallow spans ADDRESS     the zone that ADDRESS is in

For example, mallow spans 8 draws each zone: "#" is the first granule of a
span, "=" is another one of it, "." is free.  A verdict follows.

It cannot answer before stage spans, or while another allocator serves small
blocks."""

    name, usage, most = "spans", "[BYTES|ADDRESS]", 1

    def answer(self, memory, words):
        kernel.require(memory)
        spans = Spans(memory)
        kernel.require_in_force(memory, "spans")
        if not words:
            self.all(spans)
            return
        number = number_of(words[0])
        if number >= spans.begin:
            zone = spans.zone_of(number)
            if not zone:
                raise Trouble(f"{number:#010x} is in no zone of spans")
            self.one(zone)
            for begin, end, used in zone.pieces():
                if begin <= number < end:
                    say(f"  {number:#010x} is in a "
                        + ("span" if used else "free run")
                        + f" of {end - begin} bytes at {begin:#010x}")
            return
        zones, broken = spans.zones()
        mine = [one for one in zones if one.pool.granule_bytes == number]
        if not mine and not broken:
            raise Trouble(f"no zone has granules of {number} bytes")
        for zone in mine[:ZONES_SHOWN]:
            self.one(zone)
        if len(mine) > ZONES_SHOWN:
            say(f"  ... and {len(mine) - ZONES_SHOWN} zones more")
        say_verdict(broken, "maps, page map and counters agree")

    @staticmethod
    def all(spans):
        zones, broken = spans.zones()
        say("  granules      in zones   spans   granules used of all")
        for pool in spans.pools:
            mine = [zone for zone in zones if zone.pool is pool]
            free = sum(zone.letters.count(FREE) for zone in mine)
            every = sum(len(zone.letters) for zone in mine)
            line = (f"  {pool.name:12} {len(mine):9} "
                    f"{sum(zone.spans for zone in mine):7} "
                    f"{every - free:10} of {every}")
            say(line if mine else paint(line, "dim"))
        say_verdict(broken, "maps, page map and counters agree")

    @staticmethod
    def one(zone):
        say(f"zone {zone.at:#010x} of {zone.pool.name}: {zone.spans} spans, "
            f"the first granule at {zone.first:#010x}")
        picture([(letter, COLOURS[letter]) for letter in zone.letters], 64)
