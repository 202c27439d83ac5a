"""The ledger as a list: a line a claim, which opens to all that stands behind.

Without a script every claim is there; ``book/_static/ledger.js`` adds filters.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from ferbook.ledger.beside import Beside, Way, beside
from ferbook.ledger.claims import Claim
from ferbook.ledger.ledger import KINDS, Ledger, open_ledger
from ferbook.ledger.readings import Reading
from ferbook.ledger.rules import Verdict
from ferbook.ledger.verdicts import STANDINGS, Answered, Judgement
from ferbook.show import phrases
from ferbook.show.tables import VERDICT_COLOURS

WHO = {
    "printed": "the paper prints a number",
    "stated": "the paper says so in words",
    "ours": "a question of ours",
}
_FILTERS = {
    "paper": "Paper",
    "data": "Data set",
    "answer": "Answer",
    "scale": "Scale",
    "who": "Who asks",
}
_FIGURES = {"printed": "paper", "ours": "ours"}


@dataclass(frozen=True)
class ClaimList:
    """Claims of one paper, or of all, with their answers."""

    judgements: tuple[Judgement, ...]
    ledger: Ledger
    filters: bool

    def __repr__(self) -> str:
        return "\n".join(
            f"{phrases.verdict(j)}: {j.claim.says}" for j in self.judgements
        )

    def _repr_html_(self) -> str:
        """Folded, with a line that counts how the claims stand."""
        counts = Counter(judgement.standing for judgement in self.judgements)
        told = ", ".join(f"{counts[s]} {s}" for s in STANDINGS if counts[s])
        summary = f"<summary>{len(self.judgements)} claims: {told}</summary>"
        return f'<details class="claim-fold">{summary}{self.html()}</details>'

    def html(self) -> str:
        """The list; its style and its filters lie in ``book/_static``."""
        names = {claims.paper: claims.name for claims in self.ledger.papers}
        rows = [_row(j, names[j.claim.paper], self.ledger) for j in self.judgements]
        form = _form() if self.filters else ""
        return f'<div class="claims">{form}{"".join(rows)}</div>'


def claim_list(paper: str | None = None, ledger: Ledger | None = None) -> ClaimList:
    """The claims, those with answers first.

    Args:
        paper: nickname of a paper; all papers, with filters, if None.
        ledger: claims and runs; the repository's if None.
    """
    ledger = ledger or open_ledger()
    found = sorted(ledger.select(paper, None), key=rank)
    return ClaimList(tuple(found), ledger, paper is None)


def rank(judgement: Judgement) -> int:
    """Answered by runs, runs beside, sums, the rest."""
    if judgement.claim.kind == "arithmetic":
        return 2
    if judgement.decided and judgement.standing != Verdict.NOT_TESTABLE:
        return 0
    return 1 if judgement.readings else 3


def _form() -> str:
    """Empty selections, which the script fills and shows."""
    fields = "".join(
        f'<label>{title} <select name="{name}"><option value="">all</option></select>'
        "</label>"
        for name, title in _FILTERS.items()
    )
    words = '<label>Words <input type="search" name="words"></label>'
    count = '<output role="status"></output>'
    return f'<form class="claims-filter" hidden>{fields}{words}{count}</form>'


def scale_of(judgement: Judgement) -> str:
    """At which scale a claim is answered, in words."""
    if judgement.claim.kind == "arithmetic":
        return "no run needed"
    if any(answer.verdict != Verdict.NOT_RUN for answer in judgement.answers):
        return "the paper's scale"
    return "reduced scale" if judgement.decided else "no answer"


def facts(judgement: Judgement, paper: str) -> dict[str, str]:
    """What stands of a claim in a list, and what one filters by, in words."""
    claim = judgement.claim
    return {
        "id": claim.id,
        "paper": paper,
        "data": phrases.dataset_name(claim.dataset) or "none",
        "answer": judgement.standing,
        "scale": scale_of(judgement),
        "who": WHO[claim.who_asks],
        "kind": KINDS[claim.kind],
        "says": claim.says,
        "printed": phrases.paper_value(claim),
        "ours": _short(claim, judgement),
    }


def _row(judgement: Judgement, paper: str, ledger: Ledger) -> str:
    claim, told = judgement.claim, facts(judgement, paper)
    data = "".join(f' data-{name}="{escape(told[name])}"' for name in _FILTERS)
    figures = [f"{paper}, {told['data']}" if claim.dataset else paper]
    figures += [f"{who} {told[key]}" for key, who in _FIGURES.items() if told[key]]
    chip = _chip(told["answer"])
    head = (
        f'<summary>{chip} <span class="claim-says">{escape(claim.says)}'
        f'</span> <span class="claim-figures">{escape("; ".join(figures))}</span>'
        "</summary>"
    )
    body = "".join(_body(judgement, ledger))
    return f'<details class="claim" id="{claim.id}"{data}>{head}{body}</details>'


def _chip(standing: str) -> str:
    colour = VERDICT_COLOURS.get(standing, "#999999")
    mark = f'<span aria-hidden="true" style="color: {colour}">&#9632;</span>'
    return f'<strong class="claim-chip">{mark} {escape(standing)}</strong>'


def _short(claim: Claim, judgement: Judgement) -> str:
    """The figure of the runs that the answer rests on, with its interval."""
    reading = judgement.shown
    if reading is None:
        return ""
    low, high = 100 * reading.found.low, 100 * reading.found.high
    sign = "" if claim.kind == "value" else "+"
    return f"{phrases.our_figure(claim, reading)} ({low:{sign}.1f} to {high:{sign}.1f})"


def _body(judgement: Judgement, ledger: Ledger) -> Iterable[str]:
    claim = judgement.claim
    where = [f"{claim.where} of the paper", WHO[claim.who_asks]]
    if claim.dataset:
        where.append(f"{phrases.dataset_name(claim.dataset)}, {_protocol(claim)}")
    if claim.n:
        where.append(f"n = {claim.n:,}")
    yield _paragraph("; ".join(where) + ".")
    if claim.reading:
        yield _paragraph(f"As we read it: {claim.reading}")
    if claim.root:
        link = f'<a href="#{claim.root}">{escape(claim.root)}</a>'
        yield f"<p>The same as, or for the same cause as, {link}.</p>"
    for answer in judgement.answers:
        yield from _answer(claim, answer, ledger)
    yield f'<p><a href="#{claim.id}"><code>{escape(claim.id)}</code></a></p>'


def _protocol(claim: Claim) -> str:
    return phrases.protocol_name(claim.protocol)


def _answer(claim: Claim, answer: Answered, ledger: Ledger) -> Iterable[str]:
    if answer.reading:
        yield f"<p><strong>Read otherwise: {escape(answer.reading)}</strong></p>"
    if claim.kind == "arithmetic":
        yield _paragraph(answer.why)
        return
    yield _paragraph(f"At the paper's scale: {answer.verdict} ({answer.why}).")
    if answer.reduced is not None:
        told = f"{answer.reduced} ({answer.reduced_why})"
        yield _paragraph(f"At reduced scale: {told}.")
    for reading in answer.readings:
        yield from _reading(claim, reading, ledger)


def _reading(claim: Claim, reading: Reading, ledger: Ledger) -> Iterable[str]:
    record = max(reading.records, key=lambda r: r.started)
    about = [
        phrases.our_value(claim, reading),
        phrases.protocol_name(reading.answer.protocol),
        phrases.settings(reading),
        phrases.made(record, ledger.state(*reading.records)),
        _rules(reading),
    ]
    yield '<div class="claim-runs">' + _paragraph("; ".join(about) + ".")
    if reading.departures:
        rows = "".join(
            f"<li>{escape(d.item)}: {escape(d.paper)} → {escape(d.ours)}"
            f"{escape(f' ({d.why})' if d.why else '')}</li>"
            for d in reading.departures
        )
        yield _fold(f"Departures ({len(reading.departures)})", f"<ul>{rows}</ul>")
    found = beside(claim, reading)
    if sure := how_sure(claim, found):
        yield _paragraph(" ".join(sure))
    yield _ways(claim, found.curve)
    names = ", ".join(sorted({r.path.name for r in reading.records}))
    yield _fold(f"Records ({len(reading.records)})", _paragraph(names)) + "</div>"


def _rules(reading: Reading) -> str:
    """Whether the rules are older than the runs that they judge."""
    held = [record.content.get("judged_by") for record in reading.records]
    return "rules fixed before the run" if all(held) else "older than the rules"


def how_sure(claim: Claim, found: Beside) -> list[str]:
    """Sentences on the chances of an answer and on the paper's own test."""
    told = []
    if found.if_right is not None:
        told.append(
            "Were the paper exactly right, a test of this size would say "
            f"{_chances(found.if_right)}."
        )
    if found.if_nothing is not None:
        told.append(
            f"Were there no difference, it would say {_chances(found.if_nothing)}."
        )
    if found.d33 is not None:
        size = "smaller than" if found.smaller else "not smaller than"
        told.append(
            f"On {claim.n:,} faces the paper's own test would see "
            f"{100 * found.d33:.1f} points in one case of three; ours is {size} that."
        )
    if found.bayes_factor is not None:
        side = "for the paper's effect" if found.bayes_factor > 0 else "against it"
        told.append(
            f"Replication Bayes factor 10^{found.bayes_factor:+.1f}, {side}; the prior "
            "is what the paper's own test says."
        )
    return told


def _chances(shares: dict[str, float]) -> str:
    rows = sorted(shares.items(), key=lambda row: -row[1])
    return ", ".join(f"'{name}' in {100 * share:.0f} %" for name, share in rows)


def _ways(claim: Claim, curve: Sequence[Way]) -> str:
    """The specification curve, a bar of its interval a line."""
    reach = max((max(abs(w.low), abs(w.high)) for w in curve), default=0) or 1
    signed = claim.kind != "value"
    rows = "".join(_way(way, reach, signed) for way in curve)
    return _fold(f"Ways to read these runs ({len(curve)})", f"<ul>{rows}</ul>")


def _way(way: Way, reach: float, signed: bool) -> str:
    """One line: label, figure, and a bar from the lower to the upper limit."""
    least, span = (-reach, 2 * reach) if signed else (0.0, 1.0)
    left, right = (100 * (x - least) / span for x in (way.low, way.high))
    sign = "+" if signed else ""
    text = f"{100 * way.mean:{sign}.1f} ({100 * way.low:{sign}.1f} to "
    text += f"{100 * way.high:{sign}.1f}), {way.label}"
    text += f": {way.outcome}" if way.outcome else ""
    style = f"margin-left: {left:.1f}%; width: {max(right - left, 0.5):.1f}%"
    bar = f'<span class="claim-bar{" signed" * signed}" aria-hidden="true">'
    bar += f'<span style="{style}"></span></span>'
    return f"<li>{bar}{escape(text)}</li>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _fold(title: str, inside: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{inside}</details>"
