"""What the modules of the commands have in common."""

import argparse
from collections.abc import Callable, Collection

from fer_lib.errors import FerError


def command(
    commands: argparse._SubParsersAction,
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
    **options: object,
) -> argparse.ArgumentParser:
    """A command's parser, which takes no option by a part of its name."""
    parser = commands.add_parser(
        name, help=text, description=text, allow_abbrev=False, **options
    )
    parser.set_defaults(run=run)
    return parser


def one_of(what: str, name: str, known: Collection[str]) -> str:
    """The name; ``FerError`` when it is none of those that are known."""
    if name not in known:
        raise FerError(
            f"{what} '{name}' is unknown, expected one of {', '.join(known)}."
        )
    return name
