# SPDX-License-Identifier: MIT
"""Marks for Canvas or Moodle: scores.csv joined with a roster.

    build/grade/scores.csv    name, score, ...         from make grade-all
    ROSTER                    as the service exports it
         |
         v
    build/grade/marks.csv     the roster's columns that the service asks for when
                              marks are imported, and one more: the points

A submission belongs to the student one of whose cells it is named by: the login,
the number, the e-mail address, its part before the @, or the name; blanks, signs
and capitals make no difference.  A name that fits two students fits none.
"""
import csv
import io
import re
from pathlib import Path

from ..grade.report import write_whole
from ..project import BUILD, WRONG_USE, Trouble, shown

SCORES = BUILD / "grade" / "scores.csv"
MARKS = BUILD / "grade" / "marks.csv"
# service: (the column that tells it from others, columns that an import wants,
#           columns that a submission may be named by)
SERVICES = {
    "Canvas": ("SIS Login ID",
               ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"],
               ["Student", "ID", "SIS User ID", "SIS Login ID"]),
    "Moodle": ("Email address",
               ["Username", "ID number", "Email address"],
               ["Username", "ID number", "Email address", "First name",
                "Surname", "Last name"]),
}


def read_table(path):
    """(columns, rows) of a CSV file, in UTF-8 with or without a mark."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text))
        rows = [{key: value or "" for key, value in row.items() if key}
                for row in reader]
    except (ValueError, csv.Error):
        raise Trouble(f"{path} is not a CSV file in UTF-8") from None
    return reader.fieldnames or [], rows


def plain_word(text):
    return re.sub(r"[\W_]+", "", text).casefold()


def keys(row, columns):
    """The possible names of this student's submission."""
    cells = [row.get(column, "") for column in columns]
    cells += [cell.partition("@")[0] for cell in cells if "@" in cell]
    for first, last in (("First name", "Surname"), ("First name", "Last name")):
        if row.get(first) and row.get(last):
            cells += [row[first] + row[last], row[last] + row[first]]
    if "," in row.get("Student", ""):
        last, first = row["Student"].split(",", 1)
        cells.append(first + last)
    first_names = {row.get("First name"), row.get("Surname"),
                   row.get("Last name")}
    return {plain_word(cell) for cell in cells
            if cell not in first_names} - {""}


def service_of(columns):
    for name, (mark, *_) in SERVICES.items():
        if mark in columns:
            return name
    marks = " or ".join(f'"{mark}" ({name})'
                        for name, (mark, *_) in SERVICES.items())
    raise Trouble(f"ROSTER: no column {marks}", WRONG_USE)


def match(scores, students, columns):
    """({student's place: its row of scores}, names that fit none)."""
    owners = {}
    for place, student in enumerate(students):
        for key in keys(student, columns):
            owners.setdefault(key, set()).add(place)
    found, strangers = {}, []
    for row in scores:
        places = owners.get(plain_word(row["name"]), set())
        place = next(iter(places)) if len(places) == 1 else None
        if place is None or place in found:
            strangers.append(row["name"])
        else:
            found[place] = row
    return found, strangers


def marks_table(service, columns, students, found, title):
    kept = [name for name in SERVICES[service][1] if name in columns]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*kept, title])
    for place, student in enumerate(students):
        points = found.get(place, {}).get("score", "")
        writer.writerow([*(student[name] for name in kept), points])
    return text.getvalue()


def roster(arguments):
    if not arguments.roster:
        raise Trouble("whose? make marks ROSTER=FILE.csv", WRONG_USE)
    if not SCORES.exists():
        raise Trouble("nothing was graded yet: make grade-all comes first")
    columns, students = read_table(Path(arguments.roster).expanduser())
    service = service_of(columns)
    _, scores = read_table(SCORES)
    found, strangers = match(scores, students, SERVICES[service][2])
    write_whole(MARKS, marks_table(service, columns, students, found,
                                   arguments.lab or "Mallow"))
    print(f"{shown(MARKS)}, for {service}: {len(found)} of {len(students)} "
          "students have marks")
    for name in strangers:
        print(f"  whose is the submission {name}?")


def add_commands(commands):
    parser = commands.add_parser("marks", help="scores joined with a roster")
    parser.add_argument("--roster", default="", metavar="FILE")
    parser.add_argument("--lab", default="", metavar="NAME",
                        help="the name of the column")
    parser.set_defaults(run=roster)
