# SPDX-License-Identifier: MIT
"""Test programs in which some files hold their mutants.

    build/mutants/TARGET/src/...    the files with switches, which come first
                                    in the search for headers
    build/mutants/objects/HASH.o    an object of what the preprocessor made of a
                                    source: what has not changed is there

Each program is built without sanitizers, for most mutants fail at once, and,
for those that survive it, with them.
"""
import hashlib
import os
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from ..project import BUILD, ROOT, Trouble

HERE = Path(__file__).parent
WORK = BUILD / "mutants"
OBJECTS = WORK / "objects"
SWITCHES = HERE / "switches.h"
WORKERS = max(1, min(2, os.cpu_count() or 1))
# -Og would keep more faults alive than the tests' own -O1.
UNSANITIZED = ("-fsanitize=", "-fno-sanitize")


class Recipe(NamedTuple):
    """The recipe of a test program: a compiler with its flags, and sources."""
    name: str      # "check" or "host"
    compiler: list
    counted: list  # more flags, for files of lib and mm
    sources: list

    def flags(self, name, sanitized):
        words = self.compiler + (self.counted if name.startswith("src/lib/")
                                 or name.startswith("src/mm/") else [])
        return words if sanitized else \
            [word for word in words if not word.startswith(UNSANITIZED)] \
            + [word for word in words if word.startswith("-fsanitize-coverage")]


def recipe(name):
    """Reads the recipe from make."""
    done = subprocess.run(["make", "-s", f"print-{name}"], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    lines = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    if done.returncode != 0 or "sources" not in lines:
        raise Trouble(f"make print-{name}: {done.stderr.strip()}")
    return Recipe(name, shlex.split(lines["cc"]),
                  shlex.split(lines.get("counted", "")),
                  lines["sources"].split())


def run(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        raise Trouble(done.stderr.decode(errors="replace").strip()[:2000])
    return done.stdout


def digest(*parts):
    total = hashlib.sha256()
    for part in parts:
        total.update(part if isinstance(part, bytes) else str(part).encode())
        total.update(b"\0")
    return total.hexdigest()[:32]


def object_of(name, flags, overlay):
    """Compiles a source, unless its object exists."""
    source = overlay / name if (overlay / name).is_file() else name
    command = [*flags, "-g0", "-w", "-include", SWITCHES]
    at = command.index("-Isrc")
    command[at:at] = [f"-I{overlay / 'src'}"]
    text = run([*command, "-E", source])
    made = OBJECTS / f"{digest(*flags, text)}.o"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        partial = made.with_suffix(f".{os.getpid()}")
        run([*command, "-c", source, "-o", partial])
        partial.rename(made)
    return made


def build(made, overlay, sanitized):
    """Builds a program; a hash of its objects is its name.  Returns the path.
    """
    extra = [HERE / "switches.c"] + ([] if sanitized else [HERE / "plain.c"])
    names = [*made.sources, *(str(each.relative_to(ROOT)) for each in extra)]
    with ThreadPoolExecutor(WORKERS) as pool:
        objects = list(pool.map(lambda name: object_of(
            name, made.flags(name, sanitized), overlay), names))
    program = OBJECTS / f"{made.name}-{digest(*objects)}"
    if not program.exists():
        run([*made.flags("", sanitized), "-fuse-ld=gold"
             if Path("/usr/bin/ld.gold").exists() else "-g0",
             "-o", program, *objects])
    return program


def write_overlay(name, files):
    """build/mutants/NAME with {file: text}, and nothing else."""
    overlay = WORK / name
    for old in overlay.glob("**/*.[ch]"):
        if str(old.relative_to(overlay)) not in files:
            old.unlink()
    for file, text in files.items():
        path = overlay / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))
    return overlay
