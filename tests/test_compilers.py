# SPDX-License-Identifier: MIT
"""Every compiler that is here builds the kernel and has nothing to say; and one
whose defaults a distribution has hardened."""
import os
import shutil
import subprocess

import pytest
from conftest import ROOT

CHOICES = [("gcc-11", "CC=gcc-11"), ("gcc-12", "CC=gcc-12"),
           ("gcc-13", "CC=gcc-13"), ("gcc-14", "CC=gcc-14"),
           ("clang-14", "LLVM=-14"), ("clang-16", "LLVM=-16"),
           ("clang-19", "LLVM=-19"), ("clang-22", "LLVM=-22")]
HARDENED = ("-fcf-protection=full -fPIE -fstack-protector-strong "
            "-fstack-clash-protection -O2 -D_FORTIFY_SOURCE=2")


def make(*words, path=""):
    return subprocess.run(
        ["make", "-s", "--no-print-directory", *words], cwd=ROOT, text=True,
        capture_output=True, stdin=subprocess.DEVNULL, timeout=900,
        check=False, env={**os.environ, "MAKEFLAGS": "",
                          "PATH": f"{path}:{os.environ['PATH']}"})


@pytest.mark.long
@pytest.mark.parametrize("compiler, choice", CHOICES,
                         ids=[name for name, _ in CHOICES])
def test_it_has_nothing_to_say(tmp_path, compiler, choice):
    if not shutil.which(compiler) or \
            choice.startswith("LLVM") and not shutil.which(
                compiler.replace("clang", "ld.lld")):
        pytest.skip(f"there is no {compiler}")
    done = make("-j2", choice, f"B={tmp_path}", "EXTRA=-Werror",
                f"{tmp_path}/kernel.elf")
    assert (done.returncode, done.stderr) == (0, "")


def test_hardened_defaults(tmp_path):
    """setup and the Makefile agree that this gcc will do, and it does."""
    (tmp_path / "gcc").write_text(
        f'#!/bin/sh\nexec {shutil.which("gcc")} {HARDENED} "$@"\n')
    (tmp_path / "gcc").chmod(0o755)
    objects = [f"{tmp_path}/b/gcc/{name}.o"
               for name in ("lib/string", "arch/i386/boot", "mm/heap/bump")]
    done = make(f"B={tmp_path}/b", "EXTRA=-Werror", *objects, path=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    symbols = subprocess.run(["nm", objects[2]], text=True, check=True,
                             capture_output=True).stdout
    assert "__stack_chk_fail" not in symbols
    assert "_GLOBAL_OFFSET_TABLE_" not in symbols
    assert "missing for make iso" not in make("doctor", path=tmp_path).stdout
