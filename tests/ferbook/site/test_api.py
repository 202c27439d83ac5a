"""The reference: every public name is in it, and cells lead to it."""

import importlib
import inspect
import io
import pkgutil

import pytest
from bs4 import BeautifulSoup
from docutils.core import publish_doctree
from sphinx.ext.napoleon import GoogleDocstring

import fer_lib
from ferbook.site.api import public_names
from ferbook.site.notebooks import ROOT

MODULES = [m.name for m in pkgutil.walk_packages(fer_lib.__path__, "fer_lib.")]


def test_every_module_with_public_names_is_on_a_page():
    pages = (ROOT / "book" / "api").glob("*.md")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    for module in filter(public_names, MODULES):
        parents = [module.rsplit(".", cut)[0] for cut in range(module.count("."))]
        assert sum(f"{{api}}`{parent}`" in text for parent in parents) == 1, module


@pytest.mark.parametrize("module", list(filter(public_names, MODULES)))
def test_docstrings_hold_no_mark_up_that_nobody_meant(module):
    """A stray ``|`` or indentation would end the build of the book."""
    there = importlib.import_module(module)
    for name in public_names(module):
        text = str(GoogleDocstring(inspect.getdoc(getattr(there, name)) or ""))
        told = io.StringIO()
        publish_doctree(text, settings_overrides={"warning_stream": told})
        faults = [line for line in told.getvalue().splitlines() if "<string>:" in line]
        # Sphinx knows more roles and directives, and arguments such as lambda_.
        known = (" role", "directive", "target name")
        assert not [f for f in faults if not any(word in f for word in known)]


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_names_and_cells_lead_to_one_another(site):
    chapter = site / "notebooks" / "05_ramn.html"
    page = BeautifulSoup(chapter.read_text(encoding="utf-8"), "html.parser")
    linked = page.select("div.cell_input a.sphinx-codeautolink-a")
    addresses = {link["href"] for link in linked}
    target = "fer_lib.losses.region.region_loss"
    assert f"../book/api/losses.html#{target}" in addresses
    losses = site / "book" / "api" / "losses.html"
    entry = BeautifulSoup(losses.read_text(encoding="utf-8"), "html.parser")
    definition = entry.find("dt", id=target).parent
    assert "(weights" in definition.dt.text.replace(": Tensor", "")
    assert any("05_ramn" in a["href"] for a in definition.find_all("a", href=True))
