"""``ferbook``, the command line of the book."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from fer_lib import __version__
from fer_lib.book.ledger import claims_json, claims_text
from fer_lib.book.networks import network_table
from fer_lib.book.parameters import duration
from fer_lib.data import DATASETS, load
from fer_lib.data.audit import audit
from fer_lib.data.check_published import check_dataset
from fer_lib.data.download import get_fer2013
from fer_lib.data.published import how_to_get
from fer_lib.errors import FerError
from fer_lib.evidence.paths import runs_folder
from fer_lib.models.catalogue import catalogue
from fer_lib.papers import PAPERS
from fer_lib.reproduce import Request, reproduce


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(words)
    try:
        return options.run(options)
    except FerError as error:
        print(f"ferbook: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "ferbook: interrupted; training goes on from its last finished "
            "epoch with the same command.",
            file=sys.stderr,
        )
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ferbook", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    data = commands.add_parser("data", help="check or get a data set")
    actions = data.add_subparsers(required=True, metavar="ACTION")
    for name, run, text in (
        ("check", _data_check, "counts, hashes, and what is wrong"),
        ("audit", _data_audit, "duplicates, leakage, label noise, human ceiling"),
        ("get", _data_get, "download it where that is allowed, or tell how"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("dataset", choices=DATASETS[1:])
        action.add_argument("--root", metavar="DIR", help="folder of the data set")
        action.set_defaults(run=run)
        if name == "audit":
            action.add_argument(
                "--detect", action="store_true", help="look for faces, too (minutes)"
            )
            action.add_argument("--out", type=Path, help="write it as JSON, too")

    networks = commands.add_parser("models", help="every network and its size")
    networks.add_argument(
        "--preset", default="paper", choices=["smoke", "student", "reduced", "paper"]
    )
    networks.add_argument("--classes", type=int, default=7)
    networks.add_argument("--json", action="store_true")
    networks.set_defaults(run=_models)

    ledger = commands.add_parser("claims", help="the ledger with its verdicts")
    ledger.add_argument("--paper", choices=list(PAPERS))
    ledger.add_argument("--json", action="store_true")
    ledger.set_defaults(run=_claims)

    run = commands.add_parser("reproduce", help="train, evaluate and record a run")
    run.add_argument("paper", choices=list(PAPERS))
    run.add_argument("--dataset", default="rendered", choices=DATASETS)
    run.add_argument("--root", metavar="DIR", help="folder of the data set")
    run.add_argument("--protocol", default="official", metavar="NAME")
    run.add_argument("--preset", default="smoke")
    run.add_argument("--variant", default="default")
    run.add_argument("--seed", type=int, default=0)
    run.add_argument("--epochs", type=int, help="instead of the preset's")
    run.add_argument("--device", default="auto")
    run.add_argument("--budget", type=str, metavar="9m", help="then save and stop")
    run.add_argument("--fresh", action="store_true", help="forget earlier tries")
    run.add_argument("--out", type=Path, help="folder of run records (book/runs)")
    run.add_argument("--weights", type=Path, help="write the network there, too")
    run.set_defaults(run=_reproduce)
    return parser


def _data_check(options: argparse.Namespace) -> int:
    report = check_dataset(options.dataset, _root(options))
    print(report)
    return 1 if report.problems else 0


def _data_audit(options: argparse.Namespace) -> int:
    found = audit(load(options.dataset, _root(options)), detect=options.detect)
    print(found)
    if options.out:
        found.save(options.out)
        print(f"Record: {options.out}")
    return 0


def _data_get(options: argparse.Namespace) -> int:
    if options.dataset != "fer2013":
        print(how_to_get(options.dataset))
        return 0
    report = get_fer2013(_root(options))
    print(report)
    return 1 if report.problems else 0


def _root(options: argparse.Namespace) -> str:
    """The folder that was named; without one there is nothing to do."""
    if not options.root:
        raise FerError(f"{options.dataset}: name its folder with --root DIR.")
    return options.root


def _models(options: argparse.Namespace) -> int:
    entries = list(catalogue(options.preset, options.classes))
    if options.json:
        print(json.dumps([one.to_json() for one in entries], indent=1))
    else:
        print(network_table(entries).text())
    return 0


def _claims(options: argparse.Namespace) -> int:
    tell = claims_json if options.json else claims_text
    print(tell(options.paper))
    return 0


def _reproduce(options: argparse.Namespace) -> int:
    named = {f.name for f in fields(Request)} & vars(options).keys()
    changes = {"epochs": options.epochs} if options.epochs is not None else {}
    request = Request(**{key: getattr(options, key) for key in named}, changes=changes)
    run = reproduce(
        request,
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
    print(json.dumps(run.record.metrics(), indent=1))
    print(f"Record: {run.record.path}")
    if options.weights:
        run.save(options.weights)
        print(f"Weights: {options.weights}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
