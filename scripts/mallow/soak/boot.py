# SPDX-License-Identifier: MIT
"""The boot loader's information: Multiboot2 specification, section 3.6, and the
promises of src/arch/i386/multiboot2.h, read a second time."""
import struct

from . import numbers

KIND = "boot"
MEMORY, INFO_AT = 0x10000, 0x1000  # in the program under test
LOW_MEMORY = 0x100000
MOST_IN_USE, MOST_AVAILABLE, MOST_MODULES = 256, 64, 128
# Least bytes of the tags that the kernel reads.
LEAST = {1: 9, 2: 9, 3: 17, 6: 16, 8: 30, 9: 20}
LETTERS = [bytes([each]) for each in b"\0\1\3\6\x08\x09\x10\x18\x7f\x80\xff"]
LETTERS += [b"\xff" * 4, b"\0" * 4, b"\0" * 8, b"\1\0\0\0", b"\0\0\0\x80"]


# -- Inputs --------------------------------------------------------------------

def text(random):
    word = random.choice([b"", b"stage=malloc", b"x" * 40, b"\xff"])
    return word + random.choice([b"\0"] * 8 + [b""])


def place(random):
    return random.choice([random.randrange(MEMORY), random.choice(
        [0, MEMORY - 1, MEMORY, MEMORY + 1, 2**32 - 1])])


def memory_map(random):
    size = random.choice([24] * 8 + [32, 40, 25, 28, 16, 0, 2**32 - 1])
    entries = b""
    for _ in range(random.choice([1, 2, 5, 5, 70])):
        base = random.choice([place(random), 2**63, 2**64 - 4096,
                              random.getrandbits(64)])
        length = random.choice([0, 4096, place(random), 2**63,
                                random.getrandbits(64)])
        kind = random.choice([1, 1, 1, 2, 3, 4, 5, 9])
        entries += struct.pack("<QQII", base, length, kind, 0).ljust(
            min(size, 100), b"\xee")
    return struct.pack("<II", size, 0) + entries


def section(random, count):
    return struct.pack("<10I", 0, random.choice([0, 1, 2, 3, 3]),
                       random.choice([0, 0, 2, 7]), place(random), 0,
                       random.choice([0, 16, place(random)]),
                       random.randrange(count + 2), 0, 4, 16)


def elf_sections(random):
    count = random.choice([0, 1, 3, 8])
    size = random.choice([40] * 8 + [44, 41, 39, 0])
    stated = count + random.choice([0] * 8 + [1, 2**31])
    return struct.pack("<III", stated, size, 0) + b"".join(
        section(random, count).ljust(size, b"\xee") for _ in range(count))


def framebuffer(random):
    bits = random.choice([32, 32, 24, 15, 16, 14, 33, 8])
    return struct.pack("<QIIIBBH6B", random.getrandbits(34), 4096, 1024, 768,
                       bits, random.choice([1, 1, 2, 0, 7]), 0, 16, 8, 8, 8, 0,
                       8)[:random.choice([30] * 6 + [29, 22, 24])]


def tag(random):
    kind = random.choice([1, 2, 3, 3, 6, 6, 6, 8, 9, 9, 4, 77])
    if kind in (1, 2):
        content = text(random)
    elif kind == 3:
        content = struct.pack("<II", *sorted([place(random), place(random)],
                              reverse=random.random() < 0.1)) + text(random)
    elif kind in (6, 8, 9):
        content = {6: memory_map, 8: framebuffer, 9: elf_sections}[kind](random)
    else:
        content = b"?" * random.randrange(20)
    data = struct.pack("<II", kind, 8 + len(content)) + content
    return data + b"\0" * (-len(data) % 8)


def make(random):
    if random.random() < 0.05:
        return numbers.noise(random, LETTERS, 80)
    tags = b"".join(tag(random)
                    for _ in range(random.choice([1, 4, 8, 8, 140])))
    tags += struct.pack("<II", 0, 8)
    if random.random() < 0.5:
        tags = numbers.mutated(random, tags, LETTERS)
    total = 8 + len(tags) + random.choice([0] * 12 + [8, -8, 1, 2**16, -2**31])
    return (struct.pack("<II", total % 2**32, 0) + tags)[:MEMORY - INFO_AT]


# -- The reference parser ------------------------------------------------------

class Refused(Exception):
    """The structure cannot be used."""


class Boot:
    """The tags of one structure, read."""

    def __init__(self, memory):
        self.memory = memory
        self.texts = {1: b"", 2: b""}
        self.available, self.in_use, self.modules = [], [], []
        self.symbols = (0, 0)
        self.screen = (1, 0, 0, 0, 0, 0)

    def word(self, at):
        return struct.unpack_from("<I", self.memory, at)[0]

    def string(self, at, end):
        """The text from `at` on; None if it does not end before `end`."""
        final = self.memory.find(b"\0", at, end)
        return None if final < 0 else self.memory[at:final]

    def read_module(self, at, end):
        begin, after = self.word(at + 8), self.word(at + 12)
        if begin > after:
            return
        self.in_use.append((begin, after))
        name = self.string(at + 16, end)
        if (name is not None and after <= MEMORY and
                len(self.modules) < MOST_MODULES):
            self.modules.append((begin, after, name))

    def read_memory(self, at, end):
        size = self.word(at + 8)
        if size < 24 or size % 8:
            raise Refused
        for entry in range(at + 16, end - size + 1, size):
            base, length, kind = struct.unpack_from("<QQI", self.memory, entry)
            if base + length >= 2**64 or not length:
                continue
            if kind != 1:
                self.in_use.append((base, base + length))
            elif len(self.available) < MOST_AVAILABLE:
                self.available.append((base, base + length))

    def read_sections(self, at, end):
        count, size = self.word(at + 8), self.word(at + 12)
        if size < 40 or size % 4 or count > (end - at - 20) // size:
            return
        sections = [struct.unpack_from("<10I", self.memory, at + 20 + i * size)
                    for i in range(count)]
        self.in_use += [(each[3], each[3] + each[5]) for each in sections
                        if not each[2] & 2 and each[3]]
        tables = [each for each in sections if each[1] == 2]
        if not tables or tables[-1][6] >= count:
            return
        pair = (tables[-1], sections[tables[-1][6]])
        if pair[1][1] == 3 and pair[1][5] and all(
                each[3] < MEMORY and each[3] + each[5] <= MEMORY
                for each in pair):
            self.symbols = (pair[0][5], pair[1][5])

    def read_screen(self, at, end):
        address, pitch, width, height, bits, kind = struct.unpack_from(
            "<QIIIBB", self.memory, at + 8)
        self.screen = (1 if kind == 2 else 0, 0, 0, 0, 0, 0)
        if kind == 1 and end - at >= 38 and 15 <= bits <= 32:
            self.screen = (2, address, pitch, width, height, -(-bits // 8))

    def read_tag(self, kind, at, end):
        if kind in self.texts:
            self.texts[kind] = self.string(at + 8, end) or b""
        elif kind == 3:
            self.read_module(at, end)
        elif kind == 6:
            self.read_memory(at, end)
        elif kind == 8:
            self.read_screen(at, end)
        elif kind == 9:
            self.read_sections(at, end)

    def read(self):
        total = self.word(INFO_AT)
        if total < 16 or total > MEMORY - INFO_AT:
            raise Refused
        self.in_use += [(0, LOW_MEMORY), (INFO_AT, INFO_AT + total)]
        at, end = INFO_AT + 8, INFO_AT + total
        while at + 8 <= end:
            kind, size = self.word(at), self.word(at + 4)
            if kind == 0:
                return
            if size < LEAST.get(kind, 8) or size > end - at:
                raise Refused
            self.read_tag(kind, at, at + size)
            if len(self.in_use) > MOST_IN_USE:
                raise OverflowError
            at += -(-size // 8) * 8
        raise Refused


def answer(data):
    memory = (bytes(INFO_AT) + data)[:MEMORY].ljust(MEMORY, b"\0")
    boot = Boot(memory)
    try:
        boot.read()
        if not boot.available:
            raise Refused
    except Refused:
        return ["refused"]
    except OverflowError:
        return ["panic"]
    found = ["good", f"command-line {boot.texts[1].hex()}",
             f"loader {boot.texts[2].hex()}"]
    found += [f"available {b:x} {e:x}" for b, e in boot.available]
    found += [f"in-use {b:x} {e:x}" for b, e in boot.in_use]
    for begin, end, name in boot.modules:
        found += [f"module {begin:x} {end:x}", f"name {name.hex()}"]
    kind, address, *rest = boot.screen
    return found + [f"symbols {boot.symbols[0]} {boot.symbols[1]}",
                    f"screen {kind} {address:x} " + " ".join(map(str, rest))]
