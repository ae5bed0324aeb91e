# SPDX-License-Identifier: MIT
"""The kernel's command line: src/boot/options.h, read a second time."""
import re

from . import numbers

KIND = "options"
TEXT, STEPS, WORD = 64, 240, 256  # bytes, with the final 0
SWITCHES = ["replay", "quick", "history", "play", "ask", "exit"]
TEXTS = {"stage": TEXT, "crash": TEXT, "test": TEXT, "do": STEPS,
         "steps": STEPS, "replay": WORD}
NUMBERS = ["poison", "seed", "key", "heap"]
PACES = {"fast": 0, "slow": 1, "off": 2}
LETTERS = [bytes([each]) for each in b" =,-:09KMx\t\xff\"%"] + [
    b"stage=", b"steps=", b"replay", b"%s", b" heap=4K "]


# -- Inputs --------------------------------------------------------------------

def steps_text(random):
    parts = [random.choice([f"{random.randrange(99)}",
                            f"{random.randrange(99)}-{random.randrange(99)}",
                            "999999999", "1000000000", "-", "3-", ""]
                           if random.random() < 0.2 else ["7", "5-9", "0"])
             for _ in range(random.choice([1, 1, 3, 60]))]
    return ",".join(parts)


def text_for(random, room):
    long = [room - 2, room - 1, room, WORD + 3]
    return "x" * random.choice([0, 1, 5, 5, 9, 9, random.choice(long)])


def word(random):
    name = random.choice([*SWITCHES, *TEXTS, *NUMBERS, "map", "poison", "qick"])
    if random.random() < 0.25:
        return name
    if name == "steps":
        return f"{name}={steps_text(random)}"
    if name == "map":
        return f"{name}={random.choice([*PACES, 'of', 'slower', ''])}"
    if name in NUMBERS:
        return f"{name}={numbers.number_text(random)}"
    return f"{name}={text_for(random, TEXTS.get(name, TEXT))}"


def make(random):
    if random.random() < 0.05:
        return numbers.noise(random, LETTERS, 80).replace(b"\0", b"")
    line = random.choice([" ", " ", "  "]).join(
        word(random) for _ in range(random.randrange(8))).encode()
    if random.random() < 0.6:
        return line
    return numbers.mutated(random, line, LETTERS).replace(b"\0", b"")


# -- The reference parser ------------------------------------------------------

def read_bytes(value):
    """4096, 512K, 2M; None for all else."""
    shift = {"K": 10, "M": 20}.get(value[-1:], 0)
    number = numbers.read_number(value[:-1] if shift else value)
    if number is None or len(value) >= TEXT or number << shift > numbers.MOST:
        return None
    return number << shift


def is_steps(value):
    return re.fullmatch(r"[0-9]{1,9}(-[0-9]{1,9})?"
                        r"(,[0-9]{1,9}(-[0-9]{1,9})?)*", value) is not None


def read_value(name, value):
    """The value of an option; None if its text makes no sense."""
    if name in TEXTS:
        good = 0 < len(value) < TEXTS[name] and (name != "steps" or
                                                 is_steps(value))
        return value if good else None
    if name == "map":
        return PACES.get(value)
    number = (read_bytes if name == "heap" else numbers.read_number)(value)
    return None if number == 0 and name != "seed" else number


def read(line):
    """(whether every word is good, {option: value}).  A word that makes no
    sense changes nothing; the others still count."""
    good, found = True, {}
    for each in filter(None, line.split(" ")):
        name, equals, value = each.partition("=")
        if len(each) >= WORD:
            good = False
        elif not equals and name in SWITCHES:
            found[name] = 1
        elif each == "poison":
            found["poison"] = 64
        elif equals and name in [*TEXTS, *NUMBERS, "map"]:
            value = read_value(name, value)
            good = good and value is not None
            if value is not None:
                found["traces" if name == "replay" else name] = value
            if value is not None and name == "replay":
                found["replay"] = 1
        else:
            good = False
    return good, found


def answer(data):
    good, found = read(data.decode("latin-1"))
    return (["good" if good else "refused"] +
            [f"{name} {found.get(name, '').encode('latin-1').hex()}" for name in
             ("stage", "traces", "crash", "do", "test", "steps")] +
            [f"{name} {found.get(name, 0)}" for name in
             ("heap", "map", "poison", "seed", "key", *SWITCHES)])
