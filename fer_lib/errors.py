"""The error that a reader of the book can act on."""

import importlib
from types import ModuleType


class FerError(ValueError):
    """Bad input, told in one sentence.

    The sentence names the file, row or field, what was found, what was
    expected and what to do.  The command line prints it without a traceback.
    """


def optional(module: str, extra: str) -> ModuleType:
    """Import a module that comes with an extra of the distribution.

    Raises:
        FerError: when it is missing, with the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise FerError(
            f"the package {module.partition('.')[0]} is missing ({error}); install it "
            f"with `pip install 'fer-book[{extra}]'`."
        ) from error
