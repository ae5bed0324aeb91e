# SPDX-License-Identifier: MIT
"""The files around the code: version, changes, workflows, forms, citation."""
import re
import subprocess
import tarfile

import jsonschema
import pytest
import yaml
from conftest import ROOT
from handouts import a_students_tree

__all__ = ["a_students_tree"]  # a fixture

WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"),
                    *ROOT.glob("docs/handout/.github/workflows/*.yml")])
FORMS = sorted(path for path in ROOT.glob(".github/ISSUE_TEMPLATE/*.yml")
               if path.name != "config.yml")

# The part of GitHub's syntax that our files use; a key that is not here is a
# mistake until it is looked up.
TEXT = {"type": "string", "minLength": 1}
STEP = {
    "type": "object", "additionalProperties": False,
    "properties": {"name": TEXT, "id": TEXT, "if": TEXT, "uses": {
        "type": "string", "pattern": r"^[\w-]+/[\w-]+@v\d+$"},
        "run": TEXT, "with": {"type": "object"}, "env": {"type": "object"},
        "continue-on-error": {"type": "boolean"}},
    "oneOf": [{"required": ["uses"]}, {"required": ["run"]}],
}
JOB = {
    "type": "object", "additionalProperties": False,
    "required": ["runs-on", "steps"],
    "properties": {
        "name": TEXT, "runs-on": TEXT, "needs": TEXT, "if": TEXT,
        "container": TEXT, "timeout-minutes": {"type": "integer"},
        "environment": {"type": "object"},
        "strategy": {"type": "object", "additionalProperties": False,
                     "properties": {"fail-fast": {"type": "boolean"},
                                    "matrix": {"type": "object"}}},
        "steps": {"type": "array", "minItems": 1, "items": STEP}},
}
WORKFLOW = {
    "type": "object", "additionalProperties": False,
    "required": ["name", "on", "permissions", "jobs"],
    "properties": {
        "name": TEXT, "on": {"type": ["object", "array"]},
        "env": {"type": "object"},
        "permissions": {"type": "object", "additionalProperties": {
            "enum": ["read", "write"]}},
        "concurrency": {"type": "object", "required": ["group"]},
        "jobs": {"type": "object", "minProperties": 1,
                 "additionalProperties": JOB}},
}
FIELD = {
    "type": "object", "additionalProperties": False,
    "required": ["type", "id", "attributes"],
    "properties": {
        "type": {"enum": ["textarea", "input", "dropdown", "checkboxes"]},
        "id": {"type": "string", "pattern": "^[a-z-]+$"},
        "attributes": {"type": "object", "required": ["label"]},
        "validations": {"type": "object"}},
}
FORM = {
    "type": "object", "additionalProperties": False,
    "required": ["name", "description", "body"],
    "properties": {"name": TEXT, "description": TEXT,
                   "labels": {"type": "array"}, "title": TEXT,
                   "body": {"type": "array", "minItems": 1, "items": FIELD}},
}
CITATION = {
    "type": "object",
    "required": ["cff-version", "message", "title", "authors"],
    "properties": {
        "cff-version": {"const": "1.2.0"}, "type": {"const": "software"},
        "license": {"const": "MIT"},
        "authors": {"type": "array", "minItems": 1, "items": {
            "type": "object", "minProperties": 1}}},
}


class Loader(yaml.SafeLoader):
    """YAML 1.2's truth values: `on` is a word."""


Loader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool",
                             re.compile("^(true|false)$"), list("tf"))


def load(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def version():
    return subprocess.run([ROOT / "scripts" / "version"], text=True,
                          capture_output=True, check=True).stdout.strip()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_as_github_wants_it(path):
    workflow = load(path)
    jsonschema.validate(workflow, WORKFLOW)
    tree = ROOT / "docs/handout" if "handout" in path.parts else ROOT
    for job in workflow["jobs"].values():
        assert job.get("needs", next(iter(workflow["jobs"]))) \
            in workflow["jobs"]
        for step in job["steps"]:
            for name in re.findall(r"(?<![\w/])(?:scripts|\.ci)/[\w-]+",
                                   step.get("run", "")):
                assert (tree / name).exists() or (ROOT / name).exists(), name


@pytest.mark.parametrize("change", [
    lambda it: it.update(onn={}), lambda it: it.pop("permissions"),
    lambda it: it["jobs"]["test"]["steps"][0].update(uze="x"),
    lambda it: it["jobs"]["test"]["steps"][1].update(run="x"),
    lambda it: it["jobs"]["test"].pop("runs-on")])
def test_the_schema_finds_mistakes(change):
    workflow = load(ROOT / ".github" / "workflows" / "ci.yml")
    change(workflow)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(workflow, WORKFLOW)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form_is_as_github_wants_it(path):
    form = load(path)
    jsonschema.validate(form, FORM)
    ids = [field["id"] for field in form["body"]]
    assert len(set(ids)) == len(ids)


def test_the_citation():
    citation = load(ROOT / "CITATION.cff")
    jsonschema.validate(citation, CITATION)
    assert citation["version"] == version()


def test_one_version_everywhere(boot, tree):
    number = version()
    assert re.fullmatch(r"\d+\.\d+\.\d+", number)
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(),
                       re.MULTILINE).group(1)
    assert newest == number
    assert tree.make("help").stdout.startswith(f"Mallow {number}: ")
    guest = boot("stage=boot", "exit").finish()
    assert f"Mallow {number}: where memory comes from\n" in guest.text


def test_a_student_can_say_which_handout_it_is(student):
    assert student.make("help").stdout.startswith(f"Mallow {version()}: ")
    assert f"## {version()}" in (student.root / "CHANGELOG.md").read_text()
    for name in ("CONTRIBUTING.md", "SECURITY.md", ".github/ISSUE_TEMPLATE"):
        assert not (student.root / name).exists(), f"{name} is for staff"


@pytest.mark.long
def test_a_release_can_be_made(tree, tmp_path):
    done = tree.run("scripts/make-release", str(tmp_path / "out"), seconds=400)
    assert done.returncode == 0, done.stderr
    name = f"mallow-{version()}"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "NOTES.md", f"{name}-handout.tar.gz", f"{name}-sums.txt",
        f"{name}.iso"]
    with tarfile.open(tmp_path / "out" / f"{name}-handout.tar.gz") as archive:
        names = archive.getnames()
    assert f"{name}/Makefile" in names
    assert not [each for each in names if "/tests/" in each or "/.git/" in each]
    subprocess.run(["sha256sum", "--check", f"{name}-sums.txt"], check=True,
                   cwd=tmp_path / "out", capture_output=True)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md",
                                  "SECURITY.md", "docs/real-machines.md",
                                  "iso/README.md"])
def test_links_and_paths_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for path in re.findall(r"`((?:src|scripts|labs|docs|tests|traces|iso)"
                           r"/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
    for link in re.findall(r"\]\(([^)#\s:]+)\)", text):
        assert ((ROOT / name).parent / link).exists(), link
