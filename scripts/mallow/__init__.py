# SPDX-License-Identifier: MIT
"""The commands behind `make`, and what they share.

    project   where things lie, and how a command says that it cannot go on
    stages    the kernel's stages, and which one is enabled
    memory    how much memory a machine gets, and how much the kernel needs
    machine   how QEMU is started, and what its end means
    records   what the kernel says to machines (COM2)
    run, replay, debug   one command each
"""
