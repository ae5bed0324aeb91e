# SPDX-License-Identifier: MIT
"""Lines of the prompt: keys to a line (src/monitor/line.h), a line to words,
words to numbers (src/lib/string.h).  The program under test has two commands:
`show` takes 1 to 3 words, `none` takes no words."""
from . import numbers

KIND = "lines"
MOST_KEYS = 71
HISTORY = 16
UP, DOWN = b"\x1b[A", b"\x1b[B"
LETTERS = [bytes([each]) for each in b" \x08\x7f\x15\x03\x10\x0e\r\nx0\0\xff"]
LETTERS += [UP, DOWN, b"\x1b[1;5A", b"\x1b[C", b"\x1bA", b"x" * 80]


def line(random):
    words = [random.choice(["show", "show", "show", "none", "sho"])]
    words += [random.choice([numbers.number_text(random), "abc"])
              for _ in range(random.choice([0, 1, 1, 2, 3, 4]))]
    return random.choice([" ", " ", "  "]).join(words).encode()


def make(random):
    if random.random() < 0.1:
        return numbers.noise(random, LETTERS, 80)
    keys = b""
    for _ in range(random.choice([1, 3, 5, 30])):
        keys += random.choice([line(random)] * 5 + [UP, UP * 2 + DOWN, UP * 20])
        keys += random.choice([b"\r", b"\n", b"\r", b"\x15\r", b"\x7f\x7f\r"])
    return numbers.mutated(random, keys, LETTERS)


# -- The reference -------------------------------------------------------------

def keys_of(data):
    """Keys; ESC [ numbers letter is one, and ESC with another byte is none."""
    at = 0
    while at < len(data):
        key, at = data[at], at + 1
        if key != 0x1B:
            yield key
        elif data[at:at + 1] != b"[":
            at += 1
        else:
            at += 1
            while at < len(data) and 0x30 <= data[at] <= 0x3B:
                at += 1
            letter, at = data[at:at + 1], at + 1
            yield {b"A": 0x10, b"B": 0x0E}.get(letter, 0)


def lines_of(data):
    """The lines that the keys make."""
    history, text, back = [], "", 0
    for key in keys_of(data):
        if key in b"\r\n":
            yield text
            if text and history[-1:] != [text]:
                history.append(text)
            text, back = "", 0
        elif key in b"\x08\x7f":
            text = text[:-1]
        elif key in b"\x15\x03":
            text = ""
        elif key == 0x10 and back < min(len(history), HISTORY):
            back += 1
            text = history[-back]
        elif key == 0x0E and back > 0:
            back -= 1
            text = history[-back] if back else ""
        elif 0x20 <= key < 0x7F and len(text) < MOST_KEYS:
            text += chr(key)


def outcome(words):
    if len(words) > 4:
        return ["too many"]
    if words[0] not in ("show", "none"):
        return ["no command"]
    if (words[0] == "none") != (len(words) == 1):
        return ["usage"]
    found = []
    for word in words[1:]:
        number = numbers.read_number(word)
        found.append(f"show {word} word 0" if number is None else
                     f"show {word} number {number}")
    return found


def answer(data):
    found = []
    for text in lines_of(data):
        words = text.split(" ")
        words = [each for each in words if each]
        found += outcome(words) if words else []
    return found
