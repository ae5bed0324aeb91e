# SPDX-License-Identifier: MIT
"""Repeats a failed test on the host, under sanitizers, and makes a random
test's steps fewer there.

Only for the user's own tree: no code of a submission ever runs on this
machine.
"""
import subprocess

from .. import check
from ..project import MAKE, ROOT, Trouble

BUILD_SECONDS = 300


def program():
    """The labs' tests for the host; None where they cannot be built."""
    try:
        done = subprocess.run(
            [MAKE, "-s", str(check.PROGRAM.relative_to(ROOT))], cwd=ROOT,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=BUILD_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    return check.PROGRAM if done.returncode == 0 else None


def look(test, seed):
    """The host's message about a test that has failed; "" if it passes there."""
    outcome = check.run(test, seed)
    if outcome.passed:
        return "on the host it passes"
    steps, outcome = check.shrunk(test, seed, outcome)
    lines = [f"on the host: {outcome.message}"]
    if outcome.checker:
        lines.append(f"the checker finds: {outcome.checker}")
    lines += check.your_functions(test, outcome)
    if steps is not None:
        lines += ["the fewest steps:", *(f"  {line}" for line in
                                         check.repeat_commands(test, seed, steps))]
    if outcome.calls:
        lines.append(outcome.calls)
    return "\n".join(lines)


def look_again(report):
    failed = [test for test, verdict in report.verdicts.items()
              if verdict.ran and not verdict.passed
              and "not written" not in verdict.message]
    if not failed or not program():
        return
    try:
        for test in failed:
            report.notes[test] = look(test, report.seed)
    except Trouble as trouble:
        report.notes[failed[0]] = f"on the host: {trouble}"
