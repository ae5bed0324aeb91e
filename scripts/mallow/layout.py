# SPDX-License-Identifier: MIT
"""The addresses that the kernel, its linker script and these scripts share.

They are written only in src/arch/i386/layout.h.
"""
import re

from .project import ROOT

HEADER = ROOT / "src" / "arch" / "i386" / "layout.h"
DEFINE = re.compile(r"^#define (\w+) +(\w+)$", re.MULTILINE)

_CONSTANTS = {name: int(value, 0) for name, value in
              DEFINE.findall(HEADER.read_text(encoding="utf-8"))}

KERNEL_BASE = _CONSTANTS["KERNEL_BASE"]
DIRECT_MAP_BYTES = _CONSTANTS["DIRECT_MAP_BYTES"]
LOAD_ADDRESS = _CONSTANTS["LOAD_ADDRESS"]
