"""From claims and records to verdicts, by the rules of ``rules``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from fer_lib.errors import FerError
from ferbook.ledger.claims import Claim, Claims
from ferbook.ledger.readings import Reading, readings_of
from ferbook.ledger.rules import Direction, Verdict, rules, tolerance
from ferbook.ledger.statistics import Difference
from ferbook.runs.records import Record

if TYPE_CHECKING:
    from ferbook.ledger.arithmetic.printed import Working


BESIDE = "runs beside"  # which decide nothing
# How a claim may stand, the best for its paper first.
STANDINGS = (
    *map(str, (Verdict.REPRODUCED, Verdict.EXCEEDS, Verdict.CONSISTENT)),
    *map(str, (Direction.SAME, Verdict.UNDECIDED, Direction.NOT_TOLD_APART)),
    *map(str, (Direction.OPPOSITE, Verdict.NOT_REPRODUCED, Verdict.CONTRADICTORY)),
    *map(str, (Verdict.NOT_TESTABLE, BESIDE, Verdict.NOT_RUN)),
)


@dataclass(frozen=True)
class Answered:
    """Both answers to one reading of a claim.

    Attributes:
        reading: how the paper is read, where not by its word.
        verdict: of the runs at the paper's scale.
        why: the rule's terms with their figures, or why none was run.
        reduced: what all other runs say; None where there are none.
        reduced_why: likewise.
        readings: the runs of both, first those that the standing rests on.
    """

    reading: str
    verdict: Verdict
    why: str
    reduced: Direction | None = None
    reduced_why: str = ""
    readings: tuple[Reading, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether anything is answered, at either scale."""
        return self.standing not in (BESIDE, Verdict.NOT_RUN)

    @property
    def standing(self) -> str:
        """One of ``STANDINGS``: the answer at the larger scale that has one."""
        if self.verdict != Verdict.NOT_RUN:
            return str(self.verdict)
        if self.reduced not in (None, Direction.TOO_FEW):
            return str(self.reduced)
        return BESIDE if self.readings else str(Verdict.NOT_RUN)


@dataclass(frozen=True)
class Judgement:
    """A claim with its answers, the first by the paper's word.

    ``left_out`` has runs that cannot be compared with those, and why.
    """

    claim: Claim
    answers: tuple[Answered, ...]
    left_out: Mapping[Record, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """At the paper's scale, by the paper's word."""
        return self.answers[0].verdict

    @property
    def why(self) -> str:
        """The reason for the verdict."""
        return self.answers[0].why

    @property
    def reduced(self) -> Direction | None:
        """At a reduced scale, by the paper's word."""
        return self.answers[0].reduced

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The runs beside the claim, by all readings of it."""
        return tuple(one for answer in self.answers for one in answer.readings)

    @property
    def shown(self) -> Reading | None:
        """The runs to tell of: those that the standing rests on, else the first."""
        answers = sorted(self.answers, key=lambda answer: not answer.decided)
        return next((answer.readings[0] for answer in answers if answer.readings), None)

    @property
    def decided(self) -> bool:
        """Whether anything is answered, at any scale, by any reading."""
        return any(answer.decided for answer in self.answers)

    @property
    def standing(self) -> str:
        """That of the first answer that decides, else by the paper's word."""
        told = (answer for answer in self.answers if answer.decided)
        return next(told, self.answers[0]).standing


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
        return Judgement(claim, (_work_out(claim, paper),))
    readings, left_out = readings_of(claim, records)
    names = dict.fromkeys(("", *(one.answer.reading for one in readings)))
    answers = tuple(
        _answered(claim, name, [r for r in readings if r.answer.reading == name])
        for name in names
    )
    return Judgement(claim, answers, left_out)


def _answered(claim: Claim, reading: str, found: Sequence[Reading]) -> Answered:
    if claim.forced:
        verdict, why = Verdict.NOT_TESTABLE, claim.forced
        return Answered(reading, verdict, why, readings=tuple(found))
    verdict, why = Verdict.NOT_RUN, claim.impossible or claim.not_attempted
    full = _first(found, True)
    if full:
        verdict, why = full.outcome, told(claim, full)
    part = _first(found, False)
    reduced, beside = (part.outcome, told(claim, part)) if part else (None, "")
    answered = Answered(reading, verdict, why, reduced, beside, tuple(found))
    by_part = answered.decided and verdict == Verdict.NOT_RUN
    lead = part if by_part else full or part
    ordered = sorted(found, key=lambda one: (one is not lead, not one.at_scale))
    return replace(answered, readings=tuple(ordered))


def _first(found: Sequence[Reading], at_scale: bool) -> Reading | None:
    """The most trusted runs of a scale, with seeds enough if any has, else the most."""
    here = [r for r in found if r.at_scale == at_scale and r.outcome is not None]
    return max(here, key=lambda r: min(len(r.seeds), rules()["seeds"]), default=None)


@cache
def checks() -> "dict[str, Callable[..., Working]]":
    """The sums that arithmetic claims may name."""
    # They build networks, and torch is slow to import.
    for name in ("deep_emotion", "networks", "printed"):
        module = import_module(f"ferbook.ledger.arithmetic.{name}")
    return module.CHECKS


def _work_out(claim: Claim, paper: Claims) -> Answered:
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
        return Answered("", Verdict.NOT_RUN, found.text)
    outcome = Verdict.CONSISTENT if found.consistent else Verdict.CONTRADICTORY
    return Answered("", outcome, found.text)


def told(claim: Claim, reading: Reading) -> str:
    """The rule's terms with their figures, for what runs say."""
    have, wanted = len(reading.seeds), rules()["seeds"]
    if have < wanted:
        return f"{have} of {wanted} seeds"
    if claim.kind == "value":
        slack = 100 * tolerance(claim.number, claim.n)
        return (
            f"{100 * reading.found.mean:.2f} % against {100 * claim.number:.2f} %, "
            f"which tolerates {slack:.2f} points"
        )
    terms = [_pair(pair) for pair in reading.pairs or (reading.found,)]
    if reading.null is not None:
        terms.append(f"null contrast {100 * reading.null.mean:+.1f} points")
    return "; ".join(terms)


def _pair(pair: Difference) -> str:
    side = {1: "above 0", -1: "below 0", 0: "holding 0"}[pair.sign()]
    low, high = 100 * pair.low, 100 * pair.high
    return f"95 % interval {low:+.1f} to {high:+.1f} points, {side}"
