# SPDX-License-Identifier: MIT
"""Which files of a submission are taken, and what is said of the others."""
import os
import zipfile

import pytest

from mallow import labs
from mallow.grade import student_files
from mallow.grade.plain_text import cell, plain, plain_line
from mallow.grade.student_files import Refused
from mallow.project import ROOT

NAME = "src/mm/malloc/malloc.c"
OLD = "src/mm/malloc.c"
TEXT = b"int x;\n"


@pytest.fixture
def lab():
    return labs.resolve("malloc")[0]


def write(root, places, text=TEXT):
    """A file at each place below `root`."""
    for place in places:
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def refusal(folder, lab):
    with pytest.raises(Refused) as caught:
        student_files.take(folder, lab)
    said = str(caught.value)
    assert said.count("\n") == 0
    return said


TAKEN = {
    "a tree": [NAME],
    "a tree of before": [OLD],
    "a file": ["malloc.c"],
    "a folder in a folder": [f"ann/{NAME}"],
    "two folders deep": ["hand-in/ann/malloc.c"],
    "beside a report": [f"ann/{NAME}", "report.pdf"],
    "beside what macOS adds": ["ann/malloc.c", "__MACOSX/ann/._malloc.c",
                               ".DS_Store"],
    "beside a file of the tests": [OLD, "src/lab/malloc.c",
                                   "src/labtest/malloc.c"],
    "eight folders deep": ["a/b/c/d/e/f/g/h/malloc.c"],
    "capitals": ["Malloc.c"],
    "a second download": ["malloc (1).c"],
    "a copy": ["Copy of malloc.c"],
    "a space at the end": ["malloc.c "],
    "a text file": ["malloc.c.txt"],
    "two that are the same": ["a/malloc.c", "b/malloc.c"],
    "a tree and a copy": [NAME, "backup/src/mm/malloc/malloc.c"],
}


@pytest.mark.parametrize("places", TAKEN.values(), ids=TAKEN)
def test_taken(tmp_path, lab, places):
    write(tmp_path, places[1:], b"other\n" if "same" not in places[0]
          and places[0] != "a/malloc.c" else TEXT)
    write(tmp_path, places[:1])
    assert student_files.take(tmp_path, lab) == {NAME: TEXT}


REFUSED = {
    "nothing": ([], "has no files"),
    "something else": (["essay.txt"], "there is essay.txt"),
    "an archive": (["ann.zip"], "ann.zip, which is not unpacked"),
    "the file of the tests": (["src/labtest/malloc.c"], "missing"),
    "nine folders deep": (["a/b/c/d/e/f/g/h/i/malloc.c"],
                          "the folder a/b/c/d/e/f/g/h/i is not searched: it is "
                          "deeper than 8 levels"),
    "a name that is passed over": (["build/malloc.c", "_a/malloc.c"],
                                   "nothing but _a, build"),
    "many things": ([f"{i}.txt" for i in range(9)], "and 4 more"),
}


@pytest.mark.parametrize("places, expected", REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path, lab, places, expected):
    write(tmp_path, places)
    assert expected in refusal(tmp_path, lab)


def test_two_that_differ(tmp_path, lab):
    write(tmp_path, ["malloc (1).c"])
    write(tmp_path, ["malloc (2).c"], b"int y;\n")
    said = refusal(tmp_path, lab)
    assert "malloc (1).c, malloc (2).c differ" in said


def test_many_that_are_the_same(tmp_path, lab):
    write(tmp_path, [f"{i:03}/malloc.c" for i in range(21)])
    assert "and 16 more could be it" in refusal(tmp_path, lab)


@pytest.mark.parametrize("raw, expected", [
    (b"", "is empty"), (b" \n\t\n", "is empty"),
    ("int x;\n".encode("utf-16"), "UTF-16"),
    ("int x;\n".encode("utf-16-be"), "NUL"),
    (b"x" * 600000, "at most")],
    ids=["empty", "blank", "UTF-16", "UTF-16 without a mark", "too long"])
def test_contents(tmp_path, lab, raw, expected):
    write(tmp_path, ["malloc.c"], raw)
    assert expected in refusal(tmp_path, lab)


def test_line_ends_and_a_mark(tmp_path, lab):
    write(tmp_path, ["malloc.c"], b"\xef\xbb\xbfint x;\r\nint y;\r")
    assert student_files.take(tmp_path, lab)[NAME] == b"int x;\nint y;\n"


def test_what_is_not_a_folder(tmp_path, lab):
    (tmp_path / "file").write_text("x")
    assert "not a directory" in refusal(tmp_path / "file", lab)
    assert "not a directory" in refusal(tmp_path / "none", lab)
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        archive.writestr("malloc.c", "int x;")
    assert "archive" in refusal(tmp_path / "ann.zip", lab)


@pytest.mark.parametrize("place", ["malloc.c", NAME, "src", "src/mm", "ann"])
def test_links(tmp_path, lab, place):
    """Of a file, and of each folder on the way to it."""
    link = tmp_path / "class" / place
    link.parent.mkdir(parents=True)
    whole = place if place != "ann" else ""
    link.symlink_to(ROOT / (NAME if place.endswith(".c") else whole))
    said = refusal(tmp_path / "class", lab)
    assert "symbolic link" in said or "missing" in said


def test_a_submission_that_is_a_link(tmp_path, lab):
    write(tmp_path, ["real/malloc.c"])
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert "symbolic link" in refusal(tmp_path / "link", lab)


def test_what_is_not_a_plain_file(tmp_path, lab):
    os.mkfifo(tmp_path / "malloc.c")
    assert "not a plain file" in refusal(tmp_path, lab)
    (tmp_path / "malloc.c").unlink()
    write(tmp_path, [f"{NAME}/notes"])
    assert "not a plain file" in refusal(tmp_path, lab)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_is_closed(tmp_path, lab):
    (tmp_path / "ann").mkdir(mode=0)
    assert "ann cannot be read" in refusal(tmp_path, lab)


# -- Text that may be anything -------------------------------------------------

@pytest.mark.parametrize("text, expected", [
    ("a\tb\n", "a\tb\n"), ("\x1b[2J", "\\x1b[2J"), ("\r\a\b", "\\x0d\\x07\\x08"),
    ("\x9b\x7f", "\\x9b\\x7f"), ("\u202eabc", "\\u202eabc"),
    ("\udcff\udcfe", "\\xff\\xfe"), ("Größe", "Größe")])
def test_plain(text, expected):
    assert plain(text) == expected
    plain(text).encode("utf-8")


def test_plain_line():
    assert plain_line("a\nb\tc") == "a\\nb c"


def test_long_texts_are_cut():
    assert plain_line("x" * 1200) == "x" * 1200
    assert plain_line("x" * 1207) == "x" * 1200 + "... and 7 characters more"
    assert plain("y\n" * 600).endswith("y\n... and 501 lines more")
    assert len(plain("\x1b" * 400000 + "\nb")) < 1300
    assert plain("\x1b" * 400000 + "\nb").endswith("\nb")


@pytest.mark.parametrize("text, expected", [
    ("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-rf", "'-rf"),
    ("+1", "'+1"), ("a=1", "a=1"), (-5, -5), ("", "")])
def test_a_cell_is_no_formula(text, expected):
    assert cell(text) == expected
