"""Sphinx extension: pictures that pages hold become files, which pages share.

A notebook's outputs hold their pictures in the text.  As files they are read once,
and only when a reader comes near; a page's first picture is read at once.
"""

import re
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from sphinx.application import Sphinx

_FOLDER = "_images"  # Sphinx's own, for pictures of pages
_HELD = re.compile(r'<img ([^>]*?)src="data:image/(webp|png);base64,([^"]+)"')


def shared(html: str, folder: Path, address: Callable[[str], str]) -> str:
    """HTML whose pictures lie in a folder.

    Args:
        html: of a page; addresses that hold a WebP or PNG file are moved out.
        folder: where files are written, named by their content.
        address: of such a file from the page, by its name.
    """
    at_once = iter([""])  # the first picture, and no other

    def move(found: re.Match) -> str:
        data = b64decode(found[3])
        name = f"{sha256(data).hexdigest()[:16]}.{found[2]}"
        path = folder / name
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        later = next(at_once, 'loading="lazy" ')
        return f'<img {later}{found[1]}src="{address(name)}"'

    return _HELD.sub(move, html)


def share(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Move the pictures out of a page's text."""
    if "body" in context:
        folder = Path(app.outdir, _FOLDER)

        def address(name: str) -> str:
            return context["pathto"](f"{_FOLDER}/{name}", resource=True)

        context["body"] = shared(context["body"], folder, address)


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect("html-page-context", share)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
