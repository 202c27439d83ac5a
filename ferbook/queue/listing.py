"""The runs that claims about a data set lack, with what each will cost."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tqdm.auto import tqdm

from fer_lib.errors import FerError
from ferbook.ledger.claims import Claims
from ferbook.ledger.matching import Wanted
from ferbook.ledger.rules import blocking
from ferbook.queue.forecast import Forecast, request_of
from ferbook.queue.needs import Job, Need, in_order, lacking, needs_of
from ferbook.runs.records import Record, read_record, record_path
from ferbook.runs.reproduce import run_source


@dataclass(frozen=True)
class Entry:
    """A run in the queue.

    Attributes:
        job: which run.
        forecast: what it will cost.
        answers: ids of claims that wait for it.
        beside: ids of claims that it would stand beside without a verdict.
        answered: answers that are complete once it and all before it are.
    """

    job: Job
    forecast: Forecast
    answers: tuple[str, ...]
    beside: tuple[str, ...]
    answered: int

    def to_json(self) -> dict:
        """The entry as JSON-able values."""
        about = {"seed": self.job.seed} | vars(self.forecast)
        told = {name: getattr(self, name) for name in ("answers", "beside", "answered")}
        return self.job.wanted._asdict() | about | told


@dataclass(frozen=True)
class Queue:
    """Runs that claims about a data set lack.

    Attributes:
        entries: most claims answered per hour first.
        done: runs that claims need and that are finished.
        impossible: reasons of runs that claims need and nobody can make here.
    """

    entries: tuple[Entry, ...]
    done: tuple[Job, ...]
    impossible: Mapping[Wanted, str]

    @property
    def seconds(self) -> float:
        """Of all runs, as forecast."""
        return sum(entry.forecast.seconds for entry in self.entries)

    def to_json(self) -> dict:
        """The queue as JSON-able values."""
        return {
            "seconds": self.seconds,
            "done": [job.wanted._asdict() | {"seed": job.seed} for job in self.done],
            "runs": [entry.to_json() for entry in self.entries],
            "impossible": [
                run._asdict() | {"reason": reason}
                for run, reason in self.impossible.items()
            ],
        }


def open_queue(
    papers: Iterable[Claims],
    dataset: str,
    *,
    forecast: Callable[[Wanted], Forecast],
    finished: Callable[[Job], Record | None],
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
    jobs = dict.fromkeys(job for need in needs for job in need.jobs)
    records = {job: record for job in jobs if (record := finished(job))}
    done = frozenset(records)
    open_jobs = [j for j in jobs if j not in done and preset in (None, j.wanted.preset)]
    forecasts, impossible = _forecasts(open_jobs, forecast, progress)
    far_off = {run for run, told in forecasts.items() if told.far_off}
    far_off |= {
        j.wanted for j, record in records.items() if blocking(record.deviations)
    }
    waiting = lacking(
        needs, done=done, impossible=impossible, far_off=far_off, preset=preset
    )
    seconds = {run: told.seconds for run, told in forecasts.items()}
    order = in_order(waiting, seconds, done=done, far_off=far_off)
    ready, entries = set(done), []
    for job in order:
        ready.add(job)
        entries.append(_entry(job, forecasts[job.wanted], waiting, ready, far_off))
    return Queue(tuple(entries), tuple(records), impossible)


def _forecasts(
    jobs: Iterable[Job], forecast: Callable[[Wanted], Forecast], progress: bool
) -> tuple[dict[Wanted, Forecast], dict[Wanted, str]]:
    """Forecasts of runs, and reasons where there is none."""
    found, impossible = {}, {}
    runs = dict.fromkeys(job.wanted for job in jobs)
    for run in tqdm(runs, "forecasts", unit="run", disable=not progress, leave=False):
        try:
            found[run] = forecast(run)
        except FerError as error:
            impossible[run] = str(error)
    return found, impossible


def _entry(
    job: Job,
    forecast: Forecast,
    waiting: list[Need],
    ready: set[Job],
    far_off: set[Wanted],
) -> Entry:
    told: dict[bool, list[str]] = {True: [], False: []}
    for need in waiting:
        if job in need.jobs:
            told[need.decides(far_off)].append(need.claim.id)
    answered = sum(ready.issuperset(n.jobs) for n in waiting if n.decides(far_off))
    unique = (tuple(dict.fromkeys(told[decides])) for decides in (True, False))
    return Entry(job, forecast, *unique, answered)


class Finished:
    """Records of finished runs below a folder.

    A run is finished when its record is there and the code that made it has
    not changed since.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._sources: dict[tuple, str] = {}

    def path(self, job: Job) -> Path:
        """Where the record of a run is, or will be."""
        return record_path(self.folder, job.wanted._asdict() | {"seed": job.seed})

    def __call__(self, job: Job) -> Record | None:
        """The record of a run; None where it is missing or out of date.

        Raises:
            FerError: when it is damaged.
        """
        path = self.path(job)
        if not path.exists():
            return None
        record = read_record(path)
        return None if record.stale(self._source(job.wanted)) else record

    def _source(self, wanted: Wanted) -> str:
        key = (wanted.paper, wanted.dataset, wanted.protocol, wanted.recipe)
        if key not in self._sources:
            self._sources[key] = run_source(request_of(wanted, 0, None))
        return self._sources[key]
