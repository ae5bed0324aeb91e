# SPDX-License-Identifier: MIT
"""The zip file that Gradescope takes as an autograder.

    build/gradescope.zip
      setup.sh           run once, when the image is made
      run_autograder     run for each submission
      choice             LAB= and SEED=
      mallow/            this tree, with staff's hidden tests and traces

Files that only the tree's own tests and benches need stay out, and so do the
packages that scripts/setup would install for them.
"""
import shlex
import zipfile

from .. import check, labs
from ..project import BUILD, ROOT, shown
from . import handout

ZIP = BUILD / "gradescope.zip"
ROOM = ROOT / "scripts" / "gradescope"
KEPT = "tests/host/host.mk"  # a part of the Makefile
LEFT_OUT = ("tests/", "bench/", "docs/", ".ci/", ".github/")


def tree_files():
    """The files of the tree; of staff/ also those that git does not track."""
    names = {name for name in handout.all_files()
             if (not name.startswith(LEFT_OUT) or name == KEPT)
             and (ROOT / name).is_file()}
    names |= {str(path.relative_to(ROOT)) for path in ROOT.glob("staff/**/*")
              if path.is_file() and ".git" not in path.parts
              and "__pycache__" not in path.parts}
    return sorted(names)


def add(archive, path, name, text=None):
    """Adds a file that all users may read, and run if it is a program."""
    info = zipfile.ZipInfo(name)
    info.external_attr = (path.stat().st_mode & 0o111 | 0o100644) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, path.read_bytes() if text is None else text)


def write(path, lab, seed):
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for script in ("setup.sh", "run_autograder"):
            add(archive, ROOM / script, script)
        add(archive, ROOT / "LICENSE", "choice",
            f"LAB={shlex.quote(lab)}\nSEED={shlex.quote(seed)}\n")
        for name in tree_files():
            text = None
            if name == "scripts/setup":
                text = handout.CUT.sub("", (ROOT / name).read_text("utf-8"))
            add(archive, ROOT / name, f"mallow/{name}", text)
    return path.stat().st_size


def gradescope(arguments):
    chosen = labs.resolve(arguments.lab)
    if arguments.seed:
        check.read_seed(arguments.seed)
    size = write(ZIP, arguments.lab, arguments.seed)
    print(f"{shown(ZIP)}: {size >> 10} KiB; grades "
          + ", ".join(lab.name for lab in chosen))


def add_commands(commands):
    parser = commands.add_parser("gradescope", help="an autograder, zipped")
    parser.add_argument("--lab", default="", metavar="NAME|NUMBER")
    parser.add_argument("--seed", default="", metavar="N")
    parser.set_defaults(run=gradescope)
