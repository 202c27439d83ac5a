"""Sphinx extension: a page's first use of a word of the glossary shows its meaning.

The word becomes a link to the glossary; its definition stands in the page and is
shown on hover and on focus by ``reading.css``.
"""

import re
from collections.abc import Iterable
from html import escape

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

PAGE = "book/glossary"
# Where a word is a name, or a link already.
_LEFT_ALONE = (
    nodes.reference, nodes.literal, nodes.title, nodes.math, nodes.raw, nodes.caption,
    nodes.rubric, addnodes.pending_xref,
)  # fmt: skip

Glossary = dict[str, tuple[str, str]]


def definitions(doctree: nodes.document) -> Glossary:
    """Of each term of a page, its anchor and its definition."""
    found = {}
    for item in doctree.findall(nodes.definition_list_item):
        terms = [one for one in item.findall(nodes.term) if one["ids"]]
        told = " ".join(one.astext() for one in item.findall(nodes.definition))
        for term in terms:
            words = term.astext().strip()
            found[words] = term["ids"][0], " ".join(told.split())
    return found


def first_uses(texts: Iterable[str], terms: Iterable[str]) -> list[list[tuple]]:
    """Where terms are used first: for each text, start, end and term in order.

    Longer terms go before shorter ones that they hold; a capital at the start does
    not matter.
    """
    longest = sorted(terms, key=len, reverse=True)
    named = {term.lower(): term for term in longest}
    words = "|".join(map(re.escape, named))
    pattern = re.compile(rf"(?<![\w-])({words})(?![\w-])", re.IGNORECASE)
    seen, found = set(), []
    for text in texts:
        uses = []
        for use in pattern.finditer(text) if named else ():
            term = named[use[0].lower()]
            if term not in seen:
                seen.add(term)
                uses.append((use.start(), use.end(), term))
        found.append(uses)
    return found


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Keep the glossary when its page is read."""
    if app.env.docname == PAGE:
        app.env.fer_glossary = definitions(doctree)


def mark(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turn the first use of each term on a page into a link with its definition."""
    glossary: Glossary = getattr(app.env, "fer_glossary", {})
    if docname == PAGE or "/api/" in docname or not glossary:
        return
    address = app.builder.get_relative_uri(docname, PAGE)
    texts = [
        text
        for paragraph in doctree.findall(nodes.paragraph)
        for text in paragraph.findall(nodes.Text)
        if not _inside(text, _LEFT_ALONE)
    ]
    uses = first_uses((text.astext() for text in texts), glossary)
    for text, places in zip(texts, uses, strict=True):
        if places:
            text.parent.replace(text, _linked(text, places, glossary, address))


def _inside(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node is not None:
        if isinstance(node, kinds):
            return True
        node = node.parent
    return False


def _linked(
    text: nodes.Text, places: list[tuple], glossary: Glossary, address: str
) -> list[nodes.Node]:
    words, made, last = text.astext(), [], 0
    for start, end, term in places:
        anchor, told = glossary[term]
        link = (
            f'<a class="term" href="{address}#{anchor}" '
            f'data-definition="{escape(told)}">{escape(words[start:end])}</a>'
        )
        made += [nodes.Text(words[last:start]), nodes.raw("", link, format="html")]
        last = end
    return [*made, nodes.Text(words[last:])]


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect("doctree-read", collect)
    app.connect("doctree-resolved", mark)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
