# SPDX-License-Identifier: MIT
"""The commands behind `make`, and what they share.

    project   where things lie, and how a command says that it cannot go on
    stages    the kernel's stages, and which one is enabled
    memory    how much memory a machine gets, and how much the kernel needs
    machine   how QEMU is started, and what its end means
    records   what the kernel says to machines (COM2)
    run, replay, debug   one command each
    labs      which files are a lab's, and what they may use
    check     the labs' tests on the host
    grade     the same tests in the kernel, for points: grade_files, _contract
              and _build make a kernel of a submission, _machine, _memory, _tape
              and _run run and judge its tests, _report says what came of it,
              _host looks at failures again, _all does many submissions
"""
