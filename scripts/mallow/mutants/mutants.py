# SPDX-License-Identifier: MIT
"""make mutants: finds wrong programs that the tests do not notice.

    LAB=malloc      the student's functions of a lab, and the lab's tests
    MODULE=mm/heap  all functions of a folder or file of src, and the unit tests
    neither         every lab
    SAMPLE=N        only N mutants, which SEED= chooses
"""
import random
import re
import sys

from .. import labs
from ..project import ROOT, WRONG_USE, Trouble
from . import known, parsed, programs, switches, trials

# Unit tests are named by the module that they are about.
ROOMS = {"grow": ("grow", "window")}


class Target:
    """The code to change, and the tests that have to notice it."""

    def __init__(self, name, files, wanted, lab=None):
        self.name, self.lab = name, lab
        self.mutants, self.texts = [], {}
        for file in files:
            parsed_file = parsed.parse(file)
            found = switches.mutants_of(parsed_file, wanted,
                                        1 + len(self.mutants))
            if not found:
                continue
            self.texts[file], kept = switches.compilable(parsed_file, found)
            # Numbers stay in order although some were left out.
            self.mutants += kept + [None] * (len(found) - len(kept))
        self.mutants = [each for each in self.mutants if each]

    def recipe(self):
        return programs.recipe("check-tests" if self.lab else "host-tests")

    def program(self, overlay, sanitized, seed):
        path = programs.build(self.recipe(), overlay, sanitized)
        if self.lab:
            return trials.lab_tests(path, self.lab.name, seed)
        rooms = {part for file in self.texts for part in
                 re.split(r"[/_.]", file.removeprefix("src/"))}
        return trials.unit_tests(path, rooms | {
            room for part in rooms for room in ROOMS.get(part, ())})


def of_lab(lab):
    mark = f"/* LAB {lab.number} BEGIN"
    return Target(lab.name, lab.files, lambda file, function: mark in
                  file.text[function.begin:function.end], lab)


def of_module(name):
    name = name.strip("/").removeprefix("src/")
    path = ROOT / "src" / name
    files = [path] if path.is_file() else sorted(path.glob("**/*.[ch]"))
    if not files or not name.startswith(("lib", "mm")):
        raise Trouble(f'MODULE="{name}": a folder or a file of src/lib or '
                      "src/mm", WRONG_USE)
    return Target(name.replace("/", "-"),
                  [str(file.relative_to(ROOT)) for file in files],
                  lambda file, function: True)


def folders(name):
    """mm means each of its folders: one program for all would be slow."""
    if name.strip("/").removeprefix("src/") != "mm":
        return [name]
    return [f"mm/{path.name}" for path in sorted((ROOT / "src/mm").iterdir())
            if path.is_dir()]


def sample(mutants, count, seed):
    """`count` of them, spread over all functions."""
    if not count or count >= len(mutants):
        return mutants
    chosen = random.Random(seed).sample(range(len(mutants)), count)
    return [mutants[i] for i in sorted(chosen)]


# -- The trials ------------------------------------------------------------------------

def survivors(target, mutants, seed, memory):
    """{mutant: the test that noticed it, or ""}"""
    overlay = programs.write_overlay(target.name, target.texts)
    noticed = {}
    for sanitized in (False, True):
        left = [each for each in mutants if not noticed.get(each)]
        if not left:
            break
        program = target.program(overlay, sanitized, seed)
        basis = (f"{target.name}-{int(sanitized)}",
                 programs.digest(program.path.name, seed))
        program = trials.by_cost(program)
        noticed.update(trials.try_all(
            program, left, memory, basis,
            lambda done, left=left, word="sanitizers" if sanitized else "tests":
            progress(f"{target.name}: {done} of {len(left)}, {word}")))
    progress("")
    return noticed


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


# -- The report ------------------------------------------------------------------------

def rates(noticed, equivalent):
    """A line for each function, then all."""
    functions = {}
    for mutant, test in noticed.items():
        row = functions.setdefault((mutant.file, mutant.function), [0, 0, 0])
        row[0] += bool(test)
        row[1] += 1
        row[2] += mutant in equivalent
    for (_, name), (killed, total, same) in functions.items():
        yield (f"  {name:30} {killed:4} of {total - same:4}"
               + (f"   and {same} the same" if same else ""))


def rate(noticed, equivalent):
    """The share of noticed mutants, in per cent of those that are not
    equivalent."""
    total = len(noticed) - len(equivalent)
    killed = sum(map(bool, noticed.values()))
    return 100 * killed / total if total else 100.0


def report(target, noticed):
    """Prints the result; returns the survivors that the file does not explain.
    """
    reasons = {entry.key: entry for entry in known.entries()}
    alive = [each for each, test in noticed.items() if not test]
    equivalent = {each for each in alive if each.key in reasons}
    for line in rates(noticed, equivalent):
        print(line)
    print(f"{target.name}: {sum(map(bool, noticed.values()))} of "
          f"{len(noticed) - len(equivalent)} mutants are noticed, "
          f"{rate(noticed, equivalent):.1f} %"
          + (f"; {len(equivalent)} more are the same program"
             if equivalent else ""))
    same = {mutant.key for mutant in equivalent}  # a twin may be noticed
    for mutant, test in noticed.items():
        if test and mutant.key in reasons and mutant.key not in same:
            print(f"{known.PATH.name}:{reasons[mutant.key].line}: {test} "
                  f"notices this mutant of {mutant.function}")
    left = [each for each in alive if each not in equivalent]
    for mutant in left:
        print(f"\n{mutant.file}:{mutant.line} {mutant.function} "
              f"({mutant.change.what})")
        print("\n".join(switches.diff(mutant)), flush=True)
    return left


def targets(arguments):
    if arguments.module:
        return [of_module(name) for name in folders(arguments.module)]
    return [of_lab(lab) for lab in labs.resolve(arguments.lab)]


def read_number(name, text, default):
    if text and not text.isdecimal():
        raise Trouble(f'{name}="{text}" is not a number', WRONG_USE)
    return int(text or default)


def mutants(arguments):
    seed = read_number("SEED", arguments.seed, 1)
    count = read_number("SAMPLE", arguments.sample, 0)
    memory, left = trials.Memory(), []
    for target in targets(arguments):
        chosen = sample(target.mutants, count, seed)
        left += report(target, survivors(target, chosen, seed, memory))
    return 1 if left else 0


def add_commands(commands):
    parser = commands.add_parser("mutants", help="finds gaps in the tests")
    for name in ("lab", "module", "seed", "sample"):
        parser.add_argument(f"--{name}", default="", metavar=name.upper())
    parser.set_defaults(run=mutants)
