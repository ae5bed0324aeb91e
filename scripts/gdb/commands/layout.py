# SPDX-License-Identifier: MIT
"""Structs in the guest's memory.

The place of a member is read from the kernel's debug information each time.
If a struct has changed, its members are found at their new places, and a
missing member is named instead of misread.
"""
import struct

import gdb

from .memory import Trouble

FORMATS = {(1, False): "<B", (2, False): "<H", (4, False): "<I",
           (8, False): "<Q", (1, True): "<b", (2, True): "<h",
           (4, True): "<i", (8, True): "<q"}


def has(name):
    """Whether gdb knows a function or variable of this name."""
    try:
        gdb.parse_and_eval(f"&{name}")
        return True
    except gdb.error:
        return False


def missing(what):
    """The Trouble for something that the debug information does not have."""
    if not has("kernel_main"):
        return Trouble("gdb has no symbols of the kernel: file "
                       "build/kernel.elf loads them")
    if gdb.lookup_global_symbol("kernel_main") is None:
        return Trouble("this kernel.elf has no debug information, which make "
                       "builds into build/kernel.elf")
    return Trouble(f"this kernel has no {what}")


def type_of(name):
    """`name` is, say, "struct zone"."""
    try:
        return gdb.lookup_type(name)
    except gdb.error:
        raise missing(name) from None


def field_of(kind, name):
    for field in kind.strip_typedefs().fields():
        if field.name == name:
            return field
    raise Trouble(f"this kernel's {kind} has no member {name}")


def offset_of(type_name, *path):
    """Bytes from the start of a struct to a member, or one in a member."""
    kind, offset = type_of(type_name), 0
    for name in path:
        field = field_of(kind, name)
        kind, offset = field.type, offset + field.bitpos // 8
    return offset


def size_of(type_name):
    return type_of(type_name).sizeof


def bytes_of(name):
    """How long a variable is."""
    try:
        return gdb.parse_and_eval(name).type.sizeof
    except gdb.error:
        raise missing(f"variable {name}") from None


def enumeration(type_name):
    """{name: value} of an enum."""
    return {field.name: field.enumval for field in type_of(type_name).fields()}


def name_in(type_name, value):
    """The name that an enum has for `value`, or the number."""
    for name, known in enumeration(type_name).items():
        if known == value:
            return name
    return str(value)


class Record:
    """A struct at an address: members by name, as numbers, records or
    arrays."""

    def __init__(self, memory, kind, address):
        self._memory, self._kind, self._address = memory, kind, address

    def __getattr__(self, name):
        field = field_of(self._kind, name)
        return value(self._memory, field.type,
                     self._address + field.bitpos // 8,
                     f"{name} of {self._kind}")

    @property
    def at(self):
        """Where it lies; no struct of ours has a member of this name."""
        return self._address

    def place_of(self, name):
        """Where a member lies."""
        return self._address + field_of(self._kind, name).bitpos // 8


class Array:
    """Elements of one type, fetched when asked for."""

    def __init__(self, memory, kind, address, what):
        self._memory, self._address, self._what = memory, address, what
        self._element = kind.target()
        low, high = kind.range()
        self._count = max(high - low + 1, 0)

    def __len__(self):
        return self._count

    def __getitem__(self, index):
        return value(self._memory, self._element,
                     self._address + index * self._element.sizeof, self._what)


def value(memory, kind, address, what):
    """The value at `address`: a number, a Record or an Array."""
    kind = kind.strip_typedefs()
    if kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        return Record(memory, kind, address)
    if kind.code == gdb.TYPE_CODE_ARRAY:
        return Array(memory, kind, address, what)
    signed = kind.code == gdb.TYPE_CODE_INT and kind.is_signed
    layout = FORMATS[kind.sizeof, signed]
    return struct.unpack(layout, memory.read(address, kind.sizeof, what))[0]


def record(memory, type_name, address):
    return Record(memory, type_of(type_name), address)


def variable(memory, name, source=None):
    """A variable of the kernel; `source` tells static ones apart."""
    try:
        found = gdb.parse_and_eval(f"'{source}'::{name}" if source else name)
    except gdb.error:
        raise missing(f"variable {name}"
                      + (f" in {source}" if source else "")) from None
    if found.address is None:
        raise Trouble(f"{name} is not a variable in this kernel")
    return value(memory, found.type, int(found.address), name)


def address_of(name):
    """Where a symbol is, one of the linker's too."""
    try:
        return int(gdb.parse_and_eval(f"(unsigned long)&{name}"))
    except gdb.error:
        raise missing(f"symbol {name}") from None
