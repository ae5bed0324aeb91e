# SPDX-License-Identifier: MIT
"""The session around gdb: the machine's own monitor, and the kernel's console.

    make debug --+--> gdb, with these commands
                 |     |  gdb's protocol: registers, memory, breakpoints
                 |     |  QMP: start the machine again
                 |     v
                 +--> QEMU --> a file with what the kernel prints

scripts/mallow/debug/gdb.py puts both places into the environment.  A gdb that was
attached by hand has neither, and can do everything but start again.
"""
import contextlib
import json
import os
import socket

import gdb

from . import layout
from .memory import Trouble

SECONDS = 10
LINES_SHOWN = 24
MULTIBOOT2_MAGIC = 0x36d76289
START = "_start"


def require_machine():
    """Ends the command if it looks at a dump."""
    if os.environ.get("MALLOW_CORE"):
        raise Trouble("this is a dump: nothing runs in it")


class Monitor:
    """QEMU's monitor for programs (QMP): one JSON object a line."""

    def __init__(self):
        require_machine()
        path = os.environ.get("MALLOW_QMP")
        if not path:
            raise Trouble("this gdb was not started by make debug, and cannot "
                          "start the machine again")
        self.events = set()
        try:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(SECONDS)
            self.socket.connect(path)
            self.lines = self.socket.makefile(encoding="utf-8")
            self.next()  # the greeting
            self.ask("qmp_capabilities")
        except OSError as error:
            raise Trouble(f"the machine is gone ({error})") from None

    def next(self):
        line = self.lines.readline()
        if not line:
            raise Trouble("the machine has gone away")
        return json.loads(line)

    def ask(self, command, **arguments):
        self.socket.sendall(json.dumps(
            {"execute": command, "arguments": arguments}).encode() + b"\n")
        answer = {}
        while "return" not in answer:
            answer = self.next()
            self.events.add(answer.get("event"))
            if "error" in answer:
                raise Trouble(f"QEMU says: {answer['error']['desc']}")
        return answer["return"]

    def wait_for(self, event):
        while event not in self.events:
            self.events.add(self.next().get("event"))

    def close(self):
        self.lines.close()
        self.socket.close()


class Console:
    """The output of the kernel."""

    def __init__(self):
        self.path = os.environ.get("MALLOW_CONSOLE")
        self.begin = 0  # where the machine's present life starts
        self.lives = 0  # how many there have been before

    def text(self):
        try:
            with open(self.path, "rb") as file:
                file.seek(self.begin)
                return file.read().decode("ascii", "replace").replace("\r", "")
        except (OSError, TypeError):
            return ""

    def forget(self):
        """All output so far belongs to an earlier life."""
        self.lives += 1
        if self.path and os.path.exists(self.path):
            self.begin = os.path.getsize(self.path)


console = Console()


def restart():
    """Back to reset, and on to the kernel's first instruction; breakpoints
    stay, and are not heeded on the way."""
    global gave_up
    layout.address_of(START)
    monitor = Monitor()
    gave_up = False
    if os.environ.get("MALLOW_RECORDED"):  # its snapshot is at reset
        monitor.ask("replay-seek", icount=1)
        monitor.close()
        console.forget()
        forget_registers()
        run_to(START)
        return
    try:
        # QEMU was told to end instead of starting again.  The firmware, too,
        # resets the machine once more when it finds that it has run before.
        monitor.ask("set-action", reboot="reset")
        monitor.ask("stop")
        monitor.ask("system_reset")
        monitor.wait_for("RESET")
        console.forget()
        forget_registers()
        run_to(START)
        monitor.ask("set-action", reboot="shutdown")
    except OSError as error:
        raise Trouble(f"the machine does not answer ({error})") from None
    finally:
        monitor.close()


def forget_registers():
    """gdb keeps what it has read; the name for this has changed with gdb 10."""
    for command in ("maintenance flush register-cache", "flushregs"):
        try:
            gdb.execute(command, to_string=True)
            break
        except gdb.error:
            continue
    gdb.execute("maintenance flush dcache", to_string=True)


class TheEnd:
    """The kernel's variables and its heap as they were when a hunt began.

    A hunt starts the machine again, so what memory holds afterwards is of an
    earlier moment; questions about the end are answered from here."""

    def __init__(self):
        self.begin, self.bytes, self.at_end = 0, None, False

    def remember(self, at_end):
        """To be called before a hunt; a second hunt keeps what the first one
        has remembered."""
        if self.bytes is not None:
            return
        begin = layout.address_of("rodata_end")
        count = layout.address_of("heap_end") - begin
        try:
            # The guard page below the stack is not there to be read.
            guard = layout.address_of("stack_guard_begin") - begin
            above = layout.address_of("stack_guard_end") - begin
            read = gdb.selected_inferior().read_memory
            self.bytes = (read(begin, guard).tobytes()
                          + bytes(above - guard)
                          + read(begin + above, count - above).tobytes())
            self.begin, self.at_end = begin, at_end
        except gdb.MemoryError:
            self.bytes = None

    def forget(self):
        """The machine has come to an end by itself: memory is right again."""
        self.bytes = None

    def word(self, address):
        """The earlier word there; None if it was not kept, or there was no hunt."""
        offset = address - self.begin
        if self.bytes is None or not 0 <= offset <= len(self.bytes) - 4:
            return None
        return int.from_bytes(self.bytes[offset:offset + 4], "little")


the_end = TheEnd()


class Arrival(gdb.Breakpoint):
    """Stops at a function of the kernel's.

    GRUB runs code of its own at the very addresses where it then puts the
    kernel: at the first instruction ours is the visit that carries the
    Multiboot2 magic in eax."""

    def __init__(self, place):
        super().__init__(place, internal=True)
        self.silent = True
        self.place = place

    def stop(self):
        return self.place != START or MULTIBOOT2_MAGIC == int(
            gdb.parse_and_eval("$eax")) & 0xFFFFFFFF


gave_up = False  # a triple fault: nothing runs until the machine starts again
seeking = False  # a command runs the machine, and stops are its own affair


@contextlib.contextmanager
def hold_breakpoints(users=True):
    """While a command runs the machine, the user's breakpoints are off, and
    the end of the kernel is not reported.  With users=False, the user's
    breakpoints stay on."""
    global seeking
    others = [one for one in gdb.breakpoints() or ()
              if one.enabled and one.number > 0]  # ours have none above 0
    if not users:
        others = []
    for one in others:
        one.enabled = False
    seeking = True
    try:
        yield
    finally:
        seeking = False
        for one in others:
            if one.is_valid():
                one.enabled = True


@contextlib.contextmanager
def silence():
    """gdb tells of a stop that the replay makes even if its answer is asked for
    as a string; here the terminal hears nothing of it."""
    gdb.flush()
    terminal, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        yield
    finally:
        gdb.flush()
        os.dup2(terminal, 1)
        os.close(terminal)
        os.close(nothing)


def run_to(place):
    """Runs to a function."""
    layout.address_of(place)  # or there is none, and nothing is run
    with hold_breakpoints():
        arrival = Arrival(place)
        try:
            gdb.execute("continue", to_string=True)
            reached = arrival.hit_count > 0
        finally:
            arrival.delete()
    if not reached:
        raise Trouble(f"the machine did not come to {place}")
