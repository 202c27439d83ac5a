"""``python -m ferbook.site.refresh``: store the first notebook's outputs.

It is the one notebook whose outputs are in git: they are the same on every
machine, and a test compares them.
"""

import json
import tempfile
from pathlib import Path

from fer_lib.files import atomic_path
from ferbook.site.execute import execute
from ferbook.site.stage import NOTEBOOKS, ROOT

WITH_OUTPUTS = "01_how_to_run"
# nbval's tag for cells that speak of the machine.
_NOT_STORED = "nbval-ignore-output"


def refresh(path: Path, root: Path = ROOT) -> None:
    """Execute a notebook and store its outputs in it, and nothing else."""
    with tempfile.TemporaryDirectory() as cache:
        executed, _ = execute(path, {}, root=root, cache=Path(cache))
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell, done in zip(notebook["cells"], executed.cells, strict=True):
        if cell["cell_type"] == "code":
            stored = _NOT_STORED not in cell["metadata"].get("tags", [])
            cell["execution_count"] = done.execution_count if stored else None
            cell["outputs"] = [_on_disk(o) for o in done.outputs if stored]
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _on_disk(output: dict) -> dict:
    """An output as notebook files hold it: texts are lists of lines."""
    stored = json.loads(json.dumps(output))
    if "text" in stored:
        stored["text"] = stored["text"].splitlines(keepends=True)
    for kind, content in stored.get("data", {}).items():
        if isinstance(content, str):
            stored["data"][kind] = content.splitlines(keepends=True)
    return stored


if __name__ == "__main__":
    refresh(ROOT / NOTEBOOKS / f"{WITH_OUTPUTS}.ipynb")
