# SPDX-License-Identifier: MIT
"""`make replay`: its table, its JSON, its judgement."""
import json
import re
import shutil
import subprocess
import sys

import pytest
from guest import machines_in, wait_until

from mallow import project, replay

LINUX = "linux-i386-kmalloc.rep"
HEAD = re.compile(r"^replay at stage (\w+), heap of (\d+) bytes"
                  r"(?: that grows by up to \d+)?$", re.MULTILINE)

TWO_LINES = "2\n4\na 0 512\na 1 24\nr 0 600\nf 1\n"
FOUR_LINES = "20000\n" + TWO_LINES.replace("2\n4\n", "2\n4\n1\n", 1)

# name: (text, the line that is wrong, a word of the reason)
MALFORMED = {
    "double_free": ("1\n3\na 0 8\nf 0\nf 0\n", 5, "0"),
    "id_too_large": ("1\n1\na 7 8\n", 3, "7"),
    "too_few": ("1\n2\na 0 8\n", 3, "2"),
    "too_many": ("1\n1\na 0 8\nf 0\n", 4, "1"),
    "no_such_word": ("1\n1\nx 0 8\n", 3, "x"),
    "no_32_bits": ("1\n1\na 0 99999999999\n", 3, "99999999999"),
    "text": ("hello\n", 1, "header"),
    "empty": ("", 1, "empty"),
}


class Replay:
    """One run of the command, and what it left."""

    def __init__(self, folder, *words, root=project.ROOT):
        self.json = folder / "replay.json"
        self.done = subprocess.run(
            [sys.executable, root / "scripts" / "mallow.py", "replay",
             f"--json={self.json}", *words],
            text=True, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=200, check=False)

    @property
    def figures(self):
        return json.loads(self.json.read_text(encoding="utf-8"))

    def trace(self, name):
        return next(trace for trace in self.figures["traces"]
                    if trace["name"] == name)


@pytest.fixture
def traces(tmp_path):
    """A folder to put traces into."""
    folder = tmp_path / "traces"
    folder.mkdir()
    return folder


def write(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name}.rep").write_text(text, encoding="ascii")


def test_all_traces(tmp_path):
    run = Replay(tmp_path)
    assert run.done.returncode == 0, run.done.stdout + run.done.stderr
    figures = run.figures
    names = sorted(path.name for path in project.TRACES.glob("*.rep"))
    assert [trace["name"] for trace in figures["traces"]] == names
    assert figures["right"] and all(trace["right"]
                                    for trace in figures["traces"])
    enabled = (project.ROOT / "STAGE").read_text(encoding="utf-8").strip()
    assert figures["stage"] == enabled
    assert figures["memory_bytes"] == 128 << 20
    assert re.fullmatch(r"\d+\.\d+[.\d]*", figures["qemu"])
    assert re.match(r"GNU C|clang", figures["compiler"])
    # One head, and the rows of every trace in order.
    assert HEAD.findall(run.done.stdout) == [(enabled, str(2 << 20))]
    assert run.done.stdout.count("instructions (worst)") == 1
    rows = [line.split()[0] for line in run.done.stdout.splitlines()
            if line.split() and line.split()[0] in names]
    assert rows == names


@pytest.mark.parametrize("stage", [
    "malloc", pytest.param("zalloc", marks=pytest.mark.native),
    pytest.param("spans", marks=pytest.mark.native),
    pytest.param("armour", marks=pytest.mark.native), "grow"])
def test_linux_trace(stage, traces, tmp_path):
    """Known of the trace itself, by a count of its own lines."""
    shutil.copy(project.TRACES / LINUX, traces)
    run = Replay(tmp_path, f"--stage={stage}", f"--traces={traces}")
    assert run.done.returncode == 0, run.done.stdout + run.done.stderr
    trace = run.trace(LINUX)
    assert trace["verdict"] == "ok"
    assert (trace["operations"], trace["failures"]) == (35462, 0)
    assert trace["peak_bytes"] == 644266
    assert (trace["malloc_count"], trace["free_count"]) == (17731, 17731)
    assert 644266 < trace["footprint_bytes"] < 2 << 20
    # Instructions: counted, and neither nothing nor absurd.
    assert 5_000 < trace["malloc_mean_milli"] < 100_000_000
    assert trace["malloc_worst"] * 1000 >= trace["malloc_mean_milli"]
    utilisation = 1000 * trace["peak_bytes"] // trace["footprint_bytes"]
    assert abs(trace["utilisation_milli"] - utilisation) <= 1


@pytest.mark.native
def test_figures_repeat(traces, tmp_path):
    """Counted under -icount: every figure is the same in every run."""
    shutil.copy(project.TRACES / "bash-arrays.rep", traces)
    first, second = (Replay(tmp_path, "--stage=malloc",
                            f"--traces={traces}").figures for _ in range(2))
    assert first == second


def test_bump_may_run_out(traces, tmp_path):
    """At stage heap, out of memory is right, and said so."""
    shutil.copy(project.TRACES / LINUX, traces)
    run = Replay(tmp_path, "--stage=heap", f"--traces={traces}")
    assert run.done.returncode == 0, run.done.stdout + run.done.stderr
    trace = run.trace(LINUX)
    assert trace["verdict"] == "out-of-memory" and trace["right"]
    assert trace["failures"] > 0
    assert LINUX in trace["reason"]


def test_peak_beyond_the_heap_may_run_out(traces, tmp_path):
    write(traces, large="1\n1\na 0 2097153\n", fits="1\n1\na 0 1000000\n")
    run = Replay(tmp_path, "--stage=malloc", f"--traces={traces}")
    assert run.done.returncode == 0, run.done.stdout + run.done.stderr
    assert run.trace("large.rep")["verdict"] == "out-of-memory"
    assert run.trace("fits.rep")["verdict"] == "ok"


def test_both_headers(traces, tmp_path):
    write(traces, two=TWO_LINES, four=FOUR_LINES)
    run = Replay(tmp_path, f"--traces={traces}")
    assert run.done.returncode == 0, run.done.stdout + run.done.stderr
    two, four = run.trace("two.rep"), run.trace("four.rep")
    assert two.pop("name") != four.pop("name")
    assert two == four
    assert two["operations"] == 4 and two["peak_bytes"] == 624


def test_malformed(traces, tmp_path):
    """Refused with file, line and reason; the good one is replayed still."""
    write(traces, good=TWO_LINES, **{name: text for name, (text, _, _)
                                     in MALFORMED.items()})
    run = Replay(tmp_path, f"--traces={traces}")
    assert run.done.returncode == 1
    assert run.trace("good.rep")["right"] and not run.figures["right"]
    for name, (_, line, said) in MALFORMED.items():
        trace = run.trace(f"{name}.rep")
        assert trace["verdict"] == "refused" and not trace["right"]
        where, number, reason = trace["reason"].split(":", 2)
        assert where == f"{name}.rep" and abs(int(number) - line) <= 1
        assert said in reason
        assert trace["reason"] in run.done.stderr


def test_wrong_use(traces, tmp_path):
    """Each answered by one line that names the thing, and status 2."""
    (tmp_path / "file.rep").touch()
    for words, said in [
            ([f"--traces={tmp_path / 'nowhere'}"], "nowhere"),
            ([f"--traces={traces}"], "no .rep file"),
            (["--stage=mallok"], "mallok"),
            (["--stage=frames"], "heap"),
            (["--memory=lots"], "lots"),
            (["--memory=3M"], "needs"),
            (["--jobs=none"], "none"),
            (["--seconds=-1"], "-1")]:
        run = Replay(tmp_path, *words)
        assert run.done.returncode == 2, words
        assert len(run.done.stderr.splitlines()) == 1, run.done.stderr
        assert said in run.done.stderr
        assert not run.json.exists()


@pytest.mark.parametrize("name", ["a b.rep", "ä.rep", "x" * 60 + ".rep",
                                  "a;b.rep", "-a.rep"])
def test_names_that_will_not_do(name, traces, tmp_path):
    (traces / name).write_text(TWO_LINES, encoding="ascii")
    run = Replay(tmp_path, f"--traces={traces}")
    assert run.done.returncode == 2 and name in run.done.stderr


def test_trace_that_is_not_in_the_iso(tree, tmp_path):
    """Given and not reported is wrong."""
    for path in (tree.root / "traces").glob("*.rep"):
        path.unlink()
    write(tree.root / "traces", late=TWO_LINES)
    run = Replay(tmp_path, root=tree.root)
    assert run.done.returncode == 1
    assert "did not report" in run.trace("late.rep")["reason"]


def test_given_up(traces, tmp_path):
    """More work than one second allows: the wall clock ends it."""
    ids = 150_000
    text = [f"{ids}\n{ids}\n"] + [f"a {i} 8\n" for i in range(ids)]
    write(traces, endless="".join(text), short=TWO_LINES)
    run = Replay(tmp_path, "--stage=malloc", f"--traces={traces}",
                 "--seconds=1", "--memory=64M")
    assert run.done.returncode == 1
    assert "1 s" in run.trace("endless.rep")["reason"]


def test_nothing_is_left_behind(traces, tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    write(traces, two=TWO_LINES)
    assert Replay(tmp_path, f"--traces={traces}").done.returncode == 0
    assert not list(place.iterdir())
    assert not [path for path in tmp_path.iterdir()
                if path.name not in ("replay.json", "temporary", "traces")]


def test_a_killed_run_leaves_no_machine(traces, tmp_path, monkeypatch):
    """kill -9 of the script, and QEMU goes with it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    write(traces, two=TWO_LINES)
    process = subprocess.Popen(
        [sys.executable, project.ROOT / "scripts" / "mallow.py", "replay",
         f"--traces={traces}", f"--json={tmp_path / 'json'}"],
        stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: machines_in(tmp_path))
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not machines_in(tmp_path))



def test_what_every_machine_says_is_shown_once(capsys):
    shown_before = set()
    for console in ("not written\n", "not written\n", "*** PANIC\n"):
        replay.show(console, not shown_before, shown_before)
    assert capsys.readouterr().out == "not written\n*** PANIC\n"
