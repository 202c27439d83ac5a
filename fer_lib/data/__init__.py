"""Face sets, and everything that makes or splits one."""

from fer_lib.data import fer2013
from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError

DATASETS = ("rendered", "fer2013")

__all__ = ["DATASETS", "FaceSet", "load"]


def load(name: str, root: str | None = None, **options) -> FaceSet:
    """A data set by name.

    Args:
        name: one of :data:`DATASETS`; ``"rendered"`` needs no files.
        root: folder or file of a data set that the reader has.
        options: of the data set's own loader.

    Raises:
        FerError: when the name is unknown, or ``root`` is missing.
    """
    if name == "rendered":
        from fer_lib.data import rendered

        return rendered.wild(**options)
    if name not in DATASETS:
        raise FerError(
            f"data set '{name}' is unknown, expected one of {', '.join(DATASETS)}."
        )
    if not root:
        raise FerError(
            f"{name}: no folder given; name the one that holds its files "
            "(data_root in a notebook, --root on the command line)."
        )
    return fer2013.load(root, **options)
