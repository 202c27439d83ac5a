"""Chapters run by papermill, as a reader's kernel would."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import papermill

from fer_lib.files import cache_dir
from ferbook.site.execute import own_kernel

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def execute(chapter: str, folder: Path, **parameters) -> str:
    """Run a chapter in a folder; the text of all its outputs.

    The executed notebook lies beside the folder as ``out.ipynb``.
    """
    out = folder.parent / "out.ipynb"
    with own_kernel():
        papermill.execute_notebook(
            str(NOTEBOOKS / f"{chapter}.ipynb"),
            str(out),
            parameters,
            cwd=str(folder),
            kernel_name="python3",
            progress_bar=False,
        )
    return json.dumps(outputs_in(out))


# Folders of the cache in which answers are remembered.
REMEMBERED = ("behaviours", "beside", "memory", "states", "verified", "workings")


def start_cache(
    folder: Path, remembered: Iterable[str] = REMEMBERED, rendered: bool = True
) -> Path:
    """A cache of its own that starts with what this machine has worked out."""
    folder.mkdir()
    half_written = shutil.ignore_patterns(".*")
    for name in remembered:
        if (known := cache_dir() / name).is_dir():
            shutil.copytree(known, folder / name, ignore=half_written)
    for path in cache_dir().glob("rendered-*.npz") if rendered else ():
        (folder / path.name).symlink_to(path)
    return folder


def outputs_in(path: Path) -> list[dict]:
    """All outputs of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", [])]
