"""Where the claims and the runs lie."""

import os
from pathlib import Path

import fer_lib
from fer_lib.errors import FerError


def repository_root() -> Path:
    """Folder that holds ``book/claims``.

    ``FER_BOOK_ROOT`` if set, else the first such folder above the library.

    Raises:
        FerError: when there is none.
    """
    named = os.environ.get("FER_BOOK_ROOT")
    library = Path(fer_lib.__file__).resolve().parent
    candidates = [Path(named).resolve()] if named else library.parents
    for folder in candidates:
        if (folder / "book" / "claims").is_dir():
            return folder
    where = f"FER_BOOK_ROOT={named}" if named else f"any folder above {library}"
    raise FerError(
        f"No folder book/claims in {where}; set FER_BOOK_ROOT to a clone of "
        "the repository."
    )


def claims_folder(root: Path | None = None) -> Path:
    """Folder of the claims, one TOML file a paper."""
    return (root or repository_root()) / "book" / "claims"


def rules_path(root: Path | None = None) -> Path:
    """The rules by which runs answer claims."""
    return (root or repository_root()) / "book" / "rules.toml"


def runs_folder(root: Path | None = None) -> Path:
    """Folder of the tracked run records."""
    return (root or repository_root()) / "book" / "runs"


def made_runs_folder() -> Path:
    """Folder of the runs that are not asked to be kept."""
    try:
        return repository_root() / "_build" / "runs"
    except FerError:  # an installed package, without the book
        from fer_lib.files import cache_dir

        return cache_dir() / "runs"
