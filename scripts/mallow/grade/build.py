# SPDX-License-Identifier: MIT
"""Kernels to be graded: this tree's objects, with a few of them exchanged.

                          lab 1      lab 2      lab 3      lab 4     the rest
    to grade lab 3        reference  reference  STUDENT    starter   trusted
    once more together    STUDENT    STUDENT    STUDENT    starter   trusted

B1: whatever a lab does not name is this tree's, as `make iso` has built it.
B2: a student's file is compiled with the kernel's flags, after the checks of
    grade_contract; its object is checked again before it is linked.
B3: where students write a header, given sources that include it are compiled
    with theirs, and those objects are checked like their own.

A hand-out has no reference and digs no starters: there the other labs are the
tree's own, as its owner has written them.
"""
import functools
import resource
import subprocess
from pathlib import Path
from typing import NamedTuple

from .. import labs, memory
from ..elf import Elf
from ..project import BUILD, ISO, ROOT, Trouble, require
from . import contract, student_files
from .student_files import Refused

try:
    from ..course import holes
except ImportError:  # a hand-out
    holes = None

GRADE = BUILD / "grade"
STAFF_TRACES = ROOT / "staff" / "traces"
KERNEL_IN_ISO = "/boot/mallow.elf"  # scripts/make-iso
COMPILER_SECONDS = 60
FILE_BYTES_MAX = 256 << 20
ADDRESS_BYTES_MAX = 4 << 30
IMAGE_BYTES_MAX = 32 << 20  # beside it, a test needs room to work in
LINES_SHOWN = 12


class Kernel(NamedTuple):
    iso: Path
    elf: Path
    foreign: list  # [(address, bytes)]: code that is not this tree's


def limits():
    """Runs in the child: a source that makes the compiler explode."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX,) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES_MAX,) * 2)


def run(command, seconds=COMPILER_SECONDS):
    return subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, errors="replace", timeout=seconds, check=False,
        preexec_fn=limits)


def first_lines(text, prefix):
    lines = [line for line in text.replace(f"{prefix}/", "").splitlines()
             if line.strip()]
    more = len(lines) - LINES_SHOWN
    return "\n".join(lines[:LINES_SHOWN]
                     + ([f"... and {more} lines more"] if more > 0 else []))


class Kit:
    """The tools and the objects of this tree."""

    def __init__(self):
        said = subprocess.run(
            ["make", "--no-print-directory", "-s", "print-build"], cwd=ROOT,
            text=True, capture_output=True, stdin=subprocess.DEVNULL,
            check=False)
        rows = dict(line.partition(" ")[::2]
                    for line in said.stdout.splitlines())
        if "objects" not in rows:
            raise Trouble(f"make print-build: {said.stderr.strip()}")
        self.cc, self.ld = rows["cc"].split(), rows["ld"].split()
        self.objects = [Path(name) for name in rows["objects"].split()]
        self.folder = Path(rows["folder"])
        self.elf = Elf(require(ROOT / self.folder / "kernel.elf"))
        self.in_handout = holes is None

    @functools.cached_property
    def names(self):
        """All names that mean something to the kernel, also those that
        nobody defines (src/labtest/labs.c)."""
        wanted = (Elf(require(ROOT / each)).undefined()
                  for each in self.objects)
        return self.elf.defined().union(*wanted)

    def object_of(self, file):
        """The object that `make iso` has made of src/..."""
        return self.folder / Path(file).relative_to("src").with_suffix(".o")

    def others(self, file):
        """The kernel's names that are not those of `file`."""
        own = Elf(require(ROOT / self.object_of(file))).defined()
        return self.names - own

    def compiler(self, words, seconds=COMPILER_SECONDS):
        return run([*self.cc, *words], seconds)

    def compile(self, folder, file, source=None):
        """The object of folder/file, or of another source, with the headers
        of the folder; Refused if the compiler does not like it."""
        # The name in messages and in __FILE__ is the one of the tree.
        within = folder.relative_to(ROOT)
        made = within / Path(file).with_suffix(".o")
        (ROOT / made).parent.mkdir(parents=True, exist_ok=True)
        try:
            done = self.compiler([f"-ffile-prefix-map={within}/=",
                                  "-iquote", str(within / "src"), "-c",
                                  source or str(within / file),
                                  "-o", str(made)])
        except subprocess.TimeoutExpired:
            raise Refused(f"{file}: compiling takes over {COMPILER_SECONDS} "
                          "s") from None
        if done.returncode != 0:
            raise Refused("does not compile:\n"
                          + first_lines(done.stderr, within))
        return made

    # -- Objects for a lab's files --------------------------------------------

    def students(self, submission, lab, folder):
        """{file: object} of a submission's files; Refused if one breaks the
        contract."""
        def refuse_if(wrong):
            if wrong:
                raise Refused(first_lines(
                    "\n".join(wrong), folder.relative_to(ROOT)))

        student_files.take(submission, lab, folder)
        for file, rules in lab.files.items():
            refuse_if(contract.source_complaints(
                folder / file, file, rules, self.compiler))
        made = self.objects_for(lab, folder)
        for file, path in made.items():
            refuse_if(contract.check_object(
                ROOT / path, file, self.others(file),
                lab.files.get(file) or self.contract_of(lab, file)))
        return made

    def contract_of(self, lab, includer):
        """Of a given file that includes students' headers (B3)."""
        own = Elf(require(ROOT / self.object_of(includer))).undefined()
        return labs.Contract([], own | lab.calls_of_headers)

    def objects_for(self, lab, folder):
        """{file: object} of a lab whose files are below `folder`."""
        return {file: self.compile(folder, file,
                                   file if file in lab.includers else None)
                for file in lab.sources}

    def starters(self, lab, folder):
        """{file: object} of a lab that nobody has written yet."""
        if holes is None:
            return {}
        for file in lab.files:
            text = (ROOT / file).read_text(encoding="utf-8")
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(holes.dig(text), encoding="utf-8")
        return self.objects_for(lab, folder)

    # -- Linking --------------------------------------------------------------

    def kernel(self, folder, exchanged):
        """A bootable kernel with other objects for the files `exchanged`."""
        instead = {self.object_of(file): made
                   for file, made in exchanged.items()}
        objects = [str(instead.get(each, each)) for each in self.objects]
        elf, bare, iso = (folder / name for name in
                          ("kernel.elf", "mallow.elf", "mallow.iso"))
        folder.mkdir(parents=True, exist_ok=True)
        for target, more in ((elf, []), (bare, ["--strip-debug"])):
            done = run([*self.ld, *more, "-o", str(target), *objects])
            if done.returncode != 0:
                raise Refused("does not link:\n" + first_lines(
                    done.stderr, folder.relative_to(ROOT).parent))
        size = memory.image_end(elf)
        if size > IMAGE_BYTES_MAX:
            raise Refused(f"the kernel would take {size >> 20} MiB of memory; "
                          f"at most {IMAGE_BYTES_MAX >> 20} are there for it")
        self.write_iso(bare, iso)
        linked = Elf(elf)
        return Kernel(iso, elf, [place for made in exchanged.values()
                                 for place in linked.code_from(
                                     Elf(ROOT / made))])

    def write_iso(self, bare, iso):
        """The ISO of this tree with another kernel in it, and staff's traces:
        far less work than a new one."""
        words = ["-map", str(bare), KERNEL_IN_ISO]
        for path in STAFF_TRACES.glob("*.rep"):
            words += ["-map", str(path), f"/traces/{path.name}"]
        done = run(["xorriso", "-indev", str(require(ISO)), "-outdev", str(iso),
                    "-boot_image", "any", "replay", *words])
        if done.returncode != 0:
            raise Trouble("xorriso: " + first_lines(done.stderr, self.folder))
