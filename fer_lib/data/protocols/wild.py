"""Protocols of photographs from the web and of films: official splits.

None of these sets publishes the labels of a third split, and papers choose
their checkpoints on the split that they report.  Here a stratified tenth of
the training split chooses, and the official one is reported untouched.
"""

from collections.abc import Callable
from functools import partial

from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits, held_out, of_dataset, relabelled
from fer_lib.expressions import EXPRESSIONS, expression_index

SEVEN = EXPRESSIONS[:7]
_OWN = "the data set's own labels"


def rafdb(faces: FaceSet) -> Splits:
    """RAF-DB: 12,271 faces to train and select on, 3,068 reported."""
    name = "rafdb_test"
    of_dataset(faces, name, "rafdb")
    faces = relabelled(faces, name, SEVEN)
    return held_out(faces, name, _OWN, SEVEN, train="train", test="test")


def sfew(faces: FaceSet) -> Splits:
    """SFEW 2.0: 958 faces to train and select on, 436 reported.

    Wadhawan and Gandhi chose on the 436 as well.
    """
    name = "sfew_val"
    of_dataset(faces, name, "sfew")
    faces = relabelled(faces, name, SEVEN)
    return held_out(faces, name, _OWN, SEVEN, train="train", test="val")


def affectnet(faces: FaceSet, *, classes: int) -> Splits:
    """AffectNet: the validation split is reported, 500 faces a class.

    Args:
        faces: all of it, or a balanced draw.
        classes: 8, or 7; then contempt is left out where it is loaded.
    """
    name = f"affectnet_val{classes}"
    of_dataset(faces, name, "affectnet")
    if classes == len(SEVEN):
        faces = without_contempt(faces)
    faces = relabelled(faces, name, EXPRESSIONS[:classes])
    return held_out(faces, name, _OWN, EXPRESSIONS[:classes], train="train", test="val")


def without_contempt(faces: FaceSet) -> FaceSet:
    """The faces that show anything else."""
    return faces.select(faces.labels != expression_index("contempt"))


PROTOCOLS: dict[str, Callable[[FaceSet], Splits]] = {
    "rafdb_test": rafdb,
    "affectnet_val7": partial(affectnet, classes=7),
    "affectnet_val8": partial(affectnet, classes=8),
    "sfew_val": sfew,
}
