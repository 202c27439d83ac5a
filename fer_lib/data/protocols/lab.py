"""Protocols of faces recorded or drawn on purpose: CK+, Oulu, JAFFE, FERG.

These sets have no official splits, few people and many pictures of each,
so what a number means depends on who stands on which side.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.folds import (
    deal,
    leaky_folds,
    portion,
    shares,
    subject_folds,
    three_parts,
)
from fer_lib.data.splits import Splits, divided, of_dataset, relabelled
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, expression_index

SIX, SEVEN = EXPRESSIONS[:6], EXPRESSIONS[:7]
# What CK+'s sequences show at their end: contempt, and never neutral.
PEAKS = tuple(name for name in EXPRESSIONS if name != "neutral")
CKPLUS = ("ckplus", "rendered_lab")
JAFFE = ("jaffe", "rendered_lab")
FERG = ("ferg", "rendered_stylised")
_LAST, _OWN = "the sequence's expression, in its last", "the data set's own labels"


def ckplus_last3(faces: FaceSet, fold: int) -> Splits:
    """CK+, last three frames: 981 images of 7 classes, folds by subject.

    Contempt is the last class and neutral none, so labels are places in
    :data:`PEAKS`.  Cui and Tian do not say whether their ten folds share
    people; these do not.
    """
    faces = _last(faces, "ckplus_last3", CKPLUS, PEAKS, 3)
    folds = subject_folds(_subjects(faces, "ckplus_last3"), 10)
    return _fold(faces, "ckplus_last3", f"{_LAST} three frames", PEAKS, folds, fold)


def ckplus_leaky(faces: FaceSet, fold: int, seed: int = 0) -> Splits:
    """The same images in ten random folds: how CK+ should not be split.

    The three frames of a sequence, nearly one picture, stand on both sides.
    A counter-example, to show what that does to the number.
    """
    name = "ckplus_last3_leaky"
    faces = _last(faces, name, CKPLUS, PEAKS, 3)
    folds = leaky_folds(faces.labels, 10, seed)
    return _fold(faces, name, f"{_LAST} three frames", PEAKS, folds, fold)


def ckplus_first_last3(faces: FaceSet, fold: int) -> Splits:
    """CK+ of Wadhawan and Gandhi: 1,308 images of 8 classes, by subject.

    The first frame of each sequence counts as neutral.
    """
    name = "ckplus_first_last3"
    of_dataset(faces, name, *CKPLUS)
    faces = ckplus_first_and_last(faces, name)
    folds = subject_folds(_subjects(faces, name), 10)
    rule = f"{_LAST} three frames; its first frame is neutral"
    return _fold(faces, name, rule, EXPRESSIONS, folds, fold)


def ckplus_first_and_last(faces: FaceSet, protocol: str) -> FaceSet:
    """The first and the last three frames of every sequence."""
    rows = _first_frames(faces, protocol) | _last_frames(faces, protocol, 3)
    return faces.select(rows)


def ckplus_deep_emotion(faces: FaceSet, seed: int = 0) -> Splits:
    """CK+ as Minaee et al. split it: 70 / 10 / 20 % of the last frames.

    Drawn by class and not by person.  They count 593 images; 327 sequences
    have a label, which gives 229 / 33 / 65.
    """
    name = "ckplus_deep_emotion"
    faces = _last(faces, name, CKPLUS, PEAKS, 1)
    counts, total = faces.counts()[: len(PEAKS)], len(faces)
    quotas = [shares(counts, portion(total, percent)) for percent in (20, 10)]
    return _dealt(faces, name, f"{_LAST} frame", PEAKS, quotas, seed)


def oulu_last3(faces: FaceSet, fold: int) -> Splits:
    """Oulu-CASIA, last three frames: 1,440 images of 6 classes, by subject."""
    faces = _last(faces, "oulu_last3", ("oulu",), SIX, 3)
    folds = subject_folds(_subjects(faces, "oulu_last3"), 10)
    return _fold(faces, "oulu_last3", f"{_LAST} three frames", SIX, folds, fold)


def jaffe_subjects(faces: FaceSet, fold: int) -> Splits:
    """JAFFE: each of the ten women is tested once, the next one selects."""
    of_dataset(faces, "jaffe_subjects", *JAFFE)
    return _left_out(faces, "jaffe_subjects", fold)


def jaffe_deep_emotion(faces: FaceSet, seed: int = 0) -> Splits:
    """JAFFE as Minaee et al. split it: 120 / 23 / 70 images.

    Ten of each class are tested; drawn by class and not by person, so that
    nearly equal shots stand on both sides.
    """
    of_dataset(faces, "jaffe_deep_emotion", *JAFFE)
    return _balanced(faces, "jaffe_deep_emotion", 213, 23, 10, seed)


def ferg_characters(faces: FaceSet, fold: int) -> Splits:
    """FERG: each of the six characters is tested once, the next one selects."""
    of_dataset(faces, "ferg_characters", *FERG)
    return _left_out(faces, "ferg_characters", fold)


def ferg_deep_emotion(faces: FaceSet, seed: int = 0) -> Splits:
    """FERG as Minaee et al. split it: 34,767 / 14,000 / 7,000 drawings.

    A thousand of each class are tested; all characters stand on both sides.
    They write "around 34,000" for training, which here is all the rest.
    """
    of_dataset(faces, "ferg_deep_emotion", *FERG)
    return _balanced(faces, "ferg_deep_emotion", 55_767, 14_000, 1000, seed)


def _last_frames(faces: FaceSet, protocol: str, count: int) -> np.ndarray:
    """The rows ``bool [N]`` of the last ``count`` frames of every sequence."""
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


def _first_frames(faces: FaceSet, protocol: str) -> np.ndarray:
    """The rows ``bool [N]`` of the first, neutral frame of every sequence."""
    sequences, number = _recorded(faces, protocol, "frame")
    order = np.lexsort((number, sequences))
    known, begins = np.unique(sequences[order], return_index=True)
    rows = order[begins]
    if len(odd := np.flatnonzero(faces.labels[rows] != expression_index("neutral"))):
        raise FerError(
            f"protocol '{protocol}': sequence {known[odd[0]]} of {faces.name} "
            "begins with an expression, expected a neutral first frame; load "
            "the original sequences with first=1 (CK+48 has no first frames)."
        )
    return np.isin(np.arange(len(faces)), rows)


def _recorded(faces: FaceSet, protocol: str, column: str) -> tuple:
    if faces.sequences is None or column not in faces.extra:
        raise FerError(
            f"protocol '{protocol}': {faces.name} has no sequences with the "
            f"column '{column}', expected recordings; load the sequences, not "
            "single images."
        )
    return faces.sequences, faces.extra[column]


def _last(faces, protocol, names, classes, count) -> FaceSet:
    """The last frames of every sequence, labelled by places in classes."""
    of_dataset(faces, protocol, *names)
    chosen = faces.select(_last_frames(faces, protocol, count))
    return relabelled(chosen, protocol, classes)


def _subjects(faces: FaceSet, protocol: str) -> np.ndarray:
    if faces.subjects is None:
        raise FerError(
            f"protocol '{protocol}': {faces.name} has no subjects, expected who "
            "is shown in every face; choose a protocol that needs no folds by "
            "person."
        )
    return faces.subjects


def _fold(faces, name, rule, classes, fold_of, fold) -> Splits:
    select, test = three_parts(fold_of, fold, FOLDS[name])
    name = f"{name}-fold{fold}"
    return divided(faces, name, rule, classes, select=select, test=test)


def _left_out(faces: FaceSet, name: str, fold: int) -> Splits:
    faces = relabelled(faces, name, SEVEN)
    groups = np.unique(_subjects(faces, name), return_inverse=True)[1]
    if (found := groups.max(initial=-1) + 1) != FOLDS[name]:
        raise FerError(
            f"protocol '{name}': {faces.name} shows {found} people, expected "
            f"{FOLDS[name]}, one for each fold; get the files again, or render "
            "as many."
        )
    return _fold(faces, name, _OWN, SEVEN, groups, fold)


def _dealt(faces, name, rule, classes, quotas, seed) -> Splits:
    """Test and selection of given sizes a class; the rest is trained on."""
    dealt = deal(faces.labels, quotas, seed)
    return divided(faces, name, rule, classes, select=dealt == 2, test=dealt == 1)


def _balanced(
    faces: FaceSet, name: str, whole: int, select: int, each: int, seed: int
) -> Splits:
    """A test part with ``each`` face of every class, in proportion for other sizes."""
    faces = relabelled(faces, name, SEVEN)
    counts = faces.counts()[: len(SEVEN)]
    # Rounded down in the test, halves up in the selection.
    test = np.minimum(counts, max(each * len(faces) // whole, 1))
    selected = (2 * select * len(faces) + whole) // (2 * whole)
    quotas = [test, shares(counts - test, selected)]
    return _dealt(faces, name, _OWN, SEVEN, quotas, seed)


# The protocols that give one fold, and how many they have.
FOLDED: dict[str, Callable[[FaceSet, int], Splits]] = {
    "ckplus_last3": ckplus_last3,
    "ckplus_last3_leaky": ckplus_leaky,
    "ckplus_first_last3": ckplus_first_last3,
    "oulu_last3": oulu_last3,
    "jaffe_subjects": jaffe_subjects,
    "ferg_characters": ferg_characters,
}
FOLDS = dict.fromkeys(FOLDED, 10) | {"ferg_characters": 6}
PROTOCOLS: dict[str, Callable[[FaceSet], Splits]] = {
    "ckplus_deep_emotion": ckplus_deep_emotion,
    "jaffe_deep_emotion": jaffe_deep_emotion,
    "ferg_deep_emotion": ferg_deep_emotion,
    **{
        f"{name}-fold{fold}": partial(function, fold=fold)
        for name, function in FOLDED.items()
        for fold in range(FOLDS[name])
    },
}
