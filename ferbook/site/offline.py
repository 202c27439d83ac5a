r"""Sphinx extension: pages that ask no other host for anything.

Mathematics is set by the MathJax files of an installed package, copied next
to the pages; a page without a formula does not load them.  Thebe, which would
load from elsewhere, is left out.

Sphinx puts formulas of several lines into a ``split``, where MathJax allows
no ``\tag``.  JupyterLab and Colab do not; so formulas that bring their own
tag are passed on as they are.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

# MathJax's parts that these formulas need: two thirds of its whole bundle, which adds
# a menu and a speech engine.  Screen readers get MathML from the last.
_START = "startup.js"
_PARTS = ("input/tex-base", "[tex]/ams", "output/chtml", "a11y/assistive-mml")
_COPIED = (
    _START, "core.js", "input/tex-base.js", "input/tex/extensions/ams.js",
    "output/chtml.js", "output/chtml/fonts", "a11y/assistive-mml.js",
)  # fmt: skip


def mathjax_folder() -> Path:
    """Folder of MathJax 3's built files, from ``django-static-mathjax``."""
    package = find_spec("mathjax").submodule_search_locations[0]
    return Path(package, "static", "mathjax", "es5")


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """Copy what pages load below ``_static/mathjax`` of the built site."""
    if error is not None or app.builder.format != "html":
        return
    target = Path(app.outdir, "_static", "mathjax")
    for name in _COPIED:
        source, copied = mathjax_folder() / name, target / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copied, dirs_exist_ok=True)
        else:
            shutil.copy2(source, copied)


def drop_thebe(app: Sphinx) -> None:
    """Leave out Thebe, which runs cells on a server that the book lacks.

    Jupyter Book loads its extension unasked, and no setting unloads it.
    """
    for listeners in app.events.listeners.values():
        listeners[:] = [
            listener
            for listener in listeners
            if not listener.handler.__module__.startswith("sphinx_thebe")
        ]
    styles = app.registry.css_files
    styles[:] = [style for style in styles if "thebe" not in str(style[0])]


def keep_tagged(app: Sphinx, doctree: nodes.document) -> None:
    """Mark tagged formulas as complete, with their own delimiters."""
    for formula in doctree.findall(nodes.math_block):
        text = formula.astext()
        if r"\tag" in text:
            formula["nowrap"] = True
            formula.children = []
            formula += nodes.Text(rf"\[{text}\]")


def drop_mathjax(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Leave MathJax out of a page without a formula.

    Sphinx loads it on a page below which others have some, as the first one.
    """
    kinds = (nodes.math, nodes.math_block)
    if doctree is not None and any(any(doctree.findall(kind)) for kind in kinds):
        return
    files = context["script_files"]
    kept = [one for one in files if _START not in str(getattr(one, "filename", one))]
    context["script_files"] = kept


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.config.mathjax_path = f"mathjax/{_START}"
    app.config.mathjax3_config = {
        "loader": {"load": _PARTS},
        "tex": {"packages": ["base", "ams"]},
    }
    # No page has a live widget, so none needs the CDN's widget scripts.
    app.config.nb_ipywidgets_js = {}
    drop_thebe(app)
    app.connect("doctree-read", keep_tagged)
    app.connect("html-page-context", drop_mathjax, priority=900)  # after Sphinx
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
