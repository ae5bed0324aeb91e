# SPDX-License-Identifier: MIT
"""The boot log says "ok" of a stage only if all of its functions are written.

Each function alone goes back to what a hand-out has, and the kernel boots to
the stage.
"""
from pathlib import Path

import pytest
import solutions

from mallow import machine
from mallow.course import holes
from mallow.grade import grade, run_test
from mallow.grade.build import Kit

# A boot does not call these functions; the tests of their labs do.
UNSEEN = {
    "store_drop_newest": "needs more zones than 2 MiB hold",
    "hint_follow": "needs a run that is none of the three apart",
    "table_remove": "the kernel never closes its window",
    "window_close": "the kernel never closes its window",
}


def every_hole():
    return [(lab, file, hole.function)
            for lab in solutions.LABS.values() for file in lab.files
            for hole in holes.find(
                (solutions.ROOT / file).read_text(encoding="utf-8"))]


def params():
    """One that was said to be ok once, in `make test`."""
    return [pytest.param(*each, id=f"{each[0].name}-{each[2]}", marks=[]
                         if each[2] == "block_coalesce" else pytest.mark.long)
            for each in every_hole() if each[2] not in UNSEEN]


def test_the_unseen_exist():
    assert set(UNSEEN) <= {name for _, _, name in every_hole()}


@pytest.mark.parametrize("lab, file, function", params())
def test_one_unwritten_function(boot, lab, file, function):
    reference = (solutions.ROOT / file).read_text(encoding="utf-8")
    names = [hole.function for hole in holes.find(reference)]
    names.remove(function)
    with grade.workshop() as folder:
        own = Path(folder) / "own"
        solutions.put_reference(lab, own)
        (own / file).write_text(holes.fill(holes.dig(reference), reference,
                                           only=names), encoding="utf-8")
        kit = Kit()
        built = kit.kernel(Path(folder) / lab.name, kit.students(
            own, lab, Path(folder) / "taken"))
        guest = boot(f"stage={lab.name}", "exit", iso=built.iso).finish()
    said = "\n".join(run_test.boot_log(guest.text, lab.name))
    # A function that the others cannot do without ends the boot.
    assert guest.status == machine.PANIC or "BROKEN" in said or \
        f"{function} is not written, see {lab.folder}" in said or \
        f"not written see {lab.folder}" in said, guest.text
