# SPDX-License-Identifier: MIT
"""Bytes of the guest, or one line that says what could not be read."""
import os
import re
import struct

import gdb

PAGE = 4096
SYMBOL = re.compile(r"^([a-z]\w*)( *[-+] *\w+)?$", re.ASCII)
ADDRESSES = 1 << 32


class Trouble(Exception):
    """One line for the person at the keyboard."""


class Unreadable(Trouble):
    """The guest has no memory there."""

    def __init__(self, address, what):
        super().__init__(f"cannot read {what} at {address:#010x}: "
                         "nothing is mapped there")
        self.address = address


class Memory:
    """Virtual memory as it was when the command began: each page is fetched
    once."""

    def __init__(self):
        self.pages = {}

    def page(self, number, address, what):
        if number not in self.pages:
            try:
                self.pages[number] = gdb.selected_inferior().read_memory(
                    number * PAGE, PAGE).tobytes()
            except gdb.MemoryError:
                self.pages[number] = None
        if self.pages[number] is None:
            raise Unreadable(address, what)
        return self.pages[number]

    def read(self, address, count, what="memory"):
        """`count` bytes; `what` is for the message if they are not there."""
        address %= ADDRESSES
        first, last = address // PAGE, (address + count - 1) // PAGE
        if last >= ADDRESSES // PAGE:
            raise Unreadable(address, what)
        pages = [self.page(number, max(address, number * PAGE), what)
                 for number in range(first, last + 1)]
        begin = address - first * PAGE
        return b"".join(pages)[begin:begin + count]

    def word(self, address, what="a word"):
        return struct.unpack("<I", self.read(address, 4, what))[0]

    def text(self, address, what="a text", most=64):
        """A string of C, cut at `most` bytes."""
        found = b""
        while len(found) < most and b"\0" not in found:
            count = min(PAGE - (address + len(found)) % PAGE, 16)
            found += self.read(address + len(found), count, what)
        return found.split(b"\0")[0][:most].decode("ascii", "replace")


def physical_words(address, count):
    """Words of physical memory, asked of QEMU: no table is in the way.  In a
    dump they are read where the direct map has them."""
    if os.environ.get("MALLOW_CORE"):
        base = int(gdb.parse_and_eval("direct_map.base"))
        raw = Memory().read(base + address, 4 * count, "physical memory")
        return list(struct.unpack(f"<{count}I", raw))
    said = gdb.execute(f"monitor xp /{count}xw {address:#x}", to_string=True)
    words = re.findall(r"(?<=[ :])0x[0-9a-f]{8}\b", said)
    if len(words) != count:
        raise Trouble(f"cannot read physical memory at {address:#010x}: "
                      + (said.strip().splitlines() or ["QEMU is silent"])[-1])
    return [int(word, 16) for word in words]


def physical_word(address):
    return physical_words(address, 1)[0]


def number_of(text):
    """The value of a word of a command: any expression of gdb's, also one that
    begins with a symbol of the linker's, of which gdb knows no type."""
    symbol, expression = SYMBOL.match(text), text
    try:
        if symbol and gdb.lookup_global_symbol(symbol[1]) is None \
                and not gdb.lookup_symbol(symbol[1])[0]:
            expression = f"(unsigned long)&{text}"
    except gdb.error:
        pass  # no frame: a symbol cannot be looked up
    try:
        found = gdb.parse_and_eval(expression)
        if found.type.strip_typedefs().code in (
                gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_STRUCT):
            found = found.address
        return int(found) % ADDRESSES
    except gdb.error as error:
        raise Trouble(f'"{text}" is not an address: {error}') from None
