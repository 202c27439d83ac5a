"""Bounds of versions, as the environments that try them take them."""

import tomllib

from packaging.requirements import Requirement

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


def test_a_step_that_fails_ends_it(monkeypatch, tmp_path, capsys):
    seen, codes = [], iter([0, 1, 0, 0, 0])
    monkeypatch.setattr(versions.venv, "create", lambda *words, **options: None)

    def run(words, cwd):
        seen.append(words[1:3])
        return type("Done", (), {"returncode": next(codes)})

    monkeypatch.setattr(versions.subprocess, "run", run)
    assert versions.main(["--folder", str(tmp_path)]) == 1
    assert len(seen) == 5  # imports failed, so no tests of the newest were run
    assert capsys.readouterr().out == "newest: FAILED\nlowest: well\n"
    assert (tmp_path / "newest.txt").read_text(encoding="utf-8") == ""
    assert "torch==" in (tmp_path / "lowest.txt").read_text(encoding="utf-8")
