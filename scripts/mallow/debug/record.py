# SPDX-License-Identifier: MIT
"""`make debug RECORD=1`: a run is recorded, and gdb gets its replay.

    recording   QEMU in this terminal: type what leads to the fault
        |       run.bin    all that came from outside: keys, clocks, the CD
        |       disk.qcow2 the machine at reset, as a snapshot
    replay      QEMU under gdb: the same run, instruction by instruction; gdb
                may go backwards in it

QEMU needs the CD under a driver of its own that replays what was read, and an
empty disk image for snapshots.  QEMU itself makes that image, so that no other
program is needed.
"""
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import termios
import threading
import time
import tty

from .. import machine
from ..project import WRONG_USE, Trouble

DEFAULT_SECONDS = 60
LOOK_SECONDS = 0.1
ECHO_SECONDS = 1
CONTROL_C = 3
LINE_ENDS = b"\r\n"
PROMPT = b"mallow> "
DISK_BYTES = 1 << 20  # of an empty disk; snapshots lie outside of it
SNAPSHOT = "reset"


def seconds(text):
    """The limit that RECORD= means: 1 is the usual one."""
    if not text.isdecimal() or int(text) == 0:
        raise Trouble(f'RECORD="{text}": right is RECORD=1, or a number of '
                      "seconds after which the recording ends", WRONG_USE)
    return int(text) if int(text) > 1 else DEFAULT_SECONDS


# -- QEMU's monitor -------------------------------------------------------------

class Monitor:
    """QMP over a pair of files: one JSON object a line, both ways."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.next()  # the greeting
        self.ask("qmp_capabilities")

    def next(self):
        line = self.reader.readline()
        if not line:
            raise OSError("QEMU has ended")
        return json.loads(line)

    def ask(self, command, **arguments):
        self.writer.write(json.dumps(
            {"execute": command, "arguments": arguments}) + "\n")
        self.writer.flush()
        while True:
            answer = self.next()
            if "error" in answer:
                raise Trouble("QEMU cannot record: "
                              + answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]

    def job(self, command, **arguments):
        """Starts a job in QEMU, and waits for its end."""
        self.ask(command, **{"job-id": "job"}, **arguments)
        while self.ask("query-jobs")[0]["status"] != "concluded":
            time.sleep(0.01)
        job, = self.ask("query-jobs")
        if "error" in job:
            raise Trouble(f"QEMU cannot record: {job['error']}")
        self.ask("job-dismiss", id="job")


@contextlib.contextmanager
def monitor_of(path):
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(str(path))
        with wire.makefile("rw", encoding="utf-8") as file:
            yield Monitor(file, file)


def make_disk(path):
    """An empty disk image, made by a QEMU without a machine."""
    with subprocess.Popen(
            [machine.QEMU, "-machine", "none", "-nodefaults", "-display",
             "none", "-qmp", "stdio"], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) as qemu:
        try:
            monitor = Monitor(qemu.stdout, qemu.stdin)
            monitor.job("blockdev-create", options={
                "driver": "file", "filename": str(path), "size": 0})
            monitor.ask("blockdev-add", driver="file", filename=str(path),
                        **{"node-name": "file"})
            monitor.job("blockdev-create", options={
                "driver": "qcow2", "file": "file", "size": DISK_BYTES})
            monitor.ask("quit")
        except OSError as error:
            raise Trouble(f"QEMU cannot record: {error}") from None
        finally:
            qemu.kill()


# -- The machine ----------------------------------------------------------------

def on_replay_disk(command, folder, mode):
    """The command of a machine, changed so that it records or replays."""
    command, iso = machine.take_cd_out(command)
    log, disk = folder / "run.bin", folder / "disk.qcow2"
    return command + [
        "-drive", f"file={iso},if=none,format=raw,readonly=on,id=iso",
        "-drive", "driver=blkreplay,if=none,image=iso,id=cd,readonly=on",
        "-device", "ide-cd,drive=cd",
        "-drive", f"file={disk},if=none,format=qcow2,id=snapshots",
        "-icount", f"shift=auto,rr={mode},rrfile={log},rrsnapshot={SNAPSHOT}"]


def watch(limit, path, ended, left, found):
    """Stores the progress of the recording, and ends it at its limit, or when
    the user has left."""
    deadline = time.monotonic() + limit
    try:
        while not path.exists() and not ended.wait(LOOK_SECONDS):
            pass
        with monitor_of(path) as monitor:
            while not ended.wait(LOOK_SECONDS):
                found["instructions"] = monitor.ask("query-replay")["icount"]
                if left.is_set() or time.monotonic() > deadline:
                    monitor.ask("quit")
    except (OSError, Trouble, ValueError):
        pass  # QEMU has ended by itself


class Console:
    """The kernel's console: passes on its output, and wakes those who wait for
    more."""

    def __init__(self, output):
        self.output = output
        self.more = threading.Event()
        self.prompt = threading.Event()  # set once it has shown up
        self.last = b""

    def show(self):
        for data in iter(lambda: os.read(self.output.fileno(), 4096), b""):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            self.last = (self.last + data)[-len(PROMPT):]
            if self.last == PROMPT:
                self.prompt.set()
            self.more.set()

    def wait_for_prompt(self, ended):
        while not self.prompt.wait(LOOK_SECONDS) and not ended.is_set():
            pass


def type_keys(keyboard, qemu, console, ended, left):
    """Passes on the typed keys, one at a time: the serial port holds only one,
    and a recording delivers keys late.  A key has arrived when its echo comes,
    and a line is executed when the next prompt comes."""
    while not ended.is_set():
        if not select.select([keyboard], [], [], LOOK_SECONDS)[0]:
            continue
        keys = os.read(keyboard, 256)
        if not keys:
            return  # the end of a file; the machine runs on
        if CONTROL_C in keys:
            left.set()
            return
        console.wait_for_prompt(ended)
        for key in keys:
            if key in LINE_ENDS:
                console.prompt.clear()
            else:
                console.more.clear()
            try:
                os.write(qemu.stdin.fileno(), bytes([key]))
            except OSError:
                return
            if key in LINE_ENDS:
                console.wait_for_prompt(ended)
            else:
                console.more.wait(ECHO_SECONDS)


@contextlib.contextmanager
def raw_terminal():
    """Keys come one by one, and Ctrl-C is one of them."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin, termios.TCSADRAIN)
    now = termios.tcgetattr(sys.stdin)
    now[3] &= ~termios.ISIG
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, now)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def run(command, path, limit):
    """Runs QEMU; returns its status and the facts that were collected."""
    ended, left, found = threading.Event(), threading.Event(), {}
    qemu = subprocess.Popen(
        command + ["-qmp", f"unix:{path},server=on,wait=off"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        preexec_fn=machine.die_with_parent)
    console = Console(qemu.stdout)
    helpers = [threading.Thread(target=target, args=arguments)
               for target, arguments in (
                   (console.show, ()),
                   (watch, (limit, path, ended, left, found)),
                   (type_keys, (sys.stdin.fileno(), qemu, console, ended,
                                left)))]
    for one in helpers:
        one.start()
    try:
        return qemu.wait(), found
    finally:
        qemu.kill()
        qemu.wait()
        ended.set()
        for one in helpers:
            one.join()
        qemu.stdin.close()
        qemu.stdout.close()


def record(command, folder, limit):
    """Runs a machine in this terminal, and records it.  Returns the number of
    instructions at the end, or None if the kernel panicked."""
    make_disk(folder / "disk.qcow2")
    print("This run is recorded: type what leads to the fault.  It ends with a "
          f"panic, with\nCtrl-C, or after {limit} s (RECORD=SECONDS).",
          flush=True)
    with raw_terminal():
        status, found = run(command, folder / "qmp-record", limit)
    if not (folder / "run.bin").exists():
        raise Trouble("QEMU has recorded nothing; without RECORD=1 the machine "
                      "runs as usual")
    print("\nThe run is recorded; gdb replays it.", flush=True)
    return None if status == machine.PANIC else found.get("instructions", 0)
