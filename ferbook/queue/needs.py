"""Which runs the claims about a data set need, and the best order of them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, replace

from ferbook.ledger.claims import Answer, Claim, Claims
from ferbook.ledger.matching import all_wanted
from ferbook.runs.key import RunKey


@dataclass(frozen=True)
class Need:
    """What one answer to a claim takes.

    Attributes:
        claim: the claim.
        answer: one of those it may be answered by.
        runs: every run behind it with every seed, seed by seed.
    """

    claim: Claim
    answer: Answer
    runs: tuple[RunKey, ...]

    def decides(self, far_off: Collection[RunKey]) -> bool:
        """Whether the runs give a verdict, or only stand beside the claim.

        Differences and orders compare like with like at any size; a value is
        answered under the labels it speaks of, by runs near enough to the paper.

        Args:
            far_off: runs, of any seed, that depart too far to answer a value.
        """
        if self.claim.kind != "value":
            return True
        same = self.answer.protocol == self.claim.protocol
        return same and all(r.any_seed not in far_off for r in self.runs)


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
                replace(key, seed=seed)
                for seed in range(seeds)
                for key in all_wanted(claim, answer)
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
    done: Set[RunKey],
    impossible: Collection[RunKey],
    far_off: Collection[RunKey],
    preset: str | None = None,
) -> list[Need]:
    """Needs that are open and can be met.

    Answers of a claim stand in the order in which they are trusted: one that
    is complete makes those at other sizes after it needless.

    Args:
        needs: answers in the claims' order.
        done: runs that are finished.
        impossible: runs, of any seed, that cannot be made here.
        far_off: see :meth:`Need.decides`.
        preset: only needs of this one; all if None.
    """
    answered_at: dict[str, str] = {}
    found = []
    for need in needs:
        settled = answered_at.get(need.claim.id, need.answer.preset)
        if settled != need.answer.preset:
            continue
        if done.issuperset(need.runs):
            if need.decides(far_off):
                answered_at[need.claim.id] = need.answer.preset
        elif not any(r.any_seed in impossible for r in need.runs):
            found.append(need)
    return [need for need in found if preset in (None, need.answer.preset)]


def in_order(
    needs: Iterable[Need],
    seconds: Mapping[RunKey, float],
    *,
    done: Set[RunKey],
    far_off: Collection[RunKey],
) -> list[RunKey]:
    """All runs that needs lack, most claims answered per hour first.

    Again and again it takes the answer whose remaining runs complete the
    most answers for their time.  Where none decides, those count that
    only stand beside a claim.

    Args:
        needs: that are open.
        seconds: a run takes, by its key with any seed.
        done: runs that are finished.
        far_off: see :meth:`Need.decides`.
    """
    needs = list(needs)
    deciding = Counter(_rest(n, done) for n in needs if n.decides(far_off))
    beside = Counter(_rest(n, done) for n in needs if not n.decides(far_off))
    named = dict.fromkeys(run for need in needs for run in need.runs)
    # A first seed of everything compared gives a first verdict.
    by_seed = sorted(named, key=lambda run: run.seed)
    order: dict[RunKey, None] = {}

    def per_second(rest: frozenset[RunKey]) -> tuple[float, float]:
        time = sum(seconds[run.any_seed] for run in rest)
        counted = (
            sum(n for other, n in counts.items() if other <= rest)
            for counts in (deciding, beside)
        )
        return tuple(n / max(time, 1e-9) for n in counted)

    while bundles := {**deciding, **beside}:
        best = max(bundles, key=per_second)
        order |= dict.fromkeys(run for run in by_seed if run in best)
        deciding, beside = (_without(best, counts) for counts in (deciding, beside))
    return list(order)


def _rest(need: Need, done: Set[RunKey]) -> frozenset[RunKey]:
    return frozenset(need.runs) - done


def _without(taken: frozenset[RunKey], counts: Counter) -> Counter:
    """What is left of the bundles once some runs are done."""
    left = Counter()
    for rest, n in counts.items():
        if not rest <= taken:
            left[rest - taken] += n
    return left
