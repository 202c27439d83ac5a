"""Which rows of a set of recordings are first or last frames."""

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.expressions import expression_index

_NEUTRAL = expression_index("neutral")


def last_frames(faces: FaceSet, protocol: str, count: int) -> np.ndarray:
    """The rows ``bool [N]`` of the last frames of every sequence.

    Args:
        faces: with sequences and ``extra["from_end"]``, 0 for a last frame.
        protocol: who asks, for messages.
        count: frames of each sequence.

    Raises:
        FerError: when a sequence has not got all of them.
    """
    sequences, from_end = _recorded(faces, protocol, "from_end")
    rows = (from_end >= 0) & (from_end < count)
    known, which = np.unique(sequences, return_inverse=True)
    found = np.bincount(which[rows], minlength=len(known))
    if len(odd := np.flatnonzero(found != count)):
        raise FerError(
            f"protocol '{protocol}': sequence {known[odd[0]]} of {faces.name} has "
            f"{found[odd[0]]} faces for its last {count} frames, expected as many; "
            f"load it with last={count} or more."
        )
    return rows


def first_frames(faces: FaceSet, protocol: str) -> np.ndarray:
    """The rows ``bool [N]`` of the first, neutral frame of every sequence.

    Args:
        faces: with sequences, ``extra["frame"]`` in the order of time, and
            the first frames labelled neutral.
        protocol: who asks, for messages.

    Raises:
        FerError: when a sequence does not begin with a neutral frame.
    """
    sequences, number = _recorded(faces, protocol, "frame")
    order = np.lexsort((number, sequences))
    known, begins = np.unique(sequences[order], return_index=True)
    rows = order[begins]
    if len(odd := np.flatnonzero(faces.labels[rows] != _NEUTRAL)):
        raise FerError(
            f"protocol '{protocol}': sequence {known[odd[0]]} of {faces.name} "
            "begins with an expression, expected a neutral first frame; load "
            "the original sequences with first=1 (CK+48 has no first frames)."
        )
    found = np.zeros(len(faces), dtype=bool)
    found[rows] = True
    return found


def _recorded(faces: FaceSet, protocol: str, column: str) -> tuple:
    if faces.sequences is None or column not in faces.extra:
        raise FerError(
            f"protocol '{protocol}': {faces.name} has no sequences with the "
            f"column '{column}', expected recordings; load the sequences, not "
            "single images."
        )
    return faces.sequences, faces.extra[column]
