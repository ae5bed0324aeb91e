# SPDX-License-Identifier: MIT
"""scripts/check-prose and scripts/check-contracts: each rule finds its kind."""
import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def load(name):
    """A script without a suffix, as a module."""
    loader = importlib.machinery.SourceFileLoader(
        name.replace("-", "_"), str(ROOT / "scripts" / name))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


prose = load("check-prose")

LONG = " ".join(["word"] * 31) + "."
BAD = {
    "behind": "The header behind the block.",
    "in front": "The link in front of it.",
    "nobody": "Nobody reads this.",
    "is no": "This address is no block.",
    "so many": "It waits so many rounds.",
    "alive": "The page map knows its zones.",
    "headless": "Who has started it writes here.",
    "long": LONG,
}
GOOD = ["The header after the block.", "There is no room.", "It is no longer.",
        "Who wrote that?", "The kernel counts frames.",
        "`behind` is code.", "A drawing:\n\n        | behind |"]
# A file of each language with a sentence in it.
FILES = {
    "a.c": "/* SPDX */\n/* {} */\nint x;\n",
    "b.c": 'const char *text = "{}";\n',
    "c.py": '"""{}"""\n',
    "d.py": "x = 1\n# {}\n",
    "e.md": "# Title\n\n{}\n",
    "f.mk": "# {}\nall:\n",
}


def rules(name, text):
    return {found.rule for found in prose.findings(name, text)}


@pytest.mark.parametrize("rule", prose.RULES)
def test_each_rule_finds_its_kind(rule):
    for name, frame in FILES.items():
        expected = {rule} if rule != "long" or name == "e.md" else set()
        assert rules(name, frame.format(BAD[rule])) == expected, name


def test_plain_sentences_pass():
    for sentence in GOOD:
        assert rules("e.md", FILES["e.md"].format(sentence)) == set(), sentence


def test_a_phrase_across_two_lines_is_found_at_its_line():
    found = list(prose.findings("a.c", "/* One.\n * It is in\n * front. */\n"))
    assert [(one.line, one.rule) for one in found] == [(2, "in front")]


def run(script, *arguments):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / script, *map(str, arguments)],
        cwd=ROOT, text=True, capture_output=True, check=False)


def test_this_tree_is_within_its_limits():
    done = run("check-prose")
    assert done.returncode == 0, done.stdout


def test_a_limit_is_an_error(tmp_path):
    bad = tmp_path / "bad.md"
    bad.write_text("One behind.\n" * 200)
    done = run("check-prose", bad)
    assert done.returncode == 1 and "behind: 200 findings" in done.stdout


def write_tree(tmp_path, text):
    (tmp_path / "src" / "mm").mkdir(parents=True)
    (tmp_path / "src" / "mm" / "x.c").write_text(text)
    return tmp_path


PURPOSE = "/* SPDX-License-Identifier: MIT */\n/* An example. */\n"
ASSERTED = "static int f(int a)\n{\n    ASSERT(a);\n    return a;\n}\n"


@pytest.mark.parametrize("text, complaint", [
    (PURPOSE + "/* Returns a. */\n" + ASSERTED, ""),
    (PURPOSE + "\n" + ASSERTED, "f() has no contract"),
    ("/* SPDX-License-Identifier: MIT */\n\n/* Returns a. */\n"
     + ASSERTED, "no line of purpose"),
    (PURPOSE + "/* Returns a. */\n" + ASSERTED.replace("ASSERT", "use"),
     "assertions: 0"),
])
def test_contracts(tmp_path, text, complaint):
    done = run("check-contracts", write_tree(tmp_path, text))
    assert done.returncode == (1 if complaint else 0), done.stdout
    assert complaint in done.stdout


def test_contracts_of_this_tree():
    done = run("check-contracts")
    assert done.returncode == 0, done.stdout
