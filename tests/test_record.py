# SPDX-License-Identifier: MIT
"""The recorder: known programs leave known traces; bad traces are named."""

import functools
import hashlib
import lzma
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "scripts" / "record" / "record"
TRACES = sorted((ROOT / "traces").glob("*.rep"))
MORE_TRACES = sorted((ROOT / "bench" / "traces").glob("*.rep.xz"))
STEPS = r"""
    char *before = malloc(100);
    int *table = calloc(3, 50);
    before = realloc(before, 5000);
    table = reallocarray(table, 7, 30);
    void *page = aligned_alloc(64, 192), *line;
    if (posix_memalign(&line, 32, 320) || posix_memalign(&line, 3, 1) != EINVAL)
        return 1;
    free(NULL);
    free(page);
    if (realloc(before, SIZE_MAX / 2) || calloc(SIZE_MAX / 2, 3))
        return 2;                      /* failures change nothing */
    before = realloc(before, 0);       /* is free */
    line = realloc(NULL, 0);           /* is malloc */
"""
STEPS_RECORDED = """a 0 100|a 1 150|r 0 5000|r 1 210|a 2 192|a 3 320|f 2|f 0
a 4 0|f 1|f 3|f 4""".replace("\n", "|").split("|")

# Each thread reallocates a block of its own, and frees it: 1000 times over.
THREADS = r"""
static void *work(void *seed)
{
    for (size_t i = 0; i < 1000; i++) {
        char *block = malloc(2000 + (size_t)seed);
        block = realloc(block, 4000 + i % 9 * 500);
        free(block);
    }
    return NULL;
}
"""
START_THREADS = r"""
    mallopt(M_ARENA_MAX, 1);           /* they meet at the same addresses */
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
"""


def program(folder, body, above=""):
    """Compiles a main() made of `body`."""
    source = folder / "program.c"
    headers = ("errno malloc pthread signal stdint stdlib sys/wait "
               "unistd").split()
    source.write_text("#define _GNU_SOURCE\n"
                      + "".join(f"#include <{name}.h>\n" for name in headers)
                      + above + "int main(void)\n{\n" + body
                      + "    return 0;\n}\n")
    # -fno-builtin: the compiler may not drop unused allocations
    subprocess.run(["gcc", "-fno-builtin", "-w", "-pthread",
                    "-o", folder / "program", source], check=True)
    return folder / "program"


def run(*arguments):
    return subprocess.run([RECORD, *arguments], text=True, timeout=60,
                          capture_output=True, check=False)


def record(folder, *arguments):
    """Records into a new trace; returns its operations and the run."""
    done = run("-o", folder / "new.rep", *arguments)
    assert done.returncode == 0, done.stderr
    lines = (folder / "new.rep").read_text().splitlines()
    ids = sum(line[0] == "a" for line in lines)
    assert lines[1:4] == [str(ids), str(len(lines) - 4), "1"]
    return lines[4:], done


def test_every_call_is_recorded(tmp_path):
    trace, done = record(tmp_path, program(tmp_path, STEPS))
    assert trace == STEPS_RECORDED
    assert done.stderr == ""


def test_exec_keeps_only_the_last_program(tmp_path):
    trace, _ = record(tmp_path, "--", "env", "A=b", program(tmp_path, STEPS))
    assert trace == STEPS_RECORDED


def test_a_child_keeps_out_of_its_parents_trace(tmp_path):
    body = STEPS + r"""
        if (fork() == 0) {
            for (int i = 0; i < 20000; i++)
                free(malloc(77));
            _exit(0);
        }
        wait(NULL);
        malloc(55);
    """
    trace, _ = record(tmp_path, program(tmp_path, body))
    assert trace == [*STEPS_RECORDED[:9], "a 5 55", "f 1", "f 3", "f 4", "f 5"]


@pytest.mark.parametrize("end", ["_exit(0);", "raise(SIGKILL);"])
def test_a_sudden_end_loses_nothing(tmp_path, end):
    trace, _ = record(tmp_path, program(tmp_path, STEPS + end))
    assert trace == STEPS_RECORDED


def test_a_long_run_fills_several_windows_of_the_log(tmp_path):
    body = "for (int i = 0; i < 30000; i++) free(malloc(i + 1));\n"
    trace, _ = record(tmp_path, program(tmp_path, body))
    assert trace == [line for i in range(30000)
                     for line in (f"a {i} {i + 1}", f"f {i}")]


def test_threads_are_recorded_in_the_order_of_the_work(tmp_path):
    trace, _ = record(tmp_path, program(tmp_path, START_THREADS, THREADS))
    sizes = [line.split() for line in trace]
    first = [line for line in sizes if line[0] == "a" and int(line[2]) >= 2000]
    grown = [line for line in sizes if line[0] == "r"]
    # An event out of order makes an `a` of an `r`, or loses one.
    assert (len(first), len(grown)) == (4000, 4000)
    assert run("--stat", tmp_path / "new.rep").returncode == 0


def test_fit_cuts_where_the_heap_would_be_full(tmp_path):
    body = "for (int i = 0; i < 100; i++) malloc(48 * 1024 - 16);\n"
    trace, done = record(tmp_path, "--fit", "2M", program(tmp_path, body))
    assert trace[31:33] == ["a 31 49136", "f 0"]  # 3/4 of 2 MiB: 32 blocks
    assert len(trace) == 64
    assert "cut after 32 of 100" in done.stderr


def test_max_ops_counts_the_closing_frees(tmp_path):
    body = "for (int i = 0; i < 100; i++) malloc(8);\n"
    trace, done = record(tmp_path, "--max-ops", "21", program(tmp_path, body))
    assert trace == ([f"a {i} 8" for i in range(10)]
                     + [f"f {i}" for i in range(10)])
    assert "cut after 10 of 100" in done.stderr


def test_a_program_that_cannot_be_recorded_is_named(tmp_path):
    done = run("-o", tmp_path / "new.rep", "--", tmp_path / "absent")
    assert done.returncode == 1 and "absent" in done.stderr
    silent = program(tmp_path, "")
    done = run("-o", tmp_path / "new.rep", "--", silent)
    assert done.returncode == 1 and "no allocation seen" in done.stderr
    assert not (tmp_path / "new.rep").exists()


def test_stat_counts_what_a_trace_asks_for(tmp_path):
    trace = tmp_path / "small.rep"
    trace.write_text("2\n6\na 0 100\na 1 50\nr 0 300\nf 1\nf -1\nf 0\n")
    figures = run("--stat", trace).stdout.splitlines()[1].split()
    assert figures == ["small.rep", "6", "2", "1", "3", "2", "350", "300"]


@pytest.mark.parametrize("text, line, reason", [
    ("", 1, "0 header lines"),
    ("1\n", 1, "1 header lines"),
    ("0\n1\n2\n", 1, "3 header lines"),
    ("0\n1\n2\n1\n1\na 0 8\nf 0\n", 1, "5 header lines"),
    ("0\n1 1\n2\n1\na 0 8\nf 0\n", 2, "'1 1' is not a decimal number"),
    ("1\n4294967296\na 0 8\n", 2, "does not fit 32 bits"),
    ("1\n2\na 0 8\nf 0 0\n", 4, "f takes id"),
    ("1\n2\na 0\nf 0\n", 3, "a takes id and size"),
    ("1\n2\na 0 -8\nf 0\n", 3, "size '-8' is not a decimal number"),
    ("1\n2\na 1 8\nf 0\n", 3, "id 1, but the header says 1 ids"),
    ("1\n2\na 0 8\na 0 8\n", 4, "live already"),
    ("1\n3\na 0 8\nf 0\nf 0\n", 5, "f of id 0, which is not live"),
    ("1\n2\na 0 8\nx 0\n", 4, "unknown operation 'x'"),
    ("1\n2\na 0 8\n\nf 0\n", 4, "a blank line before the end"),
    ("1\n2\n a 0 8\nf 0\n", 3, "begins with a blank"),
    ("1\n2\na 0 8\x01\nf 0\n", 3, "not text"),
    ("1\n3\na 0 8\nf 0\n", 4, "2 operations, but the header says 3"),
    ("1\n1\na 0 8\nf 0\n", 4, "2 operations, but the header says 1"),
])
def test_a_malformed_trace_is_refused(tmp_path, text, line, reason):
    bad, good = tmp_path / "bad.rep", tmp_path / "good.rep"
    bad.write_text(text)
    good.write_text("0001\r\n2\r\na  0\t8 \r\nf 0\r\n\r\n")
    done = run("--stat", bad, good)
    assert done.returncode == 1
    assert f"{bad}:{line}: " in done.stderr and reason in done.stderr
    assert "good.rep" in done.stdout, "the others go on"


@functools.lru_cache(maxsize=None)
def described(paths):
    """{file name: (operations, peak live bytes)}, as --stat prints them."""
    done = run("--stat", *paths)
    assert done.returncode == 0, done.stderr
    rows = [row.split() for row in done.stdout.splitlines()[1:]]
    return {name: (operations, peak_bytes)
            for name, operations, *_, peak_bytes, _ in rows}


@pytest.mark.parametrize("folder, paths", [("traces", TRACES),
                                           ("bench/traces", MORE_TRACES)])
def test_traces_are_as_their_readme_says(folder, paths):
    """The table's figures are those that --stat prints."""
    stat = {name.split(".")[0]: figures
            for name, figures in described(tuple(paths)).items()}
    readme = (ROOT / folder / "README.md").read_text()
    table = re.findall(r"^\| `([^`]+)` \|.*\| ([\d,]+) \| ([\d,]+) \|$",
                       readme, re.MULTILINE)
    assert {name.split(".")[0]: (ops, peak)
            for name, ops, peak in table} == stat
    assert len(stat) == len(paths)
    assert all(re.fullmatch(r"[a-z0-9-]{1,36}", name) for name in stat)


def test_the_tables_halves_are_those_of_the_coin():
    readme = (ROOT / "bench" / "traces" / "README.md").read_text()
    halves = re.findall(r"^\| `(\S+)` \| (\S+) \|", readme, re.MULTILINE)
    assert len(halves) >= 20
    for name, half in halves:
        odd = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2
        assert half == ("held-out" if odd else "tuning"), name


def test_traces_stay_small():
    """All fit a 2 MiB heap with room to spare, and a repository."""
    assert sum(path.stat().st_size for path in TRACES) <= 2_500_000
    assert sum(path.stat().st_size for path in MORE_TRACES) <= 1_000_000
    for paths, most in ((TRACES, 1_300_000), (MORE_TRACES, 1_572_864)):
        for name, figures in described(tuple(paths)).items():
            operations, peak = (int(text.replace(",", ""))
                                for text in figures)
            assert 2_000 <= operations <= 60_000, name
            assert peak <= most, name


def test_a_compressed_trace_is_the_one_that_was_compressed(tmp_path):
    text = "1\n2\na 0 100\nf 0\n"
    packed, broken = tmp_path / "good.rep.xz", tmp_path / "bad.rep.xz"
    packed.write_bytes(lzma.compress(text.encode()))
    broken.write_text(text)
    done = run("--stat", packed, broken)
    assert done.stdout.splitlines()[1].split()[1:] == [
        "2", "1", "0", "1", "1", "100", "100"]
    assert done.returncode == 1 and f"{broken}:1: not compr" in done.stderr


@pytest.mark.parametrize("script, paths", [("examples", TRACES),
                                           ("more-examples", MORE_TRACES)])
def test_every_trace_has_the_command_that_records_it(script, paths):
    text = (ROOT / "scripts" / "record" / script).read_text()
    recorded = re.findall(r"^record(?:_server)? (\S+) ", text, re.MULTILINE)
    names = {path.name.split(".")[0] for path in paths}
    assert names - {"linux-i386-kmalloc"} == set(recorded)
