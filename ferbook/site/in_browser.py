"""Sphinx extension: the networks as files of the book, and the page that runs them.

``{networks-in-the-page}`` on a page exports the library's networks, fetches the engine,
and shows both.  Where the engine cannot be had, the page shows what was recorded, and
the build says so in a line.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from fer_lib.errors import FerError
from fer_lib.models.network import Network
from fer_lib.models.onnx_files import onnx_bytes
from ferbook.kit.networks import networks as of_the_library
from ferbook.site.engine import FILES, write_engine
from ferbook.widgets.base import Widget
from ferbook.widgets.networks import (
    SIDE,
    Files,
    astronaut_picture,
    networks_on_page,
    rendered_pictures,
)

FOLDER = "_static/networks"  # of the built pages
_WORKER = "worker.js"


def write_files(
    networks: Mapping[str, Network], folder: Path, seen_as: str, engine: bool = True
) -> Files:
    """Write networks and engine into a folder.

    Args:
        networks: by the names that pages call them.
        folder: made if need be.
        seen_as: address of that folder as seen from the page.
        engine: whether to try for the engine; without it the networks are no use.

    Returns:
        What the page needs to know of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if engine:
        try:
            write_engine(folder)
        except FerError as error:
            print(f"networks in the page: recorded answers only. {error}", flush=True)
            engine = False
    if not engine:
        return Files(seen_as, False, {}, 0, 0)
    worker = files("ferbook.widgets").joinpath(_WORKER).read_bytes()
    written = {_WORKER: worker} | {name: (folder / name).read_bytes() for name in FILES}
    names = {}
    for name, one in networks.items():
        file = re.sub(r"\W+", "_", name.lower()) + ".onnx"
        written[file] = onnx_bytes(one, SIDE)
        # A browser that kept an older file of this name asks for the newer one.
        names[name] = f"{file}?{hashlib.sha256(written[file]).hexdigest()[:12]}"
    for file, content in written.items():
        (folder / file).write_bytes(content)
    size = sum(map(len, written.values()))
    sent = sum(len(gzip.compress(content, 6)) for content in written.values())
    return Files(seen_as, True, names, size, sent)


def page_widget(files: Files, networks: Mapping[str, Network]) -> Widget:
    """The library's networks over rendered faces and the astronaut."""
    pictures = [*rendered_pictures(), astronaut_picture()]
    return networks_on_page(networks, pictures, files)


class NetworksInThePage(SphinxDirective):
    """``{networks-in-the-page}``: see the module."""

    def run(self) -> list[nodes.Node]:
        """The widget; its files are written beside the pages."""
        up = "../" * self.env.docname.count("/")
        networks = of_the_library()
        folder = Path(self.env.app.outdir, FOLDER)
        files = write_files(networks, folder, f"{up}{FOLDER}/")
        html = page_widget(files, networks).html()
        return [nodes.raw("", html, format="html")]


def setup(app: Sphinx) -> dict:
    """Register the directive."""
    app.add_directive("networks-in-the-page", NetworksInThePage)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
