"""Tables of the networks, and of the equations with their functions."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fer_lib.errors import FerError
from fer_lib.models.catalogue import Entry
from ferbook.runs.paths import repository_root
from ferbook.show.tables import Table


def network_table(entries: Iterable[Entry]) -> Table:
    """Size of each network and variant beside what its paper prints."""
    entries = list(entries)
    notes = sorted({one.note for one in entries if one.note})
    return Table(
        caption="Networks and their variants, counted; a face of the input shown",
        header=("network", "variant", "input", "parameters", "GFLOPs"),
        rows=tuple(_row(one) for one in entries),
        note=" ".join(
            [
                "Parameters are trainable numbers, shared ones once.  GFLOPs are "
                "2 x multiply-accumulates of convolutions and matrix products.",
                *notes,
            ]
        ),
    )


def _row(one: Entry) -> tuple[str, ...]:
    printed = one.paper
    parameters = f"{one.parameters:,}" if one.parameters else "-"
    gflops = f"{one.gflops:.3f}" if one.gflops else "-"
    if printed and printed.parameters:
        parameters += _beside(f"{printed.parameters / 1e6:g} M", one, "parameters")
    if printed and printed.gflops:
        gflops += _beside(f"{printed.gflops:g}", one, "gflops")
    face = " x ".join(map(str, one.input)) if one.input else "-"
    return one.name, one.variant, face, parameters, gflops


def _beside(printed: str, one: Entry, figure: str) -> str:
    """The paper's figure and counted over printed, as a detail of a cell."""
    ratio = one.ratio(figure)
    return f"\n paper {printed}" + (f", ratio {ratio:.3f}" if ratio else "")


@dataclass(frozen=True)
class Equation:
    """An equation of a paper and where it lives.

    Attributes:
        paper: nickname of the paper's network.
        number: as the paper numbers it.
        says: what it says, in a few words.
        function: ``package.module.name`` that computes it.
        test: ``file::function`` that checks it.
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
    return Table(
        caption="Equations of the papers, their functions and their tests",
        header=("paper", "equation", "what it says", "function", "test"),
        rows=tuple(
            (one.paper, f"({one.number})", one.says, one.function, one.test)
            for one in equations
        ),
    )
