"""``ferbook reproduce``: one run, or all that claims still lack."""

import argparse
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import get_type_hints

from tqdm.auto import tqdm

from fer_lib import queue
from fer_lib.book import phrases
from fer_lib.book.parameters import duration
from fer_lib.book.tables import Table
from fer_lib.data import DATASETS, load
from fer_lib.errors import FerError
from fer_lib.evidence.claims_file import load_all_claims
from fer_lib.evidence.paths import runs_folder
from fer_lib.papers import PAPERS
from fer_lib.papers.recipes import RECIPES
from fer_lib.reproduce import Request, reproduce
from fer_lib.training.device import choose_device
from fer_lib.training.rate import measured_rate


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of ``ferbook``."""
    text = "train, evaluate and record a run; without a paper, all that claims lack"
    run = commands.add_parser("reproduce", help=text, description=text)
    run.add_argument("paper", nargs="?", choices=list(PAPERS))
    run.add_argument("--dataset", default="rendered", choices=DATASETS)
    run.add_argument("--root", metavar="DIR", help="folder of the data set")
    run.add_argument("--target", default="", choices=DATASETS, help="reported set")
    run.add_argument("--target-root", metavar="DIR", help="its folder")
    run.add_argument("--protocol", default="official", metavar="NAME")
    run.add_argument("--preset", default="smoke")
    run.add_argument("--recipe", default="paper", choices=["paper", *RECIPES])
    run.add_argument("--variant", default="default")
    run.add_argument("--seed", type=int, default=0)
    run.add_argument("--epochs", help="the same as --set epochs=N")
    run.add_argument("--pretrained", metavar="FILE", help="weights to begin from")
    run.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    run.add_argument("--device", default="auto")
    run.add_argument("--budget", metavar="9m", help="then save and stop")
    run.add_argument("--fresh", action="store_true", help="forget earlier tries")
    run.add_argument("--out", type=Path, help="folder of run records (book/runs)")
    run.add_argument("--weights", type=Path, help="write the network there, too")
    only = run.add_argument_group("without a paper")
    only.add_argument("--seeds", type=int, default=1, help="0 to this less one")
    only.add_argument("--list", action="store_true", help="show, do not run")
    only.add_argument("--json", action="store_true", help="the list as JSON")
    run.set_defaults(run=lambda options: (_one if options.paper else _all)(options))


def _request(options: argparse.Namespace) -> Request:
    named = {f.name for f in fields(Request)} & vars(options).keys()
    values = {key: getattr(options, key) for key in named}
    return Request(**values | {"paper": options.paper or ""}, changes=_changes(options))


def _changes(options: argparse.Namespace) -> dict:
    """What is set, by field, each value of its field's type."""
    told = list(options.set)
    for name in ("epochs", "pretrained"):
        if getattr(options, name) is not None:
            told.append(f"{name}={getattr(options, name)}")
    return dict(parse_setting(entry, options.paper, options.recipe) for entry in told)


def parse_setting(entry: str, paper: str | None, recipe: str) -> tuple[str, object]:
    """A field and its value from ``"width=4"``.

    Raises:
        FerError: when there is no such field, or the value is not of its type.
    """
    name, sign, text = entry.partition("=")
    types = {}
    if paper:
        types |= get_type_hints(type(PAPERS[paper].make_config("paper")))
    if recipe in RECIPES:
        types |= get_type_hints(RECIPES[recipe].Config)
    if not sign or name not in types:
        raise FerError(
            f"--set {entry}: expected FIELD=VALUE with a field of "
            f"{', '.join(sorted(types)) or 'a paper'}."
        )
    kind = next(k for k in (bool, int, float, str) if _holds(types[name], k))
    try:
        if kind is bool:
            return name, {"true": True, "false": False}[text.lower()]
        return name, kind(text)
    except (ValueError, KeyError):
        expected = "true or false" if kind is bool else kind.__name__
        raise FerError(f"--set {entry}: '{text}' is no {expected}.") from None


def _holds(annotation: object, kind: type) -> bool:
    """Whether an annotation is a type, or that type or another."""
    return annotation is kind or kind in getattr(annotation, "__args__", ())


def _one(options: argparse.Namespace) -> int:
    run = reproduce(
        _request(options),
        folder=options.out or runs_folder(),
        device=options.device,
        budget=duration(options.budget) if options.budget else None,
        fresh=options.fresh,
    )
    if run.record is None:
        print(
            f"Stopped after epoch {run.fitted.epoch}: the budget ended.  The same "
            "command goes on from there."
        )
        return 0
    (reported,) = run.results()["selected"].values()
    print(json.dumps(reported["single"], indent=1))
    print(f"Record: {run.record.path}")
    if options.weights:
        run.save(options.weights)
        print(f"Weights: {options.weights}")
    return 0


def _all(options: argparse.Namespace) -> int:
    """The queue: show it, or work it down."""
    asked, folder = _request(options), options.out or runs_folder()
    if asked.changes:
        raise FerError("settings are changed for one paper only; name it.")

    def finished(request: Request) -> bool:
        return queue.is_finished(request, folder)

    faces = len(load(asked.dataset, asked.root).split("Training"))
    claims = [claim for paper in load_all_claims() for claim in paper.claims]
    runs, impossible = queue.lacking(claims, asked, range(options.seeds), finished)
    rate = measured_rate(choose_device(options.device))
    jobs = queue.ordered(runs, lambda r: queue.training_gflop(r, faces, 7), rate)
    if options.json:
        told = [asdict(job) | {"command": job.request.command} for job in jobs]
        print(json.dumps({"gflops": rate, "jobs": told}, indent=1))
    else:
        print(queue_table(jobs, impossible, rate).text())
    if options.list or options.json:
        return 0

    def run(request: Request, budget: float | None) -> bool:
        done = reproduce(request, folder=folder, device=options.device, budget=budget)
        return done.record is not None

    budget = duration(options.budget) if options.budget else None
    failed = 0
    # The bar counts estimated work, so that its estimate is one of the queue.
    total = sum(job.seconds for job in jobs)
    with tqdm(total=round(total), unit="s", desc="queue") as bar:
        for outcome in queue.work_down(jobs, run, finished, budget):
            failed += outcome.state == "failed"
            told = f"{outcome.state:9}  {outcome.job.request.command}  {outcome.why}"
            bar.write(told.rstrip())
            bar.update(round(outcome.job.seconds))
    return 1 if failed else 0


def queue_table(jobs: list, impossible: tuple, rate: float) -> Table:
    """The queue as a table, with what it takes in all."""
    rows = tuple(
        (
            f"{job.request.paper}, {job.request.variant}",
            f"{job.request.protocol}, {job.request.preset}, seed {job.request.seed}",
            f"{len(job.claims)}",
            phrases.duration(job.seconds),
            f"{job.claims_per_hour:.3g}",
        )
        for job in jobs
    )
    hours = sum(job.seconds for job in jobs) / 3600
    note = (
        f"{len(jobs)} runs, {hours:.1f} hours at {rate:.0f} GFLOPs a second, which "
        "this machine does in a convolution; an estimate from the networks' "
        "operations, three forward passes a face and epoch."
    )
    if impossible:
        named = (f"{one.wanted.paper}: {one.why}" for one in impossible)
        named = sorted(set(named))
        note += f" Not in the queue: {'; '.join(named)}."
    header = ("Run", "On", "Claims", "Estimated", "Claims an hour")
    return Table("Runs that claims still lack", header, rows, note)
