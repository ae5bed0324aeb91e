#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the files that the page links and compiles, from those of `make iso`.

    build/site/kit/kernel.elf       the kernel without any lab's objects, with
                                    space for them (site/kernel/space.S)
    build/site/kit/linked.elf       the same, with its relocations kept
    build/site/kit/machine.iso      boots it and waits: make-machine.mjs saves it
    build/site/kit/objects.json     the labs' objects, as the reference has them
                                    and as a student finds them
    build/site/kit/files.json       headers and given sources for the compiler
    build/site/kit/labs.json        what each lab is made of

K1: nothing here comes from staff/: no hidden test, no hidden trace.
K2: no reference source of a student's function: every file is as in a hand-out.
K3: compiled references of labs above SOLVED are left out (SOLVED=0: all).
"""
import argparse
import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from mallow import labs, stages  # noqa: E402
from mallow.course import holes  # noqa: E402
from mallow.grade import build  # noqa: E402
from mallow.grade import contract, student_tokens  # noqa: E402
from mallow.project import BUILD, ISO  # noqa: E402

OUT = BUILD / "site" / "kit"
SITE = ROOT / "site"
OWN_SOURCES = ["layout.c", "tcc_support.c", "space.S"]  # space comes last
NOT_LINKED = ["--unresolved-symbols=ignore-all"]


def call(command):
    done = subprocess.run([str(word) for word in command], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"kit: {command[0]}: {done.stderr.strip()}")


class Maker:
    def __init__(self, solved):
        self.kit = build.Kit()
        self.labs = labs.table()
        self.solved = solved

    def objects_of(self, lab):
        return {file: self.kit.object_of(file) for file in lab.sources}

    def link_kernel(self):
        """The kernel without labs, and without the staff's tests (K1)."""
        own = []
        for name in OWN_SOURCES:
            own.append(OUT / (Path(name).stem + ".o"))
            call([*self.kit.cc, "-c", SITE / "kernel" / name, "-o", own[-1]])
        exchanged = {path for lab in self.labs
                     for path in self.objects_of(lab).values()}
        objects = [path for path in self.kit.objects
                   if path not in exchanged and "staff" not in path.parts]
        for name, more in (("kernel.elf", ["--strip-debug"]),
                           ("linked.elf", ["--strip-debug", "-q"])):
            call([*self.kit.ld, *NOT_LINKED, *more, "-o", OUT / name, *objects,
                  *own])

    def make_iso(self):
        """The tree's ISO with this kernel, which waits for its options."""
        target = OUT / "machine.iso"
        target.unlink(missing_ok=True)
        call(["xorriso", "-indev", ISO, "-outdev", target,
              "-boot_image", "any", "discard",
              "-boot_image", "any", "system_area=/dev/zero",
              "-boot_image", "grub", f"bin_path={build.BOOT_IMAGE}",
              "-boot_image", "any", "load_size=2048",
              "-boot_image", "grub", "grub2_boot_info=on",
              "-map", OUT / "kernel.elf", build.KERNEL_IN_ISO,
              "-map", SITE / "kernel" / "grub.cfg", "/boot/grub/grub.cfg"])

    def stripped(self, path):
        """An object without debug information, in base64."""
        made = OUT / "stripped.o"
        call(["objcopy", "--strip-debug", ROOT / path, made])
        return base64.b64encode(made.read_bytes()).decode("ascii")

    def write_objects(self):
        """{lab: {"starter": {source: object}, "written": ...}}"""
        found = {}
        for lab in self.labs:
            made = self.kit.starters(lab)
            found[lab.name] = {"starter": {
                file: self.stripped(path) for file, path in made.items()}}
            if lab.number <= self.solved:
                found[lab.name]["written"] = {
                    file: self.stripped(path)
                    for file, path in self.objects_of(lab).items()}
        write_json("objects.json", found)

    def text_of(self, path):
        """A file as a hand-out has it (K2)."""
        return holes.dig(path.read_text(encoding="utf-8"))

    def write_files(self, tcc_headers):
        given = {file for lab in self.labs for file in lab.includers}
        found = {str(path.relative_to(ROOT)): self.text_of(path)
                 for path in sorted(ROOT.glob("src/**/*.h"))}
        found.update({file: self.text_of(ROOT / file) for file in given})
        for folder in (tcc_headers, SITE / "tcc" / "include"):
            for path in sorted(folder.glob("*.h")):
                found[f"tcc/{path.name}"] = path.read_text(encoding="utf-8")
        write_json("files.json", found)

    def describe(self, lab):
        title = (ROOT / lab.folder / "README.md").read_text(encoding="utf-8")
        return {
            "number": lab.number, "name": lab.name, "folder": lab.folder,
            "title": title.partition("\n# ")[2].partition("\n")[0],
            "files": {file: {"includes": rules.includes,
                             "calls": sorted(rules.calls),
                             "text": self.text_of(ROOT / file)}
                      for file, rules in lab.files.items()},
            "sources": lab.sources, "optional": lab.optional,
            "solved": lab.number <= self.solved,
        }

    def write_labs(self):
        write_json("labs.json", {
            "stages": [name for name, _ in stages.table()],
            "everybodys": sorted(contract.COMPILERS),
            "standard": contract.STANDARD,
            "words": sorted(student_tokens.WORDS),
            "labs": [self.describe(lab) for lab in self.labs]})


def write_json(name, value):
    (OUT / name).write_text(json.dumps(value, indent=1, sort_keys=True) + "\n",
                            encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--solved", type=int, default=8, metavar="N")
    parser.add_argument("--tcc-headers", type=Path, required=True)
    arguments = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    maker = Maker(arguments.solved)
    maker.link_kernel()
    maker.make_iso()
    maker.write_objects()
    maker.write_files(arguments.tcc_headers)
    maker.write_labs()


if __name__ == "__main__":
    main()
