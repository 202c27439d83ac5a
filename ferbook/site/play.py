"""Explorers of the chapters, once more on one page, each started when it is reached."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from fer_lib.errors import FerError


@dataclass(frozen=True)
class Later:
    """An explorer whose parts a page holds, but does not read before a reader comes.

    ``book/_static/play.js`` starts it.
    """

    name: str
    widget: str

    def html(self) -> str:
        """The explorer's HTML in a template, which browsers leave alone."""
        return (
            f'<div class="fer-later" data-explorer="{escape(self.name)}" '
            'style="min-height: 32rem">'
            f"<template>{self.widget}</template>"
            "<noscript>This explorer needs JavaScript; its chapter has a table in its "
            "place.</noscript></div>"
        )


def explorer(name: str | None, notebooks: Sequence[Path]) -> Later:
    """The explorer that an executed chapter shows under this name.

    Raises:
        FerError: when none, or more than one, of the ``notebooks`` does.
    """
    mark = f'data-fer-widget="{name}"'
    found = [html for path in notebooks for html in _pages(path) if mark in html]
    if len(found) != 1:
        raise FerError(
            f"explorer '{name}': {len(found)} outputs of executed notebooks show it, "
            "expected one; name an explorer of ferbook.widgets that one chapter shows."
        )
    return Later(name, found[0])


def _pages(path: Path) -> Iterable[str]:
    """HTML of the outputs of a notebook."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            html = output.get("data", {}).get("text/html", "")
            yield html if isinstance(html, str) else "".join(html)
