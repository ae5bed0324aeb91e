# SPDX-License-Identifier: MIT
"""`make hunt`: tests that a student writes, and faults that a student finds.

    command    the words of the command line
    break_it   how many wrong allocators the student's test tells from right ones
    find_it    a kernel with a planted fault, and the sheet about it
    packs      the objects of both, and the answers' hashes
"""
