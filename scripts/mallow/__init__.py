# SPDX-License-Identifier: MIT
"""The commands of `make`, and what they share.

    project   the tree's places; how a command says that it cannot go on
    stages    the kernel's stages, and which one is enabled
    memory    how much memory a machine gets, and how much the kernel needs
    machine   how QEMU is started, and what its end means
    records   what the kernel tells the host, one line a fact (COM2)
    labs      which files are a lab's, and what they may use
    run, replay, check, sheet   one command each

    debug/    gdb attached to the kernel, here or for an editor
    grade/    the labs' tests in the booted kernel, for points
    course/   what an instructor hands out
"""
