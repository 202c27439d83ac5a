"""How far a map can be believed, in a line for the other chapters."""

from dataclasses import dataclass
from html import escape

from fer_lib.errors import FerError
from ferbook.ledger.statistics import Difference
from ferbook.show.tables import Sentence
from ferbook.study.analysis import Records
from ferbook.study.cell import METHOD_ROWS
from ferbook.study.networks import NAMES
from ferbook.study.plan import RANK
from ferbook.study.report import LABELS, bare, interval, tracked
from ferbook.study.standing import standings


@dataclass(frozen=True)
class Pointer:
    """What a method gets where the evidence is known, between its two rivals.

    Attributes:
        title: of the method, and of the network where it is one's.
        found: share of its hottest pixels that lie on what moves.
        noise: what a map of noise gets.
        rival: the decoy that is hardest to beat on these maps.
        decoy: what that gets.
        margin: by how much the method is above it.
    """

    title: str
    found: Difference
    noise: float
    rival: str
    decoy: float
    margin: Difference

    @property
    def word(self) -> str:
        """How the method stands against its rivals."""
        if self.margin.low > 0:
            return "better than every decoy"
        if self.found.low > self.noise:
            return f"better than noise, not shown to be better than {self.rival}"
        return "not shown to be better than noise"

    def text(self) -> str:
        """Word and figures in two sentences."""
        return (
            f"How far to believe it: {self.title} is {self.word}. On rendered faces "
            "whose evidence is known, the share of its hottest pixels that lie on it "
            f"is {interval(self.found)}, n = {self.found.n:,}; noise gets "
            f"{self.noise:.2f}, the hardest decoy, {self.rival}, {self.decoy:.2f}. "
            "Chapter 11 has the rest."
        )

    __repr__ = text

    def _repr_html_(self) -> str:
        bars = (("noise", self.noise), ("decoy", self.decoy), ("map", self.found.mean))
        drawn = "".join(
            f'<span style="width: 3em">{name}</span><span><span style="display: '
            f"inline-block; height: 0.6em; width: {100 * share:.0f}%; "
            f'background: currentColor; opacity: {1 if name == "map" else 0.45}">'
            "</span></span>"
            for name, share in bars
        )
        grid = "display: grid; grid-template-columns: 3em 1fr; align-items: center"
        return (
            '<div class="trust" style="display: flex; flex-wrap: wrap; gap: 0 1em; '
            'align-items: center">'
            f'<div aria-hidden="true" style="{grid}; flex: 0 0 9em; font-size: 0.8em">'
            f'{drawn}</div><p style="flex: 1 1 16em">{escape(self.text())}</p></div>'
        )


def pointer(method: str, network: str | None = None) -> Pointer | Sentence:
    """How far a method's maps can be believed; a sentence where it is not known.

    Of a network's maps alone where its nickname is given.

    Raises:
        FerError: for what is no method of the study.
    """
    if method not in METHOD_ROWS:
        raise FerError(f"method '{method}', expected one of {', '.join(METHOD_ROWS)}.")
    records = tracked()
    if records is None:
        return Sentence("How far such maps can be believed is not recorded yet.")
    return _pointer(records, method, network)


def _pointer(records: Records, method: str, network: str | None) -> Pointer | Sentence:
    own = network if network in records.networks else None
    told = standings(records, RANK, (method, "noise"), network=own)
    if "noise" not in told:
        return Sentence("On faces with known evidence this network learned nothing.")
    if method not in told:
        return Sentence(f"The study of chapter 11 has no maps by {LABELS[method]}.")
    one = told[method]
    title = LABELS[method] + (f" of {NAMES[own]}" if own else "")
    return Pointer(
        title, one.found, told["noise"].found.mean, f"the {bare(one.rival)}",
        one.found.mean - one.margin.mean, one.margin,
    )  # fmt: skip
