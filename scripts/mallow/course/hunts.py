# SPDX-License-Identifier: MIT
"""The packs for `make hunt`, which a student cannot read: wrong and right
allocators as objects, planted faults as objects, and answers as hashes.

    tests/solutions/4-malloc/hunt.json      which ones, and the answers
    tests/solutions/4-malloc/*/*.patch  --> build/hunts/4-malloc/
                                                wrong-7.o   for the host
                                                right-2.o   for the host
                                                bug-3.o     for the kernel
                                                hunt.json   no names; hashes

A hand-out gets the folder as labs/4-malloc/hunt/ (handout.py).

P1: an object for the host uses no sanitizer, so that it links with the objects
    of any compiler; it counts its work all the same (labs/host/work.c).
P2: an object keeps no name that a patch has, and a file's number says nothing
    about its name.
P3: a planted fault keeps its debug information, which gdb's mallow commands
    read; it calls its source planted/src/..., a file that a student lacks.
"""
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from .. import labs
from ..grade.build import Kit
from ..hunt import packs
from ..project import BUILD, ROOT, Trouble, require, shown

HUNTS = BUILD / "hunts"
SOLUTIONS = ROOT / "tests" / "solutions"
HOST_TOOLS = BUILD / "check" / ".tools"
KEY = "key"
# Of the planted kernel, as with DEBUG=1: each caller has a frame.
FOR_GDB = ["-Og", "-fno-optimize-sibling-calls"]
PLAIN = ["-g0", "-fPIE", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-w"]


class Plan(NamedTuple):
    """Of one lab: tests/solutions/N-name/hunt.json."""
    lab: labs.Lab
    wrong: list  # paths of patches
    right: list  # None, the reference, and paths
    bugs: list   # as in the file, with "path"


def folder_of(lab):
    return SOLUTIONS / Path(lab.folder).name


def plan_of(lab):
    """None for a lab without a hunt."""
    folder = folder_of(lab)
    path = folder / "hunt.json"
    if not path.is_file():
        return None
    said = json.loads(path.read_text(encoding="utf-8"))
    bugs = [{**bug, "path": folder / "wrong" / f"{bug['patch']}.patch"}
            for bug in said["bugs"]]
    return Plan(lab, [folder / "wrong" / f"{name}.patch"
                      for name in said["wrong"]],
                [None, *sorted((folder / "right").iterdir())], bugs)


def plans(last=None):
    known = (plan_of(lab) for lab in labs.table()
             if last is None or lab.number <= last)
    return [plan for plan in known if plan]


def by_hash(paths, lab):
    """In an order that says nothing about the names (P2)."""
    return sorted(paths, key=lambda path: hashlib.sha256(
        f"{lab.name}/{path and path.name}".encode()).hexdigest())


# -- Compiling -----------------------------------------------------------------

def run(command, what, **options):
    done = subprocess.run(command, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False,
                          **{"cwd": ROOT, **options})
    if done.returncode != 0:
        raise Trouble(f"{what}: {done.stderr.strip()}")


def host_compiler():
    """The one of the labs' tests, without its sanitizers (P1)."""
    words = require(HOST_TOOLS).read_text(encoding="utf-8").split()
    return [word for word in words if word != "-g"
            and not word.startswith(("-fsanitize=", "-fno-sanitize", "-W"))] \
        + PLAIN


def kernel_compiler():
    return [*Kit().cc, *FOR_GDB, "-w"]


def write_sources(lab, solution, folder):
    """The lab's files with a solution's changes."""
    for name in lab.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    if solution is None:
        return
    if solution.suffix == ".c":
        (name,) = lab.files
        shutil.copyfile(solution, folder / name)
        return
    run(["git", "apply", "--whitespace=nowarn", str(solution)],
        shown(solution), cwd=folder,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)})


def compile_solution(lab, solution, compiler, target, planted=False):
    """One object of all that the lab's files are compiled into."""
    with tempfile.TemporaryDirectory(prefix="mallow-") as name:
        folder = Path(name)
        write_sources(lab, solution, folder)
        made = []
        for number, source in enumerate(lab.sources):
            own = folder / source
            if not own.exists():  # it is given, and includes a header of theirs
                own.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / source, own)
            made.append(str(folder / f"{number}.o"))
            run([*compiler, f"-ffile-prefix-map={folder}=planted",
                 f"-fdebug-prefix-map={ROOT}=.", "-iquote",
                 str(folder / "src"), "-c", str(own), "-o", made[-1]], source)
        keep = [] if planted else ["-x"]
        run(["ld", "-m", "elf_i386", "-r", *keep, "-o", str(target), *made],
            shown(target))


# -- A pack --------------------------------------------------------------------

def key_of(plan, compilers):
    """Changes with whatever goes into the objects."""
    key = hashlib.sha256(repr(compilers).encode())
    folder = folder_of(plan.lab)
    for path in [*sorted((ROOT / "src").rglob("*.h")),
                 *(ROOT / name for name in plan.lab.sources),
                 *sorted(folder.glob("*/*")), folder / "hunt.json",
                 Path(__file__), Path(packs.__file__)]:
        key.update(path.read_bytes())
    return key.hexdigest()


def jobs_of(plan, folder, compilers):
    """(solution, compiler, target, whether it is planted) of each object."""
    host, kernel = compilers
    for kind, found in (("wrong", plan.wrong), ("right", plan.right)):
        for number, path in enumerate(by_hash(found, plan.lab), 1):
            yield path, host, folder / f"{kind}-{number}.o", False
    for number, path in enumerate(
            by_hash([bug["path"] for bug in plan.bugs], plan.lab), 1):
        yield path, kernel, folder / f"bug-{number}.o", True


def table_of(plan):
    """The contents of the pack's hunt.json."""
    order = by_hash([bug["path"] for bug in plan.bugs], plan.lab)
    bugs = sorted(plan.bugs, key=lambda bug: order.index(bug["path"]))
    return {"bugs": [packs.sealed(plan.lab.name, number, bug)
                     for number, bug in enumerate(bugs, 1)]}


def make_pack(plan, compilers, pool):
    """The folder of one lab; it is made once, and appears as a whole."""
    target = HUNTS / Path(plan.lab.folder).name
    key = key_of(plan, compilers)
    if (target / KEY).is_file() and (target / KEY).read_text() == key:
        return target
    HUNTS.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=HUNTS))
    folder.chmod(0o755)
    list(pool.map(lambda job: compile_solution(plan.lab, *job),
                  jobs_of(plan, folder, compilers)))
    (folder / packs.TABLE).write_text(
        json.dumps(table_of(plan), indent=1) + "\n", encoding="utf-8")
    (folder / KEY).write_text(key)
    shutil.rmtree(target, ignore_errors=True)
    try:
        os.rename(folder, target)
    except OSError:  # somebody else has made the same meanwhile
        shutil.rmtree(folder)
    return target


def make(last=None):
    """{labs/4-malloc: folder of its pack}, of the labs up to `last`."""
    compilers = host_compiler(), kernel_compiler()
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        return {plan.lab.folder: make_pack(plan, compilers, pool)
                for plan in plans(last)}


def lay_out(folder, last):
    """Adds the packs to a hand-out that is being written."""
    for lab, pack in make(last).items():
        shutil.copytree(pack, folder / lab / packs.FOLDER,
                        ignore=shutil.ignore_patterns(KEY))


def add_commands(commands):
    parser = commands.add_parser("hunts", help="makes what make hunt needs")
    parser.set_defaults(run=lambda arguments: make() and None)
