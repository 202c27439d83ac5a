"""The three parts of a data set under one protocol, and how they are made."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.folds import deal, portion, shares
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, expression_index

# Names of parts that are not a data set's own splits.
TRAINING, SELECTION, TEST = "Training", "Selection", "Test"
HELD_OUT_PERCENT = 10  # of the training faces, where a set has no third split


@dataclass(frozen=True)
class Splits:
    """The parts of a data set under one protocol.

    Attributes:
        protocol: its name.
        label_rule: one phrase on where the labels come from.
        train: faces to learn from.
        select: faces that choose a checkpoint; not the reported result.
        test: faces that the reported result is about.
        classes: names of the labels 0, 1, ...  The labels of the parts are
            places in it; only where it is a beginning of ``EXPRESSIONS``
            are these the labels of the data set, too.
    """

    protocol: str
    label_rule: str
    train: FaceSet
    select: FaceSet
    test: FaceSet
    classes: tuple[str, ...]

    def named(self) -> dict[str, FaceSet]:
        """The three parts by the names of their splits."""
        parts = (self.train, self.select, self.test)
        return {str(part.splits[0]): part for part in parts}

    @property
    def sha256(self) -> str:
        """Hash over the three parts, their rows and labels."""
        joined = "".join(part.sha256 for part in self.named().values())
        return hashlib.sha256(joined.encode()).hexdigest()


def of_dataset(faces: FaceSet, protocol: str, *names: str) -> None:
    """Refuse a data set that a protocol is not about."""
    if faces.name not in names:
        raise FerError(
            f"protocol '{protocol}': found the data set '{faces.name}', expected "
            f"{' or '.join(names)}; choose another protocol or data set."
        )


def relabelled(
    faces: FaceSet, protocol: str, classes: Sequence[str] = EXPRESSIONS
) -> FaceSet:
    """The set with labels that are places in ``classes``, which all must be."""
    places = np.full(len(EXPRESSIONS), -1)
    places[[expression_index(name) for name in classes]] = np.arange(len(classes))
    labels = places[faces.labels]
    if len(odd := np.flatnonzero(labels < 0)):
        raise FerError(
            f"protocol '{protocol}': row {odd[0]} of {faces.name} shows "
            f"'{EXPRESSIONS[faces.labels[odd[0]]]}', expected {', '.join(classes)}; "
            "choose another protocol or leave such faces out."
        )
    return replace(faces, labels=labels)


def part(faces: FaceSet, rows: np.ndarray, name: str) -> FaceSet:
    """The faces at ``rows`` as a split of that name."""
    chosen = faces.select(rows)
    return replace(chosen, splits=np.full(len(chosen), name))


def divided(
    faces: FaceSet,
    protocol: str,
    label_rule: str,
    classes: tuple[str, ...],
    *,
    select: np.ndarray,
    test: np.ndarray,
) -> Splits:
    """Parts of a data set without splits of its own, from two masks.

    Args:
        faces: labelled by places in ``classes``.
        select: ``bool [N]``, the faces of ``Selection``.
        test: ``bool [N]``, those of ``Test``, none of them in ``select``;
            all others are ``Training``.
    """
    rows = {TRAINING: ~(select | test), SELECTION: select, TEST: test}
    parts = [part(faces, mask, name) for name, mask in rows.items()]
    return checked(Splits(protocol, label_rule, *parts, classes))


def held_out(
    faces: FaceSet,
    protocol: str,
    label_rule: str,
    classes: tuple[str, ...],
    *,
    train: str,
    test: str,
    seed: int = 0,
) -> Splits:
    """Two official splits, and a stratified tenth of the first to select on.

    The tenth is 10 % of all training faces, halves rounded up, shared
    among the classes by largest remainders (:func:`~fer_lib.data.folds.shares`).
    """
    learned = faces.split(train)
    counts = learned.counts()
    quota = shares(counts, portion(len(learned), HELD_OUT_PERCENT))
    held = deal(learned.labels, [quota], seed) == 1
    select = part(learned, held, SELECTION)
    parts = learned.select(~held), select, faces.split(test)
    return checked(Splits(protocol, label_rule, *parts, classes))


def checked(splits: Splits) -> Splits:
    """The same; ``FerError`` if a part has no face, or training lacks a class."""
    parts = {"train": splits.train, "select": splits.select, "test": splits.test}
    for role, faces in parts.items():
        if not len(faces):
            raise FerError(
                f"protocol '{splits.protocol}': no face is left to {role} on, as "
                f"{splits.train.name} is too small for three parts; use more faces."
            )
    counts = splits.train.counts()
    for name, count in zip(splits.classes, counts, strict=False):
        if not count:
            raise FerError(
                f"protocol '{splits.protocol}': no face of {splits.train.name} that "
                f"shows '{name}' is left to train on, expected some of each of "
                f"{', '.join(splits.classes)}; use more faces or another protocol."
            )
    return splits
