"""How far a map can be believed, in a line for the other chapters."""

from dataclasses import dataclass
from html import escape

from fer_lib.errors import FerError
from fer_lib.explain.scoring.agreement import MeanInterval
from fer_lib.explain.scoring.controls import DECOYS
from ferbook.show.tables import Sentence
from ferbook.study.record import explanations_folder
from ferbook.study.report import LABELS, NAMES, interval, open_study
from ferbook.study.summary import chance, means

_SCORE, _BLOB = "relevance_rank", "centre_blob"


@dataclass(frozen=True)
class Pointer:
    """What a method gets where the evidence is known, between its two rivals.

    Attributes:
        title: of the method, and of the network where it is one's.
        noise: what a map of noise gets.
        blob: what a blob in the centre of the picture gets.
        found: what the method gets.
    """

    title: str
    noise: float
    blob: float
    found: MeanInterval

    @property
    def word(self) -> str:
        """How the method stands against its rivals."""
        if self.found.low > self.blob:
            return "better than a blob in the centre"
        if self.found.low > self.noise:
            return "better than noise, no better than a blob in the centre"
        return "no better than noise"

    def text(self) -> str:
        """Word and figures in two sentences."""
        return (
            f"How far to believe it: {self.title} is {self.word}. On rendered faces "
            "whose evidence is known, the share of its hottest pixels that lie on it "
            f"is {interval(self.found)}, n = {self.found.n:,}; noise gets "
            f"{self.noise:.2f}, the blob {self.blob:.2f}. Chapter 11 has the rest."
        )

    __repr__ = text

    def _repr_html_(self) -> str:
        bars = (("noise", self.noise), ("blob", self.blob), ("map", self.found.mean))
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
        FerError: for a method that the study does not know, or a decoy.
    """
    if method not in LABELS or method in DECOYS:
        known = [name for name in LABELS if name not in DECOYS]
        raise FerError(f"method '{method}', expected one of {', '.join(known)}.")
    if not (explanations_folder() / "study.json").is_file():
        return Sentence("How far such maps can be believed is not recorded yet.")
    study = open_study()
    where = {"network": network} if network in study.networks else {}
    try:
        found, level = means(study, _SCORE, **where), chance(study, _SCORE, **where)
    except (FerError, KeyError):
        return Sentence("On faces with known evidence this network learned nothing.")
    if method not in found or _BLOB not in found:
        return Sentence(f"The study of chapter 11 has no maps by {LABELS[method]}.")
    whose = f" of {NAMES[network]}" if where else ""
    return Pointer(LABELS[method] + whose, level, found[_BLOB].mean, found[method])
