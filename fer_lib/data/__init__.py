"""Face sets, and everything that makes or splits one."""

import inspect

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources import (
    affectnet,
    ckplus,
    fer2013,
    ferg,
    jaffe,
    oulu,
    rafdb,
    sfew,
)
from fer_lib.errors import FerError

_LOADERS = {
    "fer2013": fer2013.load,
    "ckplus": ckplus.load,
    "jaffe": jaffe.load,
    "ferg": ferg.load,
    "oulu": oulu.load,
    "rafdb": rafdb.load,
    "affectnet": affectnet.load,
    "sfew": sfew.load,
}
DATASETS = ("rendered", *_LOADERS)

__all__ = ["DATASETS", "FaceSet", "load"]


def load(name: str, root: str | None = None, **options) -> FaceSet:
    """A data set by name.

    Args:
        name: one of :data:`DATASETS`; ``"rendered"`` needs no files.
        root: folder or file of a data set that the reader has.
        options: of the data set's own loader, such as ``size``.

    Raises:
        FerError: when the name or an option is unknown, or ``root`` is
            missing.
    """
    if name == "rendered":
        from fer_lib.data.sources import rendered

        return rendered.load(**options)
    if name not in DATASETS:
        raise FerError(
            f"data set '{name}' is unknown, expected one of {', '.join(DATASETS)}."
        )
    known = list(inspect.signature(_LOADERS[name]).parameters)[1:]
    if odd := sorted(set(options) - set(known)):
        raise FerError(
            f"{name}: option '{odd[0]}' is unknown, expected one of {', '.join(known)}."
        )
    if not root:
        raise FerError(
            f"{name}: no folder given; name the one that holds its files "
            "(data_root in a notebook, --root on the command line)."
        )
    return _LOADERS[name](root, **options)
