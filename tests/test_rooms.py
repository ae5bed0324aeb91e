# SPDX-License-Identifier: MIT
"""scripts/check-rooms: the tree passes, and each rule catches its breach."""
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def check(tree):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "check-rooms", tree], text=True,
        capture_output=True, check=False)


def test_this_tree():
    done = check(ROOT)
    assert done.returncode == 0, done.stderr


BREACHES = {
    "missing": ("lib/bad.c", '#include "lib/nowhere.h"',
                "lib/bad.c: includes lib/nowhere.h, which is not in src/"),
    "upwards": ("lib/bad.h", '#include "mm/heap.h"',
                "lib/bad.h: includes mm/heap.h, but there is no arrow from "
                "lib to mm"),
    "back_door": ("mm/bad.c", '#include "arch/i386/vga.h"',
                  "mm/bad.c: includes arch/i386/vga.h, but there is no arrow "
                  "from mm to arch"),
    "sideways": ("monitor/bad.c", '#include "replay/replay.h"',
                 "no arrow from monitor to replay"),
    "new_room": ("attic/bad.c", "", "attic/bad.c: no rule for a room attic"),
    "own_second": ("mm/frames.c", '#include "lib/addr.h"\n'
                   '#include "mm/frames.h"',
                   "mm/frames.c: does not include mm/frames.h first"),
    "not_alone": ("lib/bad.h", "extern struct bitmap;\nbool x(void);",
                  "lib/bad.h: does not compile alone"),
    "circle": ("lib/addr.h", '#include "lib/region.h"',
               "headers in a circle: "),
    "mm_circle": ("mm/frames.c", '#include "mm/frames.h"\n'
                  '#include "mm/paging.h"', "parts of mm in a circle: "),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_breach(breach, tmp_path):
    name, text, complaint = BREACHES[breach]
    shutil.copytree(ROOT / "src", tmp_path / "src")
    if breach == "circle":
        (tmp_path / "src/lib/region.h").write_text('#include "lib/addr.h"\n')
    if breach == "mm_circle":
        (tmp_path / "src/mm/paging.c").write_text(
            '#include "mm/paging.h"\n#include "mm/frames.h"\n')
    path = tmp_path / "src" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n")
    done = check(tmp_path)
    assert done.returncode == 1
    assert complaint in done.stderr
