# SPDX-License-Identifier: MIT
"""Comments of C and assembly name only files and functions that exist."""
import re
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
FILE = re.compile(r"[\w./-]*\b[\w-]+\.(?:c|h|S|py|ld|mk|md)\b")
FUNCTION = re.compile(r"\b([A-Za-z_]\w+)\(\)")
# Patterns, not names: a check of any stage, a lab of any number; a header of C.
PATTERNS = {"x_check", "labs/N-name/tests.c", "unistd.h"}


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tree():
    """(names of files, sources with comments, identifiers outside comments)"""
    names = tracked()
    sources = [name for name in names if Path(name).suffix in (".c", ".h", ".S")
               and not name.startswith(("tests/solutions/", "site/tcc/"))]
    code = " ".join(COMMENT.sub("", read(name)) for name in sources)
    return names, sources, set(re.findall(r"\b[A-Za-z_]\w*\b", code))


def comments(names):
    for name in names:
        for comment in COMMENT.findall(read(name)):
            yield name, comment


def test_files_exist(tree):
    names, sources, _ = tree
    ends = {"/" + name for name in names}
    missing = [
        f"{where}: {file}" for where, comment in comments(sources)
        for file in FILE.findall(comment) if file not in PATTERNS
        and not any(end.endswith("/" + file.lstrip("./")) for end in ends)]
    assert not missing, "\n".join(missing)


def test_functions_exist(tree):
    _, sources, known = tree
    missing = [f"{where}: {function}()" for where, comment in comments(sources)
               for function in FUNCTION.findall(comment)
               if function not in known | PATTERNS]
    assert not missing, "\n".join(missing)
