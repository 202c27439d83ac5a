"""``python -m ferbook.site.build``: execute the chapters, build the pages.

Executed copies, pages and settings are staged in ``_build/src``; the site
is built from there into ``_build/html``.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import nbformat
import yaml

from fer_lib.errors import FerError
from ferbook.site.execute import execute
from ferbook.site.notebooks import ROOT, chapter_notebooks, read_config, staged_config
from ferbook.site.prepared_notebooks import write_prepared

AT_A_TIME = 4  # chapters at most; each may need a gigabyte
# Of pictures that ferbook.show.figures makes.
_FIGURE = "data-letters"


def stage(root: Path, source: Path, config: dict, cache: Path) -> None:
    """Fill ``source`` with everything that the pages are built from."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(root / "book", source / "book")
    shutil.copy2(root / "_toc.yml", source)
    settings = yaml.safe_dump(staged_config(config), sort_keys=False)
    (source / "_config.yml").write_text(settings, encoding="utf-8")
    for path, (notebook, reused) in executed(chapter_notebooks(root), root, cache):
        target = source / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        fold_first_cell(notebook)
        fold_figures(notebook)
        nbformat.write(notebook, target)
        how = "unchanged since its last execution" if reused else "executed"
        print(f"{path.name}: {how}", flush=True)
    downloads = source / "downloads" / "prepared"
    downloads.mkdir(parents=True)
    write_prepared(root, downloads)


def executed(
    paths: Sequence[Path], root: Path, cache: Path
) -> Iterator[tuple[Path, tuple[nbformat.NotebookNode, bool]]]:
    """Chapters in their order, each with what :func:`execute` gives.

    Several at a time, each in a process with its share of the cores: much of a
    chapter's time is its imports and drawings, which use one core.
    """
    cores = os.cpu_count() or 1
    count = max(1, min(cores, len(paths), AT_A_TIME))
    share = {"initializer": _own_share, "initargs": (cores // count,)}
    with ProcessPoolExecutor(count, get_context("spawn"), **share) as pool:
        made = partial(execute, root=root, cache=cache)
        yield from zip(paths, pool.map(made, paths), strict=True)


def _own_share(threads: int) -> None:
    """In a process of its own: threads of the kernels that it starts."""
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))


def fold_first_cell(notebook: nbformat.NotebookNode) -> None:
    """Fold the code that sets up Colab: a page is read without it."""
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.metadata.tags = [*first.metadata.get("tags", []), "hide-input"]


def fold_figures(notebook: nbformat.NotebookNode) -> None:
    """Fold the code of figures that chapters leave out: a link below shows it."""
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "remove-input" in tags and _FIGURE in json.dumps(cell.get("outputs", [])):
            cell.metadata.tags = [t for t in tags if t != "remove-input"]
            cell.metadata.tags.append("hide-input")


def build_pages(source: Path, output: Path) -> Path:
    """Build the staged book; folder of its pages.

    Raises:
        FerError: when Jupyter Book fails or warns.
    """
    pages = output / "_build" / "html"
    shutil.rmtree(pages, ignore_errors=True)
    program = shutil.which("jupyter-book", path=Path(sys.executable).parent)
    options = ["--all", "--quiet", "-W", "--keep-going"]
    command = [program, "build", *options, "--path-output", output, source]
    done = subprocess.run(list(map(str, command)), check=False)
    if done.returncode:
        raise FerError(
            f"Jupyter Book ended with code {done.returncode}; its warnings "
            "above name the pages to correct."
        )
    return pages


def build(root: Path = ROOT, output: Path = ROOT, config: dict | None = None) -> Path:
    """Execute, stage and build a repository; the first page's path below ``output``."""
    source = output / "_build" / "src"
    cache = root / "_build" / "executed"
    stage(root, source, config or read_config(root), cache)
    return build_pages(source, output) / "index.html"


def main() -> int:
    """Build the book of this checkout; exit code."""
    try:
        page = build()
    except FerError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\nThe book is built: {page.as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
