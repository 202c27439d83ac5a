"""``python -m ferbook.site.versions``: with the newest releases, and the lowest.

Two environments of their own, below ``_build/versions``: one takes what is newest,
the other the lowest versions that ``pyproject.toml`` allows.  Both import all of the
library and run tests of networks, losses, training, explanations and claims.  What
passed is written into the README: no bound is true that was not tried.
"""

import argparse
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

from packaging.requirements import Requirement

from fer_lib.files import atomic_path
from ferbook.show.ledger import readme_text

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = ("notebooks", "onnx", "tables")
TOOLS = ("beautifulsoup4", "filelock", "hypothesis", "onnxruntime", "pytest")
TOOLS += ("selenium",)  # of the extra for tests
TESTS = (
    "tests/fer_lib/models/test_every_network.py",
    "tests/fer_lib/models/test_onnx_files.py",
    "tests/fer_lib/losses",
    "tests/fer_lib/data/test_augment.py",
    "tests/fer_lib/explain/test_methods.py",
    "tests/fer_lib/photos",
    "tests/fer_lib/rendered/test_render.py",
    "tests/ferbook/cli/test_rows.py",
    "tests/ferbook/ledger/test_paper_claims.py",
    "tests/ferbook/runs/test_records.py",
    "tests/ferbook/training/test_loop.py",
    "tests/ferbook/widgets/test_widgets.py",
)
KINDS = {
    "newest": "The newest releases",
    "lowest": "The lowest that `pyproject.toml` allows",
}
_EVERYTHING = """
import importlib, pkgutil, fer_lib
for one in pkgutil.walk_packages(fer_lib.__path__, "fer_lib."):
    importlib.import_module(one.name)
"""
_INSTALLED = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {"Python": sys.version.split()[0]}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:  # not asked for on this kind of machine
        pass
print(json.dumps(found))
"""


def _project(root: Path) -> dict:
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]


def requirements(root: Path = ROOT) -> list[Requirement]:
    """What the library and the tested extras ask for, each package once."""
    project = _project(root)
    waiting, found = [*project["dependencies"]], {}
    extras = list(EXTRAS)
    while extras:
        waiting += project["optional-dependencies"][extras.pop()]
        for one in map(Requirement, waiting):
            if one.name == project["name"]:
                extras += one.extras
            else:
                found[one.name] = one
        waiting = []
    return list(found.values())


def lowest(root: Path = ROOT) -> str:
    """Constraints, one a line, that take each bound at its word."""
    lines = []
    for one in requirements(root):
        marker = f"; {one.marker}" if one.marker else ""
        bounds = [s.version for s in one.specifier if s.operator == ">="]
        lines += [f"{one.name}=={bound}{marker}\n" for bound in bounds]
    return "".join(lines)


def tried(kind: str, folder: Path, python: str, root: Path = ROOT) -> str:
    """What was installed, and how many tests passed; empty if not all is well."""
    folder.mkdir(parents=True, exist_ok=True)
    held, told = folder / f"{kind}.txt", folder / f"{kind}.xml"
    held.write_text(lowest(root) if kind == "lowest" else "", encoding="utf-8")
    own = folder / kind / ("Scripts" if os.name == "nt" else "bin") / "python"
    index = os.environ.get("TORCH_INDEX")
    pip = [own, "-m", "pip", "install", "--progress-bar=off", "--constraint", held]
    pip += ["--extra-index-url", index] if index else []
    asked = _project(root)["optional-dependencies"]["test"]
    tools = [one for one in asked if Requirement(one).name in TOOLS]
    commands = (
        [python, "-m", "venv", "--clear", folder / kind],
        [*pip, "-e", f"{root}[{','.join(EXTRAS)}]", *tools],
        [own, "-c", _EVERYTHING],
        [own, "-m", "pytest", "-q", "-m", "not slow", f"--junitxml={told}", *TESTS],
    )
    if any(subprocess.run(words, cwd=root).returncode for words in commands):
        return ""
    names = sorted((one.name for one in requirements(root)), key=str.lower)
    listed = subprocess.check_output([own, "-c", _INSTALLED, *names], text=True)
    (suite,) = ElementTree.parse(told).getroot().iter("testsuite")
    skipped = int(suite.get("skipped"))
    passed = int(suite.get("tests")) - skipped
    packages = ", ".join(f"{name} {one}" for name, one in json.loads(listed).items())
    return (
        f"{KINDS[kind]}, tried on {date.today()}: {packages}. "
        f"{passed:,} tests passed, {skipped} were skipped."
    )


def main(words: Sequence[str], readme: Path = ROOT / "README.md") -> int:
    """Try them; the exit code is 0 if all are well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="newest|lowest")
    parser.add_argument("--python", default=sys.executable, help="of the environments")
    parser.add_argument("--folder", type=Path, default=ROOT / "_build" / "versions")
    given = parser.parse_args(words)
    failed = []
    for kind in given.kinds or KINDS:
        if line := tried(kind, given.folder, given.python):
            text = readme_text(readme.read_text(encoding="utf-8"), line, kind)
            with atomic_path(readme) as temporary:
                temporary.write_text(text, encoding="utf-8")
        else:
            failed.append(kind)
        print(line or f"{kind}: FAILED")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
