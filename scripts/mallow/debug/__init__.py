# SPDX-License-Identifier: MIT
"""`make debug`: gdb attached to the kernel in QEMU.

    debug     the command
    server    the same for a gdb elsewhere, or an editor
    gdb       which gdb this machine has
"""
