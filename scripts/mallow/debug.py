# SPDX-License-Identifier: MIT
"""`make debug`: the kernel in QEMU, held at reset, with gdb attached.

    this script --+-- gdb          in the terminal; Ctrl-C is for it alone
                  |    |
                  |    unix socket, in a folder that only we can enter
                  |    |
                  +-- QEMU         in a session of its own, out of reach of
                                   the terminal's signals

However gdb ends, QEMU ends with it: this script waits for gdb and then ends
QEMU, and the operating system ends QEMU should this script be killed.
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from . import machine, memory, project, stages
from .project import BUILD, ISO, KERNEL, ROOT, Trouble, require, shown

SERIAL_LOG = BUILD / "debug-serial.log"
GDB_COMMANDS = ROOT / "scripts" / "gdb" / "mallow.py"
START_SECONDS = 10


def qemu_command(arguments, folder):
    words = [f"stage={stages.chosen(arguments.stage)}",
             *arguments.options.split()]
    return machine.arguments(
        require(ISO), folder, words, memory.chosen(arguments.memory),
        f"file:{arguments.log}") + [
        "-chardev", f"socket,path={folder / 'gdb'},server=on,wait=off,id=gdb",
        "-gdb", "chardev:gdb", "-S"]


def gdb_command(arguments, folder):
    gdb = shutil.which("gdb")
    if not gdb:
        raise Trouble("gdb is not installed; scripts/setup installs it")
    return [gdb, "-q", "-iex", "set confirm off",
            "-ex", f"target remote {folder / 'gdb'}",
            "-x", str(GDB_COMMANDS), *arguments.gdb, str(require(KERNEL))]


def wait_for_socket(qemu, folder):
    """Until gdb can connect, or QEMU's own message says why it cannot."""
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "gdb").exists():
        if qemu.poll() is not None or time.monotonic() > deadline:
            said = (folder / "errors").read_text(errors="replace")
            raise Trouble(f"QEMU did not start: {machine.last_line(said)}")
        time.sleep(0.01)


def debug_machine(arguments, folder):
    """gdb's status, after both have ended."""
    with (folder / "errors").open("wb") as errors:
        qemu = subprocess.Popen(
            qemu_command(arguments, folder), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=errors,
            start_new_session=True, preexec_fn=machine.die_with_parent)
    try:
        wait_for_socket(qemu, folder)
        with subprocess.Popen(gdb_command(arguments, folder)) as gdb:
            try:
                return gdb.wait()
            finally:
                gdb.kill()
    finally:
        qemu.kill()
        qemu.wait()


def debug(arguments):
    machine.version()
    Path(arguments.log).write_bytes(b"")
    print("The kernel's console, in another terminal: "
          f"tail -f {shown(arguments.log)}", flush=True)
    # Ctrl-C means "interrupt the kernel", and gdb hears it without us.
    signal.signal(signal.SIGINT, lambda *_: None)
    # No questions about servers for debug information of other people.
    os.environ.pop("DEBUGINFOD_URLS", None)
    with tempfile.TemporaryDirectory(prefix="mallow-") as name:
        return debug_machine(arguments, Path(name))


def add_commands(commands):
    parser = commands.add_parser(
        "debug", help="boots with gdb attached, held at reset")
    stages.add_stage(parser)
    memory.add_memory(parser)
    project.add_verbose(parser)
    parser.add_argument("--options", default="", metavar="WORDS",
                        help="more words for the kernel")
    parser.add_argument("--log", default=SERIAL_LOG, metavar="FILE",
                        help="takes what the kernel prints")
    parser.add_argument("gdb", nargs="*", metavar="ARGUMENT",
                        help="for gdb; put -- before the first")
    parser.set_defaults(run=debug)
