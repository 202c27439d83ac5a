"""``ferbook verify``: does a recorded run still begin as it did?"""

import argparse
from pathlib import Path

from ferbook.cli.commands import command


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add ``verify`` to the parser's commands."""
    text = "compare today's code, and a run's first batches, with its record"
    parser = command(commands, "verify", _run, text)
    parser.add_argument("record", type=Path, help="its JSON file")
    parser.add_argument("--root", metavar="DIR", help="folder of the data set")
    parser.add_argument("--target-root", metavar="DIR", help="of the reported one")
    parser.add_argument("--device", default="auto")


def _run(options: argparse.Namespace) -> int:
    from ferbook.runs.records import read_record
    from ferbook.runs.verify import verify

    record = read_record(options.record)
    found = verify(record, options.root, options.target_root, options.device)
    print(found)
    return 0 if found.agrees else 1
