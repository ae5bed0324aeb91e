# SPDX-License-Identifier: MIT
"""The findings of a walk over a heap, whichever allocator it belongs to."""

MOST_BYTES = 1 << 30  # no heap of this kernel is larger: ends are believed


class Broken:
    """An invariant that does not hold: which, where, and the two values that
    should have agreed.  `word` is what other code must have written, if that is
    not what lies at `address`; `suspects` are pieces, [(begin, end)], if it may
    be any word in them."""

    def __init__(self, invariant, address, what, expected, found, word=None,
                 suspects=(), hint=""):
        self.invariant, self.address = invariant, address
        self.what, self.expected, self.found = what, expected, found
        self.word = address if word is None else word
        self.suspects = list(suspects)
        self.text = hint

    @property
    def hint(self):
        """The next command to use."""
        return self.text or (f"Who wrote that?  mallow writer {self.word:#010x}"
                             " starts again and stops there.")

    def lines(self):
        return [self.invariant,
                f"at {self.address:#010x}, {self.what}: "
                f"expected {self.expected}, found {self.found}"]


class Block:
    """A piece of the heap: [header, end), with the payload after `header`."""

    def __init__(self, number, header, payload, end, state, owner):
        self.number, self.header, self.payload = number, header, payload
        self.end, self.state, self.owner = end, state, owner

    @property
    def bytes(self):
        return self.end - self.payload

    def __contains__(self, address):
        return self.header <= address < self.end


class Walk:
    """The blocks up to the first that breaks an invariant."""

    def __init__(self, name, begin, end):
        self.name, self.begin, self.end = name, begin, end
        self.blocks = []
        self.broken = None
        self.reached = begin  # all below was walked
        self.note = ""
        self.bookkeeping = None  # (begin, end), if it lies apart
        self.beyond = None       # the heap's other part, if it has two: a Walk

    @property
    def parts(self):
        return [self] + ([self.beyond] if self.beyond else [])

    def block_at(self, address):
        """The block with `address` in it, or None."""
        low, high = 0, len(self.blocks)
        while low < high:
            middle = (low + high) // 2
            if self.blocks[middle].end <= address:
                low = middle + 1
            else:
                high = middle
        if low < len(self.blocks) and address in self.blocks[low]:
            return self.blocks[low]
        return None


def hexadecimal(value):
    return f"{value:#x}"


def ends_broken(name, invariant, begin, end, low, high):
    """The mistake in the ends of a heap that an allocator claims."""
    if begin <= end and low <= begin and end <= high:
        return None
    return Broken(invariant, begin, f"the ends of {name}'s heap",
                  f"within {low:#x} to {high:#x}",
                  f"{begin:#x} to {end:#x}")
