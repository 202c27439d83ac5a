"""``ferbook reproduce``: one run, or the runs that claims still lack."""

import argparse
import json
import sys
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fer_lib.errors import FerError
from ferbook.cli.commands import add_cluster, add_option, cluster_of, command, one_of
from ferbook.runs.key import PEEK, RunKey
from ferbook.runs.paths import made_runs_folder, runs_folder

if TYPE_CHECKING:
    from ferbook.cluster import Cluster
    from ferbook.queue import Outcome, Queue
    from ferbook.runs.run import Run

# Options that only one of the two uses has.
_OF_ONE = ("protocol", "variant", "seed", "target", "target_root", "epochs")
_OF_ONE += ("option", "set", "pretrained", "fresh", "again", "peek")
_OF_QUEUE = ("seeds", "list", "scheduler", "workers")


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add ``reproduce`` to the parser's commands."""
    text = "train, evaluate and record a run; without a paper, all that claims lack"
    # What is not named is left to RunKey.
    options = {"argument_default": argparse.SUPPRESS}
    run = command(commands, "reproduce", _run, text, **options)
    run.add_argument("paper", nargs="?", default=None)
    run.add_argument("--dataset", metavar="NAME")
    run.add_argument("--root", metavar="DIR", help="folder of the data set")
    add_option(run)
    run.add_argument("--preset", metavar="NAME")
    run.add_argument("--recipe", metavar="NAME", help="another one than the paper's")
    run.add_argument("--device", default="auto")
    run.add_argument("--budget", metavar="9m", help="then save and stop")
    run.add_argument("--out", type=Path, help="folder of run records (_build/runs)")
    run.add_argument("--keep", action="store_true", help="the same as --out book/runs")
    text = "file for the network, too; without a paper a folder for all networks"
    run.add_argument("--weights", type=Path, metavar="PATH", help=text)
    run.add_argument("--json", action="store_true", help="tell the numbers as JSON")

    one = run.add_argument_group("with a paper")
    one.add_argument("--protocol", metavar="NAME")
    one.add_argument("--variant", metavar="NAME")
    one.add_argument("--seed", type=int)
    one.add_argument("--target", metavar="NAME", help="a second set, to report")
    one.add_argument("--target-root", metavar="DIR", help="its folder")
    one.add_argument("--epochs", metavar="N", help="the same as --set epochs=N")
    one.add_argument("--set", action="append", metavar="NAME=VALUE", help="a setting")
    one.add_argument("--pretrained", metavar="FILE", help="weights to begin from")
    one.add_argument("--fresh", action="store_true", help="forget earlier tries")
    one.add_argument("--again", action="store_true", help="though it is recorded")
    one.add_argument(
        "--peek",
        action="store_true",
        help="look at the reported split after each epoch, to show what that feigns",
    )

    several = run.add_argument_group("without a paper")
    several.add_argument("--seeds", type=int, help="that an answer rests on (3)")
    several.add_argument("--list", action="store_true", help="only tell the runs")
    add_cluster(several)


def _run(options: argparse.Namespace) -> int:
    from ferbook.kit.parameters import seconds_of

    others, use = (_OF_QUEUE, "with") if options.paper else (_OF_ONE, "without")
    if odd := [name for name in others if name in options]:
        word = odd[0].replace("_", "-")
        raise FerError(f"--{word} means nothing {use} a paper; leave it out.")
    if "keep" in options and "out" in options:
        raise FerError("--keep and --out name two folders; leave one of them out.")
    given = vars(options)
    default = runs_folder if "keep" in options else made_runs_folder
    given["folder"] = given["out"] if "out" in given else default()
    given["budget"] = seconds_of(options.budget) if "budget" in options else None
    return _one(given) if options.paper else _queue(given)


def _one(given: dict) -> int:
    from fer_lib.data import DATASETS
    from ferbook.papers import PAPERS, RECIPES
    from ferbook.runs.make import reproduce
    from ferbook.runs.records import check_writable
    from ferbook.runs.settings import parsed_options, parsed_settings

    for what, name, known in (
        ("paper", "paper", PAPERS),
        ("data set", "dataset", (*DATASETS, "folder")),
        ("data set", "target", DATASETS),
        ("recipe", "recipe", ("paper", *RECIPES)),
    ):
        if name in given:
            one_of(what, given[name], known)
    if "weights" in given:
        if given["weights"].is_dir():
            raise FerError(f"{given['weights']}: a folder, expected a file's name.")
        check_writable(given["weights"].parent, "--weights")
    named = {f.name for f in fields(RunKey)} & given.keys()
    words = list(given.get("set", ()))
    words += [f"{n}={given[n]}" for n in ("pretrained", "epochs") if n in given]
    changes = parsed_settings(given["paper"], given.get("recipe", "paper"), words)
    changes |= {PEEK: True} if "peek" in given else {}
    options = parsed_options(given.get("dataset", "rendered"), given.get("option", ()))
    run = reproduce(
        RunKey(
            **{name: given[name] for name in named}, changes=changes, options=options
        ),
        folder=given["folder"],
        root=given.get("root"),
        target_root=given.get("target_root"),
        device=given["device"],
        budget=given["budget"],
        fresh="fresh" in given,
        again="again" in given,
    )
    if run.record is None:
        print(
            f"Stopped after epoch {run.fitted.epoch}: the budget ended.  The same "
            "command goes on from there."
        )
        return 0
    if "weights" in given:
        run.save(given["weights"])
    print(_json(run) if "json" in given else _text(run, given.get("weights")))
    return 0


def _json(run: "Run") -> str:
    (reported,) = run.results()["selected"].values()
    told = {"record": str(run.record.path)} | reported["single"]
    return json.dumps(told, indent=1)


def _text(run: "Run", weights: Path | None) -> str:
    """A finished run in a few lines."""
    from ferbook.show.phrases import duration, hardware, percent

    record, told = run.record, run.record.metrics()
    low, high = map(percent, told["accuracy_ci95"])
    epochs = f"{record.epochs} epoch{'s' if record.epochs > 1 else ''}"
    lines = [
        f"Accuracy: {percent(told['accuracy'])} % on {record.reported} (95 % interval "
        f"{low} to {high}, n = {told['n']:,})",
        f"Took:     {duration(record.wall_seconds)}, {duration(record.cpu_seconds)} of "
        f"the processor, for {epochs} in {record.precision['used']} on "
        f"{hardware(record)}",
        f"Record:   {record.path}",
    ]
    return "\n".join(lines + ([f"Weights:  {weights}"] if weights else []))


def _queue(given: dict) -> int:
    from fer_lib.data import DATASETS
    from ferbook.runs.records import check_writable

    if "dataset" not in given:
        raise FerError(
            "Without a paper, the runs that claims lack are made; name the data "
            "at hand with --dataset and --root."
        )
    one_of("data set", given["dataset"], DATASETS)
    if given.get("seeds", 1) < 1:
        raise FerError(f"--seeds is {given['seeds']}, expected 1 or more.")
    for place, option in (("folder", "--out"), ("weights", "--weights")):
        if place in given:
            check_writable(given[place], option)
    with cluster_of(given) as cluster:
        return _worked(given, cluster)


def _worked(given: dict, cluster: "Cluster | None") -> int:
    """Work the queue down on a cluster, or in this process."""
    from fer_lib.device import choose_device
    from ferbook.cluster import in_turn
    from ferbook.ledger.claim_files import load_all_claims
    from ferbook.queue import (
        Finished,
        Forecaster,
        as_recorded,
        keep,
        making,
        open_queue,
        work,
    )
    from ferbook.runs.records import load_records
    from ferbook.training.machine import hardware

    about = given["dataset"], given.get("root"), given["device"]
    options = {"root": about[1], "device": about[2], "weights": "weights" in given}
    if cluster:
        cluster.check(*about[:2])
        forecast = partial(cluster.call, making.forecast_there, *about)
        machine = cluster.call(making.hardware_there, about[2])
        make, each = partial(making.made_there, **options), cluster.each
    else:
        device = choose_device(about[2])
        forecast, machine = Forecaster(*about[:2], device), hardware(device)
        make, each = partial(making.made, **options), in_turn
    folders = dict.fromkeys((given["folder"], runs_folder()))
    finished = Finished(*folders)
    recorded = [one for folder in folders for one in load_records(folder, {})]
    named = {key: given[key] for key in ("seeds", "recipe", "preset") if key in given}
    queue = open_queue(
        load_all_claims(),
        given["dataset"],
        forecast=forecast,
        finished=finished,
        asked=as_recorded(recorded),
        **named,
    )
    if "list" in given or "json" in given:
        told = {"hardware": machine} | queue.to_json()
        text = queue_text(queue, machine["name"])
        print(json.dumps(told, indent=1) if "json" in given else text)
        return 0
    write = partial(keep, folder=given["folder"], weights=given.get("weights"))
    outcome = work(
        queue.entries, make, write, finished, each=each, budget=given["budget"]
    )
    return _told(outcome)


def _told(outcome: "Outcome") -> int:
    """Say what became of the runs; the exit code."""
    counts = {
        "done": len(outcome.done),
        "failed": len(outcome.failed),
        "recorded meanwhile": len(outcome.elsewhere),
        "left, which the same command goes on with": len(outcome.left),
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    print(f"Runs: {', '.join(told) or 'none was lacking'}.")
    for key, reason in outcome.failed.items():
        print(f"ferbook: {key}: {reason}", file=sys.stderr)
    return 1 if outcome.failed else 0


def queue_text(queue: "Queue", machine: str) -> str:
    """The queue for a terminal, the seeds of a run in one row."""
    from ferbook.show.phrases import duration
    from ferbook.show.tables import Table

    rows: dict[RunKey, list] = {}
    for entry in queue.entries:
        rows.setdefault(entry.key.any_seed, []).append(entry)
    drawn = [
        (
            "/".join(map(str, (run.paper, run.variant, *dict(run.changes).values()))),
            run.protocol,
            run.preset,
            ", ".join(str(entry.key.seed) for entry in entries),
            duration(entries[0].forecast.seconds),
            str(len(entries[0].answers)),
            str(len(entries[0].beside)),
            str(entries[-1].answered),
        )
        for run, entries in rows.items()
    ]
    header = ("Run", "Protocol", "Preset", "Seeds", "Each", "Claims", "Beside")
    header += ("Answered",)
    note = (
        f"{len(queue.entries)} runs, {duration(queue.seconds)} in all on "
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
