"""``ferbook reproduce``: one run, or the runs that claims still lack."""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import get_args, get_type_hints

from fer_lib.data import DATASETS
from fer_lib.device import choose_device, hardware
from fer_lib.errors import FerError
from ferbook.kit.parameters import seconds_of
from ferbook.ledger.claims_file import load_all_claims
from ferbook.papers import PAPERS
from ferbook.papers.recipes import RECIPES
from ferbook.queue import (
    Finished,
    Forecaster,
    Job,
    Outcome,
    Queue,
    open_queue,
    request_of,
    work,
)
from ferbook.runs.paths import runs_folder
from ferbook.runs.reproduce import Request, reproduce
from ferbook.show.phrases import duration as told_duration
from ferbook.show.tables import Table

# Options that only one of the two uses has.
_OF_ONE = ("protocol", "variant", "seed", "target", "target_root", "epochs")
_OF_ONE += ("set", "pretrained", "fresh", "weights")
_OF_QUEUE = ("seeds", "list", "json")
_TYPES = {int: "a whole number", float: "a number", str: "a text"}
_TYPES |= {bool: "true or false", NoneType: "none"}


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add ``reproduce`` to the parser's commands."""
    text = "train, evaluate and record a run; without a paper, all that claims lack"
    # What is not named is left to Request.
    run = commands.add_parser(
        "reproduce",
        help=text,
        description=text,
        argument_default=argparse.SUPPRESS,
    )
    run.add_argument("paper", nargs="?", choices=list(PAPERS), default=None)
    run.add_argument("--dataset", choices=DATASETS)
    run.add_argument("--root", metavar="DIR", help="folder of the data set")
    run.add_argument("--preset")
    run.add_argument("--recipe", choices=["paper", *RECIPES])
    run.add_argument("--device", default="auto")
    run.add_argument("--budget", metavar="9m", help="then save and stop")
    run.add_argument("--out", type=Path, help="folder of run records (book/runs)")

    one = run.add_argument_group("with a paper")
    one.add_argument("--protocol", metavar="NAME")
    one.add_argument("--variant")
    one.add_argument("--seed", type=int)
    one.add_argument("--target", choices=DATASETS, help="a second set, to report")
    one.add_argument("--target-root", metavar="DIR", help="its folder")
    one.add_argument("--epochs", metavar="N", help="the same as --set epochs=N")
    one.add_argument("--set", action="append", metavar="FIELD=VALUE", help="a setting")
    one.add_argument("--pretrained", metavar="FILE", help="weights to begin from")
    one.add_argument("--fresh", action="store_true", help="forget earlier tries")
    one.add_argument("--weights", type=Path, help="write the network there, too")

    several = run.add_argument_group("without a paper")
    several.add_argument("--seeds", type=int, help="that an answer rests on (3)")
    several.add_argument("--list", action="store_true", help="only tell the runs")
    several.add_argument("--json", action="store_true", help="tell them as JSON")
    run.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    others, use = (_OF_QUEUE, "with") if options.paper else (_OF_ONE, "without")
    if odd := [name for name in others if name in options]:
        word = odd[0].replace("_", "-")
        raise FerError(f"--{word} means nothing {use} a paper; leave it out.")
    given = vars(options) | {"folder": getattr(options, "out", None) or runs_folder()}
    given["budget"] = seconds_of(options.budget) if "budget" in options else None
    return _one(given) if options.paper else _queue(given)


def _one(given: dict) -> int:
    named = {f.name for f in fields(Request)} & given.keys()
    words = list(given.get("set", ()))
    words += [f"{n}={given[n]}" for n in ("pretrained", "epochs") if n in given]
    changes = parsed_settings(given["paper"], given.get("recipe", "paper"), words)
    request = Request(**{key: given[key] for key in named}, changes=changes)
    run = reproduce(
        request,
        folder=given["folder"],
        device=given["device"],
        budget=given["budget"],
        fresh="fresh" in given,
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
    if "weights" in given:
        run.save(given["weights"])
        print(f"Weights: {given['weights']}")
    return 0


def parsed_settings(paper: str, recipe: str, words: Sequence[str]) -> dict:
    """Values of texts such as ``beta=0.01``, by the types of their fields.

    Args:
        paper: whose settings they are,
        recipe: or of this one.
        words: the texts.

    Raises:
        FerError: for what is no setting, or has another type.
    """
    kinds = get_type_hints(type(PAPERS[paper].make_config("paper")))
    if recipe in RECIPES:
        kinds |= get_type_hints(RECIPES[recipe].Config)
    found = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or name not in kinds:
            raise FerError(
                f"--set {word}: '{name}' is no setting of {paper} with the recipe "
                f"'{recipe}', expected FIELD=VALUE with one of {', '.join(kinds)}."
            )
        found[name] = _typed(name, text, get_args(kinds[name]) or (kinds[name],))
    return found


def _typed(name: str, text: str, kinds: tuple[type, ...]) -> object:
    words = {NoneType: {"none": None}, bool: {"true": True, "false": False}}
    for kind in kinds:
        try:
            if kind in words:
                return words[kind][text.lower()]
            value = kind(text)
        except (KeyError, ValueError):
            continue
        if kind is not float or math.isfinite(value):
            return value
    expected = " or ".join(_TYPES[kind] for kind in kinds)
    raise FerError(f"--set {name}={text}: expected {expected}; correct the value.")


def _queue(given: dict) -> int:
    if "dataset" not in given:
        raise FerError(
            "Without a paper, the runs that claims lack are made; name the data "
            "at hand with --dataset and --root."
        )
    if given.get("seeds", 1) < 1:
        raise FerError(f"--seeds is {given['seeds']}, expected 1 or more.")
    root, device = given.get("root"), choose_device(given["device"])
    finished = Finished(given["folder"])
    named = {key: given[key] for key in ("seeds", "recipe", "preset") if key in given}
    queue = open_queue(
        load_all_claims(),
        given["dataset"],
        forecast=Forecaster(given["dataset"], root, device),
        finished=finished,
        **named,
    )
    if "list" in given or "json" in given:
        machine = hardware(device)
        told = {"hardware": machine} | queue.to_json()
        text = queue_text(queue, machine["name"])
        print(json.dumps(told, indent=1) if "json" in given else text)
        return 0

    def make(job: Job, left: float | None) -> bool:
        request = request_of(job.wanted, job.seed, root)
        run = reproduce(
            request, folder=given["folder"], device=device.type, budget=left
        )
        return run.record is not None

    outcome = work(queue.entries, make, finished, finished.path, budget=given["budget"])
    return _told(outcome)


def _told(outcome: Outcome) -> int:
    """Say what became of the runs; the exit code."""
    counts = {
        "done": len(outcome.done),
        "failed": len(outcome.failed),
        "another process's": len(outcome.elsewhere),
        "left, which the same command goes on with": len(outcome.left),
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    print(f"Runs: {', '.join(told) or 'none was lacking'}.")
    for job, reason in outcome.failed.items():
        print(f"ferbook: {job}: {reason}", file=sys.stderr)
    return 1 if outcome.failed else 0


def queue_text(queue: Queue, machine: str) -> str:
    """The queue for a terminal, the seeds of a run in one row."""
    rows: dict[tuple, list] = {}
    for entry in queue.entries:
        rows.setdefault(entry.job.wanted, []).append(entry)
    drawn = [
        (
            f"{run.paper}/{run.variant}",
            run.protocol,
            run.preset,
            ", ".join(str(entry.job.seed) for entry in entries),
            told_duration(entries[0].forecast.seconds),
            str(len(entries[0].answers)),
            str(len(entries[0].beside)),
            str(entries[-1].answered),
        )
        for run, entries in rows.items()
    ]
    header = ("Run", "Protocol", "Preset", "Seeds", "Each", "Claims", "Beside")
    header += ("Answered",)
    note = (
        f"{len(queue.entries)} runs, {told_duration(queue.seconds)} in all on "
        f"{machine}: operations counted, at the rate of a few training steps of "
        "each paper's network here.  Claims: those that wait for the run; Beside: "
        "values that it would only stand beside; Answered: answers that are complete "
        f"with it and all above it.  {len(queue.done)} runs are finished."
    )
    told = [Table("Runs that claims lack", header, tuple(drawn), note).text(48)]
    if queue.impossible:
        told += ["", "Runs that claims name and that cannot be made here:"]
    reasons: dict[str, list[str]] = {}
    for run, reason in queue.impossible.items():
        name = f"{run.paper}/{run.variant}, {run.protocol}, {run.preset}"
        reasons.setdefault(reason, []).append(name)
    told += [f"  {'; '.join(names)}: {why}" for why, names in reasons.items()]
    return "\n".join(told)
