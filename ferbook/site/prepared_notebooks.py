"""``python -m ferbook.site.prepared_notebooks --out DIR``: a copy per preset.

An address of Colab cannot carry parameters, so each paper's chapter is
offered once for every way to run it, with its parameters set and, below its
title, a line on what that takes.  The built book holds them for download.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import nbformat
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from fer_lib.data.splits import Splits
from fer_lib.errors import FerError
from fer_lib.files import atomic_path
from ferbook.kit.costs import badge, training_cost
from ferbook.runs.key import RunKey
from ferbook.runs.make import splits_of
from ferbook.site.notebooks import ROOT, chapter_notebooks

PREPARED: Mapping[str, Mapping[str, object]] = {
    "smoke": {"preset": "smoke"},
    "student": {"preset": "student", "train": True},
    "paper": {"preset": "paper", "train": True},
}
_PAPER = re.compile(r"read_parameters\(\s*\"(\w+)\"")


def paper_of(notebook: nbformat.NotebookNode) -> str:
    """The paper that a chapter is about; empty if it is about none."""
    code = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    found = (_PAPER.search(source) for source in code)
    return next((match[1] for match in found if match), "")


def prepared(
    notebook: nbformat.NotebookNode, preset: str, line: str
) -> nbformat.NotebookNode:
    """A copy with the parameters of a preset set and ``line`` below its title.

    Raises:
        FerError: when its first cell is no title.
    """
    title, _, rest = notebook.cells[0].source.partition("\n")
    if not title.startswith("# "):
        raise FerError(f"a chapter begins with '{title}', expected '# ' and a title.")
    copy = parameterize_notebook(notebook, dict(PREPARED[preset]))
    copy.cells[0].source = f"{title}\n\n> {line}\n{rest}"
    return copy


def all_prepared(
    chapters: list[Path], splits: Splits
) -> Iterator[tuple[str, nbformat.NotebookNode]]:
    """File names and notebooks, for each paper's chapter and preset."""
    for path in chapters:
        notebook = load_notebook_node(str(path))
        paper = paper_of(notebook)
        for preset in PREPARED if paper else ():
            cost = training_cost(paper, preset, splits)
            line = badge(cost, bool(PREPARED[preset].get("train")))
            name = f"{path.stem}_{preset}.ipynb"
            yield name, prepared(load_notebook_node(str(path)), preset, line)


def write_prepared(root: Path, out: Path) -> list[Path]:
    """Write the copies of a checkout's chapters into a folder, each anew."""
    chapters = chapter_notebooks(root)
    if not any(paper_of(load_notebook_node(str(path))) for path in chapters):
        return []
    splits = splits_of(RunKey("deep_emotion"))  # recipes need faces to plan
    written = []
    for name, notebook in all_prepared(chapters, splits):
        with atomic_path(out / name) as temporary:
            nbformat.write(notebook, temporary)
        written.append(out / name)
    return written


@dataclass(frozen=True)
class Downloads:
    """Links to prepared copies, below ``folder`` for a page, and what they take."""

    files: Sequence[Path]
    folder: str

    def html(self) -> str:
        """A list of chapters, and in each one of copies."""
        chapters: dict[str, list[str]] = {}
        for path in self.files:
            lines = nbformat.read(path, as_version=4).cells[0].source.split("\n")
            chapters.setdefault(lines[0].removeprefix("# "), []).append(
                f'<li><a download href="{escape(self.folder)}/{escape(path.name)}">'
                f"{escape(path.name)}</a><br><small>{escape(lines[2][2:])}</small></li>"
            )
        return "".join(
            f"<p>{escape(title)}</p><ul>{''.join(copies)}</ul>"
            for title, copies in chapters.items()
        )


def main(words: list[str]) -> int:
    """Write all copies into a folder; exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    for path in write_prepared(ROOT, parser.parse_args(words).out):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
