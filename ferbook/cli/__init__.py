"""``ferbook``, the command line of the book.

The commands import what they need when they are called: to be told what there
is, nobody waits for torch.
"""

import argparse
import errno
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress

from fer_lib import __version__
from fer_lib.errors import FerError
from ferbook.cli import commands, predict, reproduce


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's has not
            # A terminal that lacks a letter shows a question mark.
            stream.reconfigure(errors="replace")
    name = ""
    try:
        options = _parser().parse_args(words)
        name = options.name
        code = options.run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _failed(
            f"interrupted; {_STOPPED.get(name, 'nothing was written')}.", 130
        )
    except BrokenPipeError:  # whoever read this has enough
        _close_stdout()
        return 0
    except FerError as error:
        return _failed(str(error))
    except OSError as error:
        _close_stdout()
        return _failed(_told(error))
    except UnicodeDecodeError as error:
        return _failed(f"a file is no UTF-8 text ({error}); name another one.")
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not _OUT_OF_MEMORY.search(
            repr(error)
        ):
            raise
        return _failed(
            f"there is not enough memory; {_SMALLER.get(name, 'free some')}."
        )


# What a command that is stopped leaves behind.
_STOPPED = {
    "reproduce": "a training goes on from its last saved epoch with the same command",
    "explain": "cells that are finished are kept, and the same command goes on",
    "predict": "maps that are drawn stay, a table is written when all is read",
    "get": "what has arrived as a whole stays, and the same command goes on",
}
_SMALLER = {
    "reproduce": "take a smaller --preset, or a smaller batch, as --set batch_size=8",
    "explain": "take --size small",
    "analyse": "explain fewer faces, with --faces",
    "predict": "take fewer --workers, or save the largest photographs smaller",
    "check": "set FER_MEMORY_LIMIT to fewer bytes, as 200000000",
    "audit": "set FER_MEMORY_LIMIT to fewer bytes, as 200000000",
}
# torch's own errors are of a type that only torch has, or of none, and a process that
# the system ends for its memory is told by concurrent.futures.
_OUT_OF_MEMORY = re.compile(r"OutOfMemory|allocate memory|BrokenProcessPool")


def _told(error: OSError) -> str:
    what = f"{error.filename}: " if error.filename else ""
    if errno.errorcode.get(error.errno) in ("ENOSPC", "EDQUOT"):
        return (
            f"{what}there is no space left; free some on that disk, or name a folder "
            "on another one (the cache's with the variable FER_CACHE)."
        )
    told = error.strerror or error
    return f"{what}{told}; name a file or folder that can be read and written."


def _close_stdout() -> None:
    """Let what waits to be printed go nowhere, if it cannot be printed."""
    with suppress(OSError):
        sys.stdout.flush()
        return
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
