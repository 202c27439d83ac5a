"""Protocols of photographs from the web and of films: official splits.

None of these sets publishes the labels of a third split, and papers choose
their checkpoints on the split that they report (Wadhawan and Gandhi on SFEW's
436 faces, for instance).  Here a stratified tenth of the training split chooses,
and the official one is reported untouched.
"""

from collections.abc import Callable
from functools import partial

from fer_lib.data.faceset import FaceSet
from fer_lib.data.splits import Splits, held_out, of_dataset, relabelled
from fer_lib.expressions import EXPRESSIONS, expression_index

# The data set, the reported split and the number of classes.
_OFFICIAL = {
    "rafdb_test": ("rafdb", "test", 7),
    "affectnet_val7": ("affectnet", "val", 7),
    "affectnet_val8": ("affectnet", "val", 8),
    "sfew_val": ("sfew", "val", 7),
}


def official_split(faces: FaceSet, name: str) -> Splits:
    """The official splits of RAF-DB, AffectNet or SFEW.

    Args:
        faces: all of the set, or a balanced draw; of AffectNet with seven
            classes, contempt is left out where it is loaded.
        name: a name of :data:`PROTOCOLS`.
    """
    dataset, test, count = _OFFICIAL[name]
    of_dataset(faces, name, dataset)
    if name == "affectnet_val7":
        faces = without_contempt(faces)
    faces = relabelled(faces, name, EXPRESSIONS[:count])
    own = "the data set's own labels"
    return held_out(faces, name, own, EXPRESSIONS[:count], train="train", test=test)


def without_contempt(faces: FaceSet) -> FaceSet:
    """The faces that show anything else."""
    return faces.select(faces.labels != expression_index("contempt"))


PROTOCOLS: dict[str, Callable[[FaceSet], Splits]] = {
    name: partial(official_split, name=name) for name in _OFFICIAL
}
