# SPDX-License-Identifier: MIT
"""Makes text that a student may have invented safe for a terminal and a file.

    "ok\\x1b[2J\\rpassed"  -->  ok\\x1b[2J\\x0dpassed      (no control characters)

T1: what plain() returns has no control character but newline and tab, nothing
    that changes the direction of the text around it, and is valid UTF-8.
"""
import unicodedata

KEPT = "\n\t"
# Cc control, Cf format (direction marks), Cs half a pair, Co private, Zl, Zp
UNFIT = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def escaped(character):
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # a byte of a name that is not UTF-8
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def plain(text):
    """The same text with unfit characters escaped."""
    return "".join(each if each in KEPT or
                   unicodedata.category(each) not in UNFIT else escaped(each)
                   for each in text)


def plain_line(text):
    """The same, in one line."""
    return plain(text).replace("\n", "\\n").replace("\t", " ")
