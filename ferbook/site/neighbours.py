"""Sphinx extension: previous and next lead from chapter to chapter.

Pages of another part of the contents are no neighbours, and the first page leads to
the reading paths, these to the first chapter.  ``book/_static/paths.js`` puts the
steps of a path in their place for a reader who has chosen one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from sphinx.application import Sphinx

PATHS = "book/paths"
CHAPTERS = "Chapters"


def neighbours(toc: Mapping) -> dict[str, tuple[str | None, str | None]]:
    """Of each page of a table of contents, the one before it and the one after it."""
    parts = {
        part["caption"]: [chapter["file"] for chapter in part["chapters"]]
        for part in toc.get("parts", ())
    }
    chapters = parts.pop(CHAPTERS, [])
    paths = [page for row in parts.values() for page in row if page == PATHS]
    rows = [[toc["root"], *paths, *chapters]]
    rows += [[page for page in row if page != PATHS] for row in parts.values()]
    return {page: around for row in rows for page, around in _around(row)}


def _around(row: Sequence[str]) -> list[tuple]:
    before, after = [None, *row[:-1]], [*row[1:], None]
    return list(zip(row, zip(before, after, strict=True), strict=True))


def lead(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Put a page's neighbours in the place of those of the whole book."""
    found = app.fer_neighbours.get(page)
    if found is None:
        return
    for name, other in zip(("prev", "next"), found, strict=True):
        context[name] = other and {
            "link": app.builder.get_relative_uri(page, other),
            "title": app.builder.render_partial(app.env.titles[other])["title"],
        }


def read_contents(app: Sphinx) -> None:
    """Read the table of contents once a build."""
    toc = yaml.safe_load(Path(app.srcdir, "_toc.yml").read_text(encoding="utf-8"))
    app.fer_neighbours = neighbours(toc)


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect("builder-inited", read_contents)
    app.connect("html-page-context", lead)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
