"""``ferbook``, the command line of the book."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from fer_lib import __version__
from fer_lib.data import DATASETS, load
from fer_lib.data.audit import audit
from fer_lib.data.audit.check import check_dataset
from fer_lib.data.sources.download import get_fer2013
from fer_lib.data.sources.published import how_to_get
from fer_lib.errors import FerError
from fer_lib.models.catalogue import catalogue
from ferbook.cli import explain as cli_explain
from ferbook.cli import reproduce as cli_reproduce
from ferbook.papers import PAPERS
from ferbook.show.ledger import claims_json, claims_text
from ferbook.show.networks import network_table

PRESETS = ["smoke", "small", "student", "reduced", "paper"]


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
    networks.add_argument("--preset", default="paper", choices=PRESETS)
    networks.add_argument("--classes", type=int, default=7)
    networks.add_argument("--json", action="store_true")
    networks.set_defaults(run=_models)

    ledger = commands.add_parser("claims", help="the ledger with its verdicts")
    ledger.add_argument("--paper", choices=list(PAPERS))
    ledger.add_argument("--json", action="store_true")
    ledger.set_defaults(run=_claims)

    cli_reproduce.add_to(commands)
    cli_explain.add_to(commands)
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
    get_fer2013(_root(options))
    return _data_check(options)


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


if __name__ == "__main__":
    sys.exit(main())
