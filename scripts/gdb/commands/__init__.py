# SPDX-License-Identifier: MIT
"""A look inside the kernel, from gdb.

    commands    stages frames page | heap zones stores | owner map guard log
                        |                  |                   |
    knowledge       kernel.py      malloc.py bump.py zones.py  |
                        |                  |                   |
    reading         layout.py: structs by the names that the ELF file has
                        |
                    memory.py: bytes of the guest, or one line why not

Nothing here runs code of the kernel: a kernel that is damaged or half written
could not be asked.  Walks are bounded, and names of members come from the
debug information, so that a struct that has changed is noticed instead of
misread.
"""
