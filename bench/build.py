# SPDX-License-Identifier: MIT
"""Compiles the allocators and the drivers that measure them.

    kernel    src/lib, src/mm with the kmalloc layer; no C library at all
    glibc     the same driver, with the C library's malloc
    musl      likewise
    counter   QEMU's plugin, which counts

The kernel's sources are those that the Makefile lists, compiled with the
compiler and the flags that it uses for the kernel: it is asked for them.
"""

import fcntl
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "bench"
DRIVER = ROOT / "bench" / "driver"
ALLOCATORS = ROOT / "bench" / "allocators"  # ours, but not the kernel's

# Each QEMU refuses what is too old or too new for it; that of Debian 12 takes
# interface 1.
PLUGIN_INTERFACES = range(1, 10)

WITH_ALL = ["main.c", "measure.c", "work.c", "crowd.c", "misuse.c",
            "system.c", "resident.c", "count.S"]
WITH_KERNEL = ["start_bare.S", "commands_kernel.c", "subject_kernel.c",
               "stray.c", "search.c", "frames.c", "zones.c", "pages.c"]
# Stage -> the source that it brings, in the order of the labs.
STAGES = {"heap": "mm/heap/bump", "malloc": "mm/malloc/malloc",
          "zalloc": "mm/zalloc/zalloc", "spans": "mm/spans/spans",
          "armour": "mm/armour/armour", "grow": "mm/grow/grow"}
WITH_LIBC = ["start_libc.S", "commands_libc.c", "subject_libc.c"]
# Of src/lib; the C library has the rest.
FROM_LIB = ["print", "number", "divide", "random"]

# The builds that are compared, as ends of a folder's name.  TUNED is the kernel as
# it is: what is called most is compiled with NO_FRAME_FLAGS of scripts/kernel.mk.
TUNED, PLAIN, DEBUG = "", "-plain", "-debug"


class Trouble(Exception):
    """A tool that does not work, in words for the user."""


def run(command, **options):
    done = subprocess.run(command, text=True, capture_output=True, check=False,
                          cwd=ROOT, **options)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(map(str, command))}\n{done.stdout}"
                      f"{done.stderr}".rstrip())
    return done.stdout


@contextmanager
def building():
    """One builder at a time: tests run in parallel."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_variables(*names, given=()):
    """The Makefile's values, with the variables that the caller's make got and
    those that are given here."""
    database = run(["make", "--no-print-directory", "-pn", *given, "help"])
    found = dict(re.findall(r"^(\w+) :?= (.*)$", database, re.MULTILINE))
    missing = [name for name in names if name not in found]
    if missing:
        raise Trouble(f"the Makefile sets no {' '.join(missing)}")
    return [found[name] for name in names]


class Toolchain:
    """The kernel's compiler, and the programs made with it."""

    def __init__(self, flags=None, build=TUNED):
        given = ("DEBUG=1",) if build == DEBUG else ()
        compiler, linker, name, own_flags, lib, mm = make_variables(
            "KCC", "KLD", "TOOLCHAIN", "CFLAGS", "LIB", "MM", given=given)
        no_frame, no_frame_flags, frameless = make_variables(
            "NO_FRAME", "NO_FRAME_FLAGS", "FRAMELESS")
        if build != TUNED:
            no_frame = ""
        self.compiler = compiler.split()
        self.linker = linker.split()
        self.flags = (flags if flags is not None else own_flags).split()
        self.no_frame = {ROOT / "src" / f"{one}.c": no_frame_flags.split()
                         for one in no_frame.split()}
        self.no_frame[ALLOCATORS / "objects.c"] = frameless.split()
        self.folder = BUILD / (name + build)
        self.sources = [ROOT / "src" / f"{one}.c"
                        for one in (lib + " " + mm).split()]
        self.sources += sorted(ALLOCATORS.glob("*.c"))
        number = run([*self.compiler, "-dumpfullversion", "-dumpversion"])
        family = "clang" if "clang" in compiler else "gcc"
        self.version = f"{family} {number.split()[0]}"
        self.stages = [f"stage_{stage}.c" for stage, source in STAGES.items()
                       if source in mm.split()
                       and (DRIVER / f"stage_{stage}.c").exists()]
        self._newest = self._newest_source()

    def _newest_source(self):
        """The time of the last change of a source, the compiler or a flag."""
        used = f"{self.compiler} {self.flags} {self.no_frame} {self.version}"
        note = self.folder / "compiled-with"
        if not note.exists() or note.read_text(encoding="utf-8") != used:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(used, encoding="utf-8")
        sources = [path for folder in (ROOT / "src", DRIVER, ALLOCATORS)
                   for path in folder.rglob("*.[chS]")]
        return max(path.stat().st_mtime_ns for path in [note, *sources])

    def compile(self, source, *more):
        """Compiles a source.  After a change all sources are compiled again:
        they are few, and so no list of headers can be wrong."""
        source = Path(source)
        target = self.folder / source.relative_to(ROOT).with_suffix(".o")
        if not target.exists() or target.stat().st_mtime_ns < self._newest:
            target.parent.mkdir(parents=True, exist_ok=True)
            run([*self.compiler, *self.flags, *self.no_frame.get(source, []),
                 f"-I{ROOT}", *more, "-c", source, "-o", target])
        return target

    def compile_all(self, sources, *more):
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda one: self.compile(one, *more),
                                 sources))

    def link(self, name, *arguments):
        """Links to a new file each time, because the old one may be running."""
        program, fresh = self.folder / name, self.folder / f"{name}.new"
        run([*self.linker, "-m", "elf_i386", "-nostdlib", "-z", "noexecstack",
             "-o", fresh, *arguments])
        return fresh.replace(program)

    def kernel_program(self, name, own_sources):
        """Links a static program of the given sources and the parts of the
        kernel that they use."""
        with building():
            archive = self.folder / "kernel.a"
            archive.unlink(missing_ok=True)
            run(["ar", "rcs", archive, *self.compile_all(self.sources)])
            own = self.compile_all([DRIVER / one for one in own_sources])
            return self.link(name, "-static", *own, archive)

    def kernel(self):
        return self.kernel_program("kernel", WITH_ALL + WITH_KERNEL
                                   + self.stages)

    def libc(self, name, library, loader):
        """Builds the driver for a C library that has no headers and no start
        files here."""
        sources = [DRIVER / one for one in WITH_ALL + WITH_LIBC[:-1]]
        sources += [ROOT / "src/lib" / f"{one}.c" for one in FROM_LIB]
        with building():
            objects = self.compile_all(sources)
            objects.append(self.compile(DRIVER / WITH_LIBC[-1], "-fPIC"))
            return self.link(name, *objects, library,
                             "--dynamic-linker", loader)


def loads(qemu, plugin, page):
    """Whether this QEMU loads the plugin, and its message if not."""
    page.write_bytes(bytes(4096))
    tried = subprocess.run([qemu, "-plugin", f"{plugin},page={page}",
                            "/nowhere"], capture_output=True, text=True,
                           check=False)
    return "lugin" not in tried.stderr, tried.stderr.strip()


def build_counter(qemu):
    """Builds the plugin for the first interface that this QEMU accepts."""
    plugin, fresh = BUILD / "counter.so", BUILD / "counter.new.so"
    said = ""
    with building():
        for number in PLUGIN_INTERFACES:
            run(["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC",
                 "-fvisibility=hidden", f"-DPLUGIN_INTERFACE={number}",
                 DRIVER / "counter.c", "-o", fresh])
            good, said = loads(qemu, fresh, BUILD / "probe.page")
            if good:
                return fresh.replace(plugin)
    raise Trouble(f"{qemu} takes no plugin: {said}")
