"""Which runs the claims about a data set need, and the best order of them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import NamedTuple

from ferbook.ledger.claims import Answer, Claim, Claims
from ferbook.ledger.matching import Wanted, all_wanted


class Job(NamedTuple):
    """One run: what it must be, and its seed."""

    wanted: Wanted
    seed: int

    def __str__(self) -> str:
        run = self.wanted
        return (
            f"{run.paper} {run.variant}, {run.dataset} {run.protocol}, preset "
            f"{run.preset}, recipe {run.recipe}, seed {self.seed}"
        )


@dataclass(frozen=True)
class Need:
    """What one answer to a claim takes.

    Attributes:
        claim: the claim.
        answer: one of those it may be answered by.
        jobs: every run behind it with every seed, seed by seed.
    """

    claim: Claim
    answer: Answer
    jobs: tuple[Job, ...]

    def decides(self, far_off: Collection[Wanted]) -> bool:
        """Whether the runs give a verdict, or only stand beside the claim.

        Differences and orders compare like with like at any size; a value is
        answered under the labels it speaks of, by runs near enough to the paper.

        Args:
            far_off: runs whose departures keep them from answering a value.
        """
        if self.claim.kind != "value":
            return True
        same = self.answer.protocol == self.claim.protocol
        return same and all(job.wanted not in far_off for job in self.jobs)


def needs_of(
    papers: Iterable[Claims], dataset: str, seeds: int, recipe: str = "paper"
) -> list[Need]:
    """Every answer to every claim about a data set, in the claims' order.

    Args:
        papers: the claims.
        dataset: nickname of the data set that is at hand.
        seeds: that an answer is to rest on, 0 to ``seeds - 1``.
        recipe: answers by runs of another one are left out.
    """
    return [
        Need(
            claim,
            answer,
            tuple(
                Job(wanted, seed)
                for seed in range(seeds)
                for wanted in all_wanted(claim, answer)
            ),
        )
        for paper in papers
        for claim in paper.claims
        if claim.dataset == dataset
        for answer in claim.answered_by
        if answer.recipe == recipe
    ]


def lacking(
    needs: Iterable[Need],
    *,
    done: Set[Job],
    impossible: Collection[Wanted],
    far_off: Collection[Wanted],
    preset: str | None = None,
) -> list[Need]:
    """Needs that are open and can be met.

    Answers of a claim stand in the order in which they are trusted: one that
    is complete makes those at other sizes after it needless.

    Args:
        needs: answers in the claims' order.
        done: runs that are finished.
        impossible: runs that cannot be made here.
        far_off: see :meth:`Need.decides`.
        preset: only needs of this one; all if None.
    """
    answered_at: dict[str, str] = {}
    found = []
    for need in needs:
        settled = answered_at.get(need.claim.id, need.answer.preset)
        if settled != need.answer.preset:
            continue
        if done.issuperset(need.jobs):
            if need.decides(far_off):
                answered_at[need.claim.id] = need.answer.preset
        elif not any(job.wanted in impossible for job in need.jobs):
            found.append(need)
    return [need for need in found if preset in (None, need.answer.preset)]


def in_order(
    needs: Iterable[Need],
    seconds: Mapping[Wanted, float],
    *,
    done: Set[Job],
    far_off: Collection[Wanted],
) -> list[Job]:
    """All jobs that needs lack, most claims answered per hour first.

    Again and again it takes the answer whose remaining runs complete the
    most answers for their time.  Where none decides, those count that
    only stand beside a claim.

    Args:
        needs: that are open.
        seconds: a run takes.
        done: runs that are finished.
        far_off: see :meth:`Need.decides`.
    """
    needs = list(needs)
    deciding = Counter(_rest(n, done) for n in needs if n.decides(far_off))
    beside = Counter(_rest(n, done) for n in needs if not n.decides(far_off))
    named = dict.fromkeys(job for need in needs for job in need.jobs)
    # A first seed of everything compared gives a first verdict.
    by_seed = sorted(named, key=lambda job: job.seed)
    order: dict[Job, None] = {}

    def per_second(rest: frozenset[Job]) -> tuple[float, float]:
        time = sum(seconds[job.wanted] for job in rest)
        counted = (
            sum(n for other, n in counts.items() if other <= rest)
            for counts in (deciding, beside)
        )
        return tuple(n / max(time, 1e-9) for n in counted)

    while bundles := {**deciding, **beside}:
        best = max(bundles, key=per_second)
        order |= dict.fromkeys(job for job in by_seed if job in best)
        deciding, beside = (_without(best, counts) for counts in (deciding, beside))
    return list(order)


def _rest(need: Need, done: Set[Job]) -> frozenset[Job]:
    return frozenset(need.jobs) - done


def _without(taken: frozenset[Job], counts: Counter) -> Counter:
    """What is left of the bundles once some jobs are done."""
    left = Counter()
    for rest, n in counts.items():
        if not rest <= taken:
            left[rest - taken] += n
    return left
