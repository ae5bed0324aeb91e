# SPDX-License-Identifier: MIT
"""`make debug`: the kernel in QEMU, held at reset, with gdb attached.

    this script --+-- gdb          in the terminal; Ctrl-C is for it alone
                  |    |
                  |    unix sockets, in a folder that only we can enter
                  |    |
                  +-- QEMU         in a session of its own, out of reach of
                                   the terminal's signals

However gdb ends, QEMU ends with it: this script waits for gdb and then ends
QEMU, and the operating system ends QEMU should this script be killed.

With TEST= the kernel runs a test of a lab, and gdb goes on to where it fails.
"""
import fcntl
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from .. import check, machine, memory, project, stages
from ..project import (BUILD, ISO, KERNEL, ROOT, WRONG_USE, Trouble, require,
                       shown)
from . import core, gdb
from . import record as recording

CONSOLE = "debug-serial"
START_SECONDS = 10
TEST = re.compile(r'^    \{ "([a-z0-9-]+)", \d+,', re.MULTILINE)


# -- What is to be debugged -----------------------------------------------------

class Subject(NamedTuple):
    """The kernel's options, and the command that repeats them."""
    words: list
    again: str
    test: str = ""
    iso: Path = ISO
    kernel: Path = KERNEL


def tests_of(lab):
    """The names in the table of a lab's tests."""
    page = dict(stages.table())[lab]
    path = ROOT / page / "tests.c"
    return TEST.findall(path.read_text(encoding="utf-8")) \
        if page and path.exists() else []


def lab_and_test(lab, test):
    """The names that LAB= and TEST= stand for; "" if not given."""
    if "/" in test:
        lab, test = test.split("/", 1)
    if lab:
        lab = stages.resolve(lab, "LAB")
    if test and not lab:
        raise Trouble(f'TEST="{test}": of which lab? TEST=malloc/{test}, say',
                      WRONG_USE)
    if test and test not in tests_of(lab):
        raise Trouble(f'there is no test "{lab}/{test}"; lab {lab} has '
                      + (", ".join(tests_of(lab)) or "none here"), WRONG_USE)
    return lab, test


def again_with(arguments):
    """The other variables of the command, for make, which puts into the
    environment what was typed."""
    typed = [("MEMORY", arguments.memory), ("OPTIONS", arguments.options),
             ("RECORD", getattr(arguments, "record", "")),
             *((name, os.environ.get(name)) for name in ("LLVM", "DEBUG"))]
    return "".join(f" {name}={shlex.quote(value)}" for name, value in typed
                   if value and (name, value) != ("MEMORY", memory.DEFAULT))


def chosen_test(arguments, lab, test):
    seed = arguments.seed or str(check.SEED)
    if not seed.isdecimal():
        raise Trouble(f'SEED="{seed}" is not a number', WRONG_USE)
    words = [f"test={lab}/{test}", f"seed={seed}"]
    again = f"make debug TEST={lab}/{test} SEED={seed}"
    if arguments.steps:
        check.read_steps(arguments.steps)
        words.append(f"steps={arguments.steps}")
        again += f" STEPS={arguments.steps}"
    return Subject([*words, *arguments.options.split()],
                   again + again_with(arguments),
                   f"{lab}/{test}")


def subject(arguments):
    lab, test = lab_and_test(arguments.lab, arguments.test)
    if test:
        return chosen_test(arguments, lab, test)
    stage = stages.choose(arguments.stage or lab)
    return Subject([f"stage={stage}", *arguments.options.split()],
                   f"make debug STAGE={stage}" + again_with(arguments))


# -- The machine ----------------------------------------------------------------

def qemu_command(arguments, what, folder, console):
    """A machine that is held at reset, and stays when the processor gives up,
    so that the debugger can see where."""
    command = machine.arguments(
        require(what.iso), folder, what.words, memory.choose(arguments.memory),
        console) + [
        "-chardev", f"socket,path={folder / 'gdb'},server=on,wait=off,id=gdb",
        "-gdb", "chardev:gdb", "-S", "-no-shutdown",
        "-qmp", f"unix:{folder / 'qmp'},server=on,wait=off"]
    if what.test:  # as it is graded: a test that hangs is stopped
        command += ["-device", "ib700", "-watchdog-action", "pause",
                    *machine.counting()]
    project.show_command(arguments, command)
    return command


def wait_for_socket(qemu, folder):
    """Waits until a debugger can connect; raises Trouble with QEMU's own
    message if QEMU ends before."""
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "gdb").exists():
        if qemu.poll() is not None or time.monotonic() > deadline:
            said = (folder / "errors").read_text(errors="replace")
            raise Trouble(f"QEMU did not start: {machine.last_line(said)}")
        time.sleep(0.01)


# -- The debugger ---------------------------------------------------------------

def gdb_command(arguments, what, folder):
    path, wrong = gdb.choose()
    if wrong:
        print(f"debug: {wrong}", file=sys.stderr, flush=True)
    command = [path, "-q", "-iex", "set confirm off",
               "-ex", f"target remote {folder / 'gdb'}"]
    if not wrong:
        command += ["-x", str(gdb.COMMANDS)]
    if what.test:
        command += ["-ex", "continue"]
    if arguments.record and not wrong:
        command += ["-ex", "mallow end"]
    return [*command, *arguments.gdb, str(require(what.kernel))]


def console_log():
    """Opens a file for the kernel's output.  It is locked while it is open, so
    no other session uses it."""
    number = 1
    while True:
        name = CONSOLE + (f"-{number}" if number > 1 else "") + ".log"
        file = (BUILD / name).open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except OSError:
            file.close()
            number += 1


def both(qemu_words, gdb_words, environment, folder):
    """gdb's status, after both have ended."""
    with (folder / "errors").open("wb") as errors:
        qemu = subprocess.Popen(
            qemu_words, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=errors,
            start_new_session=True, preexec_fn=machine.die_with_parent)
    try:
        wait_for_socket(qemu, folder)
        with subprocess.Popen(gdb_words, env=environment) as debugger:
            try:
                return debugger.wait()
            finally:
                debugger.kill()
    finally:
        qemu.kill()
        qemu.wait()


def record(arguments, what, folder):
    """Records a run; returns the values that gdb needs."""
    limit = recording.seconds(arguments.record)
    if what.test:
        raise Trouble("a test does the same each time and needs no RECORD=1",
                      WRONG_USE)
    command = machine.arguments(require(ISO), folder, what.words,
                                memory.choose(arguments.memory), "stdio")
    command = recording.on_replay_disk(command, folder, "record")
    project.show_command(arguments, command)
    return recording.record(command, folder, limit)


def session(arguments, what, folder, log):
    Path(log).write_bytes(b"")
    qemu_words = qemu_command(arguments, what, folder, f"file:{log}")
    environment = {**os.environ, **gdb.make_environment(folder, what, log)}
    if arguments.record:
        last = record(arguments, what, folder)
        qemu_words = recording.on_replay_disk(qemu_words, folder, "replay")
        environment["MALLOW_RECORDED"] = "panic" if last is None else str(last)
    gdb_words = gdb_command(arguments, what, folder)
    # No questions about servers for debug information of other people.
    environment.pop("DEBUGINFOD_URLS", None)
    # Ctrl-C means "interrupt the kernel", and gdb hears it without us.
    signal.signal(signal.SIGINT, lambda *_: None)
    print("The kernel's console, in another terminal: "
          f"tail -f {shown(log)}", flush=True)
    return both(qemu_words, gdb_words, environment, folder)


def debug(arguments):
    if arguments.core:
        return core.look(arguments.core, arguments.gdb)
    return look(arguments, subject(arguments))


def look(arguments, what):
    """A session with a machine."""
    machine.version()
    with tempfile.TemporaryDirectory(prefix="mallow-") as folder:
        if arguments.log:
            return session(arguments, what, Path(folder), arguments.log)
        with console_log() as log:
            return session(arguments, what, Path(folder), log.name)


def dump(arguments):
    """Boots, and writes memory to a file at the panic or at the prompt."""
    target = Path(arguments.file or core.DEFAULT).resolve()
    arguments.gdb = [*core.TO_AN_END, f"mallow dump {shlex.quote(str(target))}"]
    return debug(arguments)


# -- The command line -------------------------------------------------------------

def add_subject(parser):
    stages.add_stage(parser)
    memory.add_memory(parser)
    project.add_verbose(parser)
    parser.add_argument("--lab", default="", metavar="NAME|NUMBER",
                        help="of a test; without one, its stage")
    parser.add_argument("--test", default="", metavar="NAME")
    parser.add_argument("--seed", default="", metavar="N")
    parser.add_argument("--steps", default="", metavar="0,3,5-9")
    parser.add_argument("--options", default="", metavar="WORDS",
                        help="more words for the kernel")


def add_commands(commands):
    parser = commands.add_parser(
        "debug", help="boots with gdb attached, held at reset")
    add_subject(parser)
    parser.add_argument("--log", default="", metavar="FILE",
                        help="takes what the kernel prints")
    parser.add_argument("--record", default="",
                        metavar="1|SECONDS",
                        help="records a run first, and replays it under gdb")
    parser.add_argument("--core", default="", metavar="FILE",
                        help="a dump of make dump instead of a machine")
    parser.add_argument("gdb", nargs="*", metavar="ARGUMENT",
                        help="for gdb; put -- before the first")
    parser.set_defaults(run=debug)
    parser = commands.add_parser(
        "dump", help="boots, and writes memory to a file for make debug CORE=")
    add_subject(parser)
    parser.add_argument("--file", default="", metavar="FILE")
    parser.add_argument("--log", default="", metavar="FILE",
                        help="takes what the kernel prints")
    parser.set_defaults(run=dump, record="", core="")
