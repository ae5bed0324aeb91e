# SPDX-License-Identifier: MIT
"""The memory of a machine, which is a file with holes.

    file   | 0 0 0 | written | 0 0 0 0 0 | written | 0 0 0 ...
                   begin   end           begin   end       extents

Most of a machine's memory is never touched; only what was written to is looked
at and copied.
"""
import mmap
import os

MEMORY_BYTES = 192 << 20
PIECE_BYTES = 65536


def mapped(path):
    """A file's contents, which outlive the file."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def extents(path):
    """[(begin, end)] of what has been written to a file with holes."""
    found, at = [], 0
    with path.open("rb") as file:
        while True:
            try:
                begin = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole
                return found
            at = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
            found.append((begin, at))


def used_pieces(image, used, areas=((0, MEMORY_BYTES),)):
    """[(offset, contents)] of all in some areas [begin, end) of memory that
    is not 0."""
    zero, found = bytes(PIECE_BYTES), []
    for low, high in areas:
        for begin, end in used:
            for at in range(max(low, begin), min(high, end), PIECE_BYTES):
                piece = image[at:min(at + PIECE_BYTES, high, end)]
                if piece != zero[:len(piece)]:
                    found.append((at, piece))
    return found


def lay_out(path, pages):
    with path.open("wb") as file:
        file.truncate(MEMORY_BYTES)
        for offset, piece in pages:
            file.seek(offset)
            file.write(piece)
