# SPDX-License-Identifier: MIT
"""A clone made by Git for Windows, whose installer sets core.autocrlf, works
like any other: in this tree and in a hand-out."""
import subprocess

import pytest
from conftest import ROOT, Tree
from handouts import a_students_tree, git

__all__ = ["a_students_tree"]  # a fixture


def commit_of_this_tree(folder):
    """A repository with the files that git knows here, as they are now."""
    names = git(ROOT, "-c", "safe.directory=*", "ls-files", "-z")
    archive = subprocess.run(
        ["tar", "-C", ROOT, "--null", "--ignore-failed-read", "-T-", "-cf-"],
        input=names.encode(), capture_output=True, check=True).stdout
    folder.mkdir()
    subprocess.run(["tar", "-C", folder, "-xf-"], input=archive, check=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    # The commit has the same contents as the files: no help on the way in.
    git(folder, "-c", "core.autocrlf=false", "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message=all")
    return folder


def clone(source, folder, *settings):
    git(folder.parent, *settings, "clone", "--quiet", str(source), str(folder))
    return Tree(folder)


# As .gitattributes says.
BINARY = (".png", ".xz", ".pdf", ".zip", ".o")


def files_with_carriage_returns(root):
    names = git(root, "ls-files", "-z").rstrip("\0").split("\0")
    return [name for name in names if (root / name).is_file()
            and b"\r\n" in (root / name).read_bytes()
            and not name.endswith(BINARY)]


@pytest.fixture(name="source", params=["tree", "handout"])
def a_source(request, tmp_path):
    if request.param == "tree":
        return commit_of_this_tree(tmp_path / "source")
    return request.getfixturevalue("student").root


def test_autocrlf(source, tmp_path):
    there = clone(source, tmp_path / "clone", "-c", "core.autocrlf=true")
    assert not files_with_carriage_returns(there.root)
    done = there.run("scripts/setup", "--check")
    assert (done.returncode, done.stdout) == (0, "Nothing is missing.\n")
    done = there.make("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert git(there.root, "status", "--porcelain") == ""


def test_without_the_attributes_the_clone_is_spoiled(source, tmp_path):
    """Else the test above would prove nothing."""
    git(source, "rm", "--quiet", ".gitattributes")
    git(source, "commit", "--quiet", "--message=without")
    there = clone(source, tmp_path / "clone", "-c", "core.autocrlf=true")
    assert "scripts/setup" in files_with_carriage_returns(there.root)
    done = there.run("scripts/setup", "--check")
    assert done.returncode != 0 and "bash\\r" in done.stderr
