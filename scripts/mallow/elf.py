# SPDX-License-Identifier: MIT
"""The contents of a 32-bit ELF file: sections, symbols, and which
function an address lies in.

    header --> section table --> .symtab --> names in .strtab
"""
import bisect
import struct
from typing import NamedTuple

from .project import Trouble

HEADER_BYTES, SECTION, SYMBOL = 52, struct.Struct("<10I"), struct.Struct("<IIIBBH")
SHT_SYMTAB = 2
SHF_EXECINSTR = 4
BIND_LOCAL, BIND_WEAK = 0, 2
TYPE_FUNCTION, TYPE_FILE = 2, 4
UNDEFINED = 0


class Section(NamedTuple):
    name: str
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int


class Symbol(NamedTuple):
    name: str
    address: int
    size: int
    bind: int
    kind: int
    section: int

    @property
    def shared(self):
        """Whether other files see it."""
        return self.bind != BIND_LOCAL


class Elf:
    def __init__(self, path):
        self.image = path.read_bytes()
        if self.image[:6] != b"\x7fELF\x01\x01":
            raise Trouble(f"{path}: not a 32-bit little-endian ELF file")
        self.sections = self._sections()
        self.symbols = self._symbols()
        self.functions = sorted(
            (symbol for symbol in self.symbols
             if symbol.kind == TYPE_FUNCTION and symbol.section != UNDEFINED),
            key=lambda symbol: symbol.address)
        self.starts = [function.address for function in self.functions]

    def _text(self, section, offset):
        begin = section.offset + offset
        return self.image[begin:self.image.index(b"\0", begin)].decode(
            "utf-8", "replace")

    def _sections(self):
        table, = struct.unpack_from("<I", self.image, 32)
        size, count, names = struct.unpack_from("<HHH", self.image, 46)
        raw = [SECTION.unpack_from(self.image, table + i * size)
               for i in range(count)]
        found = [Section("", *row[1:7]) for row in raw]
        return [section._replace(name=self._text(found[names], row[0]))
                for section, row in zip(found, raw)]

    def _symbols(self):
        found = []
        for section in self.sections:
            if section.kind != SHT_SYMTAB:
                continue
            names = self.sections[section.link]
            for at in range(section.offset, section.offset + section.size,
                            SYMBOL.size):
                name, value, size, info, _, index = SYMBOL.unpack_from(
                    self.image, at)
                found.append(Symbol(self._text(names, name), value, size,
                                    info >> 4, info & 15, index))
        return found

    def address(self, name):
        """Of a symbol that the file has; KeyError if it has none."""
        for symbol in self.symbols:
            if symbol.name == name and symbol.section != UNDEFINED:
                return symbol.address
        raise KeyError(name)

    def function_at(self, address):
        """(name, offset in it) of the function around `address`, or None."""
        at = bisect.bisect_right(self.starts, address) - 1
        if at < 0:
            return None
        function = self.functions[at]
        offset = address - function.address
        return (function.name, offset) if offset < max(function.size, 1) \
            else None

    def describe(self, address):
        """block_split+0x12, as the kernel's own reports have it."""
        found = self.function_at(address)
        return f"{found[0]}+{found[1]:#x}" if found else f"{address:#010x}"

    def code_from(self, part):
        """[(address, bytes)]: where the functions of an object lie in this
        file, which it was linked into."""
        found = []
        for index, section in enumerate(part.sections):
            inside = [symbol for symbol in part.symbols if symbol.shared
                      and symbol.section == index
                      and symbol.kind == TYPE_FUNCTION]
            if section.flags & SHF_EXECINSTR and inside:
                begin = self.address(inside[0].name) - inside[0].address
                found.append((begin, section.size))
        return found

    def undefined(self):
        """The symbols that the file needs from others."""
        return {symbol.name for symbol in self.symbols
                if symbol.shared and symbol.section == UNDEFINED
                and symbol.name}

    def weak(self):
        """The functions that another file's function of the same name replaces."""
        return {symbol.name for symbol in self.symbols
                if symbol.bind == BIND_WEAK and symbol.section != UNDEFINED}

    def defined(self):
        """The symbols that the file offers to others."""
        return {symbol.name for symbol in self.symbols
                if symbol.shared and symbol.section != UNDEFINED}
