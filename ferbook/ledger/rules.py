"""The rules of the ledger, fixed before any run.

value: reproduced if the mean over seeds is at most the larger of 1.0 point
and the half-width of the 95 % interval at the paper's n below the paper's
value, or anywhere above it; else not reproduced.

difference: reproduced if its paired 95 % interval excludes 0 and contains
the paper's difference; direction only if it excludes 0 on the same side;
not reproduced if it excludes 0 on the other side or excludes the paper's
difference; else undecided.

order: reproduced if every adjacent pair has the claimed sign with an
interval that excludes 0; not reproduced if one excludes 0 on the other
side; else undecided.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from ferbook.ledger.statistics import Difference, resolution
from ferbook.runs.records import Departure

POINT = 0.01
EPOCHS_SLACK = 0.10
# Departures that change what a value means.
BLOCKING = ("pre-training", "input size", "width", "label set", "test split")
_EXACT = 1e-9  # floats of equal shares may differ by this


class Verdict(StrEnum):
    """What the evidence says about a claim."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    DIRECTION_ONLY = "direction only"
    UNDECIDED = "undecided"
    CONSISTENT = "consistent"
    CONTRADICTORY = "contradictory"
    NOT_ATTEMPTED = "not attempted"


def tolerance(paper: float, n: int) -> float:
    """How far below the paper's share a mean may lie, as a share.

    Args:
        paper: the paper's value, 0 to 1.
        n: the paper's number of test faces.
    """
    return max(POINT, resolution(paper, n))


def judge_value(mean: float, paper: float, n: int) -> Verdict:
    """Verdict on a value; all shares lie in 0 to 1."""
    near = mean >= paper - tolerance(paper, n) - _EXACT
    return Verdict.REPRODUCED if near else Verdict.NOT_REPRODUCED


def judge_difference(found: Difference, paper: float) -> Verdict:
    """Verdict on a difference of ``paper``, a signed share."""
    contains = found.low - _EXACT <= paper <= found.high + _EXACT
    side = 1 if paper > 0 else -1
    if found.sign() == side:
        return Verdict.REPRODUCED if contains else Verdict.DIRECTION_ONLY
    if found.sign() == -side or not contains:
        return Verdict.NOT_REPRODUCED
    return Verdict.UNDECIDED


def judge_order(pairs: Sequence[Difference]) -> Verdict:
    """Verdict on adjacent pairs, each the claimed higher minus lower."""
    signs = [pair.sign() for pair in pairs]
    if all(sign == 1 for sign in signs):
        return Verdict.REPRODUCED
    return Verdict.NOT_REPRODUCED if -1 in signs else Verdict.UNDECIDED


def blocks_value(departure: Departure) -> bool:
    """Whether a run with this departure says nothing about a value."""
    if departure.item != "epochs":
        return departure.item in BLOCKING
    try:
        paper, ours = float(departure.paper), float(departure.ours)
    except ValueError:
        return True
    return abs(ours - paper) > EPOCHS_SLACK * paper + _EXACT


def blocking(departures: Iterable[Departure]) -> tuple[Departure, ...]:
    """The departures that keep a run from answering a value."""
    return tuple(filter(blocks_value, departures))
