# SPDX-License-Identifier: MIT
"""Prepares a class's submissions for programs that look for copied work.

    build/similarity/
      base/                what was handed out, with nothing in the holes
      submissions/ada/     the files of the lab that Ada wrote
      README.md            the commands for compare50, JPlag and MOSS

Only the labs' own files are compared.  The code that every student was given
is base code: it does not count.
"""
import shutil
from pathlib import Path

from .. import labs
from ..grade.submissions import find_submissions
from ..project import BUILD, ROOT, WRONG_USE, Trouble, shown
from . import holes

OUT = BUILD / "similarity"
COMMANDS = """\
Run these here; each program is installed from its own site.

    compare50 submissions/* -d base
    java -jar jplag.jar -l c -bc base submissions
    moss -l c -d -b base/*.c submissions/*/*.c

compare50 and JPlag run on this machine.  MOSS sends the files to a server at
Stanford; ask whether your rules allow that.  They show where to look, not
a verdict: two right solutions of a small function often look alike.
"""


def files_of(folder, names):
    """{name: file} of a submission: at its place in a tree, or alone."""
    found = {}
    for name in names:
        places = [folder / name, folder / Path(name).name,
                  *folder.glob(f"*/{name}")]
        file = next((place for place in places
                     if place.is_file() and not place.is_symlink()), None)
        if file:
            found[Path(name).name] = file
    return found


def lay_out(submissions, names):
    """Writes the folders; the names of submissions without a file."""
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "base").mkdir(parents=True)
    for name in names:
        text = (ROOT / name).read_text(encoding="utf-8")
        (OUT / "base" / Path(name).name).write_text(holes.dig(text),
                                                    encoding="utf-8")
    empty = []
    for who, folder in submissions.items():
        found = files_of(Path(folder), names)
        if not found:
            empty.append(who)
            continue
        (OUT / "submissions" / who).mkdir(parents=True)
        for name, file in found.items():
            shutil.copyfile(file, OUT / "submissions" / who / name)
    (OUT / "README.md").write_text(COMMANDS, encoding="utf-8")
    return empty


def similarity(arguments):
    if not arguments.submissions:
        raise Trouble("which folder? make similarity SUBMISSIONS=DIR LAB=NAME",
                      WRONG_USE)
    folder = Path(arguments.submissions).expanduser().absolute()
    if not folder.is_dir():
        raise Trouble(f"{folder} is not a folder of submissions", WRONG_USE)
    names = sorted({name for lab in labs.resolve(arguments.lab)
                    for name in lab.files})
    submissions = find_submissions(folder)
    empty = lay_out(submissions, names)
    print(f"{shown(OUT)}: {len(submissions) - len(empty)} submissions of "
          f"{', '.join(names)}; its README.md says what to run")
    for who in empty:
        print(f"  nothing of {who}")


def add_commands(commands):
    parser = commands.add_parser("similarity", help="for MOSS, JPlag ...")
    parser.add_argument("--submissions", default="", metavar="DIR")
    parser.add_argument("--lab", default="", metavar="NAME|NUMBER")
    parser.set_defaults(run=similarity)
