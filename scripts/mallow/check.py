# SPDX-License-Identifier: MIT
"""The labs' tests on the host: chooses, runs and reports them.

build/check/lab-tests runs one test and ends; a test that crashes or hangs
costs only itself.  Its output is read here:

    failed: FILE:LINE: MESSAGE      an expectation of the test
    panic: MESSAGE                  an assertion of the kernel's own code
    hung: MESSAGE
    ... AddressSanitizer: ...       memory that is not the allocator's
    ... runtime error: ...          what C does not define
    steps: N                        of a random test, up to the failure
    calls: N                        and one line each, the last ones
    not written: FUNCTION           a called function that is not written
    checker: MESSAGE                the stage's checker, after that
    ran: BLOCK ...                  what the last call did (ran.py)
"""
import os
import re
import subprocess
import textwrap
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from . import i386, labs, ran, sheet, stages
from .project import BUILD, ROOT, WRONG_USE, Trouble, require, shown
from .steps import join_steps, read_steps, shrink
from .waiting import Waiting

PROGRAM = BUILD / "check" / "lab-tests"
SECONDS = 300  # the program gives up earlier, and says where
SEED = 1
# The end of the message when a function is not written.
NOT_WRITTEN = "not written yet"
# The beginning of the message when the stage's checker has ended a test.
BY_CHECKER = "the checker finds "
# The beginning of the message when an expectation of a test has failed.
EXPECTED = re.compile(r"(?:labs|staff)/\S+:\d+: ")
LONGEST_STEPS = 200  # characters that the kernel's command line has room for

FAILED = re.compile(r"^failed: (.*)$", re.MULTILINE)
PANIC = re.compile(r"^panic: (.*)$", re.MULTILINE)
HUNG = re.compile(r"^hung: (.*)$", re.MULTILINE)
SANITIZER = re.compile(r"ERROR: AddressSanitizer:? (\S+)[^\n]*?"
                       r"(?:address (0x[0-9a-f]+))?", re.MULTILINE)
ADDRESS = re.compile(r"AddressSanitizer[^\n]*address (0x[0-9a-f]+)")
ACCESS = re.compile(r"(READ|WRITE) (?:of size \d+|memory access)"
                    r"|caused by a (READ|WRITE)")
FRAME = re.compile(r"^\s*#\d+ 0x[0-9a-f]+ in (\S+) (\S+?:\d+)", re.MULTILINE)
UNDEFINED = re.compile(r"^(\S+?:\d+):\d+: runtime error: (.*)$", re.MULTILINE)
STEPS = re.compile(r"^steps: (\d+)$", re.MULTILINE)
CALLS = re.compile(r"^calls: \d+$(?:\n  .*)*", re.MULTILINE)
UNWRITTEN = re.compile(r"^not written: (.*)$", re.MULTILINE)
CHECKER = re.compile(r"^checker: (.*)$", re.MULTILINE)


class Test(NamedTuple):
    lab: str
    name: str
    points: int
    needs: str
    what: str
    hint: str
    hidden: bool = False  # staff's


class Outcome(NamedTuple):
    passed: bool
    message: str = ""
    steps: int = 0  # of a random test, up to the failure
    calls: str = ""
    checker: str = ""
    said: str = ""  # all of it


def listed(program):
    try:
        return subprocess.run([*i386.runner(), program, "--list"], text=True,
                              capture_output=True, check=False)
    except OSError as error:
        raise Trouble(f"{shown(program)} does not start: "
                      f"{error.strerror}") from None


def tests(program=PROGRAM):
    """Every test of every lab, in the order of the labs."""
    done = listed(program)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise Trouble(f"{shown(program)} ended with status {done.returncode}: "
                      f"{last[0]}; make grade runs the same tests in the "
                      "kernel")
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return [Test(lab, name, int(points), needs, what, hint, hidden == "1")
            for lab, name, points, needs, what, hint, hidden in rows]


# -- What one run says ---------------------------------------------------------

def place_of_fault(text):
    """The first line of the kernel on the way to a fault: (function, place)."""
    frames = FRAME.findall(text)
    own = [frame for frame in frames if "src/mm/" in frame[1]]
    name, place = (own or frames or [("?", "?")])[0]
    found = re.search(r"((?:src|labs)/.*)$", place)
    return name, found.group(1) if found else place


def sanitized(text):
    """The finding of AddressSanitizer, in the words of this project."""
    kind = SANITIZER.search(text).group(1)
    address = ADDRESS.search(text)
    access = ACCESS.search(text)
    verb = "reads" if access and "READ" in access.group() else "writes"
    name, place = place_of_fault(text)
    where = address.group(1) if address else "an address"
    if kind == "use-after-poison":
        return (f"{place}: {name} {verb} {where}, which is not the "
                "allocator's: payload in use, or outside the heap")
    if kind == "stack-overflow":
        return f"{place}: {name} calls itself without end"
    if kind == "SEGV":
        return (f"{place}: {name} {verb} {where}, where no memory is: the "
                "kernel would have a page fault")
    return f"{place}: {name}: {kind} at {where}"


def explain(status, text):
    failed, panic, hung = (pattern.search(text)
                           for pattern in (FAILED, PANIC, HUNG))
    undefined = UNDEFINED.search(text)
    if failed:
        return failed.group(1)
    if panic:
        return panic.group(1)
    if hung:
        return ("does not come back: an endless loop, a list in a circle, or "
                f"too slow ({hung.group(1)})")
    if SANITIZER.search(text):
        return sanitized(text)
    if undefined:
        return f"{undefined.group(1)}: {undefined.group(2)}"
    last = text.strip().splitlines()[-1:] or ["no message"]
    return f"ended with status {status}: {last[0]}"


def run(test, seed=SEED, steps=None, program=PROGRAM):
    """One test in a process of its own."""
    command = [*i386.runner(), program, test.lab, test.name, str(seed)]
    if steps is not None:
        command.append(join_steps(steps))
    try:
        done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL,
                              errors="replace", timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Outcome(False, "does not come back, not even when asked to")
    if done.returncode == 0:
        return Outcome(True)
    text = done.stderr
    found = STEPS.search(text)
    calls, checker = CALLS.search(text), CHECKER.search(text)
    message, unwritten = explain(done.returncode, text), UNWRITTEN.search(text)
    if unwritten and not message.endswith(NOT_WRITTEN):
        message += f"; {unwritten.group(1)} is {NOT_WRITTEN}"
    return Outcome(False, message,
                   int(found.group(1)) if found else 0,
                   calls.group() if calls else "",
                   checker.group(1) if checker else "", text)


# -- Fewer steps ---------------------------------------------------------------

def shrunk(test, seed, outcome, program=PROGRAM):
    """(steps or None, the outcome of the shorter list)."""
    def fails(steps):
        return not run(test, seed, steps, program).passed

    if outcome.steps == 0 or not fails(range(outcome.steps)):
        return None, outcome
    steps = shrink(fails, outcome.steps)
    return steps, run(test, seed, steps, program)


# -- A lab's table ---------------------------------------------------------------

def run_all(chosen, seed=SEED, program=PROGRAM):
    """{test: outcome}, some at a time."""
    def run_one(test):
        outcome = run(test, seed, None, program)
        waiting.step()
        return outcome

    with Waiting("CHECK", len(chosen), "tests") as waiting, \
            ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        return dict(zip(chosen, pool.map(run_one, chosen)))


def missing(test, outcomes):
    """The test that this one needs and that has not passed, or ""."""
    failed = {each.name for each, outcome in outcomes.items()
              if each.lab == test.lab and not outcome.passed}
    if test.needs in failed:
        return test.needs
    return ""


def points(test, outcomes):
    """A test counts if it passes, and all that it needs."""
    by_name = {each.name: each for each in outcomes if each.lab == test.lab}
    needed = test
    while needed:
        if not outcomes[needed].passed:
            return 0
        needed = by_name.get(needed.needs)
    return test.points


def hint(test, message, crashed):
    """[a line], or nothing.  A hint is about what the test expects.  So there is
    none for a panic or a fault, for a function that is not written, and where
    the stage's checker has said what is wrong."""
    if crashed or message.endswith(NOT_WRITTEN) or BY_CHECKER in message:
        return []
    return [f"hint: {test.hint}"]


def your_functions(test, outcome):
    """[a line] that names the student's functions in the failing call."""
    names = ran.functions(PROGRAM, labs.resolve(test.lab)[0], outcome.said)
    return textwrap.wrap("this call ran your " + ", ".join(names), 76) \
        if names else []


def repeat_commands(test, seed, steps):
    """The commands that repeat a test here, and in the kernel under gdb."""
    how = f"SEED={seed}"
    if steps is not None and len(join_steps(steps)) < LONGEST_STEPS:
        how += f" STEPS={join_steps(steps)}"
    return (f"make check LAB={test.lab} TEST={test.name} {how}",
            f"make debug TEST={test.lab}/{test.name} {how}")


def print_failure(test, seed, outcome, steps):
    print(f"\n{test.lab}/{test.name}: {test.what}")
    print(f"  {outcome.message}")
    if outcome.checker and BY_CHECKER not in outcome.message:
        print(f"  the checker finds: {outcome.checker}")
    lines = [] if outcome.checker else \
        hint(test, outcome.message, not EXPECTED.match(outcome.message))
    for line in lines + your_functions(test, outcome):
        print(f"  {line}")
    here, in_gdb = repeat_commands(test, seed, steps)
    print(f"  again: {here}\n  in gdb: {in_gdb}")
    if outcome.calls:
        print(re.sub("^", "  ", outcome.calls, flags=re.MULTILINE))


def in_width(line, columns=80):
    return line if len(line) <= columns else line[:columns - 1] + "…"


def print_others(failures):
    """One line each.  After a repair of the first, run the check again."""
    if not failures:
        return
    print("\nalso failed; TEST=NAME shows one of them as above:")
    for test, outcome in failures:
        first = outcome.message.partition("\n")[0]
        print(in_width(f"  {test.lab + '/' + test.name:26} {first}"))


def verdict_word(test, outcomes):
    need = missing(test, outcomes) or test.needs
    if not was_graded(outcomes[test]):
        return "NOT GRADED"
    if not getattr(outcomes[test], "ran", True):
        return f"not run: needs {need}" if need else "not run"
    if not outcomes[test].passed:
        return "FAILED"
    return "passed" if points(test, outcomes) else \
        f"passed, but counts after {need}"


def was_graded(outcome):
    """False if this computer failed the test, and not the student's code."""
    return getattr(outcome, "graded", True)


def table(outcomes, everything=None):
    """Its lines: the tests lab by lab, with a sum for each lab.  Points depend
    on the outcomes of all tests, which are `everything`."""
    known = everything or outcomes
    for lab in dict.fromkeys(test.lab for test in outcomes):
        mine = [test for test in outcomes if test.lab == lab]
        for test in mine:
            got = points(test, known) if was_graded(known[test]) else "-"
            yield (f"  {lab + '/' + test.name:26} {got:>3} "
                   f"of {test.points:3}  {verdict_word(test, known)}")
        yield (f"  {lab:26} {sum(points(test, known) for test in mine):3} "
               f"of {sum(test.points for test in mine):3}")


# -- The command -----------------------------------------------------------------

def lab_names(known, text):
    """The labs that LAB= means: one, by name or number, or without it all up
    to the enabled stage."""
    labs = list(dict.fromkeys(test.lab for test in known))
    stage_names = stages.names()
    if not text:
        last = stage_names.index(stages.enabled())
        return [lab for lab in labs if stage_names.index(lab) <= last]
    if text.isdecimal() and int(text) < len(stage_names):
        text = stage_names[int(text)]
    if text not in labs:
        raise Trouble(f'there is no lab "{text}" with tests; there are '
                      + ", ".join(labs), WRONG_USE)
    return [text]


def choose(known, lab, name):
    if "/" in name:
        lab, name = name.split("/", 1)
    labs = lab_names(known, lab)
    chosen = [test for test in known if test.lab in labs]
    if not name:
        return chosen
    found = [test for test in chosen if test.name == name]
    if not found:
        right = "LAB=NAME beside it lists a lab's" if len(labs) > 1 else \
            "there are " + ", ".join(test.name for test in chosen)
        raise Trouble(f'there is no test "{name}"; {right}', WRONG_USE)
    return found


def read_seed(text):
    """SEED=, or the one that is always used without it."""
    if text and not text.isdecimal():
        raise Trouble(f'SEED="{text}" is not a number', WRONG_USE)
    return int(text or SEED) & 0xFFFFFFFF


def check_sheet():
    """Lab 0 has an answer sheet where others have tests."""
    marks = sheet.marks(ROOT / sheet.ANSWERS)
    print("\n".join(sheet.table(marks)))
    return 0 if all(mark.earned == mark.points for mark in marks) else 1


def check(arguments):
    if arguments.lab in (sheet.LAB, "0"):
        return check_sheet()
    seed = read_seed(arguments.seed)
    chosen = choose(tests(require(PROGRAM)), arguments.lab, arguments.test)
    if arguments.steps:
        steps = read_steps(arguments.steps)
        outcomes = {test: run(test, seed, steps) for test in chosen}
    else:
        steps = None
        outcomes = run_all(chosen, seed)
    print("\n".join(table(outcomes)))
    failures = [(test, outcome) for test, outcome in outcomes.items()
                if not outcome.passed and not missing(test, outcomes)]
    for test, outcome in failures[:1]:
        fewer = steps
        if steps is None:
            fewer, outcome = shrunk(test, seed, outcome)
        print_failure(test, seed, outcome, fewer)
    print_others(failures[1:])
    return 0 if all(map(lambda each: each.passed, outcomes.values())) else 1


def add_commands(commands):
    parser = commands.add_parser("check", help="runs a lab's tests here")
    parser.add_argument("--lab", default="", metavar="NAME|NUMBER")
    parser.add_argument("--test", default="", metavar="NAME")
    parser.add_argument("--seed", default="", metavar="N")
    parser.add_argument("--steps", default="", metavar="0,3,5-9")
    parser.set_defaults(run=check)
