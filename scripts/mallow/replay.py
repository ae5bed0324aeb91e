# SPDX-License-Identifier: MIT
"""`make replay`: replays every trace, without a user.

A few machines share the traces, because a boot takes longer than a replay:

    a.rep b.rep c.rep --> QEMU, replay=a.rep,b.rep,c.rep --> console: the table
    d.rep e.rep       --> QEMU, replay=d.rep,e.rep       --> records: figures
                                                                 |
                                                         build/replay.json

A trace may crash the kernel, or stop it.  Then each trace of that machine gets
its own machine, so that only the bad trace lacks figures.  A trace counts as
right only if the kernel reported it right; a trace without a report is wrong.
"""
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from . import machine, memory, records, stages
from .project import (BUILD, ISO, KERNEL, ROOT, TRACES, WRONG_USE, Trouble,
                      add_verbose, require, show_command, shown)
from .waiting import Waiting

FIGURES = BUILD / "replay.json"
FIRST_HEAP_STAGE = "heap"
MOST_TRACES = 64
MOST_BYTES = 32 * memory.MIB
TRACE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,51}\.rep")
# As src/replay/report.c prints it.
TABLE = re.compile(r"(?P<head>^replay at stage .*\n(trace  .*\n)"
                   r"(  instructions \(worst\).*\n)?)"
                   r"(?P<rows>(.*\n)*?)"
                   r"^\d+ traces?, \d+ wrong", re.MULTILINE)
RIGHT, REFUSED = ("ok", "out-of-memory"), "refused"  # src/replay/record.c
MOST_JOBS = 4
MOST_WORD = 240  # characters that the kernel has room for in one option
SECONDS = 300


def traces_in(folder):
    """The .rep files of `folder`, in order of their names."""
    if not folder.is_dir():
        raise Trouble(f"TRACES: {shown(folder)} is not a directory", WRONG_USE)
    found = sorted(folder.glob("*.rep"))
    if not found:
        raise Trouble(f"TRACES: there is no .rep file in {shown(folder)}",
                      WRONG_USE)
    if len(found) > MOST_TRACES:
        raise Trouble(f"TRACES: {len(found)} files; at most {MOST_TRACES} "
                      "fit an ISO", WRONG_USE)
    for path in found:
        if not TRACE_NAME.fullmatch(path.name):
            raise Trouble(f'TRACES: the name "{path.name}" will not do: '
                          "letters, digits and . _ + - only, at most 56",
                          WRONG_USE)
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise Trouble(f"TRACES: {path.name} is not a file of at most "
                          f"{memory.show(MOST_BYTES)}", WRONG_USE)
    return found


def private_iso(folder, kernel, traces):
    """An ISO with the kernel and the traces of another directory."""
    iso = folder / "traces.iso"
    made = subprocess.run(
        [ROOT / "scripts" / "make-iso", require(kernel), iso, traces],
        check=False)
    if made.returncode != 0:
        raise Trouble(f"no ISO with the traces of {shown(traces)}")
    return iso


def compiler():
    """The compiler's name and flags, from the debug information."""
    found = re.search(rb"GNU C1\d [\d.]+|clang version [\d.]+",
                      KERNEL.read_bytes())
    return found.group().decode() if found else None


def text_of(path):
    return path.read_text(errors="replace") if path.exists() else ""


def outcome(name, status, folder, console, seconds):
    """The figures of one trace, and the reason if it is wrong."""
    told = records.of_kind(records.read(folder / "records"), "trace")
    errors = text_of(folder / "errors")
    mine = [record for record in told if str(record.get("name")) == name]
    figures = dict(mine[-1]) if mine else {"verdict": "missing"}
    figures["name"] = name
    reason = figures.get("reason") or None
    if status is None:
        reason = machine.explain_silence(console, folder, seconds)
    elif status not in (machine.FINE, machine.WRONG_REPLAY):
        reason = machine.explain(status, folder, errors) \
            or "the machine ended before its replay did"
    elif not mine:
        reason = "the kernel did not report this trace"
    figures["right"] = status == machine.FINE and bool(mine)
    if not figures["right"]:
        figures["reason"] = reason or machine.explain(status, folder, errors)
    return figures


def shares(traces, count):
    """Divides the names into lists for `count` machines, which take about the
    same time; more lists if names would not fit the kernel's command line."""
    whole = sum(path.stat().st_size for path in traces)
    lists, size = [[]], 0
    for path in traces:
        full = len(",".join([*lists[-1], path.name])) > MOST_WORD
        if lists[-1] and (full or size >= whole * len(lists) / count):
            lists.append([])
        lists[-1].append(path.name)
        size += path.stat().st_size
    return lists


def show(console, first, shown_before):
    """Prints the kernel's own table: its head once, then the rows of each
    trace.  For a kernel that did not finish its table, it prints all output,
    unless the output for another trace was the same."""
    table = TABLE.search(console.replace("\r", ""))
    if not table:
        if console not in shown_before:
            print(console.strip(), flush=True)
        shown_before.add(console)
    elif first:
        print(table.group("head") + table.group("rows"), end="", flush=True)
    else:
        print(table.group("rows"), end="", flush=True)


async def boot(command, folder, seconds):
    """(status, what QEMU said); status is None if it had to be given up."""
    qemu = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=(folder / "errors").open("wb"),
        preexec_fn=machine.die_with_parent)
    try:
        await asyncio.wait_for(qemu.wait(), seconds)
    except asyncio.TimeoutError:
        return None
    finally:
        if qemu.returncode is None:
            qemu.kill()
            await qemu.wait()
    return qemu.returncode


def judge_beside_refused(figures):
    """The others of a machine that refused some traces: a trace that was refused
    never ran, so it has done nothing to the heap of the others."""
    others = [one for one in figures if one["verdict"] != REFUSED]
    if len(others) < len(figures) and all(one["verdict"] in RIGHT
                                          for one in others):
        for one in others:
            one["right"] = True
            if one["verdict"] == "ok":
                one.pop("reason", None)


async def replay_share(names, iso, arguments, gate):
    """Boots a machine for some traces; [(figures of each, console)], where the
    console of all stands with the first."""
    async with gate:
        with tempfile.TemporaryDirectory(prefix="mallow-") as made:
            folder = Path(made)
            command = machine.arguments(
                iso, folder,
                [f"stage={arguments.stage}", f"replay={','.join(names)}",
                 "exit"],
                arguments.memory_bytes, f"file:{folder / 'console'}")
            command += machine.counting()
            show_command(arguments, command)
            status = await boot(command, folder, arguments.seconds)
            console = text_of(folder / "console")
            figures = [outcome(name, status, folder, console,
                               arguments.seconds) for name in names]
    if status == machine.WRONG_REPLAY:
        judge_beside_refused(figures)
    if len(names) > 1 and not all(one["right"] or one["verdict"] == REFUSED
                                  for one in figures):
        return sum([await replay_share([name], iso, arguments, gate)
                    for name in names], [])
    return [(figures[0], console), *((one, None) for one in figures[1:])]


async def replay_all(lists, iso, arguments):
    """The figures of all traces; each table is shown when its turn comes."""
    gate = asyncio.Semaphore(arguments.jobs)
    tasks = [asyncio.create_task(replay_share(names, iso, arguments, gate))
             for names in lists]
    every, shown_before = [], set()
    with Waiting("REPLAY", sum(map(len, lists)), "traces") as waiting:
        for task in tasks:
            for figures, console in await task:
                waiting.step()
                if console is not None:
                    show(console, not every, shown_before)
                every.append(figures)
    return every


def require_place(target):
    """Before the replay, and not after it, a user learns that the figures cannot
    be written."""
    place = target.parent if target.parent.exists() else target.parent.parent
    if not os.access(place, os.W_OK):
        raise Trouble(f"{shown(target)} cannot be written")


def write_json(figures, arguments):
    """Writes the whole file or nothing: a reader never finds half a file."""
    whole = {"stage": arguments.stage,
             "memory_bytes": arguments.memory_bytes,
             "qemu": arguments.qemu, "compiler": compiler(),
             "right": all(trace["right"] for trace in figures),
             "traces": figures}
    target = Path(arguments.json)
    target.parent.mkdir(exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, target)


def settle(arguments):
    """Turns the words of the command line into values."""
    arguments.stage = stages.choose(arguments.stage)
    known = stages.names()
    if known.index(arguments.stage) < known.index(FIRST_HEAP_STAGE):
        raise Trouble(f"at stage {arguments.stage} there is no heap yet; "
                      f"traces need stage {FIRST_HEAP_STAGE} or later",
                      WRONG_USE)
    arguments.jobs = positive("JOBS", arguments.jobs,
                              min(os.cpu_count() or 1, MOST_JOBS))
    arguments.seconds = positive("SECONDS", arguments.seconds, SECONDS)


def positive(name, text, default):
    if text and not (text.isdecimal() and 0 < int(text) < 100000):
        raise Trouble(f'{name}: "{text}" is not a number from 1 on', WRONG_USE)
    return int(text) if text else default


def replay(arguments):
    settle(arguments)
    source = Path(arguments.traces or TRACES).resolve()
    traces = traces_in(source)
    arguments.memory_bytes = memory.choose(
        arguments.memory, sum(path.stat().st_size for path in traces))
    arguments.qemu = machine.version()
    require_place(Path(arguments.json))
    lists = shares(traces, arguments.jobs)
    with tempfile.TemporaryDirectory(prefix="mallow-") as made:
        iso = require(ISO) if source == TRACES else private_iso(
            Path(made), Path(arguments.kernel), source)
        figures = asyncio.run(replay_all(lists, iso, arguments))
    write_json(figures, arguments)
    wrong = [trace for trace in figures if not trace["right"]]
    plural = "" if len(figures) == 1 else "s"
    print(f"{len(figures)} trace{plural}, {len(wrong)} wrong; figures: "
          f"{shown(arguments.json)}")
    for reason in dict.fromkeys(trace["reason"] for trace in wrong):
        whose = [trace["name"] for trace in wrong if trace["reason"] == reason]
        if len(whose) == len(traces) > 1:
            whose = ["every trace"]
        for name in whose:
            print(f"replay: {name}: {reason}", file=sys.stderr)
    return 1 if wrong else 0


def add_commands(commands):
    parser = commands.add_parser("replay", help="replays traces, unattended")
    stages.add_stage(parser)
    memory.add_memory(parser)
    add_verbose(parser)
    parser.add_argument("--traces", default="", metavar="DIR",
                        help="its .rep files instead of the tree's")
    parser.add_argument("--kernel", default=KERNEL, metavar="ELF",
                        help="for an ISO with the traces of DIR")
    parser.add_argument("--json", default=FIGURES, metavar="FILE",
                        help="takes the figures")
    parser.add_argument("--jobs", default="", metavar="N",
                        help="machines at once")
    parser.add_argument("--seconds", default="", metavar="N",
                        help=f"before a trace is given up; {SECONDS}")
    parser.set_defaults(run=replay)
