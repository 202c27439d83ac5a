"""``ferbook models``: every network and its size."""

import argparse
import json

from ferbook.cli.commands import command


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add ``models`` to the parser's commands."""
    parser = command(commands, "models", _run, "every network and its size")
    parser.add_argument("--preset", default="paper", metavar="NAME")
    parser.add_argument("--classes", type=int, default=7)
    parser.add_argument("--json", action="store_true")


def _run(options: argparse.Namespace) -> int:
    from fer_lib.models.catalogue import catalogue
    from ferbook.show.networks import network_table

    entries = list(catalogue(options.preset, options.classes))
    if options.json:
        print(json.dumps([one.to_json() for one in entries], indent=1))
    else:
        print(network_table(entries).text())
    return 0
