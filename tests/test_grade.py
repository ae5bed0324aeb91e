# SPDX-License-Identifier: MIT
"""Grading from end to end: kernels are built and booted here."""
import csv
import json

import pexpect
import pytest

from mallow.course import holes
from mallow.grade import grade, run_test
from mallow.grade.build import Kit, Refused
from mallow.project import ROOT

BUMP = (ROOT / "src/mm/heap/bump.c").read_text(encoding="utf-8")
MALLOC = (ROOT / "src/mm/malloc/malloc.c").read_text(encoding="utf-8")
HEAD = "void *malloc_alloc(size_t bytes, size_t alignment)\n{\n"

# Leaves the test by way of the stack: finds its own frame, and gives the frame
# of the test's own call the return address of the test itself.
LEAVE = """
static bool is_frame(const volatile uint32_t *at)
{
    uint32_t here = (uint32_t)(uintptr_t)at;

    return at[0] > here && at[0] < here + 4096 && at[0] % 4 == 0 &&
           at[1] > 0xC0100000u && at[1] < 0xC0200000u;
}

static void leave_test(uint32_t from, uint32_t to)
{
    volatile uint32_t here = 0;
    volatile uint32_t *frames[12], *at = &here;
    uint32_t n = 0;

    while (!is_frame(at) ||
           !is_frame((volatile uint32_t *)(uintptr_t)at[0]))
        at++;
    for (; n < 12 && is_frame(at); n++) {
        frames[n] = at;
        at = (volatile uint32_t *)(uintptr_t)at[0];
    }
    frames[from][1] = frames[to][1];
    frames[from][0] = frames[to][0];
}

"""


@pytest.fixture(scope="module")
def kit():
    return Kit()


@pytest.fixture
def verdict(kit, tmp_path):
    """verdict(text, test): on one test of a malloc.c."""
    def look(text, test="malloc/first"):
        (tmp_path / "malloc.c").write_text(text)
        return grade.one_test(tmp_path, test, kit=kit)

    return look


def malloc_that(does, before=""):
    assert MALLOC.count(HEAD) == 1
    return MALLOC.replace(HEAD, before + HEAD + does)


# -- Right and wrong ----------------------------------------------------------

def test_the_reference(verdict):
    assert verdict(MALLOC, "malloc/trace").passed


def test_a_hidden_test_with_a_hidden_trace(verdict):
    assert verdict(MALLOC, "malloc/hidden-trace").passed


def test_the_starter(verdict):
    said = verdict(holes.dig(MALLOC))
    assert not said.passed
    assert said.message.endswith("not written yet")


CRASHES = {
    "a stray write": (
        "    *(volatile uint32_t *)12 = alignment;\n",
        ["page fault in malloc_alloc+0x", "wrote 0x0000000c",
         "during kmalloc(24)"]),
    "no end": ("    for (;;)\n        ;\n", ["hangs in malloc_alloc",
                                             "during kmalloc(24)"]),
    "a list in a circle": (
        "    struct loop { struct loop *volatile next; } a = { &a }, *b = &a;"
        "\n    while (b)\n        b = b->next;\n", ["hangs in malloc_alloc"]),
    "recursion": (
        "    volatile char page[4096];\n    page[0] = 1;\n"
        "    if (malloc_alloc(bytes, alignment + page[0]))\n"
        "        page[1] = 2;\n", ["stack overflow"]),
    "always NULL": ("    (void)alignment;\n    return bytes ? NULL : &bytes;\n",
                    ["NULL for 24 bytes"]),
}


@pytest.mark.parametrize("does, expected", [
    pytest.param(*case, id=name, marks=pytest.mark.long if name in (
        "no end", "recursion", "always NULL") else [])
    for name, case in CRASHES.items()])
def test_failures_in_words(verdict, does, expected):
    said = verdict(malloc_that(does))
    assert not said.passed
    for part in expected:
        assert part in said.message


# -- Attempts to cheat --------------------------------------------------------

def test_always_the_same_pointer(verdict):
    said = verdict(malloc_that("    (void)bytes, (void)alignment;\n"
                               "    return (void *)(malloc_heap.begin + 64);\n"
                               ), "malloc/many")
    assert not said.passed and "overlap" in said.message


def test_printing_success(verdict):
    said = verdict(malloc_that(
        '    print("passed\\n");\n    (void)bytes, (void)alignment;\n'
        "    return NULL;\n", '#include "lib/print.h"\n'))
    assert not said.passed


def test_leaving_the_test_early(kit, tmp_path):
    """The kernel itself says that the test has passed: it was left by the
    stack, after a right call."""
    text = malloc_that("    static uint32_t calls;\n\n    if (++calls == 2)\n"
                       "        leave_test(3, 6);\n", LEAVE)
    (tmp_path / "malloc.c").write_text(text)
    said = grade.one_test(tmp_path, "malloc/many", kit=kit)
    assert not said.passed and "course" in said.message, said
    # Without the second machine it would have passed: that is what it is for.
    assert grade.one_test(tmp_path, "malloc/many", kit=kit, play=False).passed


def test_writing_over_the_tests_code(verdict):
    said = verdict(malloc_that(
        "    (void)alignment;\n    for (uintptr_t at = 0xC0100000u; bytes; "
        "at += 4)\n        *(volatile uint32_t *)at = 0xC3C3C3C3u;\n"
        "    return NULL;\n"))
    assert not said.passed


def test_writing_over_all_of_memory(verdict):
    said = verdict(malloc_that(
        "    (void)alignment;\n    for (uintptr_t at = 0xC0800000u; bytes; "
        "at += 4)\n        *(volatile uint32_t *)at = 0;\n    return NULL;\n"))
    assert not said.passed


def test_a_call_record_that_is_changed(kit, tmp_path, monkeypatch):
    """A bit of the call record, anywhere, and it is played back no more."""
    kept = run_test.collect_leftovers

    def changed(end):
        pieces = kept(end)
        begin = run_test.first_record(end, "call_record")["begin"]
        at, piece = pieces[0]
        assert at <= begin < at + len(piece)
        spot = begin - at + 32 * 4 + 20
        return [(at, piece[:spot] + bytes([piece[spot] ^ 1])
                 + piece[spot + 1:]), *pieces[1:]]

    monkeypatch.setattr(run_test, "collect_leftovers", changed)
    (tmp_path / "malloc.c").write_text(MALLOC)
    said = grade.one_test(tmp_path, "malloc/first", kit=kit)
    assert not said.passed and "record 4" in said.message


def test_a_kernel_without_a_call_record(kit, tmp_path, monkeypatch):
    monkeypatch.setattr(run_test.secrets, "randbelow", lambda most: -1)
    (tmp_path / "malloc.c").write_text(MALLOC)
    said = grade.one_test(tmp_path, "malloc/first", kit=kit)
    assert not said.passed and "call record" in said.message


REFUSED = {
    "a word too many": (MALLOC.replace("return", "retrun", 1),
                        "does not compile"),
    "a function is missing": (MALLOC.replace("malloc_init", "malloc_begin"),
                              "malloc_init is missing"),
    "another solution": ('#include "mm/zalloc/zalloc.c"\n' + MALLOC, "contract"),
    "more than memory holds": (
        MALLOC + "volatile char malloc_much[900 << 20];\n", "MiB of memory"),
}


@pytest.mark.parametrize("text, why", REFUSED.values(), ids=REFUSED)
def test_refused(verdict, text, why):
    with pytest.raises(Refused) as caught:
        verdict(text)
    assert why in str(caught.value)


# -- The commands -------------------------------------------------------------

def run(tree, *words):
    return tree.make("grade", "LAB=heap", *words, seconds=400)


def results(tree):
    return json.loads((tree.root / "build/grade/results.json").read_text())


def test_make_grade_of_a_submission(tree, tmp_path):
    folder = tmp_path / "ann"
    folder.mkdir()
    (folder / "bump.c").write_text(BUMP)
    done = run(tree, f"SUBMISSION={folder}")
    assert done.returncode == 0, done.stdout + done.stderr
    said = results(tree)
    assert said["score"] == sum(test["max_score"] for test in said["tests"])
    assert {"score", "max_score", "name", "number", "output", "visibility"} \
        <= set(said["tests"][0])
    (folder / "bump.c").write_text(holes.dig(BUMP))
    done = run(tree, f"SUBMISSION={folder}")
    assert done.returncode != 0
    assert results(tree)["score"] == 0
    assert "make check LAB=heap TEST=first SEED=1" in done.stdout
    assert "make debug TEST=heap/first SEED=1" in done.stdout


@pytest.mark.native
def test_a_folder_of_submissions(tree, tmp_path):
    folder = tmp_path / "all"
    for name, text in (("ann", BUMP), ("bob", BUMP + "}\n"),
                       ("cy", holes.dig(BUMP))):
        (folder / name / "src/mm/heap").mkdir(parents=True)
        (folder / name / "src/mm/heap/bump.c").write_text(text)
    (folder / "dan").mkdir()
    (folder / "eve").write_text("no folder")
    done = tree.make("grade-all", f"SUBMISSIONS={folder}", "LAB=heap",
                     "TEST=first", seconds=400)
    assert done.returncode == 0, done.stdout + done.stderr
    with (tree.root / "build/grade/scores.csv").open() as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert {name: int(row["score"]) for name, row in rows.items()} == {
        "ann": 10, "bob": 0, "cy": 0, "dan": 0, "eve": 0}
    assert "does not compile" in rows["bob"]["reason"]
    assert "missing" in rows["dan"]["reason"]
    assert "not a directory" in rows["eve"]["reason"]
    log = tree.root / "build/grade/submissions/cy/log.txt"
    assert "not written yet" in log.read_text()


@pytest.mark.native
def test_who_waits_sees_which_lab_is_graded(tree):
    """On a terminal; everywhere else there are the results alone."""
    words = ["grade", "LAB=heap", "TEST=first"]
    child = pexpect.spawn("make", words, cwd=str(tree.root), timeout=400,
                          encoding="utf-8")
    child.expect("GRADE   heap")
    child.expect("GRADE   heap/first, 0 tests left")
    child.expect("heap/first +10 of")
    child.expect(pexpect.EOF)


def test_wrong_words_get_one_line(tree, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for target, words, said in (
            ("grade", "SUBMISSION=/nowhere", "/nowhere is not a directory"),
            ("grade", "TEST=foo", 'no test "foo"; LAB=NAME'),
            ("grade-all", f"SUBMISSIONS={empty}", "holds no submission"),
            ("grade-all", f"SUBMISSIONS={tmp_path} LAB=heep", 'no lab "heep"'),
            ("grade-all", f"SUBMISSIONS={tmp_path} SEED=x", "is not a number")):
        done = tree.make(target, *words.split(), seconds=400)
        lines = [line for line in done.stderr.splitlines()
                 if not line.startswith("make")]
        assert done.returncode == 2 and len(lines) == 1 and said in lines[0]
