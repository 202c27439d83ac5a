"""One table, drawn as HTML for pages and notebooks and as plain text."""

import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import TypeVar

from fer_lib.explain.drawing.colours import COLOURS

Row = TypeVar("Row")
# The words stand beside them, so a colour only repeats what is written.
VERDICT_COLOURS = {
    "reproduced": COLOURS["green"],
    "exceeds": COLOURS["green"],
    "consistent": COLOURS["blue"],
    "same direction": COLOURS["sky"],
    "undecided": COLOURS["orange"],
    "not told apart": COLOURS["orange"],
    "opposite direction": COLOURS["vermilion"],
    "not reproduced": COLOURS["vermilion"],
    "contradictory": COLOURS["vermilion"],
    "not testable this way": "#999999",
    "too few seeds": "#999999",
    "not run": "#999999",
}
# Of the study of explanations: statements, and methods against decoys.
_MARKED = {
    **VERDICT_COLOURS,
    "holds": COLOURS["green"],
    "does not hold": COLOURS["vermilion"],
    "too few tasks": "#999999",
    "above it": COLOURS["green"],
    "below it": COLOURS["vermilion"],
}
_CELL = "text-align: left; vertical-align: top; padding: 0.3em 0.6em"
_NARROW = 14  # letters; shorter cells are not wrapped
_LONG = 60  # letters; details of more need room


@dataclass(frozen=True)
class Table:
    """Rows of text under a header.

    A cell's lines are split by newlines; one that begins with a blank is a detail,
    drawn smaller.  A note is a sentence below the table; a page shows a folded table
    only on request.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    folded: bool = False

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """The table as HTML that needs no style sheet."""
        head = "".join(
            f'<th scope="col" style="{_CELL}">{escape(name)}</th>'
            for name in self.header
        )
        body = "".join(
            "<tr>" + "".join(map(_drawn, row)) + "</tr>" for row in self.rows
        )
        # A table of names and values has no names of columns.
        head = f"<thead><tr>{head}</tr></thead>" if any(self.header) else ""
        name = escape(self.caption)
        # What a folded table opens with names it already.
        label = f' aria-label="{name}"' if self.folded else ""
        style = "caption-side: top; text-align: left"
        caption = "" if self.folded else f'<caption style="{style}">{name}</caption>'
        table = (
            '<div style="overflow-x: auto"><table class="table fer-ledger" '
            f'style="border-collapse: collapse"{label}>'
            f"{caption}{head}<tbody>{body}</tbody></table></div>"
        )
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        if self.folded:
            told = f"{self.caption} ({len(self.rows)})"
            summary = f"<summary>{escape(told)}</summary>"
            return f"<details>{summary}{table}{note}</details>"
        return table + note

    def without_first(self) -> "Table":
        """The same without its first column, where that would not differ."""
        rows = tuple(row[1:] for row in self.rows)
        return replace(self, header=self.header[1:], rows=rows)

    def text(self, width: int = 32) -> str:
        """The table for a terminal, cells wrapped at ``width``."""
        lines = [_wrapped(row, width) for row in (self.header, *self.rows)]
        columns = range(len(self.header))
        widths = [max(len(part) for row in lines for part in row[c]) for c in columns]
        drawn = [self.caption, ""]
        for number, row in enumerate(lines):
            for k in range(max(map(len, row))):
                parts = [cell[k] if k < len(cell) else "" for cell in row]
                padded = [p.ljust(w) for p, w in zip(parts, widths, strict=True)]
                drawn.append("  ".join(padded).rstrip())
            # Rows of one line each need no space between them.
            rule = ["-" * w for w in widths] if number == 0 else []
            if number == 0 or any(len(part) > 1 for cells in lines for part in cells):
                drawn.append("  ".join(rule))
        return "\n".join([*drawn, *(["", self.note] if self.note else [])])

    def markdown(self) -> str:
        """The table in GitHub's markdown, without caption and note."""
        rows = (self.header, ("---",) * len(self.header), *self.rows)
        cells = [[_plain(cell) for cell in row] for row in rows]
        return "\n".join("| " + " | ".join(row) + " |" for row in cells)


@dataclass(frozen=True)
class Sentence:
    """What stands in the place of a table that would have no row."""

    words: str

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return self.html()

    def text(self) -> str:
        """The words."""
        return self.words

    def html(self) -> str:
        """The words as a paragraph."""
        return f"<p>{escape(self.words)}</p>"


@dataclass(frozen=True)
class Page:
    """Tables one below the other, and whatever else has ``html`` and ``text``."""

    tables: tuple[Table | Sentence, ...]

    def __repr__(self) -> str:
        return "\n\n".join(table.text() for table in self.tables)

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """The tables as HTML."""
        return "\n".join(table.html() for table in self.tables)


def table(
    caption: str,
    rows: Iterable[Row],
    columns: Mapping[str, Callable[[Row], object]] | None = None,
    *,
    empty: str = "",
    **options,
) -> "Table | Sentence":
    """A table of some things, a row each.

    Args:
        columns: how to tell a cell, by the column's name; if None, rows are mappings.
        empty: a sentence instead of a table without a row.
        options: further ones of :class:`Table`.
    """
    rows = list(rows)
    if not rows and empty:
        return Sentence(empty)
    if columns is None:
        header, cells = tuple(rows[0]), [tuple(row.values()) for row in rows]
    else:
        header = tuple(columns)
        cells = [tuple(tell(row) for tell in columns.values()) for row in rows]
    told = tuple(tuple(map(str, row)) for row in cells)
    return Table(caption, header, told, **options)


def cell(*lines: str) -> str:
    """A cell's text: its first line, and details below; empty ones are left out."""
    return "\n ".join(filter(None, lines))


def _drawn(text: str) -> str:
    lines = text.split("\n")
    return f'<td style="{_CELL}; {_width(lines)}">{"".join(map(_line, lines))}</td>'


def _width(lines: list[str]) -> str:
    longest = max(len(line.strip()) for line in lines)
    main = max((len(line) for line in lines if not line.startswith(" ")), default=0)
    if longest <= _NARROW:
        return "white-space: nowrap"
    if main > _NARROW + 2:
        return "min-width: 9em"
    return "min-width: 13em" if longest > _LONG else "min-width: 8em"


def _line(line: str) -> str:
    shown, colour = escape(line.strip()), _MARKED.get(line)
    if colour:
        mark = f'<span aria-hidden="true" style="color: {colour}">&#9632;</span>'
        return f'<div style="white-space: nowrap">{mark} <strong>{shown}</strong></div>'
    if line.startswith(" "):
        return f'<div style="font-size: 0.85em; opacity: 0.8">{shown}</div>'
    return f'<div style="margin-top: 0.2em">{shown}</div>'


def _plain(text: str) -> str:
    lines = [line.strip() for line in text.split("\n")]
    return "<br>".join(lines).replace("|", "\\|")


def _wrapped(row: tuple[str, ...], width: int) -> list[list[str]]:
    return [
        [part for line in cell.split("\n") for part in textwrap.wrap(line, width)]
        or [""]
        for cell in row
    ]
