# SPDX-License-Identifier: MIT
"""Follows a lab's text as its reader does.

The labs before are solved, this lab and the ones after are starters.  At each
comment `written: NAMES` the reader writes those functions, and builds; every
block is typed in the kernel of that moment.  A block shows what the text says,
or the text is wrong for the person who reads it, however right it is for the
finished kernel.  Blocks marked `solved` show what the finished kernel does, and
the text has to say so.
"""
import itertools
import re

import pytest
from conftest import ROOT
from test_lab_texts import WRITTEN, labs, sources, text_of
from transcripts import SOLVED, Prompts, blocks, run_gdb

from mallow import stages
from mallow.course import holes


class Reader:
    """A tree in which a lab is written part by part."""

    def __init__(self, lab, tree):
        self.tree, self.number = tree, stages.names().index(lab)
        self.written, self.built, self.builds = [], False, 0
        for number in range(self.number, len(stages.names())):
            for source in sources(number):
                text = (ROOT / source).read_text(encoding="utf-8")
                (tree.root / source).write_text(
                    holes.dig(text, self.number - 1), encoding="utf-8")

    def write(self, names):
        self.written += names
        self.built = False
        for source in sources(self.number):
            reference = (ROOT / source).read_text(encoding="utf-8")
            started = holes.dig(reference, self.number - 1)
            (self.tree.root / source).write_text(
                holes.fill(started, reference, only=self.written),
                encoding="utf-8")

    def iso(self):
        if not self.built:
            done = self.tree.make("iso")
            assert done.returncode == 0, done.stderr
            self.built, self.builds = True, self.builds + 1
        return self.tree.root / "build" / "mallow.iso"


def events(lab):
    """The reader's way, in order: [(line, names or None, block or None)]"""
    text = text_of(lab)
    path = f"{dict(stages.table())[lab]}/README.md"
    written = [(text.count("\n", 0, found.start()) + 1, found["names"].split(),
                None) for found in WRITTEN.finditer(text)]
    shown = [(int(block.where.rpartition(":")[2]), None, block)
             for block in blocks(path) if block.language in ("mallow", "gdb")]
    return sorted(written + shown, key=lambda event: event[0])


def kernel(reader, block):
    """The tree and the ISO for a block."""
    if SOLVED in block.words:
        return ROOT, ROOT / "build" / "mallow.iso"
    return reader.tree.root, reader.iso()


@pytest.mark.parametrize("lab", [
    pytest.param(lab, marks=[] if lab == "frames" else pytest.mark.long)
    for lab in labs()])
def test_reader(lab, tree, boot, tmp_path):
    reader, prompts = Reader(lab, tree), Prompts(boot)
    met = itertools.groupby(
        events(lab), lambda event: event[2] and event[2].language == "gdb"
        and (event[2].session, tuple(event[2].words)))
    for session, group in met:
        group = list(group)
        if session:
            root, _ = kernel(reader, group[0][2])
            run_gdb([block for _, _, block in group], root, tmp_path)
            continue
        for _, names, block in group:
            if names:
                reader.write(names)
                prompts.again()
            else:
                _, iso = kernel(reader, block)
                prompts.run(block, iso=iso)
    assert reader.builds > 0 or not re.search("written: ", text_of(lab))
