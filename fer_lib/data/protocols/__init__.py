"""Who is trained on, selected on and reported, under which labels.

A protocol turns a :class:`FaceSet` into :class:`Splits`.  It refuses what
the data cannot honour.  Some give one fold of several; then each fold has a
name of its own, such as ``ckplus_last3-fold3``.
"""

from collections.abc import Callable

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import fer2013 as protocols_fer2013
from fer_lib.data.protocols import lab as protocols_lab
from fer_lib.data.protocols import wild as protocols_wild
from fer_lib.data.protocols.fer2013 import ferplus, official
from fer_lib.data.protocols.lab import FOLDS
from fer_lib.data.protocols.wild import PAIRS
from fer_lib.data.splits import Splits
from fer_lib.errors import FerError

__all__ = [
    "FOLDS",
    "PAIRS",
    "PROTOCOLS",
    "Splits",
    "ferplus",
    "fold_names",
    "official",
    "split",
    "split_pair",
]

# Every name that can be run, single folds among them.  FOLDS has how many
# folds a protocol has, PAIRS those that need two data sets.
PROTOCOLS: dict[str, Callable[[FaceSet], Splits]] = {
    **protocols_fer2013.PROTOCOLS,
    **protocols_wild.PROTOCOLS,
    **protocols_lab.PROTOCOLS,
}


def split(faces: FaceSet, protocol: str) -> Splits:
    """The parts of ``faces`` under a protocol of :data:`PROTOCOLS`."""
    if protocol in FOLDS:
        first, *_, last = fold_names(protocol)
        raise FerError(
            f"protocol '{protocol}' has {FOLDS[protocol]} folds, expected the "
            f"name of one, {first} to {last}; run each of them."
        )
    if protocol not in PROTOCOLS:
        raise FerError(
            f"protocol '{protocol}' is unknown, expected one of {', '.join(_names())}."
        )
    own = _names(f"{faces.name}_")
    if own and not protocol.startswith(f"{faces.name}_"):
        raise FerError(
            f"protocol '{protocol}' is not for {faces.name}, expected one of "
            f"{', '.join(own)}; name it with --protocol, or as protocol in a notebook."
        )
    return PROTOCOLS[protocol](faces)


def _names(begin: str = "") -> list[str]:
    """Protocols whose names begin so, the folds of one told together."""
    shown = [name for name in PROTOCOLS if "-fold" not in name]
    shown += [f"{name}-fold0 to -fold{FOLDS[name] - 1}" for name in FOLDS]
    return [name for name in shown if name.startswith(begin)]


def split_pair(source: FaceSet, target: FaceSet, protocol: str) -> Splits:
    """Trained and selected on one set, reported on another, by :data:`PAIRS`."""
    if protocol not in PAIRS:
        raise FerError(
            f"protocol '{protocol}' for two data sets is unknown, expected one "
            f"of {', '.join(PAIRS)}."
        )
    return PAIRS[protocol](source, target)


def fold_names(protocol: str) -> tuple[str, ...]:
    """The names in :data:`PROTOCOLS` of a protocol's folds, in order.

    >>> fold_names("ferg_characters")[0]
    'ferg_characters-fold0'
    """
    if protocol not in FOLDS:
        raise FerError(
            f"protocol '{protocol}' has no folds, expected one of {', '.join(FOLDS)}."
        )
    return tuple(f"{protocol}-fold{fold}" for fold in range(FOLDS[protocol]))
