"""Protocols of FER2013, with its own labels or with FER+'s."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.ferplus import (
    argmax_labels,
    majority_labels,
    multi_targets,
    named_rows,
    one_hot,
    probability_targets,
)
from fer_lib.data.splits import Splits, held_out
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS

OFFICIAL = ("Training", "PublicTest", "PrivateTest")
_HARD = {"argmax": argmax_labels, "majority": majority_labels}
_SOFT = {"probability": probability_targets, "multitarget": multi_targets}
RULES = (*_HARD, *_SOFT)


def official(faces: FaceSet) -> Splits:
    """Training / PublicTest / PrivateTest with the data set's own labels."""
    if "ferplus_labels" in faces.extra:
        raise FerError(
            f"protocol 'official': {faces.name} has FER+'s labels alone, expected "
            "FER2013's own, as in fer2013.csv; take a protocol such as "
            "ferplus_majority8."
        )
    return _three(faces, "official", "the data set's own labels", 7)


def ferplus(faces: FaceSet, *, rule: str, classes: int) -> Splits:
    """The same splits, labelled by FER+'s raters.

    The rules with several expressions a face are about training alone, as
    with FER+'s authors: the other splits keep the majority rule, so that
    numbers can be compared.  Their parts have ``extra["targets"]``,
    ``float32 [N, classes]``.

    Args:
        faces: a set with votes.
        rule: ``"argmax"``, the expression with most votes; ``"majority"``,
            FER+'s official rule; ``"probability"``, the shares of leading
            expressions; or ``"multitarget"``, all expressions with 30 % of
            the votes.
        classes: 7, or 8 with contempt.
    """
    if rule not in RULES:
        raise FerError(
            f"FER+ rule '{rule}' is unknown, expected one of {', '.join(RULES)}."
        )
    chosen = labelled(faces, rule, classes)
    phrase = f"FER+ votes, {rule} over {classes} expressions"
    if rule in _SOFT:
        phrase += " in Training, majority in the others"
    return _three(chosen, f"ferplus_{rule}{classes}", phrase, classes)


def ferplus_validation(faces: FaceSet, *, classes: int = 8) -> Splits:
    """FER+ with PublicTest reported, as in Heidari and Iosifidis.

    Their numbers are shares of the 3,199 faces of FER+'s validation split,
    which also chose their checkpoints; here a tenth of Training chooses.
    PrivateTest is not looked at.
    """
    chosen = labelled(faces, "majority", classes)
    phrase = f"FER+ votes, majority over {classes} expressions"
    train, test, _ = OFFICIAL
    name = f"ferplus_validation{classes}"
    return held_out(chosen, name, phrase, EXPRESSIONS[:classes], train=train, test=test)


def labelled(faces: FaceSet, rule: str, classes: int) -> FaceSet:
    """The faces that a rule of :func:`ferplus` keeps, with its labels."""
    named = named_rows(faces)
    if rule in _HARD:
        labels, kept = _HARD[rule](faces.votes, classes)
        extra = faces.extra
    else:
        labels, kept, targets = _soft(faces, rule, classes)
        extra = {**faces.extra, "targets": targets}
    rows = np.flatnonzero(named & kept)
    return replace(faces, labels=labels, extra=extra).select(rows)


def _soft(faces: FaceSet, rule: str, classes: int) -> tuple[np.ndarray, ...]:
    """Labels, rows and targets: of the rule in Training, else of the majority."""
    labels, targets, kept = _SOFT[rule](faces.votes, classes)
    judged, judged_kept = majority_labels(faces.votes, classes)
    learned = faces.splits == OFFICIAL[0]
    return (
        np.where(learned, labels, judged),
        np.where(learned, kept, judged_kept),
        np.where(learned[:, None], targets, one_hot(judged, classes)),
    )


def _three(faces: FaceSet, name: str, rule: str, classes: int) -> Splits:
    train, select, test = (faces.split(part) for part in OFFICIAL)
    return Splits(name, rule, train, select, test, EXPRESSIONS[:classes])


PROTOCOLS: dict[str, Callable[[FaceSet], Splits]] = {
    "official": official,
    **{
        f"ferplus_{rule}{classes}": partial(ferplus, rule=rule, classes=classes)
        for rule in RULES
        for classes in (7, 8)
    },
    "ferplus_validation8": ferplus_validation,
}
