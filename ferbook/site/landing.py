"""What the first page shows: an explorer, three numbers, and a card a paper."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import fer_lib
from fer_lib.errors import FerError
from ferbook.ledger.ledger import Ledger
from ferbook.ledger.scoreboard import Score, Scoreboard, scoreboard
from ferbook.runs.paths import repository_root
from ferbook.show.figures import RENDERED
from ferbook.show.tables import VERDICT_COLOURS
from ferbook.site.thumbnails import THUMBNAILS, landing_face, shared_face
from ferbook.widgets import Widget, occlusion_explorer

CARDS = Path("book/landing.toml")
NETWORK = "deep_emotion"  # what the first page's explorer asks
_SHOWN = ("happy", "surprise", "angry", "fear")  # beside the astronaut
_GREY = "#999999"


@dataclass(frozen=True)
class Card:
    """A paper on the first page; see ``book/landing.toml``."""

    paper: str
    page: str
    idea: str
    surprise: str
    claim: str = ""
    standing: str = ""


@dataclass(frozen=True)
class Block:
    """A piece of the page that is HTML already."""

    words: str

    def html(self) -> str:
        """The piece."""
        return self.words


def read_cards(root: Path) -> list[Card]:
    """The cards of a repository, in the order of the chapters."""
    text = (root / CARDS).read_text(encoding="utf-8")
    return [Card(**one) for one in tomllib.loads(text)["card"]]


def explorer() -> Widget:
    """A black square over rendered faces, and what a trained network then says."""
    network = fer_lib.load(NETWORK)
    faces = [landing_face(name, network.input.size).image[None] for name in _SHOWN]
    return occlusion_explorer(network, faces, _SHOWN, RENDERED)


def hero() -> Block:
    """The explorer at the top of the first page; style sheets lay it out."""
    return Block(f'<div class="landing-hero">{explorer().html()}</div>')


def tiles(ledger: Ledger) -> Block:
    """The scoreboard's three numbers."""
    shown = "".join(map(_tile, scoreboard(ledger.select(None, None)).scores))
    return Block(f'<div class="tiles">{shown}</div>')


def _tile(score: Score) -> str:
    told = "".join(
        f"<li>{mark(VERDICT_COLOURS.get(name, _GREY))} {n} {escape(name)}</li>"
        for name, n in score.outcomes
    )
    if score.otherwise:
        told += f"<li>{escape(score.note)}</li>"
    number = f"<strong>{score.tested}</strong> of {score.of}"
    words = f"<p>{number}<br>{escape(score.what)}</p>"
    return f'<div class="tile">{words}<ul>{told}</ul></div>'


def mark(colour: str) -> str:
    """A small square of a colour, which only repeats what is written."""
    return f'<span aria-hidden="true" style="color: {colour}">&#9632;</span>'


def cards(ledger: Ledger, link: Callable[[str], str]) -> Block:
    """A card a paper: picture, idea, surprise and verdict.

    Args:
        ledger: claims and runs.
        link: address of a page of the book, by its name.

    Raises:
        FerError: when a surprise rests on a claim that has another standing.
    """
    names = {claims.paper: claims.name for claims in ledger.papers}
    shown = "".join(
        _card(one, names[one.paper], ledger, link)
        for one in read_cards(repository_root())
    )
    return Block(f'{shared_face()}<div class="cards">{shown}</div>')


def _card(card: Card, name: str, ledger: Ledger, link: Callable[[str], str]) -> str:
    check_surprise(card, ledger)
    board = scoreboard(ledger.select(card.paper, None))
    chips = "".join(
        f'<span class="chip">{mark(colour)} {escape(words)}</span>'
        for words, colour in verdict_chips(board)
    )
    number = int(Path(card.page).name.split("_")[0])
    return (
        f'<a class="card-of-paper" href="{escape(link(card.page))}">'
        f"{THUMBNAILS[card.paper]()}<span><strong>{number}. {escape(name)}</strong>"
        f"<em>{escape(card.idea)}</em><span>{escape(card.surprise)}</span>"
        f"<span>{chips}</span></span></a>"
    )


def check_surprise(card: Card, ledger: Ledger) -> None:
    """Refuse a surprise whose claim does not have the standing that it rests on."""
    if not card.claim:
        return
    standing = ledger.judgement(card.claim).standing
    if standing != card.standing:
        raise FerError(
            f"{CARDS}: the surprise of '{card.paper}' rests on '{card.claim}' being "
            f"'{card.standing}', found '{standing}'; write another one."
        )


def verdict_chips(board: Scoreboard) -> list[tuple[str, str]]:
    """Words and colour for the printed values of a paper, and for its sums."""
    return [_chip_of_values(board.printed), _chip_of_sums(board.sums)]


def _chip_of_values(score: Score) -> tuple[str, str]:
    if not score.tested:
        return "no printed value tested yet", _GREY
    held = _count(score, "reproduced", "exceeds")
    colour = "undecided"
    if held == score.tested:
        colour = "reproduced"
    elif _count(score, "not reproduced") == score.tested:
        colour = "not reproduced"
    values = _counted(score.tested, "printed value")
    exceeded = " or exceeded" * bool(_count(score, "exceeds"))
    told = f"{held} of {values} reproduced{exceeded}"
    if score.otherwise:
        told += f", {score.otherwise} more by another reading"
    return told, VERDICT_COLOURS[colour]


def _chip_of_sums(score: Score) -> tuple[str, str]:
    if not score.tested:
        return "no sum checked yet", _GREY
    against = _count(score, "contradictory")
    colour = VERDICT_COLOURS["contradictory" if against else "consistent"]
    return f"{against} of {_counted(score.tested, 'sum')} contradictory", colour


def _count(score: Score, *names: str) -> int:
    return sum(n for name, n in score.outcomes if name in names)


def _counted(n: int, what: str) -> str:
    return f"{n} {what}{'s' if n != 1 else ''}"
