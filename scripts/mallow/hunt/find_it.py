# SPDX-License-Identifier: MIT
"""Find it: a kernel with a planted fault, and a sheet with questions about it.

    build/gcc/*.o, without those of the lab's files --+--> build/hunt/malloc-3/
    labs/4-malloc/hunt/bug-5.o  ----------------------+        kernel.elf, ISO
                                                               |
    labs/4-malloc/hunt-3.txt  <-- the student, in gdb <--------+

The kernel runs one of the lab's tests, which runs into the fault.  Everything
but the lab's own files is the student's tree.
"""
import argparse
import re
import shlex
import textwrap
from pathlib import Path

from .. import project, sheet
from ..debug import debug
from ..grade.build import Kit, run
from ..project import BUILD, ROOT, WRONG_USE, Trouble, shown
from . import packs

POINTS = 5  # of each question

QUESTIONS = {
    "invariant": ("Which invariant is the first that breaks?  Its name, such "
                  "as I2.", "mallow first says what is broken at its moment"),
    "call": ("After which call of the kmalloc layer is the heap broken for the "
             "first time?  The number of the call.",
             "mallow first: broken after call ..."),
    "broken": ("Which invariant is broken where the test stops?  Its name, "
               "such as I2.", "print frames_check()"),
    "during": ("Which function of the lab, called by the test, was the first "
               "to answer wrongly or to leave something wrong?",
               "break where the test calls the lab's functions; finish shows "
               "an answer"),
    "hits": ("How often has that function been called when the test stops?",
             "a breakpoint there, mallow start, ignore 1 100000, continue; "
             "info breakpoints counts"),
    "function": ("Which function of {files} has the fault?",
                 "step through it, and compare it with its contract"),
}


def question(kind, lab):
    files = " or ".join(Path(name).name for name in lab.files)
    return QUESTIONS[kind][0].format(files=files)


# -- The sheet -----------------------------------------------------------------

def usual_sheet(lab, number):
    return Path(lab.folder) / f"hunt-{number}.txt"


def text_of_sheet(lab, number, seed, bug):
    lines = [f"# Lab {lab.number}, hunt {number} of {seed}: {bug.level}.",
             f"# The kernel: make hunt LAB={lab.name} BUG={number}",
             f"# The answers: make hunt LAB={lab.name} BUG={number} CHECK=1",
             f"seed = {seed}"]
    for place, kind in enumerate(bug.answers, 1):
        lines.append("")
        lines += textwrap.wrap(f"{place}. {question(kind, lab)}", 78,
                               initial_indent="# ", subsequent_indent="#    ")
        lines.append(f"{place} =")
    return "\n".join(lines) + "\n"


def seed_of(lab, number, seed, path):
    """The one that was given, or the one of the sheet."""
    if (ROOT / path).is_file():
        own = sheet.read(ROOT / path).get("seed", "")
        if seed and own and own != seed:
            raise Trouble(f"{path} is the sheet of {own}, not of {seed}")
        seed = seed or own
    if not seed:
        raise Trouble(f"whose hunt? make hunt LAB={lab.name} BUG={number} "
                      "SEED=yourname", WRONG_USE)
    if not sheet.SEED.fullmatch(seed):
        raise Trouble(f'SEED: "{seed}" is not a seed; right are up to 64 '
                      "letters and digits, such as your name", WRONG_USE)
    return seed


def chosen(lab, number, seed):
    """The fault that is number `number` for this student."""
    known = packs.bugs(lab, seed)
    if not number.isdecimal() or not 1 <= int(number) <= len(known):
        raise Trouble(f'BUG="{number}": lab {lab.name} has the bugs 1 to '
                      f"{len(known)}", WRONG_USE)
    return known[int(number) - 1]


# -- The kernel ----------------------------------------------------------------

def make_kernel(lab, bug, folder):
    """This tree's kernel with the fault in the lab's files: (iso, elf)."""
    kit = Kit()
    own = {kit.object_of(source) for source in lab.sources}
    objects = [str(each) for each in kit.objects if each not in own]
    folder.mkdir(parents=True, exist_ok=True)
    elf, small = folder / "kernel.elf", folder / "mallow.elf"
    for target, more in ((elf, []), (small, ["--strip-debug"])):
        done = run([*kit.ld, *more, "-o", str(target), *objects,
                    str(bug.object)])
        if done.returncode != 0:
            raise Trouble(f"{shown(bug.object)} does not link with this tree: "
                          + done.stderr.strip().splitlines()[-1])
    (folder / "mallow.iso").unlink(missing_ok=True)
    kit.write_iso(small, folder / "mallow.iso", [])
    return folder / "mallow.iso", elf


def subject(lab, number, bug):
    """The kernel and its options, as `make debug` describes them."""
    iso, elf = make_kernel(lab, bug, BUILD / "hunt" / f"{lab.name}-{number}")
    return debug.Subject([f"test={lab.name}/{bug.test}", f"seed={bug.seed}"],
                         f"make hunt LAB={lab.name} BUG={number}",
                         f"{lab.name}/{bug.test}", iso, elf)


def boot(lab, number, bug, arguments):
    words = argparse.Namespace(memory="", record="", options="", core="",
                               log=arguments.log, gdb=arguments.gdb,
                               verbose=arguments.verbose)
    return debug.look(words, subject(lab, number, bug))


def begin(lab, number, arguments):
    """Writes the sheet if it is not there, and boots."""
    path = usual_sheet(lab, number)
    seed = seed_of(lab, number, arguments.seed, path)
    bug = chosen(lab, number, seed)
    if not (ROOT / path).exists():
        (ROOT / path).write_text(text_of_sheet(lab, number, seed, bug),
                                 encoding="utf-8")
    print(f"Hunt {number} of {seed}, {bug.level}: a fault in "
          f"{', '.join(lab.files)}.\nThe questions are in {path}.\n"
          f"It shows in the test {lab.name}/{bug.test} (SEED={bug.seed}).",
          flush=True)
    return boot(lab, number, bug, arguments)


# -- Marking -------------------------------------------------------------------

def marks(lab, bug, given):
    """The sheet.Mark of each question; given(place, kind) is an answer."""
    for place, kind in enumerate(bug.answers, 1):
        answer = given(place, kind)
        name = f"question {place}"
        if not answer:
            yield sheet.Mark(name, POINTS, 0, "no answer yet")
        elif packs.is_right(bug, kind, answer):
            yield sheet.Mark(name, POINTS, POINTS, "right")
        else:
            yield sheet.Mark(name, POINTS, 0, f'"{answer}" is not right; look '
                                              f"again: {QUESTIONS[kind][1]}")


def print_marks(found):
    found = list(found)
    print("\n".join(sheet.table(found)))
    return 0 if all(one.earned == one.points for one in found) else 1


def check_sheet(lab, number, arguments):
    """CHECK=1 is the usual sheet; else a file's name."""
    path = usual_sheet(lab, number) if arguments.check == "1" \
        else Path(arguments.check)
    given = sheet.read(ROOT / path) if (ROOT / path).is_file() else None
    if given is None:
        raise Trouble(f"there is no {path}: make hunt LAB={lab.name} "
                      f"BUG={number} SEED=yourname makes one")
    bug = chosen(lab, number, seed_of(lab, number, arguments.seed, path))
    return print_marks(marks(
        lab, bug, lambda place, _: given.get(str(place), "")))


def check_words(lab, number, arguments):
    """ANSWER='I3 42 block_split': the answers in the order of the sheet."""
    words = re.split(r"[\s,]+", arguments.answer.strip())
    seed = seed_of(lab, number, arguments.seed, usual_sheet(lab, number))
    bug = chosen(lab, number, seed)
    if len(words) != len(bug.answers):
        raise Trouble(f"ANSWER={shlex.quote(arguments.answer)}: the sheet has "
                      f"{len(bug.answers)} questions", WRONG_USE)
    return print_marks(marks(lab, bug, lambda place, _: words[place - 1]))


def find_it(lab, arguments):
    if arguments.check:
        return check_sheet(lab, arguments.bug, arguments)
    if arguments.answer:
        return check_words(lab, arguments.bug, arguments)
    return begin(lab, arguments.bug, arguments)


def add_options(parser):
    parser.add_argument("--bug", default="", metavar="N",
                        help="boots a kernel with the planted fault N")
    parser.add_argument("--check", default="", metavar="1|FILE",
                        help="marks the sheet of that fault")
    parser.add_argument("--answer", default="", metavar="WORDS",
                        help="marks these answers")
    parser.add_argument("--log", default="", metavar="FILE",
                        help="takes what the kernel prints")
    project.add_verbose(parser)
    parser.add_argument("gdb", nargs="*", metavar="ARGUMENT",
                        help="for gdb; put -- before the first")
