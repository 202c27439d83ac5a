"""``ferbook data``: check, audit or get a data set."""

import argparse
from pathlib import Path

from fer_lib.errors import FerError
from ferbook.cli.commands import command, one_of


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add ``data`` to the parser's commands."""
    data = commands.add_parser(
        "data", help="check or get a data set", allow_abbrev=False
    )
    actions = data.add_subparsers(required=True, metavar="ACTION")
    for name, run, text in (
        ("check", _check, "counts, hashes, and what is wrong"),
        ("audit", _audit, "duplicates, leakage, label noise, human ceiling"),
        ("get", _get, "download it where that is allowed, or tell how"),
    ):
        action = command(actions, name, run, text)
        action.add_argument("dataset")
        action.add_argument("--root", metavar="DIR", help="folder of the data set")
        if name == "audit":
            action.add_argument(
                "--detect", action="store_true", help="look for faces, too (minutes)"
            )
            action.add_argument("--out", type=Path, help="write it as JSON, too")


def _check(options: argparse.Namespace) -> int:
    from fer_lib.data.audit.check import check_dataset

    report = check_dataset(*_named(options))
    print(report)
    return 1 if report.problems else 0


def _audit(options: argparse.Namespace) -> int:
    from fer_lib.data import load
    from fer_lib.data.audit import audit

    found = audit(load(*_named(options)), detect=options.detect)
    print(found)
    if options.out:
        found.save(options.out)
        print(f"Record: {options.out}")
    return 0


def _get(options: argparse.Namespace) -> int:
    from fer_lib.data.sources.download import get_fer2013
    from fer_lib.data.sources.published import how_to_get

    if _known(options) != "fer2013":
        print(how_to_get(options.dataset))
        return 0
    get_fer2013(_named(options)[1])
    return _check(options)


def _known(options: argparse.Namespace) -> str:
    from fer_lib.data import DATASETS

    return one_of("data set", options.dataset, DATASETS[1:])


def _named(options: argparse.Namespace) -> tuple[str, str]:
    """Data set and folder; without one there is nothing to do."""
    name = _known(options)
    if not options.root:
        raise FerError(f"{name}: name its folder with --root DIR.")
    return name, options.root
