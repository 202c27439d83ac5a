"""Face sets, and everything that makes or splits one."""

import importlib
from collections.abc import Callable
from typing import get_type_hints

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError

# Each has a module of its name in ``fer_lib.data.sources``.
DATASETS = (
    "rendered", "fer2013", "ckplus", "jaffe", "ferg", "oulu", "rafdb", "affectnet",
    "sfew",
)  # fmt: skip

__all__ = ["DATASETS", "FaceSet", "load", "options_of"]


def load(name: str, root: str | None = None, **options) -> FaceSet:
    """A data set by name, or any folder of images by class.

    Args:
        name: one of :data:`DATASETS`; ``"rendered"`` needs no files.  Or
            ``"folder"``: images in ``happy/``, ``sad/``, ..., or in such
            folders of each split.
        root: folder or file of a data set that the reader has.
        options: of the data set's own loader in ``fer_lib.data.sources``.  All
            that read image files know ``size``, the side of the images in
            pixels (None keeps the files' own), ``channels``, 1 for grey or 3
            for RGB, and ``cache``, a folder for the converted set.

    Raises:
        FerError: when the name or an option is unknown, when nothing is found,
            or at the first wrong file or row.
    """
    loader, known = _loader(name), options_of(name)
    if name == "rendered":
        return loader(**options)
    if odd := sorted(set(options) - set(known)):
        raise FerError(
            f"{name}: option '{odd[0]}' is unknown, expected one of {', '.join(known)}."
        )
    if not root:
        raise FerError(
            f"{name}: no folder given; name the one that holds its files "
            "(data_root in a notebook, --root on the command line)."
        )
    return loader(root, **options)


def options_of(name: str) -> dict[str, type]:
    """The types of a data set's options, by their names."""
    kinds = get_type_hints(_loader(name))
    return {
        key: kinds[key] for key in kinds if key not in ("root", "return", "options")
    }


def _loader(name: str) -> Callable[..., FaceSet]:
    if name not in (*DATASETS, "folder"):
        raise FerError(
            f"data set '{name}' is unknown, expected one of {', '.join(DATASETS)}, "
            "or folder."
        )
    return importlib.import_module(f"fer_lib.data.sources.{name}").load
