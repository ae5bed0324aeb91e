# SPDX-License-Identifier: MIT
"""The map of addresses is written once, in src/arch/i386/layout.h.  gdb's
scripts and the page cannot read it, and hold a copy that has to agree."""
import re
import subprocess

import pytest
from conftest import ROOT
from mallow import layout

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|^\s*#(?!define).*?$",
                     re.DOTALL | re.MULTILINE)
COPIES = [("site/lab/guest.js", r"KERNEL_BASE = (\w+);", "KERNEL_BASE"),
          ("scripts/gdb/commands/kernel.py", r"^STUB_AT = (\w+)",
           "LOAD_ADDRESS")]
ADDRESSES = {"KERNEL_BASE", "DIRECT_MAP_BYTES", "HEAP_WINDOW_BEGIN",
             "DEVICE_WINDOW_BEGIN"}


def constants():
    return {name: int(value, 0) for name, value in
            layout.DEFINE.findall(layout.HEADER.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name, pattern, constant", COPIES)
def test_a_copy_agrees(name, pattern, constant):
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.search(pattern, text, re.MULTILINE)
    assert int(found[1], 0) == constants()[constant]


def test_no_other_file_has_the_addresses():
    values = {constants()[name] for name in ADDRESSES}
    listed = subprocess.run(
        ["git", "ls-files", "src", "scripts", "site/lab", "site/build",
         "linker.ld"], cwd=ROOT, check=True, capture_output=True,
        text=True).stdout.splitlines()
    known = {name for name, _, _ in COPIES} | {"src/arch/i386/layout.h"}
    for name in set(listed) - known:
        if not name.endswith((".c", ".h", ".S", ".py", ".js", ".ld")):
            continue
        code = COMMENT.sub("", (ROOT / name).read_text(encoding="utf-8"))
        for number in re.findall(r"\b0[xX][0-9a-fA-F]+", code):
            assert int(number, 16) not in values, f"{name}: {number}"


def test_the_windows_follow_each_other():
    known = constants()
    assert known["HEAP_WINDOW_BEGIN"] == (known["KERNEL_BASE"]
                                          + known["DIRECT_MAP_BYTES"])
    assert known["HEAP_WINDOW_BEGIN"] < known["DEVICE_WINDOW_BEGIN"]
