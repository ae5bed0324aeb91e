# SPDX-License-Identifier: MIT
"""A kernel's tests: each in a machine of its own, some at once.

    first --> split --> exact         a test waits for the one that it needs,
         \\--> reuse --> coalesce      and is not run if that has not passed

R1: a verdict comes from the call record and from guest memory.  A second
    machine, in which no student code runs, judges both.  What the first one
    prints, and how it ends, only helps to explain a failure.
R2: a test costs only itself, whatever it does to its machine.
R3: a machine that this computer has ended is tried once more; then the test is
    not graded, which is something else than failed.
R4: all machines of a submission share a limit of processor time.
"""
import asyncio
import re
import resource
import secrets
import tempfile
from pathlib import Path
from typing import NamedTuple

from .. import check, machine, records
from ..project import Trouble
from . import call_record, guest_machine, guest_memory

ACCESS = re.compile(r"^(?:wrote|read|ran code at) 0x[0-9a-f]+: .*$",
                    re.MULTILINE)
CONSOLE_LINES = 6
LOG_LINES = 3  # a stage's own, and two with what its checker finds
NO_CALL_RECORD = "the kernel ended without a call record"


TRIES = 2
CPU_SECONDS = 900  # of a submission's machines; a compiler has its own


class Verdict(NamedTuple):
    passed: bool
    message: str = ""
    seconds: float = 0.0
    ran: bool = True
    graded: bool = True
    crashed: bool = False  # the kernel ended before the test did


def not_run(message):
    return Verdict(False, message, 0.0, False)


def not_graded(message):
    return Verdict(False, f"not graded: {message}", 0.0, False, False)


def list_of(rows):
    """check.Test for each of the kernel's records of tests."""
    return [check.Test(str(record["lab"]), str(record["name"]),
                       int(record["points"]), str(record["needs"]),
                       str(record["what"]), str(record["hint"]),
                       bool(record.get("hidden")))
            for record in rows]


# -- One test -----------------------------------------------------------------

def first_record(end, kind):
    """The first record of a kind, written before any student's code ran.
    Later records are ignored."""
    found = records.of_kind(end.records, kind)
    return found[0] if found else {}


def entries_of(end):
    """The records of the test's call record."""
    place = first_record(end, "call_record")
    if not place.get("begin"):
        raise call_record.Wrong(NO_CALL_RECORD)
    begin = place["begin"]
    last = max([most for least, most in end.used
                if least < begin + place["bytes"]], default=begin)
    return call_record.read(end.image, begin,
                           min(last - begin, place["bytes"]))


def last_lines(console):
    lines = [line for line in console.splitlines() if line.strip()]
    return "\n".join("| " + line for line in lines[-CONSOLE_LINES:])


def what_ended(end):
    """The reason why the machine ended, in words; "" if it ended as it should.
    """
    if end.hung:
        return end.hung
    if not end.reason:
        return ""
    cause = end.reason.removeprefix("the kernel panicked: ")
    access = ACCESS.search(end.console) if "page fault" in cause else None
    if access:
        return f"{cause}: {access.group()}"
    if end.status == machine.BAD_OPTION:
        return f"a stage before the test's does not start\n" \
               f"{last_lines(end.console)}"
    return cause


def describe_pending(found):
    """The words ", during CALL" for a call that has not returned, or ""."""
    call = call_record.pending(found)
    return f", during {call}" if call else ""


def judge(end):
    """The verdict by the call record of a run."""
    found = []
    try:
        found = entries_of(end)
        call_record.check_whole(found)
    except call_record.Wrong as wrong:
        ended = what_ended(end)
        if call_record.message(found) or not ended:
            return Verdict(False, str(wrong), end.seconds)
        return Verdict(False, ended + describe_pending(found), end.seconds,
                       crashed=True)
    return Verdict(True, "", end.seconds)


def collect_leftovers(end):
    """[(offset, contents)] of the call record and of the allocators' memory."""
    recorded, places = first_record(end, "call_record"), first_record(end, "places")
    areas = [(begin, begin + size) for begin, size in (
        (recorded["begin"], recorded["bytes"]),
        (places["heap"], places["heap_bytes"]),
        (places["arena"], places["arena_bytes"]))]
    return guest_memory.used_pieces(end.image, end.used, areas)


async def played(saved, words, more):
    """The mistake when a call record is played back; "" if nothing is."""
    end = await saved.run([*words, "play"],
                          more + saved.without_foreign_code())
    end.image.close()
    found = first_record(end, "played")
    if not found:
        return f"played back, it does not end: {what_ended(end)}"
    return str(found["wrong"])


async def run_test(saved, test, seed, play=True):
    """Runs a test, then plays it back (src/labtest/run_kernel.h).  Without
    `play` the verdict is what the call record says."""
    key = 1 + secrets.randbelow(0xFFFFFFFE)
    words = [f"test={test.lab}/{test.name}", f"seed={seed}", f"key={key}"]
    end = await saved.run(words)
    try:
        verdict = judge(end)
        more = collect_leftovers(end) if play and verdict.passed else []
    finally:
        end.image.close()
    wrong = await played(saved, words, more) if play and verdict.passed else ""
    return Verdict(False, wrong, end.seconds) if wrong else verdict


# -- A boot without a test ----------------------------------------------------

def boot_log(console, stage):
    """The lines of a boot log from the one of `stage` on; [] without it."""
    lines = console.splitlines()
    for number, line in enumerate(lines):
        if re.match(rf"  \d {stage} ", line):
            return [line.strip() for line in lines[number:number + LOG_LINES]
                    if line.strip()]
    return []


async def boot(saved, stage):
    """The boot log's words about a stage, and the end if it was not good."""
    end = await saved.run([f"stage={stage}", "exit"])
    end.image.close()
    said = boot_log(end.console, stage)
    ended = what_ended(end) if not said else ""
    return "\n".join(said + ended.splitlines()) or "no word of this stage"


# -- All tests of a kernel ----------------------------------------------------

def cpu_seconds():
    """The processor time of all ended child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Runner:
    """Machines that share this computer."""

    def __init__(self, jobs=None, seed=check.SEED):
        self.slots = asyncio.Semaphore(jobs or guest_machine.jobs())
        self.seed = seed
        self.began = cpu_seconds()

    def used(self):
        return cpu_seconds() - self.began

    async def save(self, kernel, folder):
        """A saved machine; tried once more if this computer ends it (R3)."""
        async with self.slots:
            for last in (False, True):
                try:
                    return await guest_machine.Saved(
                        kernel.iso, kernel.elf, Path(folder),
                        kernel.foreign).save()
                except guest_machine.Interrupted:
                    if last:
                        raise

    async def list(self, saved):
        async with self.slots:
            end = await saved.run(["test=list"])
        end.image.close()
        tests = list_of(records.of_kind(end.records, "test"))
        if not tests:
            raise Trouble("the kernel lists no tests; its last lines:\n"
                          + last_lines(end.console))
        return tests

    async def boot(self, saved, stage):
        """The lines of the boot log about a stage."""
        async with self.slots:
            return await boot(saved, stage)

    async def one(self, saved, test, play):
        """A test's verdict, also where this computer fails it (R3)."""
        async with self.slots:
            if self.used() > CPU_SECONDS:
                return not_run("not run: the submission has used up its "
                               f"{CPU_SECONDS} s of processor time")
            for _ in range(TRIES):
                try:
                    return await run_test(saved, test, self.seed, play)
                except (Trouble, OSError, MemoryError) as trouble:
                    why = str(trouble)
            return not_graded(why)

    async def tests(self, saved, tests, done=None, play=True):
        """{test: verdict}; saved(test) is the machine for a test, and
        done(test, verdict) is called as they come."""
        loop = asyncio.get_running_loop()
        coming = {(test.lab, test.name): loop.create_future()
                  for test in tests}

        async def one(test):
            needed = coming.get((test.lab, test.needs))
            before = await needed if needed else None
            if before and not before.graded:
                verdict = not_graded(f"{test.needs} was not graded")
            elif before and not before.passed:
                verdict = not_run(f"not run: {test.needs} has to pass first")
            else:
                verdict = await self.one(saved(test), test, play)
            coming[test.lab, test.name].set_result(verdict)
            if done:
                done(test, verdict)
            return verdict

        verdicts = await asyncio.gather(*map(one, tests))
        return dict(zip(tests, verdicts))


def run_one(kernel, name, seed=check.SEED, play=True):
    """One test of a kernel, "malloc/split"; its Verdict."""
    async def alone():
        runner = Runner(1, seed)
        with tempfile.TemporaryDirectory() as folder:
            saved = await runner.save(kernel, folder)
            found = [test for test in await runner.list(saved)
                     if f"{test.lab}/{test.name}" == name]
            if not found:
                raise Trouble(f"there is no test {name}")
            return await runner.one(saved, found[0], play)

    return asyncio.run(alone())
