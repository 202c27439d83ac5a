"""Sphinx extension: pictures of pages have their width and height.

A browser then keeps their place while they load, so that nothing jumps.
"""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from PIL import Image
from sphinx.application import Sphinx

_IMAGE = re.compile(r'<img (?![^>]*\bwidth=)([^>]*?)src="([^":]+)"')


def sized(html: str, files: Mapping[str, Path]) -> str:
    """HTML whose pictures have a size where ``files`` has theirs, by name."""

    def add(found: re.Match) -> str:
        file = files.get(PurePosixPath(found[2]).name)
        if file is None:
            return found[0]
        width, height = Image.open(file).size
        place = f'<img width="{width}" height="{height}" '
        return found[0].replace("<img ", place, 1)

    return _IMAGE.sub(add, html)


def add_sizes(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Size the pictures in a page's text; drawings by numbers need none."""
    files = {
        name: Path(app.srcdir, source)
        for source, name in app.builder.images.items()
        if not name.endswith(".svg")
    }
    if "body" in context:
        context["body"] = sized(context["body"], files)


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect("html-page-context", add_sizes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
