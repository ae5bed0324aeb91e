# SPDX-License-Identifier: MIT
"""The allocators of others that are measured beside ours: those that are
installed, as i386 libraries, beside the system."""

from pathlib import Path
from typing import NamedTuple, Optional

FOLDERS = ["/lib/i386-linux-gnu", "/usr/lib/i386-linux-gnu", "/lib32",
           "/usr/lib32", "/usr/lib/i386-linux-musl"]


class Peer(NamedTuple):
    """An allocator in a C library, or in one that is loaded before it."""

    name: str
    package: str
    base: str                     # "glibc" or "musl": what the driver links
    preload: Optional[str] = None  # file name


PEERS = [
    Peer("glibc", "libc6:i386", "glibc"),
    Peer("musl", "musl:i386", "musl"),
    Peer("mimalloc", "libmimalloc2.0:i386", "glibc", "libmimalloc.so.2"),
    Peer("jemalloc", "libjemalloc2:i386", "glibc", "libjemalloc.so.2"),
]


def find(name, folders=None):
    for folder in folders or FOLDERS:
        path = Path(folder) / name
        if path.exists():
            return path
    return None


def libraries():
    """The libraries that the driver can be linked with: base -> (library, loader)."""
    found = {}
    glibc, musl = find("libc.so.6"), Path("/lib/ld-musl-i386.so.1")
    if glibc and Path("/lib/ld-linux.so.2").exists():
        found["glibc"] = (glibc, "/lib/ld-linux.so.2")
    if musl.exists():
        found["musl"] = (musl, str(musl))
    return found


def present():
    """The peers that can run here."""
    bases = libraries()
    return [peer for peer in PEERS if peer.base in bases
            and (peer.preload is None or find(peer.preload))]


def install_line(absent):
    packages = " ".join(peer.package for peer in absent)
    return ("sudo dpkg --add-architecture i386 && sudo apt-get update && "
            f"sudo apt-get install --no-install-recommends {packages}")
