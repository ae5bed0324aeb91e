# SPDX-License-Identifier: MIT
"""Numbers and mutations, for all generators and reference parsers."""
import re

MOST = 2**32 - 1
# Where a parser is most likely to be wrong.
EDGES = [0, 1, 2, 3, 7, 8, 9, 255, 256, 4095, 4096, 2**31 - 1, 2**31, MOST - 1,
         MOST, MOST + 1, 2**33, 10**10, 2**64]


def any_number(random):
    return random.choice([random.randrange(20), random.randrange(5000),
                          random.choice(EDGES), random.getrandbits(32)])


def number_text(random):
    """A number as a person writes it, and sometimes what is not a number."""
    number = any_number(random)
    return random.choice(
        [f"{number}", f"0x{number:x}", f"0X{number:X}", f"0x{number:X}"] * 3 +
        [f"{number:x}", f"0{number}",
         f"-{number}", f"{number}K", f"{number}M", f"0x{number:x}K", "0x", "",
         f"{number}.0", "K", f"{number}k", f"{'0' * 70}{number}"])


def read_number(text):
    """Decimal, or hexadecimal after 0x, in 32 bits; None for all else."""
    if re.fullmatch(r"[0-9]+", text):
        number = int(text)
    elif re.fullmatch(r"0[xX][0-9a-fA-F]+", text):
        number = int(text[2:], 16)
    else:
        return None
    return number if number <= MOST else None


def mutated(random, data, letters):
    """`data` with a few bytes changed, dropped, doubled or moved."""
    data = bytearray(data)
    for _ in range(random.choice([0, 1, 1, 2, 5])):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.choice([1, 1, 2, 8]))
        what = random.randrange(5)
        if what == 0:
            data[at:end] = random.choice(letters)
        elif what == 1:
            data[at:at] = random.choice(letters)
        elif what == 2:
            del data[at:end]
        elif what == 3:
            data[at:at] = data[at:end]
        elif at < len(data):
            data[at] ^= 1 << random.randrange(8)
    return bytes(data)


def noise(random, letters, most):
    return b"".join(random.choice(letters)
                    for _ in range(random.randrange(most)))
