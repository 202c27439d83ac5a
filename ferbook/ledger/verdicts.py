"""From claims and records to verdicts, by the rules of ``rules``."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from fer_lib.errors import FerError
from ferbook.ledger.claims import Claim, Claims
from ferbook.ledger.readings import Reading, readings_of
from ferbook.ledger.rules import Verdict, tolerance
from ferbook.ledger.statistics import Difference
from ferbook.runs.records import Record

if TYPE_CHECKING:
    from ferbook.ledger.arithmetic.printed import Working


@dataclass(frozen=True)
class Judgement:
    """A claim's verdict, the reason for it and the runs beside it.

    ``left_out`` has runs that cannot be compared with those, and why.
    """

    claim: Claim
    verdict: Verdict
    why: str
    readings: tuple[Reading, ...] = ()
    left_out: Mapping[Record, str] = field(default_factory=dict)


def judge(claim: Claim, paper: Claims, records: Iterable[Record]) -> Judgement:
    """Judge one claim.

    Args:
        claim: the claim.
        paper: the file it stands in.
        records: any runs; those that do not belong to it are passed over.

    Raises:
        FerError: when an arithmetic claim names no known check.
    """
    if claim.kind == "arithmetic":
        return _work_out(claim, paper)
    readings, left_out = readings_of(claim, records)
    verdict, why = Verdict.NOT_ATTEMPTED, claim.not_attempted
    for reading in readings:
        if reading.verdict:
            verdict, why = reading.verdict, _why(claim, reading)
            break
    return Judgement(claim, verdict, why, readings, left_out)


@cache
def checks() -> "dict[str, Callable[..., Working]]":
    """The sums that arithmetic claims may name."""
    # They build networks, and torch is slow to import.
    for name in ("deep_emotion", "networks", "printed"):
        module = import_module(f"ferbook.ledger.arithmetic.{name}")
    return module.CHECKS


def _work_out(claim: Claim, paper: Claims) -> Judgement:
    check = checks().get(claim.check)
    if check is None:
        raise FerError(
            f"{claim.paper}.toml: claim '{claim.id}' names check "
            f"'{claim.check}', expected one of {', '.join(checks())}."
        )
    try:
        found = check(paper, claim, **claim.data)
    except TypeError as error:
        raise FerError(
            f"{claim.paper}.toml: claim '{claim.id}' has data that its check "
            f"'{claim.check}' does not take ({error})."
        ) from error
    if found.consistent is None:
        return Judgement(claim, Verdict.NOT_ATTEMPTED, found.text)
    outcome = Verdict.CONSISTENT if found.consistent else Verdict.CONTRADICTORY
    return Judgement(claim, outcome, found.text)


def _why(claim: Claim, reading: Reading) -> str:
    """The rule's terms with their figures, for a verdict that runs gave."""
    if claim.kind == "value":
        slack = 100 * tolerance(claim.number, claim.n)
        return (
            f"{100 * reading.mean:.2f} % against {100 * claim.number:.2f} %, "
            f"which tolerates {slack:.2f} points below"
        )
    told = [_pair(pair) for pair in reading.pairs]
    if reading.verdict == Verdict.UNDECIDED:
        open_pairs = [p.n_to_decide for p in reading.pairs if p.sign() == 0]
        needed = max((n for n in open_pairs if n), default=None)
        told += [f"about {needed:,} faces would decide"] if needed else []
    return "; ".join(told)


def _pair(pair: Difference) -> str:
    side = {1: "above 0", -1: "below 0", 0: "holding 0"}[pair.sign()]
    low, high = 100 * pair.low, 100 * pair.high
    return f"95 % interval {low:+.1f} to {high:+.1f} points, {side}"
