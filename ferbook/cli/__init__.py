"""``ferbook``, the command line of the book.

The commands import what they need when they are called: to be told what there
is, nobody waits for torch.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from fer_lib import __version__
from fer_lib.errors import FerError
from ferbook.cli import commands, predict, reproduce


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's has not
            # A terminal that lacks a letter shows a question mark.
            stream.reconfigure(errors="replace")
    try:
        options = _parser().parse_args(words)
        code = options.run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read this has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _failed(
            "interrupted; a training goes on from its last saved epoch with the "
            "same command.",
            130,
        )
    except FerError as error:
        return _failed(str(error))
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        return _failed(
            f"{what}{error.strerror or error}; name a file or folder that can be "
            "read and written."
        )
    except (MemoryError, RuntimeError) as error:
        # torch's own error is of a type that only torch has.
        if not isinstance(error, MemoryError) and "OutOfMemory" not in str(type(error)):
            raise
        return _failed(
            "there is not enough memory; take a smaller --preset, or a smaller batch "
            "with --set batch_size=..."
        )


def _failed(told: str, code: int = 1) -> int:
    print(f"ferbook: {told}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ferbook", description=__doc__.splitlines()[0], allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=__version__)
    known = parser.add_subparsers(required=True, metavar="COMMAND")
    predict.add_to(known)
    commands.add_to(known)
    reproduce.add_to(known)
    return parser
