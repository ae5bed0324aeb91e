# SPDX-License-Identifier: MIT
"""Runs the drivers: under QEMU to count instructions, or directly on the
processor if only the result matters."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Optional

import figures
import peers
from build import BUILD, ROOT, Toolchain, Trouble, build_counter
from progress import PROGRESS

sys.path.insert(0, str(ROOT / "scripts"))

from mallow import i386  # noqa: E402  (where the commands of make are)

QEMU = "qemu-i386"
SECONDS = 300
HEAP_BYTES = 2 << 20  # the kernel's heap


class Subject(NamedTuple):
    """One column of the tables: a program, and the allocator in it."""

    name: str
    program: Path
    ours: bool
    preload: Optional[Path] = None


def environment(subject):
    """The environment of a peer: symbols are bound before the first call."""
    variables = {"LD_BIND_NOW": "1"}
    if subject.preload:
        variables["LD_PRELOAD"] = str(subject.preload)
    return variables


class Bench:
    """Builds everything.  `subjects` are our stages in order, then the peers
    that are installed."""

    def __init__(self, flags=None, want=None):
        self.qemu = shutil.which(QEMU)
        if not self.qemu:
            raise Trouble(f"{QEMU} is not here: sudo apt-get install "
                          "--no-install-recommends qemu-user")
        self.toolchain = Toolchain(flags)
        self.counter = build_counter(self.qemu)
        kernel = self.toolchain.kernel()
        self.kernel = Subject("kernel", kernel, True)
        self.subjects = [Subject(name, kernel, True)
                         for name in self.stages(kernel)]
        self.subjects += self.peers()
        self.absent = [peer for peer in peers.PEERS
                       if peer not in peers.present()]
        self.choose(want)

    def choose(self, names):
        known = [subject.name for subject in self.subjects]
        wrong = [name for name in names or [] if name not in known]
        if wrong:
            raise Trouble(f"no allocator {wrong[0]!r} here; there are "
                          f"{' '.join(known)}")
        if names:
            self.subjects = [subject for subject in self.subjects
                             if subject.name in names]

    def peers(self):
        programs = {base: self.toolchain.libc(base, *where)
                    for base, where in peers.libraries().items()}
        return [Subject(peer.name, programs[peer.base], False,
                        peer.preload and peers.find(peer.preload))
                for peer in peers.present()]

    def stages(self, kernel):
        """The names that the program lists if it gets no name."""
        listed = subprocess.run([*self.native(), kernel, "-", "fit", "", ""],
                                capture_output=True, text=True, check=False)
        return re.search(r"stages: (.*)", listed.stdout)[1].split()

    def ours(self):
        return [subject for subject in self.subjects if subject.ours]

    def native(self):
        """The command that runs an i386 program on this machine."""
        return [] if i386.runs_here() else [self.qemu]

    def run(self, subject, *arguments):
        """Runs directly on the processor, without counting; returns the
        output."""
        return checked([*self.native(), subject.program, "-", *arguments],
                       env=environment(subject))

    def run_counted(self, subject, *arguments):
        with tempfile.NamedTemporaryFile(dir=BUILD, suffix=".page") as page:
            page.write(bytes(4096))
            page.flush()
            variables = [word for name, value in environment(subject).items()
                         for word in ("-E", f"{name}={value}")]
            return checked([self.qemu, *variables, "-plugin",
                            f"{self.counter},page={page.name}",
                            subject.program, page.name, *arguments])

    def count(self, subject, work, heap_bytes=HEAP_BYTES):
        """The figures of each kind of operation of a workload."""
        with tempfile.TemporaryDirectory(dir=BUILD) as folder:
            operations, costs = Path(folder) / "ops", Path(folder) / "costs"
            work.write(operations)
            self.run_counted(subject, "count", subject.name, operations,
                             str(heap_bytes), costs)
            return figures.figures(work.operations, figures.read_costs(costs))

    def region(self, subject, work):
        """Bytes of memory that a workload needs; None if it never fits."""
        with tempfile.TemporaryDirectory(dir=BUILD) as folder:
            operations = Path(folder) / "ops"
            work.write(operations)
            command = "fit" if subject.ours else "resident"
            return int(self.run(subject, command, subject.name,
                                operations)) or None

    def utilisation(self, subject, work):
        region = self.region(subject, work)
        return {"peak_payload": work.peak_payload(), "region": region,
                "utilisation": region and
                round(work.peak_payload() / region, 4)}


def checked(command, **options):
    try:
        done = subprocess.run(command, text=True, capture_output=True,
                              check=False, timeout=SECONDS, **options)
    except subprocess.TimeoutExpired:
        raise Trouble(f"{' '.join(map(str, command))}\n"
                      f"is not done after {SECONDS} seconds") from None
    if done.returncode != 0:
        raise Trouble(f"{' '.join(map(str, command))}\nended with "
                      f"{done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def in_parallel(tasks):
    """Calls the functions, as many at a time as there are processors.  Returns
    the result of each, or the Trouble that it raised."""
    def call(task):
        try:
            return task()
        except Trouble as trouble:
            return trouble
        finally:
            PROGRESS.step()

    PROGRESS.expect(len(tasks))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(call, tasks))
