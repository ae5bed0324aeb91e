# SPDX-License-Identifier: MIT
"""`mallow list`: any list of the kernel's (lib/list.h), from its head.

    head <--> item <--> item <--> head
"""
import gdb

from . import kernel, layout
from .command import Command
from .memory import Trouble, number_of
from .screen import paint, say

LINK = "list_link"
SHOWN = 64
MOST = 1 << 16


def container(type_name, member):
    """(type, offset of the link in it) of what a list holds."""
    if not type_name:
        return None, 0
    name = type_name if " " in type_name else f"struct {type_name}"
    return layout.type_of(name), layout.offset_of(name, *member.split("."))


def require_made(memory, head):
    """Ends the command if the list has not been made."""
    link = layout.record(memory, f"struct {LINK}", head)
    if not link.next and not link.previous:
        raise Trouble(f"both links at {head:#010x} are zero: there is no list "
                      "there yet")


def fields_that_are_heads(text, kind):
    heads = [f"{text}.{field.name}" for field in kind.fields()
             if field.type.strip_typedefs().tag == LINK]
    return f"; try {' or '.join(heads)}" if heads else ""


class ListCommand(Command):
    """Lists the items of a linked list, and checks that its links agree.

Usage:
  mallow list HEAD                   the addresses of the links
  mallow list HEAD TYPE [MEMBER]     the structs of TYPE.  MEMBER is their
                                     link; without MEMBER it is `link`.

HEAD is a variable that is the list's head, or the address of one.

For example:
  mallow list malloc_heap.free_list free_block
  mallow list zalloc_heap.caches zone_cache
print one line an item, then the count.  If a link is wrong, they print its
address, and the command that finds its writer.

It cannot answer where no list was made yet.  Of an allocator that a later
stage has replaced, the list's memory holds other things by now."""

    name, usage, least, most = "list", "HEAD [TYPE [MEMBER]]", 1, 3

    def answer(self, memory, words):
        kernel.require(memory)
        head = self.head(words[0])
        require_made(memory, head)
        kind, offset = container(words[1] if len(words) > 1 else "",
                                 words[2] if len(words) > 2 else "link")
        at, before, count = head, head, 0
        while True:
            link = layout.record(memory, "struct list_link", at)
            if at == head and count and link.previous == before:
                break
            if link.previous != before and count:
                self.broken(at, before, link.previous, link)
                return
            if count > MOST:
                raise Trouble(f"more than {MOST} items: it goes in circles")
            if count and count <= SHOWN:
                self.show(at - offset, kind, at)
            before, at, count = at, link.next, count + 1
        say(f"{count - 1} items" + (f", of which the first {SHOWN} are shown"
                                    if count - 1 > SHOWN else "")
            + ", and every link points back")

    @staticmethod
    def head(text):
        try:
            value = gdb.parse_and_eval(text)
            kind = value.type.strip_typedefs()
            if kind.code != gdb.TYPE_CODE_STRUCT:
                return number_of(text)
        except gdb.error:
            return number_of(text)
        if kind.tag != LINK:
            raise Trouble(f"{text} is a struct {kind.tag}, and no list's head"
                          + fields_that_are_heads(text, kind))
        return int(value.address)

    @staticmethod
    def show(at, kind, link):
        if kind is None:
            say(f"  {link:#010x}")
            return
        try:
            value = gdb.Value(at).cast(kind.pointer()).dereference()
            say(f"  {at:#010x}  {value.format_string(max_depth=2)}")
        except gdb.error as error:
            say(f"  {at:#010x}  ({error})")

    @staticmethod
    def broken(at, expected, found, link):
        say(paint("BROKEN", "bad") + f": at {at:#010x} the link back leads to "
            f"{found:#010x}, not to {expected:#010x}")
        say(f"  Who wrote that?  mallow writer {link.place_of('previous'):#x}, "
            f"or the link on: mallow writer {expected:#x}")
