# SPDX-License-Identifier: MIT
"""Optional stages are optional: the boot passes over those not written."""
import pytest

from conftest import ROOT

from mallow import labs, machine
from mallow.course import holes


def unwrite(tree, name):
    """Puts the starter in place of the lab's files."""
    lab, = labs.resolve(name)
    for file in lab.files:
        text = (ROOT / file).read_text(encoding="utf-8")
        (tree.root / file).write_text(holes.dig(text), encoding="utf-8")


@pytest.mark.parametrize("skipped, reached", [("spans", "grow"),
                                              ("zalloc", "malloc")])
def test_a_lab_that_is_skipped(skipped, reached, tree, boot):
    unwrite(tree, skipped)
    done = tree.make("iso")
    assert done.returncode == 0, done.stderr
    guest = boot("stage=grow", "exit",
                 iso=tree.root / "build" / "mallow.iso").finish()
    line, = [line for line in guest.text.splitlines()
             if f" {skipped} " in line and "not written" in line]
    optional = skipped == "spans"
    assert ("optional, passed over" in line) == optional
    assert guest.records_of("boot")[0]["stage"] == reached
    assert guest.status == (machine.FINE if optional else machine.BAD_OPTION)
