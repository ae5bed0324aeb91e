# SPDX-License-Identifier: MIT
"""The memory that a machine gets, and the memory that the kernel needs.

     0        1 MiB                                       MEMORY
     +--------+---------+---------+----------------+------+
     | low    | kernel  | modules | GRUB's own     | ...  |
     +--------+---------+---------+----------------+------+

GRUB loads the kernel where its segments say, the traces after it, and needs
room for itself above.  With less, GRUB stops before the kernel can print a
word.  So each command that starts a machine checks this first.
"""
import re
import struct
from pathlib import Path

from .project import KERNEL, WRONG_USE, Trouble, require

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
UNITS = {"K": KIB, "M": MIB, "": MIB, "G": GIB}
DEFAULT = "128M"
EXAMPLES = "right are, say, 16M, 128M or 1G"

# GRUB's heap, its modules and the relocator: with 64 KiB less than this above
# the image, GRUB 2.06 gives up.  tests/test_boot.py tries both sides of what
# comes of it, in whole MiB.
GRUB_BYTES = 1880 * KIB

PT_LOAD = 1


def parse(text):
    """The bytes that MEMORY= stands for; a bare number counts MiB."""
    match = re.fullmatch(r"(\d{1,7})([KMG]?)B?", text.upper())
    if not match or int(match.group(1)) == 0:
        raise Trouble(f'MEMORY: "{text}" is not a size; {EXAMPLES}', WRONG_USE)
    return int(match.group(1)) * UNITS[match.group(2)]


def show(count):
    """A size in the format of MEMORY=."""
    for unit, letter in ((GIB, "G"), (MIB, "M"), (KIB, "K")):
        if count % unit == 0:
            return f"{count // unit}{letter}"
    return f"{count} bytes"


def image_end(kernel):
    """The physical address after the last segment of the ELF file."""
    image = require(kernel).read_bytes()
    if image[:5] != b"\x7fELF\x01":
        raise Trouble(f"{kernel}: not a 32-bit ELF file")
    table, = struct.unpack_from("<I", image, 28)
    size, count = struct.unpack_from("<HH", image, 42)
    ends = []
    for offset in range(table, table + size * count, size):
        kind, _, _, physical, _, memory_bytes = struct.unpack_from(
            "<6I", image, offset)
        if kind == PT_LOAD:
            ends.append(physical + memory_bytes)
    return max(ends)


def needed(kernel=KERNEL, trace_bytes=0):
    """The least memory the kernel boots with, in whole MiB."""
    least = image_end(kernel) + trace_bytes + GRUB_BYTES
    return -(-least // MIB) * MIB


def choose(text, trace_bytes=0):
    """The bytes of MEMORY=, or of the default; enough for the kernel and for
    `trace_bytes` bytes of traces."""
    size = parse(text or DEFAULT)
    least = needed(trace_bytes=trace_bytes)
    if size < least:
        what = "the kernel with its traces" if trace_bytes else "the kernel"
        raise Trouble(f"MEMORY: {show(size)} is too little; {what} needs "
                      f"{show(least)}", WRONG_USE)
    return size


def least(arguments):
    """The least memory, for grub.cfg, which prints it when the kernel cannot.
    """
    print(needed(Path(arguments.kernel)) // MIB)


def add_commands(commands):
    parser = commands.add_parser("least", help="the MiB that a kernel needs")
    parser.add_argument("kernel")
    parser.set_defaults(run=least)


def add_memory(parser):
    parser.add_argument("--memory", default="", metavar="SIZE",
                        help=f"of the machine; {DEFAULT} unless told")
