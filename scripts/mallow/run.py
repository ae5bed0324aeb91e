# SPDX-License-Identifier: MIT
"""`make run`: boots the kernel for a user.

The machine appears in a window where there is a display and this QEMU can open
one; the serial console is always in the terminal, with the same prompt.
Without a window, a line says how to leave the terminal.
"""
import os
import subprocess
import sys
import tempfile
import termios
import threading
from pathlib import Path

from . import machine, memory, project, records, stages
from .project import ISO, require

TRACE = "linux-i386-kmalloc.rep"
FIRST_HEAP_STAGE = "heap"
SILENCE_SECONDS = 20


def window():
    """The kind of window that this QEMU can open here, or None."""
    if sys.platform == "darwin":
        return "cocoa"
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return None
    known = subprocess.run([machine.QEMU, "-display", "help"], text=True,
                           capture_output=True, check=False).stdout.split()
    return next((kind for kind in ("gtk", "sdl") if kind in known), None)


def options(stage):
    """The kernel's options: the stage, and the trace it replays there."""
    words = [f"stage={stage}"]
    known = stages.names()
    if known.index(stage) >= known.index(FIRST_HEAP_STAGE):
        words += [f"replay={TRACE}", "quick"]
    return words


def warn_of_silence(folder, ended):
    """Prints a line if the kernel has printed nothing for a long time."""
    if not ended.wait(SILENCE_SECONDS):
        if not records.read(folder / "records"):
            print(f"\r\nrun: no word from the kernel for {SILENCE_SECONDS} s; "
                  "GRUB may have been unable to load it.\r", file=sys.stderr)


def run_machine(command, folder):
    """Runs QEMU and returns its status; restores the terminal's settings
    afterwards."""
    tty = sys.stdin.isatty() and termios.tcgetattr(sys.stdin)
    ended = threading.Event()
    watcher = threading.Thread(target=warn_of_silence, args=(folder, ended))
    qemu = subprocess.Popen(command, preexec_fn=machine.die_with_parent)
    watcher.start()
    try:
        return qemu.wait()
    finally:
        qemu.kill()
        qemu.wait()
        ended.set()
        watcher.join()
        if tty:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, tty)


def run(arguments):
    stage = stages.choose(arguments.stage)
    memory_bytes = memory.choose(arguments.memory)
    machine.version()
    display = window()
    if display is None:
        print("The machine is in this terminal; to leave it: Ctrl-A, then X.",
              flush=True)
    with tempfile.TemporaryDirectory(prefix="mallow-") as name:
        folder = Path(name)
        command = machine.arguments(require(ISO), folder, options(stage),
                                    memory_bytes, "mon:stdio",
                                    display or "none")
        project.show_command(arguments, command)
        status = run_machine(command, folder)
        reason = machine.explain(status, folder, "its message is above")
    if reason:
        print(f"\nrun: {reason}", file=sys.stderr)
    return 1 if reason else 0


def add_commands(commands):
    parser = commands.add_parser("run", help="boots up to the enabled stage")
    stages.add_stage(parser)
    memory.add_memory(parser)
    project.add_verbose(parser)
    parser.set_defaults(run=run)
