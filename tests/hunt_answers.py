# SPDX-License-Identifier: MIT
"""The answers that a hunter finds: what gdb says of a kernel with a planted
fault, as the sheet asks for it."""
import re
import subprocess
import sys

from mallow import project
from mallow.course import holes, hunts

SECONDS = 240
FIRST = re.compile(r"^first: the heap is sound .*broken (?:after|before) "
                   r"call (\d+)$", re.MULTILINE)
BROKEN = re.compile(r"^BROKEN: (\w+):", re.MULTILINE)
CHECKED = re.compile(r'^\$1 = "(\w+):', re.MULTILINE)
HITS = re.compile(r"breakpoint already hit (\d+) times?")


def session(folder, lab, number, *commands, seed="ada", root=project.ROOT):
    """gdb's answer in `make hunt LAB= BUG=`, without make."""
    gdb = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run(
        [sys.executable, str(root / "scripts" / "mallow.py"), "hunt",
         f"--lab={lab}", f"--bug={number}", f"--seed={seed}",
         f"--log={folder / 'log'}", "--", "-batch", *gdb],
        cwd=root, text=True, stdin=subprocess.DEVNULL, check=False,
        capture_output=True, timeout=SECONDS)
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    return said


def found(pattern, said):
    match = pattern.search(said)
    assert match, said
    return match[1]


def by_gdb(answers, ask):
    """{kind: answer} of what gdb can be asked; ask(commands...) is a session."""
    if "call" in answers:
        said = ask("mallow first")
        return {"invariant": found(BROKEN, said), "call": found(FIRST, said)}
    if "broken" in answers:
        return {"broken": found(CHECKED, ask("print frames_check()"))}
    said = ask("mallow start", f"break {answers['during']}",
               "ignore 1 1000000", "continue", "info breakpoints")
    return {"hits": found(HITS, said)}


def changed_functions(lab, patch, folder):
    """The students' functions in which a wrong solution differs."""
    hunts.write_sources(lab, patch, folder)
    for name in lab.files:
        right, wrong = (
            {hole.function: hole.body for hole in
             holes.find((root / name).read_text(encoding="utf-8"))}
            for root in (project.ROOT, folder))
        yield from (each for each in right if right[each] != wrong[each])
