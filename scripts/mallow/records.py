# SPDX-License-Identifier: MIT
"""The kernel's records for programs: one line for each fact, on COM2.

    trace name=linux.rep verdict=ok operations=35462 utilisation=0.93
    ----- --------------
    kind  fields; values are percent-encoded

A kernel that dies may leave half a line: only whole lines are records.
"""
from urllib.parse import unquote


class Record(dict):
    """The fields of one line; `kind` is its first word."""

    def __init__(self, kind, fields):
        super().__init__(fields)
        self.kind = kind


def value(text):
    """The value as a number if it is one, else as text."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            pass
    return unquote(text)


def parse(text):
    """The records of everything that came over COM2."""
    records = []
    for line in text.split("\n")[:-1]:
        kind, *fields = line.split() or [""]
        pairs = (field.partition("=")[::2] for field in fields)
        if kind:
            records.append(Record(kind, {key: value(word)
                                         for key, word in pairs}))
    return records


def read(path):
    """The records in the file that QEMU wrote; none if there is no file."""
    if not path.exists():
        return []
    return parse(path.read_text(encoding="ascii", errors="replace"))


def of_kind(records, kind):
    return [record for record in records if record.kind == kind]
