"""What stands beside an answer: other ways to read it, and how sure it is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, product

from ferbook.ledger.chances import (
    chances,
    d33,
    disagreement,
    replication_bayes_factor,
    smaller_than,
    specification_curve,
)
from ferbook.ledger.claims import Claim
from ferbook.ledger.comparing import Look, flat, paired, per_face, rows_of
from ferbook.ledger.matching import matching
from ferbook.ledger.readings import Reading, specifications
from ferbook.ledger.rules import direction, judge_difference, judge_order, judge_value
from ferbook.runs.key import json_sha256
from ferbook.runs.state import code_sha256
from ferbook.runs.storage import remembered


@dataclass(frozen=True)
class Way:
    """One way to read the same runs.

    Attributes:
        label: which weights, which scores, which faces.
        mean: its figure.
        low: of its 95 % interval.
        high: likewise.
        outcome: what it would have said; empty for nothing.
    """

    label: str
    mean: float
    low: float
    high: float
    outcome: str


@dataclass(frozen=True)
class Beside:
    """What stands beside what some runs say of a claim.

    Attributes:
        curve: every way to read them, the smallest figure first.
        agreed: share of the ways with the same outcome.
        if_right: chance of each outcome if the paper is exactly right; None
            where that cannot be told, as for one seed or an order.
        if_nothing: the same if there is no difference; None for values.
        d33: difference that the paper's own test could have seen in one case of
            three; None for other claims.
        smaller: whether ours is smaller than that.
        bayes_factor: decimal logarithm of the replication Bayes factor.
    """

    curve: tuple[Way, ...]
    agreed: float
    if_right: dict[str, float] | None = None
    if_nothing: dict[str, float] | None = None
    d33: float | None = None
    smaller: bool | None = None
    bayes_factor: float | None = None


def beside(claim: Claim, reading: Reading) -> Beside:
    """Worked out once for a claim, its runs and the code, then remembered."""
    runs = [record.predictions_sha256 for record in reading.records]
    told = (claim, reading.answer, reading.found, reading.departures, reading.outcome)
    asked = json_sha256([repr(told), runs])
    name = f"{code_sha256()[:16]}-{asked[:16]}"
    found = dict(remembered("beside", name, partial(_worked_out, claim, reading)))
    curve = tuple(Way(*way) for way in found.pop("curve"))
    return Beside(curve, **found)


def _worked_out(claim: Claim, reading: Reading) -> dict:
    curve, agreed = specification_curve(specifications(claim, reading), reading.outcome)
    ways = [[n, d.mean, d.low, d.high, str(o or "")] for n, d, o in curve]
    found: dict = {"curve": ways, "agreed": agreed}
    if reading.found.spread is None:
        return found
    pairs = list(reading.pairs or (reading.found,))
    judge = _judge(claim, reading)
    if claim.kind == "value":
        if judge:
            right = chances(pairs, [claim.number], judge, same_faces=True)
            found["if_right"] = _told(right)
        return found
    ends = _ends(claim) if claim.kind == "order" else ((0, 1),)
    nothing = chances(pairs, [0.0] * len(pairs), judge, ends=ends)
    found["if_nothing"] = _told(nothing)
    if claim.kind == "difference":
        found["if_right"] = _told(chances(pairs, [claim.number], judge))
        if claim.n and claim.metric == "accuracy":
            found |= _telescope(claim, reading)
    return found


def _told(counts: dict) -> dict[str, float]:
    return {str(outcome): share for outcome, share in counts.items()}


def _judge(claim: Claim, reading: Reading) -> Callable | None:
    """The rule of a reading; None where it has none."""
    rules = {
        "value": lambda pairs: judge_value(pairs[0].mean, claim.number, claim.n),
        "difference": lambda pairs: judge_difference(pairs[0], claim.number),
        "order": judge_order,
    }
    if reading.at_scale:
        return rules[claim.kind]
    if claim.kind == "value":
        return None
    negative = claim.kind == "difference" and claim.number < 0
    return partial(direction, side=-1 if negative else 1)


def _ends(claim: Claim) -> list[tuple[int, int]]:
    """The two terms of every pair of an order, numbered."""
    found, first = [], 0
    for high, low in pairwise(claim.order):
        many = max(len(high.classes), 1), max(len(low.classes), 1)
        if high.classes == low.classes:  # class by class, or one pair
            found += [(first + k, first + k + many[0]) for k in range(many[0])]
        else:
            lower = range(first + many[0], first + sum(many))
            found += product(range(first, first + many[0]), lower)
        first += many[0]
    return found


def _telescope(claim: Claim, reading: Reading) -> dict:
    """What the paper's own test could have seen, and how much speaks for it."""
    answer, usable = reading.answer, list(reading.records)
    variants = (answer.variant, claim.against)
    sides = paired([matching(usable, claim, answer, name) for name in variants])
    records = flat(sides[0] + sides[1])
    look = Look(answer.split, answer.checkpoint, answer.view)
    rows = rows_of(sides[0][0], look, records)
    first, second = (per_face(side, look, records)[:, rows] for side in sides)
    apart = disagreement(first, second)
    seen = d33(claim.n, apart)
    side = 1 if claim.number > 0 else -1
    factor = replication_bayes_factor(reading.found, claim.number, claim.n, apart)
    return {
        "d33": seen,
        "smaller": bool(smaller_than(reading.found, seen, side)),
        "bayes_factor": factor,
    }
