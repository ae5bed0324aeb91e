# SPDX-License-Identifier: MIT
"""A place in which the compiler can read only its own files and one folder of
this machine.

    bubblewrap   namespaces of Linux: the compiler's files, bound read-only
    chroot       for root, where namespaces are forbidden: copies of them
    folder       where neither works: an empty folder, as a user without rights
                 if root asks

                  +--------------- sandbox ----------------+
    compiler ---> | /usr/bin/gcc  .../cc1  libc.so ...     |
    job folder -> | job: the student's file, given headers | --> object, text
                  +----------------------------------------+

S1: the limits on processor time, memory and file sizes hold for every
process.  S2: when the time is up, the whole process group ends.  S3: a job
folder belongs to one job.

In the plain folder the host's files stay readable.  The grader still sees which
files a submission opens, and refuses it (contract.py).  Messages quote no line
of source there: the compiler would read it from any file that a #line names.
"""
import contextlib
import functools
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from .. import machine
from ..project import ROOT, Trouble
from . import stillness

CPU_SECONDS = 10
WALL_SECONDS = 300  # the processor may be busy with other things
LOOK_SECONDS = 1
STILL_LOOKS = 20  # one after the other, at which the compiler sleeps
FILE_BYTES_MAX = 32 << 20
ADDRESS_BYTES_MAX = 1 << 30
TEXT_BYTES_MAX = 1 << 20  # of messages that are read;
LAST_BYTES = 1 << 12      # of these the end, which says what ended the compiler
NOBODY = 65534
LIBRARY = re.compile(r"(/\S+) \(0x[0-9a-f]+\)")


class Done(NamedTuple):
    status: int
    text: str  # standard error
    cut: bool = False  # the text has lost its middle
    still: bool = False  # it was ended because it waited


def output(*command, text="", both=False):
    """The output of a trusted command; with `both`, its messages too."""
    try:
        done = subprocess.run(command, text=True, capture_output=True,
                              input=text, cwd=ROOT, check=False)
    except OSError:
        return ""
    return done.stdout + done.stderr if both else done.stdout


def programs(compiler):
    """{path by which the compiler finds it: file}: itself and its parts."""
    driver = os.path.realpath(shutil.which(compiler[0]) or compiler[0])
    found = {driver: driver}
    for name in ("cc1", "as"):
        said = output(*compiler, f"-print-prog-name={name}").strip()
        path = shutil.which(said)
        if path:
            found[os.path.normpath(path)] = os.path.realpath(path)
    return found


def needed_files(compiler):
    """The same, with the libraries that these programs load."""
    found = programs(compiler)
    for path in set(found.values()):
        for library in LIBRARY.findall(output("ldd", path)):
            found[os.path.normpath(library)] = os.path.realpath(library)
    return found


def set_limits():
    """Runs in the child (S1)."""
    machine.die_with_parent()
    # A process that reaches the second number is killed without a word.
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    for what, most in ((resource.RLIMIT_FSIZE, FILE_BYTES_MAX),
                       (resource.RLIMIT_AS, ADDRESS_BYTES_MAX),
                       (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (most, most))


def drop_rights():
    """Runs in the child: root becomes a user without rights."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def messages(file):
    """(the beginning and the end of what was written, whether more was)."""
    bytes_written = file.seek(0, os.SEEK_END)
    file.seek(0)
    text = file.read(TEXT_BYTES_MAX - LAST_BYTES)
    file.seek(max(len(text), bytes_written - LAST_BYTES))
    text += file.read()
    return text.decode("utf-8", "replace"), bytes_written > TEXT_BYTES_MAX


def wait(child):
    """The child's status; None if it waits for something that does not come.
    Raises TimeoutExpired after WALL_SECONDS."""
    begin, looks = time.monotonic(), 0
    while looks < STILL_LOOKS:
        left = begin + WALL_SECONDS - time.monotonic()
        try:
            return child.wait(min(LOOK_SECONDS, max(left, 0)))
        except subprocess.TimeoutExpired:
            if left <= LOOK_SECONDS:
                raise
        looks = looks + 1 if stillness.group_sleeps(child.pid) else 0
    return None


def run(command, folder, prepare, more=None):
    """Runs a command to its end or to its limit (S2), with more variables in
    its environment."""
    with tempfile.TemporaryFile() as said:
        # start_new_session makes a process group, for killpg.
        child = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said,
            stderr=said, start_new_session=True, preexec_fn=prepare,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TMPDIR": ".",
                 **(more or {})})
        try:
            status = wait(child)
        except subprocess.TimeoutExpired:
            raise Trouble(f"the compiler has not ended after {WALL_SECONDS} s"
                          ) from None
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        return Done(status, *messages(said), status is None)


class Folder:
    """Sets only limits, and takes root's rights away."""
    kind = "folder"
    hides = False  # the files of this computer

    def __init__(self, files):
        self.files = files
        # Without /proc the loader does not know where a program is, and so does
        # not find the libraries beside it.
        self.loader = {"LD_LIBRARY_PATH": ":".join(sorted(
            {os.path.dirname(inside) for inside in files if ".so" in inside}))}

    @contextlib.contextmanager
    def job(self):
        """A job folder (S3)."""
        with tempfile.TemporaryDirectory(prefix="mallow-cc-") as name:
            yield Path(name)

    def hand_over(self, folder):
        """Gives a job folder with all in it to the user without rights."""
        if os.geteuid() == 0:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)

    def run(self, command, folder):
        def prepare():
            set_limits()
            drop_rights()

        self.hand_over(folder)
        return run(command, folder, prepare)


class Chroot(Folder):
    """A root directory with the compiler's files in it, and job folders."""
    kind = "chroot"
    hides = True

    def __init__(self, files):
        super().__init__(files)
        self.kept = tempfile.TemporaryDirectory(prefix="mallow-root-")
        self.root = Path(self.kept.name)
        self.root.chmod(0o755)
        for inside, path in files.items():
            target = self.root / inside.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, target)
            except OSError:  # another file system
                shutil.copy(path, target)

    @contextlib.contextmanager
    def job(self):
        with tempfile.TemporaryDirectory(dir=self.root) as name:
            yield Path(name)

    def run(self, command, folder):
        def prepare():
            set_limits()
            os.chroot(self.root)
            os.chdir(f"/{folder.name}")
            drop_rights()

        self.hand_over(folder)
        return run(command, folder, prepare, self.loader)


class Bubblewrap(Folder):
    """Namespaces, made by bubblewrap."""
    kind = "bubblewrap"
    hides = True

    def run(self, command, folder):
        words = ["bwrap", "--unshare-all", "--die-with-parent",
                 "--cap-drop", "ALL", "--bind", str(folder), "/job",
                 "--chdir", "/job"]
        for inside, path in self.files.items():
            words += ["--ro-bind", path, inside]
        return run([*words, *command], folder, set_limits, self.loader)


def works(sandbox, compiler):
    """Whether the compiler compiles in it."""
    with sandbox.job() as folder:
        (folder / "x.c").write_text("int x;\n", encoding="ascii")
        try:
            done = sandbox.run([*compiler, "-c", "x.c"], folder)
        except (OSError, subprocess.SubprocessError):
            return False
        return done.status == 0 and (folder / "x.o").is_file()


def kinds():
    """The sandboxes to try here, best first."""
    if shutil.which("bwrap"):
        yield Bubblewrap
    if os.geteuid() == 0:
        yield Chroot
    yield Folder


@functools.lru_cache(maxsize=None)
def best(compiler):
    """(sandbox, the compiler's words in it): the best that works here."""
    driver = os.path.realpath(shutil.which(compiler[0]) or compiler[0])
    words = (driver, *compiler[1:])
    files = needed_files(compiler)
    for kind in kinds():
        sandbox = kind(files)
        if works(sandbox, words):
            return sandbox, words
    raise Trouble(f"{compiler[0]} does not compile an empty file")
