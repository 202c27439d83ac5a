"""The runs that claims about a data set lack, in the best order."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm.auto import tqdm

from fer_lib.errors import FerError
from ferbook.ledger.claims import Answer, Claim, Claims
from ferbook.ledger.matching import all_wanted
from ferbook.ledger.rules import rescaling
from ferbook.queue.forecast import Forecast
from ferbook.runs.key import RunKey
from ferbook.runs.records import Record, records_of
from ferbook.runs.state import Kind, state_of


@dataclass(frozen=True)
class Need:
    """What one answer to a claim takes."""

    claim: Claim
    answer: Answer  # one of those it may be answered by
    runs: tuple[RunKey, ...]  # all behind it, seed by seed

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
    papers: Iterable[Claims],
    dataset: str,
    seeds: int,
    recipe: str = "paper",
    asked: Callable[[RunKey], RunKey] = lambda key: key,
) -> list[Need]:
    """Every answer to every claim about a data set, in the claims' order."""
    return [
        Need(
            claim,
            answer,
            tuple(
                replace(asked(key), seed=seed)
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
    done: Set[RunKey],
    impossible: Collection[RunKey],
    far_off: Collection[RunKey],
) -> list[Need]:
    """Needs that are open and can be met.

    Answers of a claim stand in the order in which they are trusted: one that
    is complete makes those at other sizes after it needless.
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
    return found


def in_order(
    needs: Iterable[Need],
    seconds: Mapping[RunKey, float],
    done: Set[RunKey],
    far_off: Collection[RunKey],
) -> list[RunKey]:
    """All runs that open needs lack, most claims answered per hour first.

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
    named = dict.fromkeys(run for need in needs for run in need.runs)
    # A first seed of everything compared gives a first verdict.
    by_seed = sorted(named, key=lambda run: run.seed)
    rests = [(frozenset(n.runs) - done, n.decides(far_off)) for n in needs]
    order: dict[RunKey, None] = {}

    def per_second(bundle: frozenset[RunKey]) -> tuple[float, float]:
        time = max(sum(seconds[run.any_seed] for run in bundle), 1e-9)
        complete = [decides for rest, decides in rests if rest <= bundle]
        return sum(complete) / time, (len(complete) - sum(complete)) / time

    while rests:
        # Of equals the first, and one that decides before others.
        bundles = [rest for rest, _ in sorted(rests, key=lambda one: not one[1])]
        best = max(dict.fromkeys(bundles), key=per_second)
        order |= dict.fromkeys(run for run in by_seed if run in best)
        rests = [(rest - best, decides) for rest, decides in rests if not rest <= best]
    return list(order)


@dataclass(frozen=True)
class Entry:
    """A run in the queue."""

    key: RunKey
    forecast: Forecast
    answers: tuple[str, ...]  # ids of claims that wait for it
    beside: tuple[str, ...]  # of those that it would give no verdict
    answered: int  # answers that are complete once it and all before it are

    def to_json(self) -> dict:
        told = {name: getattr(self, name) for name in ("answers", "beside", "answered")}
        return self.key.to_json() | vars(self.forecast) | told


@dataclass(frozen=True)
class Queue:
    """Runs that claims about a data set lack, most answers per hour first."""

    entries: tuple[Entry, ...]
    done: tuple[RunKey, ...]  # finished ones that claims need
    impossible: Mapping[RunKey, str]  # why nobody can make them here

    @property
    def seconds(self) -> float:
        return sum(entry.forecast.seconds for entry in self.entries)

    def to_json(self) -> dict:
        return {
            "seconds": self.seconds,
            "done": [key.to_json() for key in self.done],
            "runs": [entry.to_json() for entry in self.entries],
            "impossible": [
                run.to_json() | {"reason": reason}
                for run, reason in self.impossible.items()
            ],
        }


def open_queue(
    papers: Iterable[Claims],
    dataset: str,
    *,
    forecast: Callable[[RunKey], Forecast],
    finished: Callable[[RunKey], Record | None],
    seeds: int = 3,
    recipe: str = "paper",
    preset: str | None = None,
    asked: Callable[[RunKey], RunKey] = lambda key: key,
    progress: bool = True,
) -> Queue:
    """The queue for a data set.

    Args:
        papers: the claims.
        dataset: nickname of the data set that is at hand.
        forecast: of a run; ``FerError`` when it cannot be made.
        finished: the record of a run that need not be repeated.
        seeds: that an answer is to rest on.
        recipe: of the runs.
        preset: of the runs; all that claims name if None.
        asked: how a run that a claim names is asked for; :func:`as_recorded`.
        progress: whether to show a bar while runs are forecast.

    Raises:
        FerError: when no claim is about such runs.
    """
    needs = needs_of(papers, dataset, seeds, recipe, asked)
    presets = dict.fromkeys(need.answer.preset for need in needs)
    if not needs or preset not in (None, *presets):
        of = f" and preset '{preset}'" if needs else ""
        raise FerError(
            f"No claim is answered by runs on '{dataset}' with the recipe "
            f"'{recipe}'{of}; `ferbook claims` lists them, or name a paper to run."
        )
    runs = dict.fromkeys(run for need in needs for run in need.runs)
    records = {run: record for run in runs if (record := finished(run))}
    done = frozenset(records)
    open_runs = [r for r in runs if r not in done and preset in (None, r.preset)]
    forecasts, impossible = {}, {}
    unknown = dict.fromkeys(run.any_seed for run in open_runs)
    for run in tqdm(unknown, "forecasts", disable=not progress, leave=False):
        try:
            forecasts[run] = forecast(run)
        except FerError as error:
            impossible[run] = str(error)
    far_off = {run for run, told in forecasts.items() if told.far_off}
    far_off |= {r.any_seed for r, one in records.items() if rescaling(one.departures)}
    waiting = [
        need
        for need in lacking(needs, done, impossible, far_off)
        if preset in (None, need.answer.preset)
    ]
    seconds = {run: told.seconds for run, told in forecasts.items()}
    ready, entries = set(done), []
    for run in in_order(waiting, seconds, done, far_off):
        ready.add(run)
        told: dict[bool, dict[str, None]] = {True: {}, False: {}}
        for need in waiting:
            if run in need.runs:
                told[need.decides(far_off)][need.claim.id] = None
        complete = (n for n in waiting if n.decides(far_off))
        answered = sum(ready.issuperset(need.runs) for need in complete)
        waits = tuple(told[True]), tuple(told[False])
        entries.append(Entry(run, forecasts[run.any_seed], *waits, answered))
    return Queue(tuple(entries), tuple(records), impossible)


def as_recorded(records: Iterable[Record]) -> Callable[[RunKey], RunKey]:
    """Asks for runs in the precision in which most of their kind were trained.

    A claim compares runs of one precision, and does not name it: those of one
    paper, data set and size are of a kind.  Runs with other changes do not count.
    """
    known: dict[tuple, Counter] = {}
    for key in (record.trained_as for record in records if not record.superseded):
        if {name for name, _ in key.changes} == {"precision"}:
            known.setdefault(_kind(key), Counter())[key.changes] += 1

    def asked(key: RunKey) -> RunKey:
        most = known.get(_kind(key), Counter()).most_common(1)
        return replace(key, changes=most[0][0]) if most else key

    return asked


def _kind(key: RunKey) -> tuple[str, ...]:
    return key.paper, key.dataset, key.preset, key.recipe


class Finished:
    """Records of finished runs below some folders.

    A run is finished when its record is there and the present code would not
    train otherwise.
    """

    def __init__(self, *folders: Path):
        self.folders = folders

    def __call__(self, key: RunKey) -> Record | None:
        """The last record of a run; None where it is missing or out of date.

        A run in a named precision may be one that left it to the machine.
        """
        named = {k: v for k, v in key.changes if k != "precision"}
        places = dict.fromkeys((key, replace(key, changes=named)))
        records = (
            record
            for folder in self.folders
            for place in places
            for record in records_of(folder, place)
        )
        found = [
            record
            for record in records
            if key in (record.key, record.trained_as) and not record.superseded
        ]
        last = max(found, key=lambda record: record.started, default=None)
        if last is None or state_of(last).kind == Kind.OTHERWISE:
            return None
        return last
