# SPDX-License-Identifier: MIT
"""Makes text that a student may have invented safe for a terminal and a file.

    "ok\\x1b[2J\\rpassed"  -->  ok\\x1b[2J\\x0dpassed      (no control characters)

T1: what plain() returns has no control character but newline and tab, nothing
    that changes the direction of the text around it, and is valid UTF-8.
T2: no line of it is longer than LINE_CHARACTERS_MAX, and LINES_MAX are kept.
T3: cell() is a text for a spreadsheet, and never a formula.
"""
import unicodedata

KEPT = "\n\t"
LINE_CHARACTERS_MAX = 1200  # room for a file's name of 255 bytes, all escaped
LINES_MAX = 100
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Cc control, Cf format (direction marks), Cs half a pair, Co private, Zl, Zp
UNFIT = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def escaped(character):
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # a byte of a name that is not UTF-8
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def shortened(line):
    more = len(line) - LINE_CHARACTERS_MAX
    return line if more <= 0 else \
        f"{line[:LINE_CHARACTERS_MAX]}... and {more} characters more"


def plain_characters(text):
    return "".join(each if each in KEPT or
                   unicodedata.category(each) not in UNFIT else escaped(each)
                   for each in text)


def plain(text):
    """The same text with unfit characters escaped, and cut if it is too long."""
    lines = text.split("\n")
    more = len(lines) - LINES_MAX
    if more > 0:
        lines[LINES_MAX:] = [f"... and {more} lines more"]
    return "\n".join(shortened(plain_characters(line)) for line in lines)


def plain_line(text):
    """The same, in one line."""
    return shortened(plain_characters(text).replace("\n", "\\n")
                     .replace("\t", " "))


def cell(value):
    """A value for a CSV file.  A spreadsheet would compute a text that begins
    like a formula; an apostrophe keeps it a text."""
    is_formula = isinstance(value, str) and value.startswith(FORMULA)
    return "'" + value if is_formula else value
