"""Sphinx extension: the search page looks through the claims, too.

Sphinx leaves out numbers.  So what a claim says, its name and its figures are put
beside the search page, where ``book/_static/search.js`` reads them.  Other pages do
not load the index, which the theme gives to all of them.
"""

import json
import re
from pathlib import Path

from sphinx.application import Sphinx

from ferbook.ledger.ledger import Ledger
from ferbook.show import phrases

_CLAIMS, _SCRIPT, _PAGE = "claims.js", "search.js", "search.html"
# Nothing is found while a reader types, so that only the search page needs these.
_TOOLS = re.compile(
    r'\s*<script src="[^"]*(?:searchtools|language_data|searchindex)\.js"></script>'
)


def searched(ledger: Ledger) -> list[dict[str, str]]:
    """Of every claim its id, its paper, its words, its printed figure, its answer."""
    names = {claims.paper: claims.name for claims in ledger.papers}
    return [
        {
            "id": one.claim.id,
            "paper": names[one.claim.paper],
            "says": one.claim.says,
            "printed": phrases.paper_value(one.claim),
            "answer": one.standing,
        }
        for one in ledger.select(None, None)
    ]


def add_scripts(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Load claims and script on the search page alone."""
    if page == "search":
        app.add_js_file(_CLAIMS)
        app.add_js_file(_SCRIPT)


def write_claims(app: Sphinx, error: Exception | None) -> None:
    """Write the claims beside the pages."""
    if error is None:
        told = json.dumps(searched(app.fer_ledger), ensure_ascii=False)
        path = Path(app.outdir, "_static", _CLAIMS)
        path.write_text(f"const CLAIMS = {told};\n", encoding="utf-8")


def without_index(html: str) -> str:
    """A page that does not load the index of words."""
    return _TOOLS.sub("", html)


def lighten(app: Sphinx, error: Exception | None) -> None:
    """Leave the index to the search page."""
    if error is None and app.builder.format == "html":
        for path in Path(app.outdir).rglob("*.html"):
            if path.name != _PAGE:
                html = path.read_text(encoding="utf-8")
                path.write_text(without_index(html), encoding="utf-8")


def setup(app: Sphinx) -> dict:
    """Register the extension; that of the roles has opened the ledger."""
    app.setup_extension("ferbook.site.roles")
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", write_claims)
    app.connect("build-finished", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
