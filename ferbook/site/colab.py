"""Install what Colab lacks, and leave its torch and numpy as they are.

The first cell of a notebook runs this file by its path, before ``fer_lib``
can be imported: it uses the standard library alone.
"""

import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Replacing these in a running Colab session breaks its CUDA build.
KEPT = ("torch", "numpy")


def kept_versions() -> str:
    """Constraints, one a line, that hold the installed ``KEPT`` packages."""
    lines = []
    for name in KEPT:
        try:
            lines.append(f"{name}=={version(name)}\n")
        except PackageNotFoundError:
            continue
    return "".join(lines)


def install_command(repository: Path, constraints: Path) -> list[str]:
    """The pip call that installs a clone under such constraints."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    return [*pip, "--constraint", str(constraints), "-e", f"{repository}[notebooks]"]


def main() -> None:
    """Install the clone that this file lies in."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "kept.txt"
        constraints.write_text(kept_versions(), encoding="utf-8")
        repository = Path(__file__).resolve().parents[2]
        subprocess.run(install_command(repository, constraints), check=True)


if __name__ == "__main__":
    main()
