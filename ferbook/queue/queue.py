"""The runs that claims about a data set lack, with what each will cost."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tqdm.auto import tqdm

from fer_lib.errors import FerError
from ferbook.ledger.claims import Claims
from ferbook.ledger.rules import blocking
from ferbook.queue.forecast import Forecast
from ferbook.queue.needs import Need, in_order, lacking, needs_of
from ferbook.runs.key import RunKey
from ferbook.runs.records import Record, records_of
from ferbook.runs.state import Kind, state_of


@dataclass(frozen=True)
class Entry:
    """A run in the queue.

    Attributes:
        key: which run.
        forecast: what it will cost.
        answers: ids of claims that wait for it.
        beside: ids of claims that it would stand beside without a verdict.
        answered: answers that are complete once it and all before it are.
    """

    key: RunKey
    forecast: Forecast
    answers: tuple[str, ...]
    beside: tuple[str, ...]
    answered: int

    def to_json(self) -> dict:
        """The entry as JSON-able values."""
        told = {name: getattr(self, name) for name in ("answers", "beside", "answered")}
        return self.key.to_json() | vars(self.forecast) | told


@dataclass(frozen=True)
class Queue:
    """Runs that claims about a data set lack.

    Attributes:
        entries: most claims answered per hour first.
        done: runs that claims need and that are finished.
        impossible: reasons of runs that claims need and nobody can make here.
    """

    entries: tuple[Entry, ...]
    done: tuple[RunKey, ...]
    impossible: Mapping[RunKey, str]

    @property
    def seconds(self) -> float:
        """Of all runs, as forecast."""
        return sum(entry.forecast.seconds for entry in self.entries)

    def to_json(self) -> dict:
        """The queue as JSON-able values."""
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
        progress: whether to show a bar while runs are forecast.

    Raises:
        FerError: when no claim is about such runs.
    """
    needs = needs_of(papers, dataset, seeds, recipe)
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
    forecasts, impossible = _forecasts(open_runs, forecast, progress)
    far_off = {run for run, told in forecasts.items() if told.far_off}
    far_off |= {r.any_seed for r, one in records.items() if blocking(one.departures)}
    waiting = lacking(
        needs, done=done, impossible=impossible, far_off=far_off, preset=preset
    )
    seconds = {run: told.seconds for run, told in forecasts.items()}
    order = in_order(waiting, seconds, done=done, far_off=far_off)
    ready, entries = set(done), []
    for run in order:
        ready.add(run)
        forecast_of = forecasts[run.any_seed]
        entries.append(_entry(run, forecast_of, waiting, ready, far_off))
    return Queue(tuple(entries), tuple(records), impossible)


def _forecasts(
    runs: Iterable[RunKey], forecast: Callable[[RunKey], Forecast], progress: bool
) -> tuple[dict[RunKey, Forecast], dict[RunKey, str]]:
    """Forecasts of runs with any seed, and reasons where there is none."""
    found, impossible = {}, {}
    runs = dict.fromkeys(run.any_seed for run in runs)
    for run in tqdm(runs, "forecasts", unit="run", disable=not progress, leave=False):
        try:
            found[run] = forecast(run)
        except FerError as error:
            impossible[run] = str(error)
    return found, impossible


def _entry(
    key: RunKey,
    forecast: Forecast,
    waiting: list[Need],
    ready: set[RunKey],
    far_off: set[RunKey],
) -> Entry:
    told: dict[bool, list[str]] = {True: [], False: []}
    for need in waiting:
        if key in need.runs:
            told[need.decides(far_off)].append(need.claim.id)
    answered = sum(ready.issuperset(n.runs) for n in waiting if n.decides(far_off))
    unique = (tuple(dict.fromkeys(told[decides])) for decides in (True, False))
    return Entry(key, forecast, *unique, answered)


class Finished:
    """Records of finished runs below some folders, new ones in the first.

    A run is finished when its record is there and the present code would not
    train otherwise.
    """

    def __init__(self, *folders: Path):
        self.folders = folders

    def place(self, key: RunKey) -> Path:
        """Where the record of a run is, or will be."""
        return self.folders[0] / key.place

    def __call__(self, key: RunKey) -> Record | None:
        """The last record of a run; None where it is missing or out of date."""
        records = (r for folder in self.folders for r in records_of(folder, key))
        found = [record for record in records if not record.superseded]
        last = max(found, key=lambda record: record.started, default=None)
        if last is None or state_of(last).kind == Kind.OTHERWISE:
            return None
        return last
