"""The rules of ``book/rules.toml``, as functions.

A claim has two answers: one by runs at the paper's scale, one by all others.
"""

import tomllib
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cache

from ferbook.ledger.statistics import Difference, resolution
from ferbook.runs.paths import rules_path
from ferbook.runs.records import Departure

_EXACT = 1e-9  # floats of equal shares may differ by this


class Verdict(StrEnum):
    """What the evidence at the paper's scale says about a claim."""

    REPRODUCED = "reproduced"
    EXCEEDS = "exceeds"
    NOT_REPRODUCED = "not reproduced"
    UNDECIDED = "undecided"
    NOT_TESTABLE = "not testable this way"
    NOT_RUN = "not run"
    CONSISTENT = "consistent"
    CONTRADICTORY = "contradictory"


class Direction(StrEnum):
    """What runs at a reduced scale say about a difference or an order."""

    SAME = "same direction"
    OPPOSITE = "opposite direction"
    NOT_TOLD_APART = "not told apart"
    TOO_FEW = "too few seeds"


@cache
def rules() -> dict:
    """The content of ``book/rules.toml``."""
    return tomllib.loads(rules_path().read_text(encoding="utf-8"))


def tolerance(paper: float, n: int) -> float:
    """How far from the paper's share a mean may lie, as a share.

    Args:
        paper: the paper's value, 0 to 1.
        n: the paper's number of test faces.
    """
    least, most = rules()["point"] / 100, rules()["most"] / 100
    return min(max(least, resolution(paper, n)), most)


def judge_value(mean: float, paper: float, n: int) -> Verdict:
    """Verdict on a value; all shares lie in 0 to 1."""
    slack = tolerance(paper, n) + _EXACT
    if mean > paper + slack:
        return Verdict.EXCEEDS
    return Verdict.REPRODUCED if mean >= paper - slack else Verdict.NOT_REPRODUCED


def judge_difference(found: Difference, paper: float) -> Verdict:
    """Verdict on a difference of ``paper``, a signed share that is not 0.

    The paper's is that of one run a side, so it may lie off by what single
    runs spread over (P. Patil, R. D. Peng and J. T. Leek, "What should
    researchers expect when they replicate studies?", Perspect. Psychol. Sci.
    11, 2016).  Exceeds: ours lies beyond that, on the paper's side.
    """
    side = 1 if paper > 0 else -1
    if found.sign() == -side:
        return Verdict.NOT_REPRODUCED
    if abs(paper - found.centre) <= found.reach_of_one + _EXACT:
        return Verdict.REPRODUCED if found.sign() == side else Verdict.UNDECIDED
    beyond = side * found.centre > side * paper
    return Verdict.EXCEEDS if beyond else Verdict.NOT_REPRODUCED


def judge_order(pairs: Sequence[Difference]) -> Verdict:
    """Verdict on pairs, each the claimed higher minus the claimed lower."""
    signs = [pair.sign() for pair in pairs]
    if all(sign == 1 for sign in signs):
        return Verdict.REPRODUCED
    return Verdict.NOT_REPRODUCED if -1 in signs else Verdict.UNDECIDED


def direction(pairs: Sequence[Difference], side: int = 1) -> Direction:
    """What pairs say at a reduced scale.

    Args:
        pairs: one or more.
        side: the claimed sign, 1 or -1.
    """
    signs = [side * pair.sign() for pair in pairs]
    if all(sign == 1 for sign in signs):
        return Direction.SAME
    return Direction.OPPOSITE if -1 in signs else Direction.NOT_TOLD_APART


def rescales(departure: Departure) -> bool:
    """Whether a run with this departure is not of the paper's scale."""
    if departure.item != "epochs":
        return departure.item in rules()["scale"]
    try:
        paper, ours = float(departure.paper), float(departure.ours)
    except ValueError:
        return True
    return abs(ours - paper) > rules()["epochs"] * paper + _EXACT


def rescaling(departures: Iterable[Departure]) -> tuple[Departure, ...]:
    """The departures that take a run to a reduced scale."""
    return tuple(filter(rescales, departures))
