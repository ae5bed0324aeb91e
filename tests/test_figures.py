# SPDX-License-Identifier: MIT
"""The drawn pictures: they can be read aloud, and their ticks are round."""
import re
import subprocess
import xml.etree.ElementTree as xml

import pytest
from conftest import ROOT

SVG = "{http://www.w3.org/2000/svg}"
PICTURES = sorted((ROOT / "docs").glob("*.svg"))
WITH_PICTURES = [0, 1, 2, 6, 7, 8]


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_says_what_it_shows(path):
    top = xml.parse(path).getroot()
    title, description = top.find(f"{SVG}title"), top.find(f"{SVG}desc")
    assert len(title.text) > 10 and len(description.text) > 40
    assert top.get("role") == "img"
    assert top.get("aria-labelledby").split() == [title.get("id"),
                                                  description.get("id")]


def texts(path):
    return [each.text for each in xml.parse(path).iter(f"{SVG}text")]


def is_round(number):
    digits = str(number).rstrip("0") or "0"
    return len(digits) <= 2 or number & (number - 1) == 0 or number % 64 == 0


@pytest.mark.parametrize("path", [path for path in PICTURES
                                  if path.name.startswith("fragmentation")],
                         ids=lambda path: path.name)
def test_ticks_are_round(path):
    numbers = [int(text.replace(",", "").removesuffix(" KiB"))
               for text in texts(path)
               if re.fullmatch(r"[\d,]+( KiB)?", text)]
    assert len(numbers) >= 6
    assert all(is_round(number) for number in numbers), numbers


def test_labs_have_their_pictures(tmp_path):
    subprocess.run([ROOT / "scripts" / "pictures-of-labs", "--to", tmp_path],
                   check=True)
    for number in WITH_PICTURES:
        drawn, = tmp_path.glob(f"lab-{number}-*.svg")
        assert drawn.read_text() == (ROOT / "docs" / drawn.name).read_text(), \
            "scripts/pictures-of-labs draws something else"
        lab, = (ROOT / "labs").glob(f"{number}-*")
        assert f"../../docs/{drawn.name})" in (lab / "README.md").read_text()


def test_nothing_is_drawn_outside(tmp_path):
    """Words end inside the picture: 7.2 pixels a character at most."""
    for path in (ROOT / "docs").glob("lab-*.svg"):
        width = float(xml.parse(path).getroot().get("viewBox").split()[2])
        for text in xml.parse(path).iter(f"{SVG}text"):
            if text.get("text-anchor") == "start":
                end = float(text.get("x")) + 6.4 * len(text.text or "")
                assert end <= width, f"{path.name}: {text.text}"
