"""``ferbook claims``: the ledger with its verdicts."""

import argparse
import sys

from ferbook.cli.commands import command


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add ``claims`` to the parser's commands."""
    parser = command(commands, "claims", _run, "the ledger with its verdicts")
    parser.add_argument("--paper", metavar="NAME")
    parser.add_argument("--json", action="store_true")


def _run(options: argparse.Namespace) -> int:
    from ferbook.ledger.ledger import open_ledger
    from ferbook.show.ledger import claims_json, claims_text

    ledger = open_ledger()
    tell = claims_json if options.json else claims_text
    print(tell(options.paper, ledger))
    for reason in ledger.left_out_text():
        print(f"ferbook: {reason}", file=sys.stderr)
    return 0
