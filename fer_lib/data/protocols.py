"""Who is trained on, selected on and reported, under which labels.

A protocol turns a :class:`FaceSet` into :class:`Splits`.  It refuses what
the data cannot honour.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.ferplus import argmax_labels, majority_labels, named_rows
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS


@dataclass(frozen=True)
class Splits:
    """The parts of a data set under one protocol.

    Attributes:
        protocol: its name.
        label_rule: one phrase on where the labels come from.
        train: faces to learn from.
        select: faces that choose a checkpoint; not the reported result.
        test: faces that the reported result is about.
        classes: names of the labels 0, 1, ...
    """

    protocol: str
    label_rule: str
    train: FaceSet
    select: FaceSet
    test: FaceSet
    classes: tuple[str, ...]

    def named(self) -> dict[str, FaceSet]:
        """The three parts by the data set's own split names."""
        parts = (self.train, self.select, self.test)
        return {str(part.splits[0]): part for part in parts}

    @property
    def sha256(self) -> str:
        """Hash over the three parts, their rows and labels."""
        joined = "".join(part.sha256 for part in self.named().values())
        return hashlib.sha256(joined.encode()).hexdigest()


def official(faces: FaceSet) -> Splits:
    """Training / PublicTest / PrivateTest with the data set's own labels."""
    return _three(faces, "official", "the data set's own labels", 7)


def ferplus(faces: FaceSet, *, rule: str, classes: int) -> Splits:
    """The same splits, labelled by FER+'s raters.

    Args:
        faces: a set with votes.
        rule: ``"argmax"``, the expression with most votes, or
            ``"majority"``, FER+'s official rule.
        classes: 7, or 8 with contempt.

    Raises:
        FerError: when the set has no votes.
    """
    labelled = named_rows(faces)
    rules = {"argmax": argmax_labels, "majority": majority_labels}
    labels, kept = rules[rule](faces.votes, classes)
    rows = np.flatnonzero(labelled & kept)
    chosen = replace(faces.select(rows), labels=labels[rows])
    phrase = f"FER+ votes, {rule} over {classes} expressions"
    return _three(chosen, f"ferplus_{rule}{classes}", phrase, classes)


PROTOCOLS: dict[str, Callable[[FaceSet], Splits]] = {
    "official": official,
    "ferplus_argmax7": partial(ferplus, rule="argmax", classes=7),
    "ferplus_majority7": partial(ferplus, rule="majority", classes=7),
    "ferplus_majority8": partial(ferplus, rule="majority", classes=8),
}


def split(faces: FaceSet, protocol: str) -> Splits:
    """The parts of ``faces`` under a protocol of :data:`PROTOCOLS`."""
    if protocol not in PROTOCOLS:
        raise FerError(
            f"protocol '{protocol}' is unknown, expected one of {', '.join(PROTOCOLS)}."
        )
    return PROTOCOLS[protocol](faces)


def _three(faces: FaceSet, name: str, rule: str, classes: int) -> Splits:
    names = ("Training", "PublicTest", "PrivateTest")
    train, select, test = (faces.split(part) for part in names)
    return Splits(name, rule, train, select, test, EXPRESSIONS[:classes])
