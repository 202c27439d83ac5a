"""Executing a chapter with papermill, and reusing what cannot differ.

An executed copy is reused only while everything that its outputs follow from
is unchanged: code cells, the modules that they import and whatever
these import, prose left out; assets, claims, runs and studies; the constraints
and the Python version.  Chapters of the book draw their faces from the library,
so no data set lies outside that list.

``python -m ferbook.site.execute`` stores the first notebook's outputs in it.  It
is the one whose outputs are in git: they are the same on every machine, and a
test compares them.
"""

import ast
import hashlib
import json
import os
import platform
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import load_notebook_node

from fer_lib.errors import FerError
from fer_lib.files import atomic_path, sha256_file
from ferbook.runs.source import PACKAGES, imports, module_file, source_hash
from ferbook.site.notebooks import NOTEBOOKS, ROOT, rewrite

KERNEL = "python3"
WITH_OUTPUTS = f"{NOTEBOOKS}/01_how_to_run.ipynb"
# nbval's tag for cells that speak of the machine.
_NOT_STORED = "nbval-ignore-output"
# What chapters read beside modules.
_READ = (
    "book/claims/*", "book/runs/**/*", "book/audits/*", "book/explanations/*",
    "book/analyses/**/*", "book/equations.toml", "book/found.toml",
    "book/peers.toml", "book/speed_tables.md", "constraints.txt",
    *(f"{package}/**/*" for package in PACKAGES),
)  # fmt: skip
_CODE = (".py", ".pyc")
_WIDGET = "application/vnd.jupyter.widget-view+json"
# Jupyter's magics and shell lines are no Python.
_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)


def files_sha256(root: Path) -> str:
    """Hash over the files, other than modules, that chapters may read."""
    found = {path for pattern in _READ for path in root.glob(pattern)}
    digest = hashlib.sha256(platform.python_version().encode())
    for path in sorted(found):
        if path.is_file() and path.suffix not in _CODE:
            name = path.relative_to(root).as_posix()
            digest.update(f"{name} {sha256_file(path)}\n".encode())
    return digest.hexdigest()


def imported(code: str, root: Path) -> list[str]:
    """Modules of the repository that a chapter's code imports."""
    tree = ast.parse(_MAGIC.sub("", code))
    found = set(imports(tree, "", root, root))
    if "fer_lib" in found:
        found.add("fer_lib.front")  # its root finds these by name
    return sorted(name for name in found if module_file(name, root))


def cache_key(notebook, root: Path) -> str:
    """Hash of all that a notebook's outputs follow from."""
    cells = [c.source for c in notebook.cells if c.cell_type == "code"]
    tags = [c.metadata.get("tags", []) for c in notebook.cells]
    modules = imported("\n".join(cells), root)
    code = source_hash(modules, package_folder=root)
    content = json.dumps([cells, tags, code, files_sha256(root)])
    return hashlib.sha256(content.encode()).hexdigest()


def execute(
    source: Path, *, root: Path, cache: Path
) -> tuple[nbformat.NotebookNode, bool]:
    """The executed notebook, with its own defaults, and whether it came from the cache.

    Raises:
        FerError: names the notebook, the cell and the error of a failure.
    """
    notebook = load_notebook_node(str(source))
    key = cache_key(notebook, root)
    stored = cache / f"{source.stem}-{key[:16]}.ipynb"
    reused = stored.exists()
    if not reused:
        for older in cache.glob(f"{source.stem}-*.ipynb"):
            older.unlink()
        with atomic_path(stored) as temporary:
            _run(source, temporary, root)
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


def _run(source: Path, target: Path, root: Path) -> None:
    try:
        with own_kernel():
            papermill.execute_notebook(
                str(source),
                str(target),
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


def store_outputs(path: Path, root: Path = ROOT) -> None:
    """Execute a notebook and store its outputs in it, and nothing else."""
    with tempfile.TemporaryDirectory() as cache:
        executed, _ = execute(path, root=root, cache=Path(cache))
    rewrite(path, partial(_with_stored, executed=executed))


def _with_stored(notebook: dict, executed: nbformat.NotebookNode) -> dict:
    cells = []
    for cell, done in zip(notebook["cells"], executed.cells, strict=True):
        if cell["cell_type"] == "code":
            stored = _NOT_STORED not in cell["metadata"].get("tags", [])
            count = done.execution_count if stored else None
            outputs = [_on_disk(o) for o in done.outputs if stored]
            cell = cell | {"execution_count": count, "outputs": outputs}
        cells.append(cell)
    return notebook | {"cells": cells}


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
    store_outputs(ROOT / WITH_OUTPUTS)
