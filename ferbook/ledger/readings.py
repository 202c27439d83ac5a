"""What the runs say beside a claim."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from ferbook.ledger.claims import Answer, Claim, Term
from ferbook.ledger.comparing import (
    Look,
    Runs,
    alike,
    compare,
    flat,
    labels_of,
    paired,
    per_face,
)
from ferbook.ledger.matching import belongs, groups, matching
from ferbook.ledger.rules import (
    Verdict,
    blocking,
    judge_difference,
    judge_order,
    judge_value,
)
from ferbook.ledger.statistics import Difference, group_difference
from ferbook.runs.records import Departure, Record


@dataclass(frozen=True)
class Reading:
    """What the runs of one protocol say beside a claim.

    Attributes:
        answer: which runs these are.
        records: the runs, one a seed (one a fold and seed where there are
            folds; an order may need several variants).
        mean: ours, a share or a difference of shares.
        low: lower limit of its 95 % interval over faces.
        high: upper limit.
        n: faces behind it.
        departures: how the runs depart from the claim.
        verdict: None for runs that only stand beside the claim.
        pairs: the differences of an order claim.
        spread: standard deviation of the figure over seeds; None for one seed
            and for orders.
    """

    answer: Answer
    records: tuple[Record, ...]
    mean: float
    low: float
    high: float
    n: int
    departures: tuple[Departure, ...]
    verdict: Verdict | None
    pairs: tuple[Difference, ...] = ()
    spread: float | None = None

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the runs, each once."""
        return tuple(sorted({record.seed for record in self.records}))

    @property
    def changes(self) -> tuple[tuple[str, object], ...]:
        """Settings in which the runs are not their preset's."""
        return self.records[0].key.changes


def readings_of(
    claim: Claim, records: Iterable[Record]
) -> tuple[tuple[Reading, ...], dict[Record, str]]:
    """What any runs say beside a claim, in the order of ``answered_by``.

    Runs are read together with those of the same settings and faces alone.

    Args:
        claim: of kind value, difference or order.
        records: any runs; those that do not belong to it are passed over.

    Returns:
        The readings, and why runs that belong to it were left out.
    """
    usable = [record for record in records if belongs(record, claim)]
    read = {"value": _value, "difference": _difference, "order": _order}[claim.kind]
    found, left_out = [], {}
    for answer in claim.answered_by:
        for group in groups(usable, claim, answer):
            kept, odd = alike(group, answer.split)
            left_out |= odd
            try:
                found.append(read(claim, answer, kept))
            except FerError as error:
                left_out |= dict.fromkeys(kept, str(error))
    return tuple(filter(None, found)), left_out


def _value(claim: Claim, answer: Answer, usable: list[Record]) -> Reading | None:
    seeds = matching(usable, claim, answer)
    if not seeds:
        return None
    shares, n = zip(*(_share(r, claim.metric, answer) for r in seeds), strict=True)
    mean = sum(shares) / len(shares)
    low, high = wilson_interval(mean * n[0], n[0])
    departures = _departures(claim, answer, flat(seeds), n[0])
    stands_beside = blocking(departures)
    verdict = None if stands_beside else judge_value(mean, claim.number, claim.n)
    found = Reading(answer, flat(seeds), mean, low, high, n[0], departures, verdict)
    spread = float(np.std(shares, ddof=1)) if len(shares) > 1 else None
    return replace(found, spread=spread)


def _share(runs: Runs, metric: str, answer: Answer) -> tuple[float, int]:
    """What a seed reached, and on how many faces.

    Papers with folds report the mean of their accuracies.  A fold may lack a
    class, so recalls are of all folds together.
    """
    counted = np.array([_hits(record, metric, answer) for record in runs])
    hits, n = counted.sum(0)
    folds = metric == "accuracy" and len(runs) > 1
    share = np.mean(counted[:, 0] / counted[:, 1]) if folds else hits / n
    return float(share), int(n)


def _hits(record: Record, metric: str, answer: Answer) -> tuple[int, int]:
    """Right faces and all faces that a metric is about."""
    told = record.metrics(answer.checkpoint, answer.split, answer.view)
    confusion = np.array(told["confusion"])
    if metric == "accuracy":
        return int(np.trace(confusion)), told["n"]
    row = record.classes.index(metric.removeprefix("recall."))
    return int(confusion[row, row]), int(confusion[row].sum())


def _difference(claim: Claim, answer: Answer, usable: list[Record]) -> Reading | None:
    variants = (answer.variant, claim.against)
    sides = paired([matching(usable, claim, answer, name) for name in variants])
    if not all(sides):
        return None
    found = compare(*sides, _look(answer), recall=_recall(claim))
    records = flat(sides[0] + sides[1])
    departures = _departures(claim, answer, records, found.difference.n)
    verdict = judge_difference(found.difference, claim.number)
    pairs = (found.difference,)
    return _weakest(answer, records, departures, verdict, pairs, found.spread)


def _order(claim: Claim, answer: Answer, usable: list[Record]) -> Reading | None:
    sides = paired([matching(usable, claim, answer, t.variant) for t in claim.order])
    if not sides or not all(sides):
        return None
    pairs = tuple(
        _pair(claim, answer, claim.order[i : i + 2], sides[i : i + 2])
        for i in range(len(sides) - 1)
    )
    records = flat(runs for seeds in sides for runs in seeds)
    departures = _departures(claim, answer, records, None)
    return _weakest(answer, records, departures, judge_order(pairs), pairs, None)


def _pair(claim: Claim, answer: Answer, terms, sides) -> Difference:
    """The first term less the second, on the same faces."""
    if terms[0].classes:
        runs, look = sides[0], _look(answer)
        labels = labels_of(runs[0], look, flat(runs))
        classes = runs[0][0].classes
        groups = (tuple(map(classes.index, term.classes)) for term in terms)
        right = per_face(runs, look, flat(runs)).mean(0)
        return group_difference(right, labels, *groups)
    looks = (_look(answer, term) for term in terms)
    return compare(*sides, *looks, recall=_recall(claim)).difference


def _look(answer: Answer, term: Term | None = None) -> Look:
    view = (term and term.view) or answer.view
    return Look(answer.split, answer.checkpoint, view, term.measure if term else "")


def _recall(claim: Claim) -> str:
    """The class that a claim is about; empty for all."""
    metric, _, name = claim.metric.partition(".")
    return name if metric == "recall" else ""


def _weakest(answer, records, departures, verdict, pairs, spread) -> Reading:
    """A reading whose figure is its weakest pair."""
    weakest = min(pairs, key=lambda pair: pair.low)
    figures = (weakest.mean, weakest.low, weakest.high, weakest.n)
    return Reading(answer, records, *figures, departures, verdict, pairs, spread)


def _departures(
    claim: Claim, answer: Answer, records: tuple[Record, ...], n: int | None
) -> tuple[Departure, ...]:
    """What the runs state, and what follows from the claim."""
    found = {}
    for record in records:
        for departure in (*record.departures, *_implied(claim, answer, record, n)):
            found.setdefault(departure.item, departure)
    return tuple(found.values())


def _implied(claim: Claim, answer: Answer, record: Record, n: int | None):
    if answer.protocol != claim.protocol:
        yield Departure("label set", claim.protocol, answer.protocol)
    elif n is not None and n != claim.n:
        yield Departure("test split", f"{claim.n:,} faces", f"{n:,} faces")
    epochs = _intended_epochs(record)
    if claim.epochs and epochs != claim.epochs:
        yield Departure("epochs", str(claim.epochs), str(epochs))
    if record.selection["split"] == answer.split:
        ours = f"checkpoint chosen on {answer.split}"
        yield Departure("test split", "chosen on another split", ours)


def _intended_epochs(record: Record) -> int:
    """Epochs that a run was given; one that stops early has fewer."""
    given = record.config.get("epochs") if record.recipe == "paper" else None
    return max(record.epochs, given or 0)
