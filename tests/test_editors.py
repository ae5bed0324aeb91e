# SPDX-License-Identifier: MIT
"""Settings for editors: how files are compiled, laid out and debugged."""
import configparser
import fnmatch
import json
import re
import subprocess

import pytest
from conftest import ROOT
from handouts import a_students_tree, git

__all__ = ["a_students_tree"]  # a fixture

DATABASE = ROOT / "build" / "compile_commands.json"
SOURCES = sorted(path.relative_to(ROOT) for folder in ("src", "labs", "staff")
                 for path in (ROOT / folder).glob("**/*")
                 if path.suffix in (".c", ".h", ".S"))
# Parsing all of them takes 10 s.
FEW = SOURCES[::4]


def read_json(path):
    """JSON as VS Code has it: with comments in lines of their own."""
    text = path.read_text(encoding="utf-8")
    return json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))


def clangd_errors(root, name):
    """The findings of `clangd --check`; a line each.  Without the rest of its
    checks, which try every feature on every word."""
    done = subprocess.run(
        ["clangd", f"--check={name}", "--check-lines=1-1"], cwd=root,
        text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False,
        timeout=60)
    assert "All checks completed" in done.stderr, done.stderr
    return [line for line in done.stderr.splitlines()
            if line.startswith("E[")]


@pytest.mark.parametrize("name", [
    pytest.param(name, id=str(name),
                 marks=[] if name in FEW else pytest.mark.long)
    for name in SOURCES])
def test_clangd_finds_no_error(name):
    assert not clangd_errors(ROOT, name)


def test_clangd_would_find_one(tree):
    """In a file that the database does not know, which gets the flags of its
    neighbours."""
    (tree.root / "src/mm/heap/own.c").write_text(
        '#include "mm/heap/heap.h"\nstatic int f(void) { return no_such_name; }\n')
    tree.make("iso")
    said = clangd_errors(tree.root, "src/mm/heap/own.c")
    assert any("no_such_name" in line for line in said)
    assert not any("file_not_found" in line for line in said)


def test_the_database_has_every_source():
    entries = json.loads(DATABASE.read_text(encoding="utf-8"))
    known = {entry["file"] for entry in entries}
    missing = [name for name in SOURCES if name.suffix != ".h"
               and str(name) not in known]
    assert not missing
    assert all((ROOT / entry["file"]).exists() for entry in entries)
    assert {entry["directory"] for entry in entries} == {str(ROOT)}


def test_the_database_says_what_make_does(tree):
    (tree.root / "src/lib/print.c").touch()
    said = tree.make("iso", "V=1").stdout
    entry, = (entry for entry in json.loads(
        (tree.root / "build/compile_commands.json").read_text())
        if entry["file"] == "src/lib/print.c")
    typed = next(line for line in said.splitlines()
                 if "-c src/lib/print.c" in line)
    assert [word for word in entry["arguments"] if word.startswith("-")
            and word != "-c"] == re.findall(r"(?<= )-[^\s]+", typed.partition(
                "  -MMD")[0].partition(" -MMD")[0])


def test_a_student_has_it(student):
    for name in (".clangd", ".editorconfig", ".vscode/settings.json",
                 ".vscode/extensions.json"):
        assert (student.root / name).exists(), name
    done = student.make("build/compile_commands.json")
    assert done.returncode == 0, done.stderr
    assert not clangd_errors(student.root, "src/mm/frames/frames.c")
    assert not clangd_errors(student.root, "src/mm/malloc/malloc_block.h")


@pytest.mark.parametrize("path", sorted((ROOT / ".vscode").glob("*.json")),
                         ids=lambda path: path.name)
def test_vscode_can_parse(path):
    assert read_json(path)


def test_vscode_tells_cpptools_where_the_database_is():
    settings = read_json(ROOT / ".vscode" / "settings.json")
    place = settings["C_Cpp.default.compileCommands"]
    assert place.replace("${workspaceFolder}", str(ROOT)) == str(DATABASE)


def test_files_are_as_the_editorconfig_says():
    parser = configparser.ConfigParser()
    text = (ROOT / ".editorconfig").read_text(encoding="utf-8")
    parser.read_string("[top]\n" + text)
    loose = [section for section in parser.sections()
             if parser[section].get("trim_trailing_whitespace") == "false"]
    assert parser["*"]["end_of_line"] == "lf"
    wrong = []
    for name in git(ROOT, "-c", "safe.directory=*", "ls-files",
                    "-z").rstrip("\0").split("\0"):
        path = ROOT / name
        if not path.is_file() or any(fnmatch.fnmatch(name, pattern)
                                     for pattern in loose):
            continue
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError:
            continue
        if len(lines) > 1 and (lines[-1] or any(
                line != line.rstrip(" \t\r") for line in lines)):
            wrong.append(name)
    assert not wrong


def test_a_debugger_keeps_the_kernel_that_it_has_read(tree):
    """A reader that has the file open reads the old kernel to its end, while make
    puts another one in its place."""
    kernel = tree.root / "build" / "kernel.elf"
    assert tree.make("iso").returncode == 0
    before = kernel.read_bytes()
    with kernel.open("rb") as opened:
        tree.replace("src/main.c", "where memory comes from", "changed")
        assert tree.make("iso").returncode == 0
        assert opened.read() == before != kernel.read_bytes()
