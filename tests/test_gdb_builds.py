# SPDX-License-Identifier: MIT
"""gdb's commands in the kernels that other builds make: clang has other names
for what it puts together, and DEBUG=1 puts nothing together."""
import os
import shutil
import subprocess
import sys

import pytest

FILES = [f"tests/test_gdb{name}.py" for name in (
    "", "_advice", "_dump", "_hunt", "_labtest", "_verdicts")]
CLANG = pytest.mark.skipif(not (shutil.which("clang") and shutil.which("ld.lld")),
                           reason="no clang here")


@pytest.mark.long
@pytest.mark.parametrize("name", [pytest.param("LLVM", marks=CLANG), "DEBUG"])
def test_in_another_build(tree, name):
    built = tree.make("-s", "iso", f"{name}=1", seconds=300)
    assert built.returncode == 0, built.stderr
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *FILES],
        cwd=tree.root, env={**os.environ, name: "1"}, capture_output=True,
        text=True, stdin=subprocess.DEVNULL, timeout=900, check=False)
    assert done.returncode == 0, done.stdout
