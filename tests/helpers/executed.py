"""Chapters run by papermill, as a reader's kernel would."""

import json
from pathlib import Path

import papermill

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


def outputs_in(path: Path) -> list[dict]:
    """All outputs of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", [])]
