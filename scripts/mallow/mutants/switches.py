# SPDX-License-Identifier: MIT
"""One file with all its mutants, so that it is compiled only once.

    if (end < begin)   -->   if ((mutant_is(7) ? (end <= begin) :
                                  mutant_is(8) ? (end >= begin) : (end < begin)))
    count += n;        -->   { if (mutant_is(9)) { } else { count += n; } }

Number 0 is the file as it is.  A program's number comes from its environment
(switches.c).
"""
import collections
import difflib
from typing import NamedTuple

from . import operators, parsed


class Mutant(NamedTuple):
    file: str
    function: str
    line: int
    number: int
    change: operators.Change
    before: str  # the lines that it touches
    after: str
    twin: int    # how many before it look the same

    @property
    def key(self):
        """A name that stays the same while its lines do."""
        return (self.file, self.function, squeezed(self.before),
                squeezed(self.after))


def squeezed(text):
    return " ".join(text.split())


def lines_around(text, begin, end):
    """The whole lines that [begin, end) touches, as offsets."""
    return text.rfind("\n", 0, begin) + 1, \
        (text.find("\n", end - 1) + 1 or len(text))


def mutants_of(file, wanted, first):
    """All mutants of the functions for which wanted(function) holds."""
    found, looks = [], collections.Counter()
    for function in file.functions:
        if not wanted(file, function):
            continue
        for change in operators.changes_of(file, function):
            begin, end = lines_around(file.text, change.begin, change.end)
            before = file.text[begin:end]
            after = (file.text[begin:change.begin] + change.text
                     + file.text[change.end:end])
            line = file.text.count("\n", 0, change.begin) + 1
            look = function.name, squeezed(before), squeezed(after)
            found.append(Mutant(file.name, function.name, line,
                                first + len(found), change, before, after,
                                looks[look]))
            looks[look] += 1
    return found


def diff(mutant):
    """The lines that differ, as diff -u shows them."""
    lines = difflib.unified_diff(
        mutant.before.splitlines(), mutant.after.splitlines(), lineterm="",
        n=1)
    return [line for line in lines if line[:2] not in ("--", "++", "@@")]


# -- Rendering -------------------------------------------------------------------

def by_place(mutants):
    """[((begin, end, statement), mutants)], outer places first."""
    places = {}
    for mutant in mutants:
        change = mutant.change
        places.setdefault((change.begin, change.end, change.statement),
                          []).append(mutant)
    return sorted(places.items(),
                  key=lambda item: (item[0][0], -item[0][1], not item[0][2]))


def choose(place, mutants, inner):
    """`inner` unless one of the mutants is asked for."""
    if place[2]:
        tests = "".join(f"if (mutant_is({each.number})) {{ {each.change.text} }}"
                        " else " for each in mutants)
        return f"{{ {tests}{{ {inner} }} }}"
    tests = "".join(f"mutant_is({each.number}) ? ({each.change.text}) : "
                    for each in mutants)
    return f"({tests}({inner}))"


def render_range(text, begin, end, places):
    """text[begin:end] with the switches of `places`, which lie inside."""
    parts, at = [], begin
    while places:
        (place, mutants), *rest = places
        inside = [each for each in rest if each[0][1] <= place[1]]
        places = [each for each in rest if each[0][0] >= place[1]]
        parts.append(text[at:place[0]])
        parts.append(choose(place, mutants,
                            render_range(text, place[0], place[1], inside)))
        at = place[1]
    return "".join(parts) + text[at:end]


def split_overlapping(mutants):
    """(mutants whose places nest, those whose places cross others)."""
    kept, crossing, ends = [], [], []
    for place, group in by_place(mutants):
        while ends and ends[-1] <= place[0]:
            ends.pop()
        if ends and place[1] > ends[-1]:
            crossing += group
            continue
        ends.append(place[1])
        kept += group
    return kept, crossing


def render(file, mutants):
    head = f'#line 1 "{file.name}"\n'
    return head + render_range(file.text, 0, len(file.text),
                               by_place(mutants))


DECLARATION = """extern unsigned mutant_number;
#define mutant_is(number) (mutant_number == (number))
"""


def compilable(file, mutants):
    """(the rendered text, the mutants in it): those that C refuses, because
    their types do not fit, are left out one after the other."""
    mutants, _ = split_overlapping(mutants)
    while True:
        text = render(file, mutants)
        bad = parsed.errors_of(parsed.ROOT / file.name, DECLARATION + text)
        guilty = guilty_of(DECLARATION + text, bad, mutants)
        if not bad:
            return text, mutants
        if not guilty:
            raise parsed.Trouble(f"{file.name}: its mutants do not compile")
        mutants = [each for each in mutants if each not in guilty]


def guilty_of(text, offsets, mutants):
    """The mutants whose text the errors lie in: the nearest switch before."""
    numbers = {each.number: each for each in mutants}
    guilty = set()
    for offset in offsets:
        at = text.rfind("mutant_is(", 0, offset)
        if at >= 0:
            number = int(text[at + 10:text.find(")", at)])
            if number in numbers:
                guilty.add(numbers[number])
    return guilty
