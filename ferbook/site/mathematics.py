r"""Sphinx extension: ``\tag`` works in every displayed formula.

Sphinx puts formulas of several lines into a ``split``, where MathJax allows
no ``\tag``.  JupyterLab and Colab do not; so formulas that bring their own
tag are passed on as they are.
"""

from docutils import nodes
from sphinx.application import Sphinx


def keep_tagged(app: Sphinx, doctree: nodes.document) -> None:
    """Mark tagged formulas as complete, with their own delimiters."""
    for formula in doctree.findall(nodes.math_block):
        text = formula.astext()
        if r"\tag" in text:
            formula["nowrap"] = True
            formula.children = []
            formula += nodes.Text(rf"\[{text}\]")


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect("doctree-read", keep_tagged)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
