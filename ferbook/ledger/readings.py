"""What the runs say beside a claim."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np

from fer_lib.errors import FerError
from ferbook.ledger.claims import Answer, Claim
from ferbook.ledger.comparing import (
    Look,
    Runs,
    alike,
    compare,
    flat,
    labels_of,
    paired,
    per_face,
    rows_of,
)
from ferbook.ledger.matching import belongs, groups, matching
from ferbook.ledger.orders import OrderOf, recalled
from ferbook.ledger.rules import (
    Direction,
    Verdict,
    direction,
    judge_difference,
    judge_order,
    judge_value,
    rescaling,
    rules,
)
from ferbook.ledger.statistics import Difference, crossed, share_of
from ferbook.runs.records import Departure, Record
from ferbook.runs.schema import VIEWS


@dataclass(frozen=True)
class Reading:
    """What the runs of one answer say beside a claim.

    Attributes:
        answer: which runs these are.
        records: the runs, one a seed (one a fold and seed where there are
            folds; an order may need several variants).
        found: the figure with its interval; of several pairs the weakest.
        departures: how the runs depart from the claim.
        outcome: what they say, at the scale they have; None for a value that
            only stands beside the claim.
        pairs: the differences of an order claim.
        null: the recorded difference between variants that should not differ.
    """

    answer: Answer
    records: tuple[Record, ...]
    found: Difference
    departures: tuple[Departure, ...]
    outcome: Verdict | Direction | None
    pairs: tuple[Difference, ...] = ()
    null: Difference | None = None

    @property
    def at_scale(self) -> bool:
        """Whether the runs are of the paper's scale."""
        return not rescaling(self.departures)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the runs, each once."""
        return tuple(sorted({record.seed for record in self.records}))

    @property
    def enough(self) -> bool:
        """Whether the seeds are enough for a verdict."""
        return len(self.seeds) >= rules()["seeds"]

    @property
    def changes(self) -> tuple[tuple[str, object], ...]:
        """Settings in which the runs are not their preset's, and their precision."""
        return self.records[0].trained_as.changes


@dataclass(frozen=True)
class Estimate:
    """Figures of some runs: one, or the pairs of an order, and all their faces."""

    records: tuple[Record, ...]
    pairs: tuple[Difference, ...]
    faces: int

    @property
    def weakest(self) -> Difference:
        """The pair that decides."""
        return min(self.pairs, key=lambda pair: pair.low)


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
    found, left_out = [], {}
    for answer in claim.answered_by:
        for group in groups(usable, claim, answer):
            kept, odd = alike(group, answer.split)
            left_out |= odd
            try:
                found.append(_reading(claim, answer, kept))
            except FerError as error:
                left_out |= dict.fromkeys(kept, str(error))
    return tuple(filter(None, found)), left_out


def _reading(claim: Claim, answer: Answer, usable: list[Record]) -> Reading | None:
    # A printed value is of all test faces; a comparison is of what was learned.
    told = estimate(claim, answer, usable, seen=claim.kind == "value")
    if told is None:
        return None
    departures = _departures(claim, answer, told)
    null = _null(claim, answer, usable)
    found = Reading(answer, told.records, told.weakest, departures, None, null=null)
    if claim.kind == "order":
        found = replace(found, pairs=told.pairs)
    return replace(found, outcome=_outcome(claim, found))


def specifications(
    claim: Claim, reading: Reading
) -> Iterator[tuple[str, Difference, Verdict | Direction | None]]:
    """The figure by every other way to read the same runs.

    A view, the selected or the last weights, unseen or all test faces: each
    combination that every run holds, with the outcome it would have had.
    """
    records = list(reading.records)
    ways = product(("selected", "last"), _views(reading), (False, True))
    for checkpoint, view, seen in ways:
        answer = replace(reading.answer, checkpoint=checkpoint, view=view)
        try:
            told = estimate(claim, answer, records, seen)
        except FerError:  # a run does not hold it
            continue
        if told:
            figures = replace(reading, found=told.weakest, pairs=told.pairs)
            faces = "all faces" if seen else "unseen faces"
            label = f"{checkpoint} weights, {view}, {faces}"
            yield label, told.weakest, _outcome(claim, figures)


def _views(reading: Reading) -> tuple[str, ...]:
    own = reading.answer.view
    return VIEWS[:3] if own in VIEWS[:3] else (own,)


def estimate(
    claim: Claim, answer: Answer, usable: list[Record], seen: bool = False
) -> Estimate | None:
    """The figures of a claim, as an answer's runs give them.

    Args:
        claim: of kind value, difference or order.
        answer: which of their results.
        usable: runs that may be compared.
        seen: whether test faces that stand in training, too, are read.

    Returns:
        None where runs are missing.

    Raises:
        FerError: when a run lacks a result.
    """
    read = {"value": _value, "difference": _difference, "order": _order}[claim.kind]
    return read(claim, answer, usable, seen)


def _outcome(claim: Claim, reading: Reading) -> Verdict | Direction | None:
    """What the figures say, by the rules."""
    found, pairs = reading.found, reading.pairs or (reading.found,)
    if not reading.at_scale:
        if claim.kind == "value":
            return None
        if not reading.enough:
            return Direction.TOO_FEW
        side = -1 if claim.kind == "difference" and claim.number < 0 else 1
        told = direction(pairs, side)
        return Direction.NOT_TOLD_APART if _no_larger(reading) else told
    if not reading.enough:
        return Verdict.NOT_RUN
    if claim.kind == "value":
        return judge_value(found.mean, claim.number, claim.n)
    if _no_larger(reading):
        return Verdict.UNDECIDED
    if claim.kind == "difference":
        return judge_difference(found, claim.number)
    return judge_order(pairs)


def _no_larger(reading: Reading) -> bool:
    """Whether the effect is no larger than where nothing is claimed."""
    null = reading.null
    return null is not None and abs(reading.found.mean) <= abs(null.mean)


def _value(claim: Claim, answer: Answer, usable: list[Record], seen: bool):
    seeds = matching(usable, claim, answer)
    if not seeds:
        return None
    records, look = flat(seeds), replace(_look(answer), seen=seen)
    rows = rows_of(seeds[0], look, records, recalled(claim))
    right = per_face(seeds, look, records)
    weights = _weights(seeds[0], look, rows) if claim.metric == "accuracy" else None
    if len(seeds) == 1 and weights is None:
        told = share_of(right[:, rows].sum(), int(rows.sum()))
    else:
        told = crossed(right[:, rows], weights=weights)
    return Estimate(records, (told,), len(rows))


def _weights(runs: Runs, look: Look, rows: np.ndarray) -> np.ndarray | None:
    """Papers with folds report the mean of their accuracies."""
    if len(runs) == 1:
        return None
    sizes = [len(labels_of((run,), look, (run,))) for run in runs]
    fold = np.repeat(np.arange(len(runs)), sizes)[rows]
    return 1 / (len(runs) * np.bincount(fold)[fold])


def _difference(claim: Claim, answer: Answer, usable: list[Record], seen: bool):
    return _contrast(claim, answer, usable, seen, (answer.variant, claim.against))


def _contrast(claim, answer, usable, seen, variants) -> Estimate | None:
    """One variant less another."""
    sides = paired([matching(usable, claim, answer, name) for name in variants])
    if not all(sides):
        return None
    look = replace(_look(answer), seen=seen)
    found = compare(*sides, look, recall=recalled(claim)).difference
    faces = sum(run.data["splits"][run.reported]["n"] for run in sides[0][0])
    return Estimate(flat(sides[0] + sides[1]), (found,), faces)


def _null(claim: Claim, answer: Answer, usable: list[Record]) -> Difference | None:
    told = claim.null and _contrast(claim, answer, usable, False, claim.null)
    return told.weakest if told else None


def _order(claim: Claim, answer: Answer, usable: list[Record], seen: bool):
    variants = [term.variant for term in claim.order]
    controls = [claim.control] * bool(claim.control)
    sides = [matching(usable, claim, answer, name) for name in variants + controls]
    sides = paired(sides)
    if not sides or not all(sides):
        return None
    table = OrderOf(claim, answer, flat(r for seeds in sides for r in seeds), seen)
    control = sides[-1] if claim.control else ()
    pairs = []
    for i, (high, low) in enumerate(pairwise(claim.order)):
        both = (sides[i], high), (sides[i + 1], low)
        pairs += table.pairs(both, control)
    return Estimate(table.records, tuple(pairs), table.faces(sides[0][0]))


def _look(answer: Answer) -> Look:
    return Look(answer.split, answer.checkpoint, answer.view)


def _departures(claim: Claim, answer: Answer, told: Estimate) -> tuple[Departure, ...]:
    """What the runs state, and what follows from the claim.

    Where an answer reads the claim as one about other labels or faces, these
    are no departure: it is answered under that name.
    """
    found = {}
    for record in told.records:
        for departure in (*record.departures, *_implied(claim, answer, record)):
            found.setdefault(departure.item, departure)
    if answer.reading:
        found.pop("label set", None)
    wanted = answer.n or claim.n or told.faces
    counted = claim.metric == "accuracy" and claim.kind != "order"
    # A copy of FER+ may lack a face or two of the published ones.
    if counted and abs(told.faces - wanted) > 0.01 * wanted:
        what = f"{wanted:,} faces", f"{told.faces:,} faces"
        found.setdefault("test split", Departure("test split", *what))
    return tuple(found.values())


def _implied(claim: Claim, answer: Answer, record: Record) -> Iterator[Departure]:
    if answer.protocol != claim.protocol and not answer.reading:
        yield Departure("label set", claim.protocol, answer.protocol)
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
