# SPDX-License-Identifier: MIT
"""`mallow page`: from an address to its frame, as the processor walks.

    address    |  directory index  |  table index  |  offset  |
    cr3 --> directory [ entry ] --> table [ entry ] --> frame + offset

The entries are read from physical memory, so that a directory which does not
map itself, or maps nonsense, can be looked at all the same.
"""
from . import kernel, layout
from .command import Command
from .memory import PAGE, Trouble, number_of, physical_word
from .screen import paint, say

LARGE_PAGE = PAGE << 10

# As in arch/i386/arch.h, where the enum has the same bits.
FLAGS = [("ENTRY_PRESENT", "present", "not present"),
         ("ENTRY_WRITABLE", "writable", "read-only"),
         ("ENTRY_USER", "for users too", "for the kernel only"),
         ("ENTRY_WRITE_THROUGH", "write through", ""),
         ("ENTRY_NO_CACHE", "not cached", ""),
         ("ENTRY_ACCESSED", "accessed", ""),
         ("ENTRY_DIRTY", "dirty", "")]


def flags_text(entry):
    """The low bits of an entry, in words."""
    bits = layout.enumeration("enum page_entry_bit")
    if not entry & bits["ENTRY_PRESENT"]:
        return "not present"
    words = [yes if entry & bits[name] else no for name, yes, no in FLAGS]
    if entry & bits["ENTRY_LARGE"]:
        words.append("4 MiB page")
    return ", ".join(word for word in words if word)


class Step:
    """An entry on the way."""

    def __init__(self, what, table, index):
        self.what, self.index, self.at = what, index, table + 4 * index
        self.entry = physical_word(self.at)

    @property
    def present(self):
        return self.entry & 1

    @property
    def frame(self):
        return self.entry // PAGE

    def line(self):
        frame = f"frame {self.frame:#x}, " if self.present else ""
        return (f"  {self.what:9} entry {self.index:4} at physical "
                f"{self.at:#010x}: {self.entry:#010x}\n    {frame}"
                + flags_text(self.entry))


class Translation:
    """The steps, and the physical address they lead to, or None."""

    def __init__(self, directory, address):
        self.steps = [Step("directory", directory, address >> 22)]
        self.physical, self.wild = None, ""
        first = self.steps[0]
        if not first.present:
            return
        if first.entry & layout.enumeration("enum page_entry_bit")[
                "ENTRY_LARGE"]:
            self.physical = (first.entry & ~(LARGE_PAGE - 1)) \
                + address % LARGE_PAGE
            return
        try:
            self.steps.append(Step("table", first.frame * PAGE,
                                   address >> 12 & 0x3FF))
        except Trouble:
            self.wild = (f"frame {first.frame:#x} is beyond the machine's "
                         "memory: there is no table")
            return
        if self.steps[1].present:
            self.physical = self.steps[1].frame * PAGE + address % PAGE

    @property
    def writable(self):
        bit = layout.enumeration("enum page_entry_bit")["ENTRY_WRITABLE"]
        return all(step.entry & bit for step in self.steps)


def translate(address):
    """By the directory in force; None while paging is off."""
    if not kernel.register("cr0") & kernel.PAGING_ON:
        return None
    return Translation(kernel.register("cr3") & ~(PAGE - 1), address)


class Page(Command):
    """Shows how the processor finds an address: directory, table, frame.

Usage:
  mallow page ADDRESS

For example, mallow page 0xc0101000 prints the entry in the directory and the
one in the table, each with its flags in words, and the physical address.  If
a part of the kernel itself is at a wrong place, it says so, and prints the
command that finds the entry's writer.  If paging.c has built a directory that
is not in force yet, its entries are shown, too.

It cannot answer while paging is off."""

    name, usage, least, most = "page", "ADDRESS", 1, 1

    def answer(self, memory, words):
        address = number_of(words[0])
        phase = kernel.phase(memory)
        found = translate(address)
        if found is None:
            raise Trouble(f"paging is off: {address:#010x} is itself the "
                          "physical address")
        self.show(address, found)
        self.show_image(address, found)
        if phase == kernel.RUNNING:
            self.show_planned(memory, address)

    @staticmethod
    def show(address, found):
        for step in found.steps:
            say(step.line())
        if found.wild:
            say(paint(f"    {found.wild}", "bad"))
        if found.physical is None:
            say(paint(f"  {address:#010x} is not mapped: using it faults",
                      "bad"))
        else:
            say(f"  {address:#010x} is at physical {found.physical:#010x}, "
                + ("writable" if found.writable else "read-only"))

    @staticmethod
    def show_image(address, found):
        """The image is where GRUB loaded it: an entry that leads elsewhere is
        wrong."""
        base = kernel.image_base()
        if not kernel.piece_of(address) or found.physical == address - base \
                or "guard" in kernel.piece_of(address)[2]:
            return
        say(paint(f"  That is wrong: this part of the kernel is at physical "
                  f"{address - base:#010x}.", "bad"))
        say(f"  Who wrote the entry?  mallow writer "
            f"{base + found.steps[-1].at:#010x}")

    def show_planned(self, memory, address):
        directory = layout.variable(memory, "paging").directory
        base, count = kernel.direct_map(memory)
        if not directory:
            return
        if not base <= directory < base + count:
            say(f"paging.directory, {directory:#010x}, is not an address in the "
                "direct map")
            return
        if directory - base != kernel.register("cr3") & ~(PAGE - 1):
            say("by the directory that paging.c has built, not in force:")
            self.show(address, Translation(directory - base, address))
