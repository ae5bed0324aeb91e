# SPDX-License-Identifier: MIT
"""The lectures: slides that fit, pictures that exist, commands that work."""
import contextlib
import re
import shutil
import zlib

import pytest
from conftest import ROOT, Tree

LECTURES = sorted((ROOT / "docs/lectures").glob("*.md"))
LINES = 16  # of a slide in the largest that was looked at
each_lecture = pytest.mark.parametrize("path", LECTURES, ids=lambda it: it.stem)


def slides(path):
    """The slides' texts, without the settings at the top and speakers' notes."""
    _, settings, text = path.read_text(encoding="utf-8").split("---\n", 2)
    assert "marp: true" in settings and "title:" in settings
    return re.sub(r"<!--.*?-->\n*", "", text, flags=re.DOTALL).split("\n---\n")


@each_lecture
def test_slides(path):
    found = slides(path)
    assert len(found) > 12, "a lecture is 45 minutes"
    for slide in found:
        lines = slide.strip().splitlines()
        assert re.match(r"##? \S", lines[0]), slide
        assert len(lines) <= LINES, slide
        assert all(len(line) < 90 for line in lines
                   if not line.startswith("![")), slide


@each_lecture
def test_pictures_and_commands(path):
    text = path.read_text(encoding="utf-8")
    for words, name in re.findall(r"!\[([^]]*)\]\(([^)]+)\)", text):
        assert (path.parent / name).exists(), name
        assert len(words.split()) > 4, f"{name}: nothing to read aloud"
    makefiles = "".join((ROOT / name).read_text()
                        for name in ("Makefile", "staff.mk"))
    for target in re.findall(r"\bmake ([a-z-]+) ", text):
        assert re.search(rf"^{target}:", makefiles, re.MULTILINE), target
    for name in re.findall(r"`(\w+/[\w./-]+)`", text):
        assert (ROOT / name).exists() or name.split("/")[0] in {
            each.name.partition("-")[2] for each in (ROOT / "labs").iterdir()}


def pages(pdf):
    """A PDF's pages; their objects lie in packed streams."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    text = pdf
    for stream in streams:
        with contextlib.suppress(zlib.error):
            text += zlib.decompress(stream)
    return len(re.findall(rb"/Type\s*/Page\b", text))


@pytest.mark.long
@pytest.mark.skipif(not (shutil.which("npm") and shutil.which("chromium")),
                    reason="scripts/setup --site was not run")
def test_web_page_and_pdf():
    done = Tree(ROOT).make("slides", seconds=600)
    assert done.returncode == 0, done.stderr
    for path in LECTURES:
        made = ROOT / "build/slides/lectures" / path.name
        pdf = made.with_suffix(".pdf").read_bytes()
        assert pages(pdf) == len(slides(path))
        html = made.with_suffix(".html").read_text(encoding="utf-8")
        assert html.count("<section ") >= len(slides(path))
        # Nothing is fetched from elsewhere.
        assert not re.search(r'(src|href)="https?:', html)
