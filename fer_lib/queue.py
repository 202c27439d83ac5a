"""The runs that claims still lack for the data at hand, and working them down.

A run answers several claims, and a claim may need several runs, so a run is
worth, of each claim, one over the runs that the claim still lacks.  Runs with
the most claims an hour come first.
"""

import fcntl
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from fer_lib.data.protocols import PROTOCOLS
from fer_lib.errors import FerError
from fer_lib.evidence.claims import Claim
from fer_lib.evidence.matching import Wanted, all_wanted
from fer_lib.evidence.provenance import json_sha256
from fer_lib.evidence.records import read_record, record_path
from fer_lib.files import cache_dir
from fer_lib.models.cost import cost
from fer_lib.papers import PAPERS
from fer_lib.papers.recipes import RECIPES
from fer_lib.reproduce import Request, run_source
from fer_lib.training.rate import BACKWARD


@dataclass(frozen=True)
class Job:
    """A run that is lacking.

    Attributes:
        request: what to run.
        claims: ids of the claims that it helps to answer.
        worth: claims answered, see above.
        gflop: of its training, an estimate.
        seconds: at the measured rate.
    """

    request: Request
    claims: tuple[str, ...]
    worth: float
    gflop: float
    seconds: float

    @property
    def claims_per_hour(self) -> float:
        """What the queue is ordered by."""
        return self.worth / (self.seconds / 3600)


@dataclass(frozen=True)
class Impossible:
    """A run that claims ask for and no recipe has."""

    wanted: Wanted
    why: str


def lacking(
    claims: Iterable[Claim],
    asked: Request,
    seeds: Sequence[int],
    finished: Callable[[Request], bool],
) -> tuple[dict[Request, dict[str, float]], tuple[Impossible, ...]]:
    """Runs that claims about a data set lack.

    Args:
        claims: of any papers.
        asked: the data set with its folder, the preset and the recipe; its
            other fields do not matter.
        seeds: that every run is wanted with.
        finished: whether a run is there already.

    Returns:
        Of every run, the claims that it helps to answer with their share in
        each; and what cannot be run.
    """
    found: dict[Request, dict[str, float]] = {}
    impossible: dict[Wanted, Impossible] = {}
    for claim in claims:
        # At another size a run stands beside a value and answers none.
        if claim.dataset != asked.dataset or (
            claim.kind == "value" and (asked.preset, asked.recipe) != ("paper",) * 2
        ):
            continue
        for answer in claim.answered_by:
            if (answer.preset, answer.recipe) != (asked.preset, asked.recipe):
                continue
            runs = all_wanted(claim, answer)
            without = {run: why for run in runs if (why := _why_not(run))}
            for run, why in without.items():
                impossible[run] = Impossible(run, why)
            if without:
                continue
            missing = [
                request
                for run in runs
                for seed in seeds
                if not finished(request := _request(asked, run, seed))
            ]
            for request in missing:
                found.setdefault(request, {})[claim.id] = 1 / len(missing)
    return found, tuple(impossible.values())


def _request(asked: Request, run: Wanted, seed: int) -> Request:
    named = {"paper": run.paper, "protocol": run.protocol, "variant": run.variant}
    return replace(asked, seed=seed, **named)


def _why_not(run: Wanted) -> str:
    """What is missing for a run; empty if nothing."""
    recipe = PAPERS.get(run.paper)
    if recipe is None:
        return f"no recipe of '{run.paper}'"
    for what, name, known in (
        ("variant", run.variant, recipe.VARIANTS),
        ("preset", run.preset, recipe.PRESETS),
        ("protocol", run.protocol, PROTOCOLS),
    ):
        if name not in known:
            return f"no {what} '{name}'"
    return ""


def is_finished(request: Request, folder: Path) -> bool:
    """Whether the record of a run is there, made by the present code."""
    names = ("paper", "dataset", "protocol", "preset", "recipe", "variant", "seed")
    path = record_path(folder, {name: getattr(request, name) for name in names})
    if not path.exists():
        return False
    return not read_record(path).stale(run_source(request))


def training_gflop(request: Request, faces: int, classes: int) -> float:
    """Of all steps of a run: three forward passes a face and epoch.

    An upper bound where a recipe draws fewer faces or stops early.
    """
    recipe = PAPERS[request.paper]
    config = recipe.make_config(request.preset, request.variant)
    with torch.device("meta"):
        network = recipe.make_network(config, classes, seed=0)
    epochs = getattr(config, "all_epochs", None) or getattr(config, "epochs", None)
    if hasattr(recipe, "planned_epochs"):
        epochs = sum(recipe.planned_epochs(config, request.dataset))
    if request.recipe == "modern":
        epochs = RECIPES["modern"].make_config(request.preset).epochs
    return cost(network).gflops * BACKWARD * epochs * faces


def ordered(
    runs: dict[Request, dict[str, float]],
    gflop: Callable[[Request], float],
    rate: float,
) -> list[Job]:
    """Jobs, the most claims an hour first.

    Args:
        runs: of :func:`lacking`.
        gflop: of the training of a run.
        rate: GFLOPs a second.
    """
    jobs = []
    for request, shares in runs.items():
        work = gflop(request)
        jobs.append(
            Job(request, tuple(shares), sum(shares.values()), work, work / rate)
        )
    # Ties, such as seeds, stay in an order that every process finds.
    return sorted(jobs, key=lambda job: (-job.claims_per_hour, job.request.command))


@contextmanager
def claimed(request: Request) -> Iterator[bool]:
    """Whether this process alone has a run; the end of a process frees it."""
    path = cache_dir() / "queue" / f"{json_sha256(request.command)[:24]}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@dataclass(frozen=True)
class Outcome:
    """What became of a job: ``"done"``, ``"failed"``, ``"budget"`` (not
    finished; the same queue goes on from there), ``"elsewhere"`` (another
    process has it or has finished it)."""

    job: Job
    state: str
    why: str = ""


def work_down(
    jobs: Sequence[Job],
    run: Callable[[Request, float | None], bool],
    finished: Callable[[Request], bool],
    budget: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Outcome]:
    """Run jobs in their order until the budget ends.

    Args:
        jobs: of :func:`ordered`.
        run: trains for at most so many seconds, None for any; whether it
            was finished.
        finished: whether another process has done it since.
        budget: seconds for all.
        clock: seconds.
    """
    end = math.inf if budget is None else clock() + budget
    for job in jobs:
        left = end - clock()
        if left <= 0:
            yield Outcome(job, "budget")
            continue
        with claimed(job.request) as ours:
            if not ours or finished(job.request):
                yield Outcome(job, "elsewhere")
                continue
            try:
                complete = run(job.request, None if budget is None else left)
            except FerError as error:
                yield Outcome(job, "failed", str(error))
                continue
            yield Outcome(job, "done" if complete else "budget")
