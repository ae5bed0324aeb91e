# SPDX-License-Identifier: MIT
"""Compiles a student's file, and keeps the compiler's account of it.

    job folder in the sandbox                        the compiler's own account
      8f3c..e1/src/mm/heap/bump.c    the student's   -H, .d      files opened
      a90b..77/src/mm/heap/heap.h    given           .i          tokens compiled
      a90b..77/include0/stdint.h     given           .s          assembler code
                                                     .o          the object

The names of the two folders are random.  A student's file may contain false
line markers, but it cannot name the folder of the given headers, so every line
of the .i belongs to the student unless its marker names that folder.  The
compiler makes the .i first and then compiles the .i, so the tokens that are
checked are those in the object.
"""
import contextlib
import re
import secrets
from pathlib import Path
from typing import NamedTuple

from ..project import ROOT, Trouble
from . import compiler_sandbox
from .student_files import Refused
from .student_tokens import word_complaints

STANDARD = ["limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h",
            "stdint.h", "stdnoreturn.h"]
DEPENDENCIES = "out/x.d"  # as for make
MESSAGE_LINES = 12
MOST_BYTES = {"i": 4 << 20, "s": 32 << 20, "o": 8 << 20}
OPENED = re.compile(r"^(\.+) (.*)$", re.MULTILINE)
MARKER = re.compile(r'# (\d+) "((?:\\.|[^"\\])*)"[ \d]*')
SEARCH_LIST = re.compile(r"<\.\.\.> search starts here:\n(.*?)End of search",
                         re.DOTALL)
NO_HEADER = re.compile(r"fatal error: '?([^'\n]*?)'?(?:: No such file.*"
                       r"| file not found)$", re.MULTILINE)
# gcc and clang put these lines around what a program's own assembly says.
INLINE = re.compile(
    r"^\s*(?:#APP|#\s*Start of file scope inline assembly)\n(.*?)"
    r"^\s*(?:#NO_APP|#\s*End of file scope inline assembly)$",
    re.MULTILINE | re.DOTALL)
TOP_LEVEL = re.compile(r"^\s*#\s*Start of file scope inline", re.MULTILINE)
INLINE_FILE = re.compile(r'^# \d+ "([^"]*)" 1$', re.MULTILINE)
ASM = re.compile(r"\b(?:__)?asm(?:__)?\b")
FIRST_ERROR = re.compile(r"^.*: (?:fatal )?[Ee]rror: ", re.MULTILINE)
OUT_OF_TIME = re.compile(r"CPU time limit exceeded|SIGXCPU")
TOO_MUCH = re.compile(r"File size limit exceeded|SIGXFSZ|File too large")
NO_MEMORY = re.compile(r"out of memory|virtual memory exhausted")
KILLED = re.compile(r"Killed signal terminated program|Killed$", re.MULTILINE)


class Opened(NamedTuple):
    """A file that the compiler opened, by its name in the tree."""
    name: str
    by: str      # the file that included it
    given: bool  # it is one of the given headers


class Compiled(NamedTuple):
    """The compiler's account of one source."""
    opened: list      # [Opened]
    own_lines: list   # [(file, line, text)]: the student's, macros expanded
    changed: list     # [(file, text)]: lines of given headers, made another by macros
    assembly: str     # all of it
    own_assembly: list  # [text]: inline assembly of no given header
    object: Path


def first_lines(text):
    lines = [line for line in text.splitlines() if line.strip()]
    more = len(lines) - MESSAGE_LINES
    return "\n".join(lines[:MESSAGE_LINES]
                     + ([f"... and {more} lines more"] if more > 0 else []))


class Job:
    """One run of the compiler: its two folders, and names between them."""

    def __init__(self, folder):
        self.folder = folder
        self.own, self.given = (secrets.token_hex(8) for _ in range(2))
        self.files = set()

    def put(self, part, files):
        """Writes {name: contents} into one of the two folders."""
        for name, contents in files.items():
            self.files.add(f"{part}/{name}")
            target = self.folder / part / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents)

    def in_tree(self, name):
        """(name in the tree, whether it is given) of a file that was put
        there; None for all others."""
        if name not in self.files:
            return None
        part, _, rest = name.partition("/")
        return rest, part == self.given

    def clean(self, text):
        return text.replace(f"{self.own}/", "").replace(f"{self.given}/", "")


class StudentCompiler:
    """The kernel's compiler and flags, in the sandbox."""

    def __init__(self, words):
        self.words = tuple(word for word in words if word != "-Isrc")
        self.sandbox, self.inside = compiler_sandbox.best(self.words)
        self.search = self._search_list()
        self.kept = {}  # {names of headers: what including them opens}
        self.known = set()  # {(header, line as it is without a student's macros)}

    # -- The given headers ----------------------------------------------------

    def _search_list(self):
        said = compiler_sandbox.output(*self.words, "-E", "-v", "-x", "c",
                                       "/dev/null", both=True)
        found = SEARCH_LIST.search(said)
        return [line.strip() for line in found.group(1).splitlines()] \
            if found else []

    def _name_of(self, path):
        """A given header's name in its folder, from its path here."""
        for number, place in enumerate(self.search):
            if path.startswith(place + "/"):
                return f"include{number}/{path[len(place) + 1:]}"
        return path

    def headers(self, names):
        """{name in the given folder: contents} of all that including `names`
        opens in this tree."""
        key = tuple(sorted(names))
        if key not in self.kept:
            text = "".join(f'#include "{name}"\n' for name in key)
            text += "".join(f"#include <{name}>\n" for name in STANDARD)
            said = compiler_sandbox.output(
                *self.words, "-Isrc", "-H", "-E", "-x", "c", "-", text=text,
                both=True)
            paths = {path for _, path in OPENED.findall(said)}
            self.known.update(
                (self._name_of(path), " ".join(row.split()))
                for path, row in lines_by_file(said) if path in paths)
            self.kept[key] = {self._name_of(path): (ROOT / path).read_bytes()
                              for path in paths if (ROOT / path).is_file()}
        return self.kept[key]

    def given_for(self, lab):
        """The headers that a lab's files and their includers may open."""
        names = {name for contract in lab.files.values()
                 for name in contract.includes}
        found = self.headers(names)
        for includer in lab.includers:
            found = {**found, **self.headers([includer.removeprefix("src/")])}
        return {name: contents for name, contents in found.items()
                if name not in lab.files and not name.endswith(".c")}

    # -- Compiling ------------------------------------------------------------

    def _paths(self, job):
        is_clang = "clang" in self.words[0]
        words = ["-nostdinc"] if is_clang else ["-nostdinc",
                                                "-fno-working-directory"]
        if not self.sandbox.hides:
            words.append("-fno-caret-diagnostics" if is_clang else
                         "-fno-diagnostics-show-caret")
        words += ["-iquote", f"{job.own}/src", "-I", f"{job.given}/src"]
        for number in range(len(self.search)):
            words += ["-isystem", f"{job.given}/include{number}"]
        for part in (job.own, job.given):
            words.append(f"-ffile-prefix-map={part}/=")
        return words

    def _run(self, job, words, file):
        """The output of the compiler; Refused if it does not compile."""
        done = self.sandbox.run([*self.inside, *self._paths(job), *words],
                                job.folder)
        if done.still:
            raise Refused(f"{file}: the compiler waits for a file that never "
                          "ends")
        if OUT_OF_TIME.search(done.text):
            raise Refused(f"{file}: compiling takes more than "
                          f"{compiler_sandbox.CPU_SECONDS} s of processor time")
        if TOO_MUCH.search(done.text):
            raise Refused(f"{file}: the compiler writes more than "
                          f"{compiler_sandbox.FILE_BYTES_MAX >> 20} MiB for it")
        if NO_MEMORY.search(done.text) and done.status != 0:
            raise Refused(f"{file}: compiling takes more than "
                          f"{compiler_sandbox.ADDRESS_BYTES_MAX >> 20} MiB of "
                          "memory")
        if done.status < 0 or KILLED.search(done.text):
            raise Trouble("the compiler was killed")
        if done.cut:  # it may have named files that were opened
            raise Refused(f"{file}: the compiler's messages about it are longer "
                          f"than {compiler_sandbox.TEXT_BYTES_MAX >> 20} MiB")
        return done

    @contextlib.contextmanager
    def _job(self, lab, own, source):
        """(job, the source's name in it)."""
        with self.sandbox.job() as folder:
            job = Job(folder)
            job.put(job.own, own)
            job.put(job.given, self.given_for(lab))
            part = job.own
            if source in lab.includers:
                part = job.given
                job.put(part, {source: (ROOT / source).read_bytes()})
            (folder / "out").mkdir()
            yield job, f"{part}/{source}"

    def compile(self, lab, own, source, target):
        """Compiles `source`, one of the student's files {name: contents} or
        an includer, to the file `target`."""
        with self._job(lab, own, source) as (job, name):
            done = self._run(job, ["-H", "-MD", "-MF", DEPENDENCIES,
                                   "-save-temps=obj", "-c", name,
                                   "-o", "out/x.o"], source)
            opened = self._opened(job, done.text, name)
            self._check_dependencies(job)
            if done.status != 0:
                self._refuse_words(job)
                self._refuse(job, done.text, lab)
            return self._account(job, opened, target)

    def macros(self, lab, own):
        """The student's lines, as `own_lines`, of all sources of a lab with
        headers; the #define and #undef lines are among them."""
        if not any(name.endswith(".h") for name in lab.files):
            return
        for source in lab.sources:
            with self._job(lab, own, source) as (job, name):
                done = self._run(job, ["-E", "-dD", name, "-o", "out/x.i"],
                                 source)
                if done.status == 0:
                    yield from own_lines(
                        job, self._left(job, "i").decode("latin-1"))

    @staticmethod
    def _left(job, kind):
        """The contents of the compiler's file of this kind."""
        path, = (job.folder / "out").glob(f"*.{kind}")
        if path.stat().st_size > MOST_BYTES[kind]:
            raise Refused(f"the compiler makes a file of "
                          f"{path.stat().st_size >> 20} MiB of it; at most "
                          f"{MOST_BYTES[kind] >> 20} are read")
        return path.read_bytes()

    def _opened(self, job, text, source):
        """[Opened]; Refused if one is not in the job's folders."""
        above, found = [source], []
        for dots, path in OPENED.findall(text):
            if path == "<built-in>":
                continue
            if job.in_tree(path) is None:
                raise Refused(f'#include "{job.clean(path)}" is not in the '
                              "lab's contract")
            name, given = job.in_tree(path)
            del above[len(dots):]
            found.append(Opened(name, job.in_tree(above[-1])[0], given))
            above.append(path)
        return found

    @staticmethod
    def _check_dependencies(job):
        """Refuses files that -H does not name, such as those of #embed.  The
        compiler writes the list when it has read all of the source."""
        path = job.folder / DEPENDENCIES
        text = path.read_text("latin-1") if path.is_file() else ""
        for name in text.partition(":")[2].replace("\\\n", " ").split():
            if job.in_tree(name) is None:
                raise Refused(f"{job.clean(name)} is not in the lab's contract")

    def _refuse_words(self, job):
        """Raises Refused for words that are not plain C.  An assembler's message
        may be about a file that such a word has opened, so it is not shown."""
        if list((job.folder / "out").glob("*.i")):
            lines = own_lines(job, self._left(job, "i").decode("latin-1"))
            wrong = list(word_complaints(lines))
            if wrong:
                raise Refused(first_lines("\n".join(wrong)))

    def _refuse(self, job, text, lab):
        """Raises Refused with the compiler's message, or with its meaning."""
        text = job.clean(text)
        missing = NO_HEADER.search(text)
        if missing:
            line = text[:missing.end()].splitlines()[-1]
            where = ":".join(line.split(":")[:2])
            file = lab.files.get(where.partition(":")[0])
            raise Refused(
                f'{where}: #include "{missing.group(1)}" is not in the lab\'s '
                "contract" + (f"; it lists {', '.join(file.includes)}"
                              if file and file.includes else ""))
        said = OPENED.sub("", text).partition("Multiple include guards")[0]
        error = FIRST_ERROR.search(said)  # there may be warnings before it
        raise Refused("does not compile:\n" + first_lines(
            said[error.start() if error else 0:]))

    def _account(self, job, opened, target):
        """Compiled, from the files that the compiler has left."""
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self._left(job, "o"))
        preprocessed = self._left(job, "i").decode("latin-1")
        assembly = self._left(job, "s").decode("latin-1")
        return Compiled(opened, list(own_lines(job, preprocessed)),
                        list(self._changed(job, preprocessed)), assembly,
                        list(own_assembly(job, assembly, preprocessed)),
                        target)

    def _changed(self, job, preprocessed):
        """(file, text) of each given line that a student's macro has changed."""
        for file, row in lines_by_file(preprocessed):
            name, given = job.in_tree(file) or ("", False)
            text = " ".join(row.split())
            if given and text and (name, text) not in self.known:
                yield name, text


def own_lines(job, preprocessed):
    """(file, line, text) of all that no given header holds; Refused if a line
    marker names a file that does not exist."""
    file, line, given = "", 0, False
    built_in, begun = False, False  # the compiler's own text comes first
    for row in preprocessed.split("\n"):
        marker = MARKER.fullmatch(row)
        if not marker:
            if not given and row.strip():
                yield file, line, row
            line += 1
            continue
        line, name = int(marker.group(1)), marker.group(2)
        if name.startswith("<") and not begun:
            built_in = True
            continue
        place = job.in_tree(name)
        begun = begun or built_in
        if place is None:
            raise Refused(f"{file}: a line says that it is in {name}: #line "
                          "has no place in a student's file")
        file, given = place


def lines_by_file(preprocessed):
    """(file, text) of each line, by the compiler's line markers."""
    file = ""
    for row in preprocessed.split("\n"):
        marker = MARKER.fullmatch(row)
        if marker:
            file = marker.group(2)
        else:
            yield file, row


def own_assembly(job, assembly, preprocessed):
    """Inline assembly that does not come from a given header.  gcc names the
    file of each; clang does not, and there it counts if no given header has
    any, or if it is in no function."""
    in_given = any(
        ASM.search(row) for file, row in lines_by_file(preprocessed)
        if (job.in_tree(file) or ("", False))[1]) \
        and not TOP_LEVEL.search(assembly)
    for text in INLINE.findall(assembly):
        names = INLINE_FILE.findall(text)
        places = [job.in_tree(name) or ("", False) for name in names]
        if not all(given for _, given in places) or not names and not in_given:
            yield text
