# SPDX-License-Identifier: MIT
"""Reads the text on a screen of pixels, with the kernel's own font.

A screenshot is cut into cells of 8 by 16 pixels.  A cell of ours has
two colours at most, ink and paper; its ink is looked up among font.c's glyphs.
"""
import re

from conftest import ROOT
from PIL import Image

COLUMNS, ROWS = 80, 25
WIDTH, HEIGHT = 8, 16
SHADES = {"░": (0x22, 0x88), "▒": (0x55, 0xAA), "▓": (0xDD, 0x77),
          "█": (0xFF, 0xFF)}


def glyphs():
    """{16 bytes: character}"""
    text = (ROOT / "src/arch/i386/font.c").read_text(encoding="utf-8")
    table = text[text.index("letters["):text.index("};")]
    rows = [bytes(int(word, 16) for word in re.findall(r"0x(\w\w)", glyph))
            for glyph in re.findall(r"\{ /\* .*? \*/(.*?)\}", table,
                                    re.DOTALL)]
    assert len(rows) == 95 and {len(each) for each in rows} == {13}
    assert len(set(rows)) == 95, "no two letters look the same"
    known = {bytes(2) + each + b"\0": chr(32 + number)
             for number, each in enumerate(rows)}
    known.update({bytes(pair) * (HEIGHT // 2): shade
                  for shade, pair in SHADES.items()})
    return known


def cell_bits(image, left, top, paper):
    """A cell as the font has it: a byte a row, 1 where it is not `paper`."""
    return bytes(sum((image.getpixel((left + x, top + y)) != paper)
                     << (WIDTH - 1 - x) for x in range(WIDTH))
                 for y in range(HEIGHT))


def character_at(known, image, left, top):
    """The character at a place: with either of its colours as the paper."""
    cell = image.crop((left, top, left + WIDTH, top + HEIGHT))
    colours = sorted(set(cell.getdata()), key=sum)
    if len(colours) > 2:
        return "?"
    for paper in (colours if len(colours) == 2 else [(0, 0, 0)]):
        found = known.get(cell_bits(image, left, top, paper))
        if found:
            return found
    return "?"


def read(path):
    """The screen's lines; a cursor's cell is "_", an unknown one "?"."""
    image = Image.open(path).convert("RGB")
    left = (image.width - COLUMNS * WIDTH) // 2
    top = (image.height - ROWS * HEIGHT) // 2
    known = glyphs()
    cursor = bytes(HEIGHT - 2) + b"\xff\xff"
    known.setdefault(cursor, "_")
    return ["".join(
        character_at(known, image, x, y)
        for x in range(left, left + COLUMNS * WIDTH, WIDTH)).rstrip()
        for y in range(top, top + ROWS * HEIGHT, HEIGHT)]


def around(path):
    """The colours outside the cells."""
    image = Image.open(path).convert("RGB")
    left = (image.width - COLUMNS * WIDTH) // 2
    top = (image.height - ROWS * HEIGHT) // 2
    strips = [image.crop((0, 0, image.width, top)),
              image.crop((0, 0, left, image.height)),
              image.crop((image.width - left, 0, image.width, image.height)),
              image.crop((0, image.height - top, image.width, image.height))]
    return {colour for strip in strips for colour in set(strip.getdata())}
