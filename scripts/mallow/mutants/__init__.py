# SPDX-License-Identifier: MIT
"""Wrong programs made by machine, which the tests have to notice.

    parsed.py     a source file as libclang parses it: functions, expressions
    operators.py  the small changes that are made to them
    switches.py   one file that holds all its mutants, each under a number
    programs.py   builds test programs around such files
    trials.py     runs the tests against one mutant after the other
    known.py      survivors that no test can tell from the right program
    mutants.py    the command, and what it prints
"""
