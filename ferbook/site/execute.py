"""Executing a chapter with papermill, and reusing what cannot differ.

An executed copy is reused only while everything that its outputs follow
from is unchanged: code cells, parameters, the library with its assets, the
claims, runs and studies that it shows, the constraints and the Python version.
Chapters of the book draw their faces from the library, so no data set
lies outside that list.  Prose may change freely.
"""

import hashlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from fer_lib.errors import FerError
from fer_lib.files import atomic_path, sha256_file

KERNEL = "python3"
_INPUTS = (
    "fer_lib", "book/claims", "book/runs", "book/audits", "book/explanations",
)  # fmt: skip
_SKIPPED = ("__pycache__", ".ipynb_checkpoints")
_WIDGET = "application/vnd.jupyter.widget-view+json"


def inputs_sha256(root: Path) -> str:
    """Hash over the files that any chapter's outputs may follow from."""
    folders = (root / name for name in _INPUTS)
    files = [path for folder in folders for path in folder.rglob("*")]
    files = [path for path in files if not {*_SKIPPED} & {*path.parts}]
    digest = hashlib.sha256(platform.python_version().encode())
    for path in sorted([*files, root / "constraints.txt"]):
        if path.is_file():
            name = path.relative_to(root).as_posix()
            digest.update(f"{name} {sha256_file(path)}\n".encode())
    return digest.hexdigest()


def cache_key(notebook, parameters: dict, inputs: str) -> str:
    """Hash of a notebook's code cells, parameters and inputs."""
    cells = [c.source for c in notebook.cells if c.cell_type == "code"]
    tags = [c.metadata.get("tags", []) for c in notebook.cells]
    content = json.dumps([cells, tags, parameters, inputs], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def execute(
    source: Path, parameters: dict, *, root: Path, cache: Path
) -> tuple[nbformat.NotebookNode, bool]:
    """The executed notebook, and whether it came from the cache.

    Args:
        source: a notebook without outputs.
        parameters: what papermill injects.
        root: the repository; cells run in it.
        cache: folder of executed copies.

    Raises:
        FerError: names the notebook, the cell and the error of a failure.
    """
    notebook = load_notebook_node(str(source))
    key = cache_key(notebook, parameters, inputs_sha256(root))
    stored = cache / f"{source.stem}-{key[:16]}.ipynb"
    reused = stored.exists()
    if not reused:
        for older in cache.glob(f"{source.stem}-*.ipynb"):
            older.unlink()
        with atomic_path(stored) as temporary:
            _run(source, temporary, parameters, root)
    if parameters:
        notebook = parameterize_notebook(notebook, parameters)
    executed = nbformat.read(stored, as_version=4)
    return with_outputs(notebook, executed), reused


def with_outputs(notebook, executed) -> nbformat.NotebookNode:
    """``notebook`` with the outputs of ``executed``, code cell by code cell.

    Widgets are left out: without a kernel they are dead on a page.  Of what
    papermill notes, only when and how long goes to the page: no folders.
    """
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    done = [c for c in executed.cells if c.cell_type == "code"]
    for cell, run in zip(cells, done, strict=True):
        cell.execution_count = run.execution_count
        cell.outputs = [o for o in run.outputs if _WIDGET not in o.get("data", {})]
    notebook.metadata.kernelspec = executed.metadata.kernelspec
    notebook.metadata.language_info = executed.metadata.language_info
    noted = executed.metadata.get("papermill", {})
    notebook.metadata.executed = {
        name: noted[name] for name in ("start_time", "duration") if name in noted
    }
    return notebook


@contextmanager
def own_kernel() -> Iterator[None]:
    """Find this environment's kernel first, whatever the user has installed."""
    before = dict(os.environ)
    os.environ.pop("JUPYTER_PATH", None)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run(source: Path, target: Path, parameters: dict, root: Path) -> None:
    try:
        with own_kernel():
            papermill.execute_notebook(
                str(source),
                str(target),
                parameters,
                kernel_name=KERNEL,
                cwd=str(root),
                progress_bar={"desc": source.stem, "unit": "cell"},
                # Kernels log notes on their transport that no reader needs.
                extra_arguments=["--log-level=CRITICAL"],
            )
    except PapermillExecutionError as error:
        raise FerError(
            f"{source.name}: cell {error.exec_count} failed with "
            f"{error.ename}: {error.evalue}\n{error.source}"
        ) from error
