# SPDX-License-Identifier: MIT
"""The results of a grading, in the formats of other services.

    build/grade/results.json --> autolab       the last line of the log:
                                               {"scores": {"heap_first": 10}}
                             --> classroom50   result.json, as Classroom 50's
                                               runner reads it

Gradescope reads results.json as it is; for GitHub Classroom a hand-out has
scripts/points.  Hidden tests stay out of both: students see what these print.
"""
import datetime
import json
import os
import re
from pathlib import Path

from ..project import BUILD, WRONG_USE, Trouble

RESULTS = BUILD / "grade" / "results.json"
KINDS = ("autolab", "classroom50")
# The description of a submission by Classroom 50's runner, and where it goes.
SUBMISSION = {"classroom": "CLASSROOM", "assignment": "ASSIGNMENT",
              "submission": "SUBMISSION_TAG", "commit": "COMMIT_URL",
              "release": "RELEASE_URL"}


def visible_tests(path):
    """The tests of a results.json that a student may see; their points are
    whole, as both services want them."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        tests = [test for test in said["tests"]
                 if test["visibility"] == "visible"]
    except (ValueError, KeyError, TypeError):
        raise Trouble(f"{path} is not the result of a grading") from None
    missing = [test["name"] for test in tests if "score" not in test]
    if missing:
        raise Trouble(f"not graded, so there are no points to pass on: "
                      f"{', '.join(missing)}")
    return tests


def autolab(tests):
    """One line.  A problem's name must be a word, and is also the name of the
    problem in the assessment's settings."""
    scores = {re.sub(r"\W", "_", test["name"]): test["score"]
              for test in tests}
    return json.dumps({"scores": scores})


def classroom50(tests, environment, now):
    result = {"schema": "classroom50/result/v1"}
    for name, variable in SUBMISSION.items():
        result[name] = environment.get(variable, "")
    rows = [{"test-name": test["name"], "passed": test["status"] == "passed",
             "score": test["score"], "max-score": test["max_score"]}
            for test in tests]
    result.update({
        "review": environment.get("REVIEW_URL") or result["commit"],
        "datetime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(row["score"] for row in rows),
        "max-score": sum(row["max-score"] for row in rows), "tests": rows})
    return json.dumps(result, indent=1)


def formats(arguments):
    if arguments.format not in KINDS:
        raise Trouble(f'FORMAT="{arguments.format}": right are '
                      f"{' and '.join(KINDS)}", WRONG_USE)
    if not RESULTS.exists():
        raise Trouble("nothing was graded yet: make grade comes first")
    tests = visible_tests(RESULTS)
    if arguments.format == "autolab":
        print(autolab(tests))
        return
    now = datetime.datetime.now(datetime.timezone.utc)
    out = Path(arguments.out or "result.json")
    out.write_text(classroom50(tests, os.environ, now) + "\n",
                   encoding="utf-8")
    print(f"{out}: {len(tests)} tests")


def add_commands(commands):
    parser = commands.add_parser("results", help="results for other services")
    parser.add_argument("--format", default="", metavar="|".join(KINDS))
    parser.add_argument("--out", default="", metavar="FILE")
    parser.set_defaults(run=formats)
