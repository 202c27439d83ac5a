"""Tables of the networks, and of the equations with their functions."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fer_lib.errors import FerError
from fer_lib.models.catalogue import Entry
from ferbook.runs.paths import repository_root
from ferbook.show.tables import Table, cell, table


def network_table(entries: Iterable[Entry]) -> Table:
    """Size of each network and variant beside what its paper prints."""
    entries = list(entries)
    notes = sorted({one.note for one in entries if one.note})
    return table(
        "Networks and their variants, counted; a face of the input shown",
        entries,
        {
            "network": lambda one: one.name,
            "variant": lambda one: one.variant,
            "input": lambda one: " x ".join(map(str, one.input or "-")),
            "parameters": lambda one: cell(
                f"{one.parameters:,}" if one.parameters else "-",
                _printed(one, "parameters", 1e6, " M"),
            ),
            "GFLOPs": lambda one: cell(
                f"{one.gflops:.3f}" if one.gflops else "-", _printed(one, "gflops", 1)
            ),
        },
        note=" ".join(
            [
                "Parameters are trainable numbers, shared ones once.  GFLOPs are "
                "2 x multiply-accumulates of convolutions and matrix products.",
                *notes,
            ]
        ),
    )


def _printed(one: Entry, figure: str, scale: float, unit: str = "") -> str:
    printed = getattr(one.paper, figure, None)
    if not printed:
        return ""
    ratio = one.ratio(figure)
    return f"paper {printed / scale:g}{unit}" + (f", ratio {ratio:.3f}" * bool(ratio))


@dataclass(frozen=True)
class Equation:
    """An equation of a paper, the function that computes it, a test that checks it.

    As ``package.module.name`` and ``file::function``.
    """

    paper: str
    number: int
    says: str
    function: str
    test: str


def read_equations(path: Path | None = None) -> list[Equation]:
    """The table ``book/equations.toml``.

    Raises:
        FerError: when an entry lacks a field or has one too many.
    """
    path = path or repository_root() / "book" / "equations.toml"
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["equation"]
    found = []
    for place, entry in enumerate(entries, start=1):
        try:
            found.append(Equation(**entry))
        except TypeError as error:
            raise FerError(f"{path}: entry {place}: {error}.") from error
    return found


def equation_table(equations: Iterable[Equation]) -> Table:
    """Which function computes each equation, and which test checks it."""
    return table(
        "Equations of the papers, their functions and their tests",
        equations,
        {
            "paper": lambda one: one.paper,
            "equation": lambda one: f"({one.number})",
            "what it says": lambda one: one.says,
            "function": lambda one: one.function,
            "test": lambda one: one.test,
        },
    )
