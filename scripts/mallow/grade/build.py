# SPDX-License-Identifier: MIT
"""Kernels to be graded: this tree's objects, with a few of them exchanged.

                          lab 1      lab 2      lab 3      lab 4     the rest
    to grade lab 3        reference  reference  STUDENT    starter   trusted
    once more together    STUDENT    STUDENT    STUDENT    starter   trusted

B1: whatever a lab does not name is this tree's, as `make iso` has built it.
B2: a student's file is compiled in a sandbox (student_compiler.py), and checked
    before its object is linked (contract.py).
B3: where students write a header, given sources that include it are compiled
    with theirs, and those objects are checked like their own.
B4: staff's hidden tests and traces are in a hidden kernel only.  The kernel for
    the lab's own tests has none of them in its memory.

A hand-out has no reference and digs no starters: there the other labs are the
tree's own, as its owner has written them.
"""
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from .. import memory
from ..elf import Elf
from ..project import BUILD, ISO, MAKE, ROOT, Trouble, require
from . import contract, student_files
from .student_compiler import StudentCompiler, first_lines
from .student_files import Refused

try:
    from ..course import holes
except ImportError:  # a hand-out
    holes = None

GRADE = BUILD / "grade"
STARTERS = GRADE / "starters"
STAFF_TRACES = ROOT / "staff" / "traces"
KERNEL_IN_ISO = "/boot/mallow.elf"  # scripts/make-iso
BOOT_IMAGE = "/boot/grub/i386-pc/eltorito.img"  # grub-mkrescue
TOOL_SECONDS = 120
IMAGE_BYTES_MAX = 32 << 20  # beside it, a test needs room to work in


class Kernel(NamedTuple):
    iso: Path
    elf: Path
    foreign: list  # [(address, bytes)]: code that is not this tree's


def run(command):
    """Runs a trusted tool."""
    try:
        return subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=TOOL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Trouble(f"{command[0]} has not ended after {TOOL_SECONDS} s") \
            from None


class Kit:
    """The tools and the objects of this tree."""

    def __init__(self):
        said = run([MAKE, "--no-print-directory", "-s", "print-build"])
        rows = dict(line.partition(" ")[::2]
                    for line in said.stdout.splitlines())
        if "objects" not in rows:
            raise Trouble(f"make print-build: {said.stderr.strip()}")
        self.cc, self.ld = rows["cc"].split(), rows["ld"].split()
        self.objects = [Path(name) for name in rows["objects"].split()]
        self.folder = Path(rows["folder"])
        self.elf = Elf(require(ROOT / self.folder / "kernel.elf"))

    @functools.cached_property
    def compiler(self):
        return StudentCompiler(self.cc)

    # -- Names of the kernel --------------------------------------------------

    @functools.cached_property
    def wanted(self):
        """{object: names that it needs from others}."""
        return {each: Elf(require(ROOT / each)).undefined()
                for each in self.objects}

    @functools.cached_property
    def names(self):
        """All names that mean something to the kernel, also those that
        nothing defines (src/labtest/labs.c)."""
        return self.elf.defined().union(*self.wanted.values())

    @functools.cached_property
    def replaceable(self):
        """The checkers, which a student with another layout replaces."""
        return set().union(*(Elf(ROOT / each).weak()
                             for each in self.objects))

    def object_of(self, file):
        """The object that `make iso` has made of src/..."""
        return self.folder / Path(file).relative_to("src").with_suffix(".o")

    def defined_by(self, file):
        return Elf(require(ROOT / self.object_of(file))).defined()

    def missing_complaint(self, file, defined):
        """The functions that the kernel calls and `file` does not define; ""
        if nothing is missing."""
        own = self.defined_by(file)
        elsewhere = set().union(*(names for each, names in self.wanted.items()
                                  if each != self.object_of(file)))
        missing, new = own & elsewhere - defined, defined - own
        if not missing:
            return ""
        return (f"{file}: {', '.join(sorted(missing))} is missing, which the "
                "kernel calls"
                + (f"; the file has {', '.join(sorted(new))}, which nothing "
                   "calls" if new else ""))

    # -- Objects for a lab's files --------------------------------------------

    def students(self, submission, lab, folder):
        """{file: object} of a submission's files; Refused if one breaks the
        contract."""
        own = student_files.take(submission, lab)
        made = {}
        refuse_if(contract.macro_complaints(self.compiler.macros(lab, own)))
        for source in lab.sources:
            target = (folder / source).with_suffix(".o")
            compiled = self.compiler.compile(lab, own, source, target)
            self._check(lab, source, compiled)
            made[source] = target.relative_to(ROOT)
        return made

    def _check(self, lab, source, compiled):
        refuse_if(contract.complaints(lab, source, compiled))
        if source in lab.includers:
            calls = self.wanted[self.object_of(source)] | lab.calls_of_headers
        else:
            calls = lab.files[source].calls
        refuse_if(contract.object_complaints(
            source, compiled.object,
            self.names - self.defined_by(source) - self.replaceable, calls))
        refuse_if([self.missing_complaint(
            source, Elf(compiled.object).defined())])

    def compile(self, folder, file, source=None):
        """The object of folder/file, or of another source, with the headers
        of the folder: this tree's own files, which are trusted."""
        # The name in messages and in __FILE__ is the one of the tree.
        within = folder.relative_to(ROOT)
        made = within / Path(file).with_suffix(".o")
        done = run([*self.cc, f"-ffile-prefix-map={within}/=",
                    "-iquote", str(within / "src"), "-c",
                    source or str(within / file), "-o", str(made)])
        if done.returncode != 0:
            raise Trouble(f"{file}: the starter does not compile:\n"
                          + first_lines(done.stderr))
        return made

    # -- Starters ---------------------------------------------------------------

    def _starter_key(self, texts, lab):
        """A hash of all inputs of a starter's objects."""
        key = hashlib.sha256(repr((self.cc, texts)).encode())
        for path in sorted(Path(ROOT / "src").rglob("*.h")):
            key.update(path.read_bytes())
        for name in lab.includers:
            key.update((ROOT / name).read_bytes())
        return key.hexdigest()[:16]

    def starters(self, lab):
        """{file: object} of a lab as a student gets it.  They are made once,
        and shared by all gradings of this tree."""
        if holes is None:
            return {}
        texts = {file: holes.dig((ROOT / file).read_text(encoding="utf-8"))
                 for file in lab.files}
        kept = STARTERS / f"{lab.name}-{self._starter_key(texts, lab)}"
        if not kept.is_dir():
            self._make_starters(lab, texts, kept)
        return {file: kept.relative_to(ROOT) / Path(file).with_suffix(".o")
                for file in lab.sources}

    def _make_starters(self, lab, texts, kept):
        """Makes the folder in one step, because another grading may make it at
        the same time."""
        STARTERS.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=STARTERS))
        for file, text in texts.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        for file in lab.sources:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            self.compile(folder, file, file if file in lab.includers else None)
        try:
            os.rename(folder, kept)
        except OSError:
            shutil.rmtree(folder)

    # -- Linking --------------------------------------------------------------

    def is_staffs(self, made):
        return (self.folder / "staff") in made.parents

    def kernel(self, folder, exchanged, hidden=False):
        """A bootable kernel with other objects for the files `exchanged`,
        and with staff's tests only if it is `hidden` (B4)."""
        instead = {self.object_of(file): made
                   for file, made in exchanged.items()}
        objects = [str(instead.get(each, each)) for each in self.objects
                   if hidden or not self.is_staffs(each)]
        elf, iso = folder / "mallow.elf", folder / "mallow.iso"
        folder.mkdir(parents=True, exist_ok=True)
        done = run([*self.ld, "--strip-debug", "-o", str(elf), *objects])
        if done.returncode != 0:
            raise Refused("does not link:\n" + first_lines(
                done.stderr.replace(f"{folder.parent}/", "")))
        size = memory.image_end(elf)
        if size > IMAGE_BYTES_MAX:
            raise Refused(f"the kernel would take {size >> 20} MiB of memory; "
                          f"at most {IMAGE_BYTES_MAX >> 20} are there for it")
        self.write_iso(elf, iso, STAFF_TRACES.glob("*.rep") if hidden else [])
        linked = Elf(elf)
        return Kernel(iso, elf, [place for made in exchanged.values()
                                 for place in linked.code_from(
                                     Elf(ROOT / made))])

    def write_iso(self, elf, iso, traces):
        """The ISO of this tree with another kernel in it, and more traces:
        far less work than a new one.  It boots by BIOS from a CD alone, which
        is how the grader's machines boot."""
        words = ["-boot_image", "any", "discard",
                 "-boot_image", "any", "system_area=/dev/zero",
                 "-boot_image", "grub", f"bin_path={BOOT_IMAGE}",
                 "-boot_image", "any", "load_size=2048",
                 "-boot_image", "grub", "grub2_boot_info=on",
                 "-map", str(elf), KERNEL_IN_ISO]
        for path in traces:
            words += ["-map", str(path), f"/traces/{path.name}"]
        # "stdio:": xorriso takes a path that begins with /dev for a drive.
        done = run(["xorriso", "-indev", f"stdio:{require(ISO)}",
                    "-outdev", f"stdio:{iso}", *words])
        if done.returncode != 0:
            raise Trouble("xorriso: " + first_lines(done.stderr))


def refuse_if(wrong):
    wrong = [each for each in wrong if each]
    if wrong:
        raise Refused(first_lines("\n".join(wrong)))
