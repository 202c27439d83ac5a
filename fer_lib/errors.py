"""The error that a reader of the book can act on."""

import importlib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires
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
            f"with `{install(extra, module)}`."
        ) from error


def install(extra: str, module: str) -> str:
    """The command that installs what an extra of the distribution asks for.

    It names the packages, as the distribution itself is on no index; where that is
    not installed, the one of the module.
    """
    wanted = []
    with suppress(PackageNotFoundError):
        wanted = [one for one in requires("fer-book") or () if f'"{extra}"' in one]
    names = [one.partition(";")[0].strip() for one in wanted]
    names = names or [module.partition(".")[0]]
    return "pip install " + " ".join(f'"{name}"' for name in names)
