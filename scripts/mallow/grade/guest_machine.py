# SPDX-License-Identifier: MIT
"""One machine for each test, without a boot for each test.

    ISO --> QEMU --> GRUB --> kernel, option `ask` --> saved while it waits,
                                                       before its first stage
                                                           |
              test=a seed=.. key=.. --> goes on  <---------+
              test=b seed=.. key=.. --> goes on  <---------+

A test that crashes, hangs or ruins the machine costs itself alone.  Its
limits:

    instructions of the guest   a watchdog device goes off under -icount
                                (src/arch/i386/watchdog.h), and QEMU stops the
                                machine for the grader to look at
    QEMU's processor time       for a guest that has turned the watchdog off
    bytes of output             for a guest that prints without end
    seconds without work        for one that also stops its processor
                                (stillness.py)
    seconds                     QEMU waits for this computer, not for the guest

M1: what ends a machine is either the guest's doing or this computer's;
    host_fault() says which.  Only the first costs points.
"""
import asyncio
import json
import mmap
import os
import re
import resource
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import NamedTuple, Optional

from .. import machine, records
from ..elf import Elf
from ..layout import KERNEL_BASE
from ..project import Trouble
from .guest_memory import MEMORY_BYTES, extents, lay_out, mapped, used_pieces
from .stillness import stands_still

BOOT_SECONDS = 180
CPU_SECONDS = 120
SECONDS = 10 * CPU_SECONDS  # this computer may be busy with other machines
# Of what the guest prints, and of what it records.  The reference prints 260 KiB
# in malloc/misuse, a line for each wrong kfree.  256 KiB of lines take QEMU
# 4 s of processor time, and 256 KiB of nothing but newlines 40 s.
OUTPUT_BYTES_MAX = 512 << 10
OUTPUT_SECONDS = 0.1  # between two looks at it
# Of each file that QEMU writes, if it writes faster than the grader looks.  QEMU
# 10 has the picture of the screen, 1.2 MB, in a file as well.
FILE_BYTES_MAX = 2 << 20
PRINTED_TOO_MUCH = f"has printed more than {OUTPUT_BYTES_MAX >> 10} KiB"
STANDS_STILL = "stands still: it waits for an interrupt that never comes"
WILD_JUMP = "Trying to execute code outside RAM"
TEST_FAILED = 41  # EXIT_TEST_FAILED, as QEMU's status
FRAMES_SHOWN = 10
BELOW_TESTS = ("lab_run", "kernel_main", "high")  # never the mistake
BREAKPOINT = b"\xcc"


class Interrupted(Trouble):
    """Raised when this computer ended a machine, or could not run it."""


class End(NamedTuple):
    """The end of a machine: its status, its records and its memory."""
    status: Optional[int]  # None: it was stopped
    hung: str              # where it hung, if it did, and what ended it
    reason: Optional[str]  # machine.explain()
    console: str
    records: list
    image: mmap.mmap  # memory, for as long as it is read
    used: list        # the parts of it that are not just 0: [(begin, end)]
    seconds: float


class Monitor:
    """QEMU's monitor for programs (QMP)."""

    async def connect(self, path, qemu):
        for _ in range(int(BOOT_SECONDS / 0.01)):
            if qemu.returncode is not None:
                raise ConnectionError("QEMU has ended")
            try:
                self.reader, self.writer = \
                    await asyncio.open_unix_connection(str(path), limit=1 << 20)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                await asyncio.sleep(0.01)
        await self.reader.readline()
        self.events = set()
        await self.ask("qmp_capabilities")
        return self

    async def next(self):
        line = await self.reader.readline()
        if not line:
            raise ConnectionError("QEMU has ended")
        answer = json.loads(line)
        if "event" in answer:
            self.events.add(answer["event"])
        return answer

    async def ask(self, command, **arguments):
        self.writer.write(json.dumps(
            {"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = await self.next()
            if "error" in answer:
                raise Trouble(f"QEMU: {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    async def human(self, line):
        return await self.ask("human-monitor-command", **{"command-line": line})

    async def wait_for(self, event):
        while event not in self.events:
            await self.next()


def workshop():
    """A folder for one machine; in memory if there is enough."""
    shared = Path("/dev/shm")
    where = None
    if shared.is_dir() and shutil.disk_usage(shared).free > 16 * MEMORY_BYTES:
        where = str(shared)
    return tempfile.TemporaryDirectory(prefix="mallow-", dir=where)


async def leave_out_memory(monitor):
    """QEMU looks at each page of memory that it saves or loads; that would take
    longer than most tests.  Memory is a file: it is copied here."""
    await monitor.ask("migrate-set-capabilities", capabilities=[
        {"capability": "x-ignore-shared", "state": True}])


def command(iso, words, counts=True):
    """QEMU's, to be started in the machine's folder: QEMU gives some of these
    names to a shell, and the path of a tree may hold anything.  Without
    `counts` a boot takes half as long; only what a test does is counted."""
    return machine.arguments(
        iso, Path("."), words, MEMORY_BYTES, "file:console") + [
        "-object", "memory-backend-file,id=ram,share=on,mem-path=memory,"
                   f"size={MEMORY_BYTES}",
        "-machine", "pc,memory-backend=ram", "-device", "ib700",
        "-qmp", "unix:qmp,server=on,wait=off",
        *(machine.counting() if counts else [])]


def limit():
    """Runs in the child."""
    machine.die_with_parent()
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


async def start(arguments, folder, prepare):
    with (folder / "errors").open("wb") as errors:
        return await asyncio.create_subprocess_exec(
            *arguments, cwd=folder, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=errors,
            start_new_session=True, preexec_fn=prepare)


def guest_ended(status, said):
    """The guest's action that made QEMU end like this; "" for all else."""
    if status == -signal.SIGXCPU:
        return f"has run for {CPU_SECONDS} s of processor time"
    if status == -signal.SIGXFSZ:
        return PRINTED_TOO_MUCH
    if WILD_JUMP in said:
        return "jumps to an address where no memory is"
    return ""


def host_fault(status, said):
    """The fault of this computer that ended QEMU; "" if there was none."""
    if guest_ended(status, said):
        return ""
    if status is not None and status < 0:
        return f"QEMU was ended by signal {-status}"
    if status == 1 and said.strip():
        return f"QEMU: {machine.last_line(said)}"
    return ""


async def too_much_output(folder):
    """Returns as soon as the guest has printed or recorded too much."""
    while all((folder / name).stat().st_size <= OUTPUT_BYTES_MAX
              for name in ("console", "records")):
        await asyncio.sleep(OUTPUT_SECONDS)


async def first_of(*coming):
    """Waits for one of several; none of them goes on after that."""
    tasks = [asyncio.ensure_future(each) for each in coming]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def end(qemu):
    if qemu.returncode is None:
        qemu.kill()
    await qemu.wait()


class Saved:
    """A saved kernel that waits for its test; any number of copies can run."""

    def __init__(self, iso, kernel, folder, foreign=()):
        self.iso, self.folder, self.foreign = iso, folder, foreign
        self.elf = Elf(kernel)
        self.state = folder / "state"

    async def save(self):
        with workshop() as name:
            folder = Path(name)
            qemu = await start(command(self.iso, ["ask"], counts=False), folder,
                               machine.die_with_parent)
            try:
                await asyncio.wait_for(self._save(qemu, folder), BOOT_SECONDS)
                shutil.move(folder / "state", self.state)
            except (ConnectionError, asyncio.TimeoutError):
                said = (folder / "errors").read_text(errors="replace")
                raise Interrupted("the kernel does not come to its first "
                                  f"stage: {machine.last_line(said)}") from None
            finally:
                await end(qemu)
        return self

    async def _save(self, qemu, folder):
        monitor = await Monitor().connect(folder / "qmp", qemu)
        while True:
            asks = records.of_kind(records.read(folder / "records"), "ask")
            if asks:
                break
            if qemu.returncode is not None:
                raise ConnectionError("QEMU has ended")
            await asyncio.sleep(0.02)
        # Recorded before any student's code has run.
        self.place = asks[0]["line"]
        await monitor.ask("stop")
        await leave_out_memory(monitor)
        await monitor.ask("migrate", uri="exec:cat > state")
        while True:
            found = await monitor.ask("query-migrate")
            if found["status"] == "completed":
                memory = folder / "memory"
                self.pages = used_pieces(mapped(memory), extents(memory))
                return
            if found["status"] in ("failed", "cancelled"):
                raise Trouble("QEMU could not save the machine")
            await asyncio.sleep(0.01)

    async def run(self, words, more=(), seconds=SECONDS):
        """Lets a copy go on with `words`, with other contents in some pages
        of its memory; its End.  Interrupted if this computer ended it."""
        with workshop() as name:
            folder = Path(name)
            began = time.monotonic()
            lay_out(folder / "memory", [*self.pages, *more])
            (folder / "state").symlink_to(self.state)
            qemu = await start(command(self.iso, ["ask"])
                               + ["-incoming", "defer"], folder, limit)
            hung = ""
            try:
                hung = await asyncio.wait_for(
                    self._run(qemu, folder, words), seconds)
            except asyncio.TimeoutError:
                raise Interrupted(f"QEMU has not ended after {seconds} s") \
                    from None
            except ConnectionError:
                await qemu.wait()
            finally:
                await end(qemu)
            return self._end(None if hung else qemu.returncode, hung, folder,
                             time.monotonic() - began)

    def without_foreign_code(self):
        """Contents of pages, for run(): a call of a student's function stops
        there."""
        return [(address - KERNEL_BASE, BREAKPOINT * size)
                for address, size in self.foreign]

    async def _run(self, qemu, folder, words):
        monitor = await Monitor().connect(folder / "qmp", qemu)
        await monitor.ask("watchdog-set-action", action="pause")
        await leave_out_memory(monitor)
        await monitor.ask("migrate-incoming", uri="exec:cat state")
        while (await monitor.ask("query-status"))["status"] == "inmigrate":
            await asyncio.sleep(0.005)
        self._poke(folder / "memory", " ".join(words).encode("ascii"))
        await monitor.ask("cont")
        printed = asyncio.ensure_future(too_much_output(folder))
        still = asyncio.ensure_future(stands_still(qemu.pid))
        await first_of(monitor.wait_for("WATCHDOG"), qemu.wait(), printed,
                       still)
        if "WATCHDOG" in monitor.events:
            return await self._where(monitor, folder)
        if not printed.cancelled():
            return PRINTED_TOO_MUCH
        if not still.cancelled():
            return STANDS_STILL
        await qemu.wait()
        return ""

    def _poke(self, path, line):
        """Writes the first character last, because the kernel waits for it."""
        with path.open("r+b") as file, \
                mmap.mmap(file.fileno(), MEMORY_BYTES) as memory:
            memory[self.place + 1:self.place + len(line)] = line[1:]
            memory[self.place:self.place + 1] = line[:1]

    async def _where(self, monitor, folder):
        """The functions that a machine hangs in, innermost first."""
        said = await monitor.human("info registers")
        registers = {name.lower(): int(value, 16) for name, value in
                     re.findall(r"\b(E[A-Z]{2})=([0-9a-f]{8})", said)}
        image = mapped(folder / "memory")
        chain, frame = [registers["eip"]], registers["ebp"]
        while len(chain) < FRAMES_SHOWN:
            at = frame - KERNEL_BASE
            if not 0 <= at < len(image) - 8 or frame % 4:
                break
            above = int.from_bytes(image[at:at + 4], "little")
            chain.append(int.from_bytes(image[at + 4:at + 8], "little") - 1)
            if above <= frame:
                break
            frame = above
        names = [self.elf.function_at(address) for address in chain]
        shown = " < ".join(name[0] for name in names
                           if name and name[0] not in BELOW_TESTS)
        return (f"hangs in {shown or hex(chain[0])}: an endless loop, a list "
                "in a circle, or too slow: the test has used up its "
                "1,250 million instructions")

    def _end(self, status, hung, folder, seconds):
        def text(name):
            path = folder / name
            return path.read_text(errors="replace") if path.exists() else ""

        fault = host_fault(status, text("errors"))
        if fault:
            raise Interrupted(fault)
        hung = hung or guest_ended(status, text("errors"))
        reason = None if hung or status == TEST_FAILED else machine.explain(
            status, folder, text("errors"))
        return End(status, hung, reason, text("console"),
                   records.read(folder / "records"),
                   mapped(folder / "memory"),
                   extents(folder / "memory"), seconds)


def jobs():
    return max(1, min(os.cpu_count() or 1, 4))
