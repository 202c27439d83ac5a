"""``python -m ferbook.site.versions``: with the newest releases, and the lowest.

Two environments of their own, below ``_build/versions``: one takes what is newest,
the other the lowest versions that ``pyproject.toml`` allows.  Both import all of the
library and run tests of networks, losses, training and explanations.  No bound is
true that was not tried.
"""

import argparse
import os
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = ("notebooks", "onnx", "tables")
TOOLS = ("pytest>=8.2", "hypothesis>=6.100")
TESTS = (
    "tests/fer_lib/models/test_every_network.py",
    "tests/fer_lib/losses",
    "tests/fer_lib/data/test_augment.py",
    "tests/fer_lib/explain/test_methods.py",
    "tests/fer_lib/photos",
    "tests/fer_lib/rendered/test_render.py",
    "tests/ferbook/training/test_loop.py",
)
_EVERYTHING = """
import importlib, pkgutil, fer_lib
for one in pkgutil.walk_packages(fer_lib.__path__, "fer_lib."):
    importlib.import_module(one.name)
"""


def requirements(root: Path = ROOT) -> list[Requirement]:
    """What the library and the tested extras ask for, each package once."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
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


def tried(kind: str, folder: Path, root: Path = ROOT) -> bool:
    """Whether everything is imported and the tests pass in a new environment."""
    folder.mkdir(parents=True, exist_ok=True)
    held = folder / f"{kind}.txt"
    held.write_text(lowest(root) if kind == "lowest" else "", encoding="utf-8")
    venv.create(folder / kind, clear=True, with_pip=True)
    python = folder / kind / ("Scripts" if os.name == "nt" else "bin") / "python"
    index = os.environ.get("TORCH_INDEX")
    pip = [python, "-m", "pip", "install", "--quiet", "--constraint", held]
    pip += ["--extra-index-url", index] if index else []
    commands = (
        [*pip, "-e", f"{root}[{','.join(EXTRAS)}]", *TOOLS],
        [python, "-c", _EVERYTHING],
        [python, "-m", "pytest", "-q", *TESTS],
    )
    return all(subprocess.run(words, cwd=root).returncode == 0 for words in commands)


def main(words: Sequence[str]) -> int:
    """Try both; the exit code is 0 if both are well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="newest|lowest")
    parser.add_argument("--folder", type=Path, default=ROOT / "_build" / "versions")
    given = parser.parse_args(words)
    told = {kind: tried(kind, given.folder) for kind in given.kinds or KINDS}
    for kind, well in told.items():
        print(f"{kind}: {'well' if well else 'FAILED'}")
    return 0 if all(told.values()) else 1


KINDS = ("newest", "lowest")

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
