"""Bounds of versions, as the environments that try them take them."""

import json
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from ferbook.site import versions


def test_the_lowest_of_every_package_is_the_bound_of_pyproject(root):
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    needed = [Requirement(line) for line in project["dependencies"]]
    for extra in ("photos", "rendered", "notebooks", "onnx", "tables"):
        needed += map(Requirement, project["optional-dependencies"][extra])
    needed = [one for one in needed if one.name != project["name"]]
    held = dict(
        line.partition(";")[0].split("==") for line in versions.lowest().splitlines()
    )
    assert set(held) == {one.name for one in needed}
    for one in needed:
        assert f">={held[one.name].strip()}" in str(one.specifier)


def test_what_is_run_is_there(root):
    assert all((root / name).exists() for name in versions.TESTS)


@pytest.fixture
def machine(monkeypatch):
    """A machine on which steps end with these codes; what was run on it."""
    seen, codes = [], []
    suite = '<testsuites><testsuite tests="9" skipped="2"/></testsuites>'

    def run(words, cwd):
        seen.append(words)
        written = [str(one)[11:] for one in words if "--junitxml=" in str(one)]
        for path in written:
            Path(path).write_text(suite, encoding="utf-8")
        return SimpleNamespace(returncode=codes.pop(0) if codes else 0)

    def check_output(words, text):
        return json.dumps({"Python": "3.13.0", words[3]: "1.0"})

    monkeypatch.setattr(versions.subprocess, "run", run)
    monkeypatch.setattr(versions.subprocess, "check_output", check_output)
    return SimpleNamespace(seen=seen, codes=codes)


@pytest.fixture
def readme(tmp_path, root):
    text = (root / "README.md").read_text(encoding="utf-8")
    path = tmp_path / "README.md"
    path.write_text(versions.readme_text(text, "before", "newest"), encoding="utf-8")
    return path


def test_what_passed_is_written_and_a_step_that_fails_ends_it(
    machine, readme, tmp_path, capsys
):
    old = block(readme, "lowest")
    machine.codes += [0, 0, 0, 0, 0, 0, 1]
    asked = ["--folder", str(tmp_path / "own"), "--python", "python3.13"]
    assert versions.main(asked, readme) == 1
    assert len(machine.seen) == 7  # imports failed, so no tests of the lowest were run
    assert [words[0] for words in machine.seen[::4]] == ["python3.13"] * 2
    told = block(readme, "newest")
    assert told.startswith("The newest releases, tried on 20")
    assert told.endswith(
        ": Python 3.13.0, anywidget 1.0. 7 tests passed, 2 were skipped."
    )
    assert capsys.readouterr().out == f"{told}\nlowest: FAILED\n"
    assert block(readme, "lowest") == old
    held = tmp_path / "own" / "lowest.txt"
    assert "torch==" in held.read_text(encoding="utf-8")
    assert held.with_name("newest.txt").read_text(encoding="utf-8") == ""


def block(readme: Path, kind: str) -> str:
    """What a README says of the newest or the lowest versions."""
    text = readme.read_text(encoding="utf-8")
    return re.search(f"<!-- {kind}: begin .*?-->\n(.*?)\n<!--", text, re.S)[1]


def test_every_bound_was_tried_when_the_readme_was_written(root):
    told = block(root / "README.md", "lowest")
    found = dict(re.findall(r"([\w-]+) (\d[\w.]*\w)[,.]", told))
    for line in versions.lowest().splitlines():
        name, bound = line.partition(";")[0].strip().split("==")
        assert Version(found[name]) == Version(bound), (
            f"{name} {bound} was not tried: run make versions"
        )
