# SPDX-License-Identifier: MIT
"""The places in which a student's file is compiled: what they show, and what ends
what runs in them."""
import os
import shutil
import subprocess
import time
from types import SimpleNamespace

import pytest

from mallow.grade import compiler_sandbox as sandbox
from mallow.grade import grade
from mallow.grade.build import Kit
from mallow.project import ROOT, Trouble

CLOSED = (sandbox.Bubblewrap, sandbox.Chroot)


@pytest.fixture(scope="module")
def words():
    """The compiler's words, and where its program is."""
    return Kit().compiler.inside


@pytest.fixture(params=[sandbox.Bubblewrap, sandbox.Chroot, sandbox.Folder],
                ids=lambda kind: kind.kind)
def box(request, words):
    """One of each kind that works here."""
    if request.param is sandbox.Chroot and os.geteuid() != 0:
        pytest.skip("only root may change its root directory")
    if request.param is sandbox.Bubblewrap and not shutil.which("bwrap"):
        pytest.skip("there is no bubblewrap here")
    made = request.param(sandbox.needed_files(words))
    if not sandbox.works(made, words) and request.param in CLOSED:
        pytest.skip("this machine does not allow it")
    return made


def compile_in(box, words, text):
    with box.job() as folder:
        (folder / "x.c").write_text(text)
        return box.run([*words, "-c", "x.c"], folder)


def test_it_compiles(box, words):
    assert compile_in(box, words, "int x;\n").status == 0


@pytest.mark.parametrize("path", [
    "/etc/passwd", "/proc/self/maps", "/usr/include/stdio.h",
    str(ROOT / "src/mm/malloc/malloc.c"), str(ROOT / "Makefile")])
def test_nothing_else_is_there(box, words, path):
    if not isinstance(box, CLOSED):
        pytest.skip("a plain folder hides nothing; what is opened is refused")
    text = f'#if __has_include("{path}")\n#error there\n#endif\n'
    assert compile_in(box, words, text).status == 0
    assert "No such file" in compile_in(box, words,
                                        f'#include "{path}"\n').text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to lose")
def test_root_loses_its_rights(words, tmp_path):
    """In a folder, where files can be seen."""
    tmp_path.chmod(0o755)
    secret = tmp_path / "secret.c"
    secret.write_text("int secret;\n")
    secret.chmod(0o600)
    box = sandbox.Folder(sandbox.needed_files(words))
    assert "denied" in compile_in(box, words, f'#include "{secret}"\n').text


@pytest.mark.parametrize("name", ["clang", "clang-16", "clang-19"])
def test_each_compiler_has_the_same_sandbox(words, name):
    """clang 19 looks for a library beside its program."""
    if not shutil.which(name):
        pytest.skip(f"there is no {name} here")
    usual, _ = sandbox.best(words)
    found, _ = sandbox.best((name, "-m32"))
    assert found.kind == usual.kind


@pytest.mark.parametrize("kind, lines", [(sandbox.Folder, 1),
                                         (sandbox.Bubblewrap, 0)])
def test_the_grader_says_that_there_is_no_sandbox(capsys, kind, lines):
    compiler = SimpleNamespace(sandbox=kind({}))
    grade.warn_without_sandbox(SimpleNamespace(compiler=compiler))
    said = capsys.readouterr().err
    assert said.count("\n") == lines and ("no sandbox" in said) == bool(lines)


def processes(word):
    found = subprocess.run(["ps", "-eo", "args="], text=True,
                           capture_output=True, check=True).stdout
    return [line for line in found.splitlines() if line.startswith(word)]


def test_the_whole_group_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 0.3)
    script = "sleep 4321.5 & sleep 4321.5"
    with pytest.raises(Trouble):
        sandbox.run(["/bin/sh", "-c", script], tmp_path, sandbox.set_limits)
    time.sleep(0.2)
    assert not processes("sleep 4321.5")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_a_compiler_that_waits_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(sandbox, "STILL_LOOKS", 4)
    script = "sleep 4322.5 & sleep 4322.5"
    done = sandbox.run(["/bin/sh", "-c", script], tmp_path, sandbox.set_limits)
    assert done.still
    time.sleep(0.2)
    assert not processes("sleep 4322.5")
    done = sandbox.run(["/bin/sh", "-c", "sleep 0.1; head -c 400000000 "
                        "/dev/zero | cksum"], tmp_path, sandbox.set_limits)
    assert not done.still and done.status == 0


def test_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "CPU_SECONDS", 1)
    begin = time.process_time()
    done = sandbox.run(["/bin/sh", "-c", "while :; do :; done"], tmp_path,
                       sandbox.set_limits)
    assert done.status < 0 and time.process_time() - begin < 3
    done = sandbox.run(["/bin/sh", "-c", "head -c 100000000 /dev/zero >x"],
                       tmp_path, sandbox.set_limits)
    assert done.status != 0
    assert (tmp_path / "x").stat().st_size <= sandbox.FILE_BYTES_MAX


def test_what_a_compiler_says_is_limited(tmp_path):
    done = sandbox.run(["/bin/sh", "-c", "yes >&2"], tmp_path,
                       sandbox.set_limits)
    assert len(done.text) <= sandbox.TEXT_BYTES_MAX
