# SPDX-License-Identifier: MIT
"""The common parts of all tests.  `make test` has built everything before."""
import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOM_BYTES = 8 << 30
sys.path.insert(0, str(ROOT / "scripts"))

import guest as guests  # noqa: E402  (needs the path above)

from mallow import i386  # noqa: E402

pytest_plugins = ["budgets", "gdb_sessions"]


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true",
                     help="what takes long, too: make test-all")


def work_in_memory():
    """Tests copy the tree, a thousand files and more, fifty times.  That costs a
    third of the processor time where files are in memory, if there is plenty."""
    shared = Path("/dev/shm")
    if "TMPDIR" in os.environ or not shared.is_dir() \
            or shutil.disk_usage(shared).free < ROOM_BYTES:
        return
    room = tempfile.mkdtemp(prefix="m-", dir=shared)
    os.chmod(room, 0o755)  # some tests run as another user
    # The name is short: that of a socket has 107 characters at most.
    # pytest tidies up at the exit, too, and has to come first: it registers later.
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    os.environ["TMPDIR"] = tempfile.tempdir = room


def share_a_room():
    """A folder for what the tests of all workers share: saved machines, and what
    Python has compiled.  A test starts a dozen programs in Python, and each would
    compile all that it imports, which takes longer than what it does."""
    room = tempfile.mkdtemp(prefix="m-")
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    os.environ["MALLOW_TEST_ROOM"] = room
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(room, "python"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def share_compiled(root):
    """A copy of the tree has the same programs in Python, of the same times."""
    compiled = Path(os.environ["PYTHONPYCACHEPREFIX"])
    ours, theirs = (compiled / place.relative_to("/") / "scripts"
                    for place in (ROOT, root.resolve()))
    if ours.is_dir():
        shutil.copytree(ours, theirs, dirs_exist_ok=True)


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # workers inherit the environment
        # As Ctrl-C does: the folders in memory are removed.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        work_in_memory()
        share_a_room()
    config.addinivalue_line("markers", "long: runs in make test-all only")
    config.addinivalue_line("markers", "native: the same, where programs for "
                            "i386 have to be emulated and take ten times as "
                            "long")
    # pexpect 4.8 starts its reader in an old-fashioned way.
    config.addinivalue_line("filterwarnings",
                            "ignore:setDaemon:DeprecationWarning")


def pytest_collection_modifyitems(config, items):
    """Without --long, what is marked long is not even mentioned."""
    left_out = ["native", "long"] if i386.runner() else ["long"]
    if config.getoption("--long"):
        return
    items[:] = [item for item in items
                if not any(map(item.get_closest_marker, left_out))]


@pytest.fixture
def boot():
    """boot(words..., memory_size=..., iso=..., counting=..., from_reset=...): a
    Guest."""
    started = []

    def start(*words, **options):
        started.append(guests.start(*words, **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


def environment():
    """This one, less what a make above says to those below: the tests run
    from it, and are to see what a person sees."""
    return {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}


class Tree:
    """A copy of the tree, to be changed and built without harm."""

    def __init__(self, root):
        self.root = root

    def run(self, *command, seconds=120):
        return subprocess.run(command, cwd=self.root, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              env=environment(), timeout=seconds, check=False)

    def make(self, *words, seconds=120):
        return self.run("make", f"PYTHON={sys.executable}", *words,
                        seconds=seconds)

    def replace(self, name, old, new):
        """Changes a file; `old` must stand in it exactly once."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, \
            f"{name}: {text.count(old)} times, not once: {old}"
        path.write_text(text.replace(old, new), encoding="utf-8")


def copy_tree(to):
    """A copy of the tree with what has been built, so that a second build is
    short.  Other tests build at the same time: what one of them removed during
    the copy is not missed."""
    try:
        shutil.copytree(ROOT, to, ignore=shutil.ignore_patterns(
            ".git", "__pycache__", ".pytest_cache", "host-*",
            "node_modules"))
    except shutil.Error as error:
        if any(os.path.exists(source) for source, _, _ in error.args[0]):
            raise
    share_compiled(to)
    return to


@pytest.fixture
def tree(tmp_path):
    return Tree(copy_tree(tmp_path / "tree"))
