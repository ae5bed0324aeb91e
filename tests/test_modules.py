# SPDX-License-Identifier: MIT
"""scripts/check-modules: the tree passes, and each rule catches its breach."""
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def check(tree):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "check-modules", tree], text=True,
        capture_output=True, check=False)


def test_this_tree():
    done = check(ROOT)
    assert done.returncode == 0, done.stderr


BREACHES = {
    "missing": ("lib/missing.c", '#include "lib/nowhere.h"',
                "lib/missing.c: includes lib/nowhere.h, which is not in src/"),
    "upwards": ("lib/upwards.h", '#include "mm/heap/heap.h"',
                "lib/upwards.h: includes mm/heap/heap.h, but there is no arrow "
                "from lib to mm"),
    "other_header": ("mm/bad.c", '#include "arch/i386/vga.h"',
                  "mm/bad.c: includes arch/i386/vga.h, but there is no arrow "
                  "from mm to arch"),
    "sideways": ("monitor/bad.c", '#include "replay/replay.h"',
                 "no arrow from monitor to replay"),
    "new_module": ("attic/bad.c", "", "attic/bad.c: no rule for a module attic"),
    "named_twice": ("boot/named.c", "static int kmalloc(int (*f)(void))\n{\n}",
                    "kmalloc() is defined in boot/named.c and mm/heap/heap.c"),
    "own_second": ("mm/frames/frames.c", '#include "lib/addr.h"\n'
                   '#include "mm/frames/frames.h"',
                   "mm/frames/frames.c: does not include mm/frames/frames.h "
                   "first"),
    "not_alone": ("lib/not_alone.h", "extern struct bitmap;\nbool x(void);",
                  "lib/not_alone.h: does not compile alone"),
    "circle": ("lib/addr.h", '#include "lib/region.h"',
               "headers in a circle: "),
    "part_circle": ("lib/one.c", '#include "lib/one.h"\n#include "lib/two.h"',
                    "parts in a circle: "),
    "mm_circle": ("mm/frames/frames.c", '#include "mm/frames/frames.h"\n'
                  '#include "mm/paging/paging.h"', "folders of mm in a circle: "),
}


def breach(tree, name):
    name, text, complaint = BREACHES[name]
    path = tree / "src" / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text + "\n")
    return complaint


# Compiling every header takes long, so those that can share a tree do.
@pytest.mark.parametrize("names, beside", [
    pytest.param(["circle"], {"lib/region.h": '#include "lib/addr.h"\n'},
                 marks=pytest.mark.native),
    (["mm_circle"], {"mm/paging/paging.c":
                     '#include "mm/paging/paging.h"\n'
                     '#include "mm/frames/frames.h"\n'}),
    (sorted(set(BREACHES) - {"circle", "mm_circle"}),
     {"lib/one.h": "int one(void);\n", "lib/two.h": "int two(void);\n",
      "lib/two.c": '#include "lib/two.h"\n#include "lib/one.h"\n'})],
    ids=["circle", "mm_circle", "others"])
def test_breach(names, beside, tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src")
    for name, text in beside.items():
        (tmp_path / "src" / name).write_text(text)
    complaints = [breach(tmp_path, name) for name in names]
    done = check(tmp_path)
    assert done.returncode == 1
    for complaint in complaints:
        assert complaint in done.stderr
