"""What the runs say beside a claim."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.evidence.claims import Answer, Claim
from fer_lib.evidence.records import Deviation, Record
from fer_lib.evidence.rules import (
    Verdict,
    blocking,
    judge_difference,
    judge_order,
    judge_value,
)
from fer_lib.evidence.statistics import (
    Difference,
    group_difference,
    paired_difference,
)


@dataclass(frozen=True)
class Reading:
    """What the runs of one protocol say beside a claim.

    Attributes:
        answer: which runs these are.
        records: the runs, one a seed (an order may need several variants).
        mean: ours, a share or a difference of shares.
        low: lower limit of its 95 % interval over faces.
        high: upper limit.
        n: faces behind it.
        departures: how the runs depart from the claim.
        verdict: None for runs that only stand beside the claim.
        pairs: the differences of an order claim.
    """

    answer: Answer
    records: tuple[Record, ...]
    mean: float
    low: float
    high: float
    n: int
    departures: tuple[Deviation, ...]
    verdict: Verdict | None
    pairs: tuple[Difference, ...] = ()

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the runs, each once."""
        return tuple(sorted({record.seed for record in self.records}))


def readings_of(claim: Claim, records: Iterable[Record]) -> tuple[Reading, ...]:
    """What any runs say beside a claim, in the order of ``answered_by``.

    Args:
        claim: of kind value, difference or order.
        records: any runs; those that do not belong to it are passed over.

    Raises:
        FerError: when runs that are to be compared tested different faces.
    """
    usable = [record for record in records if _belongs(record, claim)]
    read = {"value": _value, "difference": _difference, "order": _order}[claim.kind]
    found = [read(claim, answer, usable) for answer in claim.answered_by]
    return tuple(reading for reading in found if reading)


def _belongs(record: Record, claim: Claim) -> bool:
    """Rendered faces never answer a claim about a real data set."""
    real = claim.dataset != "rendered"
    same = record.paper == claim.paper and record.dataset == claim.dataset
    return same and not (real and record.rendered)


def _matching(
    records: Iterable[Record], answer: Answer, variant: str = ""
) -> tuple[Record, ...]:
    wanted = (
        answer.protocol,
        answer.preset,
        answer.recipe,
        variant or answer.variant,
    )
    return tuple(
        r for r in records if (r.protocol, r.preset, r.recipe, r.variant) == wanted
    )


def _value(claim: Claim, answer: Answer, usable: list[Record]) -> Reading | None:
    records = _matching(usable, answer)
    if not records:
        return None
    hits, n = zip(*(_hits(r, claim.metric, answer) for r in records), strict=True)
    if len(set(n)) > 1:
        raise FerError(
            f"Runs of claim '{claim.id}' tested {sorted(set(n))} faces; run "
            "them again on one data set."
        )
    mean = sum(hits) / len(hits) / n[0]
    low, high = wilson_interval(mean * n[0], n[0])
    departures = _departures(claim, answer, records, n[0])
    stands_beside = blocking(departures)
    verdict = None if stands_beside else judge_value(mean, claim.number, claim.n)
    return Reading(answer, records, mean, low, high, n[0], departures, verdict)


def _hits(record: Record, metric: str, answer: Answer) -> tuple[int, int]:
    """Right faces and all faces that a metric is about."""
    told = record.metrics(answer.checkpoint, answer.split, answer.view)
    confusion = np.array(told["confusion"])
    if metric == "accuracy":
        return int(np.trace(confusion)), told["n"]
    row = record.classes.index(metric.removeprefix("recall."))
    return int(confusion[row, row]), int(confusion[row].sum())


def _difference(claim: Claim, answer: Answer, usable: list[Record]) -> Reading | None:
    first = _matching(usable, answer)
    second = _matching(usable, answer, claim.against)
    if not first or not second:
        return None
    found = paired_difference(*_paired(claim, answer, first, second))
    departures = _departures(claim, answer, first + second, found.n)
    verdict = judge_difference(found, claim.number)
    return _compared(answer, first + second, departures, verdict, (found,))


def _order(claim: Claim, answer: Answer, usable: list[Record]) -> Reading | None:
    by_variant = [_matching(usable, answer, term.variant) for term in claim.order]
    if not by_variant or not all(by_variant):
        return None
    pairs = []
    for i in range(len(claim.order) - 1):
        higher, lower = claim.order[i : i + 2]
        if higher.classes:
            pairs.append(_class_pair(by_variant[0], answer, higher, lower))
        else:
            sides = _paired(claim, answer, by_variant[i], by_variant[i + 1])
            pairs.append(paired_difference(*sides))
    records = tuple(dict.fromkeys(r for group in by_variant for r in group))
    departures = _departures(claim, answer, records, None)
    return _compared(answer, records, departures, judge_order(pairs), tuple(pairs))


def _class_pair(records: tuple[Record, ...], answer: Answer, higher, lower):
    labels = records[0].predictions[f"{answer.split}/labels"]
    index = records[0].classes.index
    groups = (tuple(map(index, term.classes)) for term in (higher, lower))
    return group_difference(_mean_correct(records, answer), labels, *groups)


def _compared(answer, records, departures, verdict, pairs) -> Reading:
    """A reading whose figure is its weakest pair."""
    weakest = min(pairs, key=lambda pair: pair.low)
    figures = (weakest.mean, weakest.low, weakest.high, weakest.n)
    return Reading(answer, records, *figures, departures, verdict, pairs)


def _mean_correct(records: tuple[Record, ...], answer: Answer) -> np.ndarray:
    place = (answer.checkpoint, answer.split, answer.view)
    return np.mean([record.correct(*place) for record in records], axis=0)


def _paired(claim: Claim, answer: Answer, first, second):
    """Per-face correctness of two groups of runs on the same faces."""
    key = f"{answer.split}/labels"
    labels = first[0].predictions[key]
    for record in first + second:
        if not np.array_equal(record.predictions[key], labels):
            raise FerError(
                f"{record.path}: claim '{claim.id}' compares runs on the same "
                f"faces, but labels differ from {first[0].path}; run again."
            )
    return _mean_correct(first, answer), _mean_correct(second, answer)


def _departures(
    claim: Claim, answer: Answer, records: tuple[Record, ...], n: int | None
) -> tuple[Deviation, ...]:
    """What the runs state, and what follows from the claim."""
    found = {}
    for record in records:
        for deviation in (*record.deviations, *_implied(claim, answer, record, n)):
            found.setdefault(deviation.item, deviation)
    return tuple(found.values())


def _implied(claim: Claim, answer: Answer, record: Record, n: int | None):
    if answer.protocol != claim.protocol:
        yield Deviation("label set", claim.protocol, answer.protocol)
    elif n is not None and n != claim.n:
        yield Deviation("test split", f"{claim.n:,} faces", f"{n:,} faces")
    if claim.epochs and record.epochs != claim.epochs:
        yield Deviation("epochs", str(claim.epochs), str(record.epochs))
    if record.selection["split"] == answer.split:
        ours = f"checkpoint chosen on {answer.split}"
        yield Deviation("test split", "chosen on another split", ours)
