"""The pairs of an order, each with its interval."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ferbook.ledger.claims import Answer, Claim, Term
from ferbook.ledger.comparing import Look, Runs, labels_of, per_face, rows_of
from ferbook.ledger.statistics import Difference, crossed, group_difference
from ferbook.runs.records import Record


def recalled(claim: Claim) -> tuple[str, ...]:
    """The class that a claim is about; none for all."""
    metric, _, name = claim.metric.partition(".")
    return (name,) if metric == "recall" else ()


@dataclass(frozen=True)
class OrderOf:
    """What is read of the runs of an order, for its terms.

    Attributes:
        claim: of kind order.
        answer: whose runs they are.
        records: all that are compared.
        seen: whether faces that stand in training, too, are read.
    """

    claim: Claim
    answer: Answer
    records: tuple[Record, ...]
    seen: bool

    def pairs(self, both, control) -> Iterator[Difference]:
        """The differences of two terms, each (runs, term)."""
        (_, high), (_, low) = both
        if high.faces or self.claim.metric == "false" or high.classes != low.classes:
            for upper, lower in product(_parts(high), _parts(low)):
                yield self._apart((both[0][0], upper), (both[1][0], lower))
        else:
            for part in _parts(high):
                classes = part.classes or recalled(self.claim)
                yield self._together(both, control, classes)

    def _together(self, both, control, classes) -> Difference:
        """On the same faces; beyond the control's difference, if there is one."""
        values = [self._values(*one) for one in both]
        if control:
            base = [self._values(control, term) for _, term in both]
            values = [values[0] - values[1], base[0] - base[1]]
        first = both[0][0][0]
        rows = rows_of(first, self._look(both[0][1]), self.records, classes, values)
        shares = not (both[0][1].measure or control)
        return crossed(*(side[:, rows] for side in values), shares=shares)

    def _apart(self, upper, lower) -> Difference:
        """On faces of their own, or, where these are the same, paired."""
        (runs, high), (_, low) = upper, lower
        sides = [self._values(*one) for one in (upper, lower)]
        if self.claim.metric == "false":
            called = [self._false(runs, term.classes[0]) for term in (high, low)]
            rows = rows_of(runs[0], self._look(high), self.records)
            return crossed(*(side[:, rows] for side in called))
        shares, groups = not high.measure, []
        for side, (_, term) in zip(sides, (upper, lower), strict=True):
            look = self._look(term)
            rows = rows_of(runs[0], look, self.records, term.classes)
            groups.append(self._own(side, runs, term) & rows & ~np.isnan(side))
        if high.faces == low.faces and high.classes == low.classes:
            gaps = [(a - b)[g] for a, b, g in zip(*sides, groups[0], strict=True)]
            nothing = [np.zeros(2) for _ in gaps]
            return group_difference(gaps, nothing, shares=False)
        parts = (
            [values[group] for values, group in zip(side, mask, strict=True)]
            for side, mask in zip(sides, groups, strict=True)
        )
        return group_difference(*parts, shares=shares)

    def _own(self, values, runs, term) -> np.ndarray:
        """``bool [S, n]``: the faces of each seed that a term is about."""
        if not term.faces:
            return np.ones(values.shape, bool)
        right = per_face(runs, self._look(Term(view=term.view)), self.records) > 0
        return right == (term.faces == "right")

    def _false(self, runs, name: str) -> np.ndarray:
        """``float [S, n]``: 1 where a face is called so and is not."""
        look = self._look(Term())
        called = per_face(runs, replace(look, guess=name), self.records)
        index = runs[0][0].classes.index(name)
        return called * (labels_of(runs[0], look, self.records) != index)

    def _values(self, runs, term: Term) -> np.ndarray:
        return per_face(runs, self._look(term), self.records)

    def _look(self, term: Term) -> Look:
        view = term.view or self.answer.view
        split, checkpoint = self.answer.split, self.answer.checkpoint
        return Look(split, checkpoint, view, term.measure, self.seen)

    @staticmethod
    def faces(runs: Runs) -> int:
        """All test faces of a seed."""
        return sum(run.data["splits"][run.reported]["n"] for run in runs)


def _parts(term: Term) -> list[Term]:
    """A term for each of its classes."""
    return [replace(term, classes=(name,)) for name in term.classes] or [term]
