"""Official splits of photographs and films, own folders, and pairs of data sets.

None of these sets publishes the labels of a third split, and papers choose
their checkpoints on the split that they report (Wadhawan and Gandhi on SFEW's
436 faces, for instance).  Here a stratified tenth of the training split chooses,
and the official one is reported untouched.

A pair trains on one data set and reports another.  Training and selection are
those of the first set's own protocol, so that one trained network answers both.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols.lab import CKPLUS, JAFFE, ckplus_first_and_last
from fer_lib.data.splits import (
    TEST,
    Splits,
    checked,
    held_out,
    of_dataset,
    part,
    relabelled,
)
from fer_lib.errors import FerError
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


def own_folder(faces: FaceSet) -> Splits:
    """A folder of one's own, with ``train/`` and ``test/`` and perhaps ``val/``.

    Without a split to select on, that is a stratified tenth of the training one.

    Args:
        faces: read as the data set ``folder``; the classes are those it shows.
    """
    name = "folder_test"
    of_dataset(faces, name, "folder")
    classes = tuple(EXPRESSIONS[label] for label in np.unique(faces.labels))
    faces = relabelled(faces, name, classes)
    names = np.unique(faces.splits).tolist()
    found = {
        role: [one for one in names if one.lower().startswith(role)]
        for role in ("train", "val", "test")
    }
    counts = {role: len(some) for role, some in found.items()}
    alone = counts["train"] == counts["test"] == 1 and counts["val"] <= 1
    if not alone or sum(counts.values()) < len(names):
        raise FerError(
            f"protocol '{name}': found the splits {', '.join(names)}, "
            "expected train and test, and perhaps val; sort the class folders into "
            "folders of these names, with nobody in two of them."
        )
    own = "the folder's own labels"
    (train,), select, (test,) = found.values()
    if not select:
        return held_out(faces, name, own, classes, train=train, test=test)
    parts = [faces.split(split) for split in (train, *select, test)]
    return checked(Splits(name, own, *parts, classes))


def without_contempt(faces: FaceSet) -> FaceSet:
    """The faces that show anything else."""
    return faces.select(faces.labels != expression_index("contempt"))


def sfew_to_ckplus(source: FaceSet, target: FaceSet) -> Splits:
    """SFEW to the first and last three frames of CK+: 1,254 images.

    The 54 that show contempt, which SFEW has not, are left out; the neutral
    frames of their sequences stay (Wadhawan and Gandhi, Table III).
    """
    name = "sfew_to_ckplus"
    of_dataset(target, name, *CKPLUS)
    target = without_contempt(ckplus_first_and_last(target, name))
    return crossed(official_split(source, "sfew_val"), target, name)


def sfew_to_jaffe(source: FaceSet, target: FaceSet) -> Splits:
    """SFEW to all 213 images of JAFFE (Wadhawan and Gandhi, Table III)."""
    of_dataset(target, "sfew_to_jaffe", *JAFFE)
    return crossed(official_split(source, "sfew_val"), target, "sfew_to_jaffe")


def rafdb_to_affectnet(source: FaceSet, target: FaceSet) -> Splits:
    """RAF-DB to AffectNet's validation split without contempt.

    Cui and Tian show some of its faces; which ones, they do not say.
    """
    of_dataset(target, "rafdb_to_affectnet", "affectnet")
    target = without_contempt(target.split("val"))
    return crossed(official_split(source, "rafdb_test"), target, "rafdb_to_affectnet")


def crossed(source: Splits, target: FaceSet, protocol: str) -> Splits:
    """The same training and selection, with all faces of another set reported."""
    target = relabelled(target, protocol, source.classes)
    shapes = [list(faces.images.shape[1:]) for faces in (source.train, target)]
    if shapes[0] != shapes[1]:
        raise FerError(
            f"protocol '{protocol}': images of {source.train.name} are {shapes[0]} "
            f"and those of {target.name} {shapes[1]} (channels, height, width), "
            "expected the same; load both with one size and one channels."
        )
    return checked(
        replace(
            source,
            protocol=protocol,
            label_rule=f"{source.label_rule}; reported are those of {target.name}",
            test=part(target, np.arange(len(target)), TEST),
        )
    )


PROTOCOLS: dict[str, Callable[[FaceSet], Splits]] = {
    **{name: partial(official_split, name=name) for name in _OFFICIAL},
    "folder_test": own_folder,
}
PAIRS: dict[str, Callable[[FaceSet, FaceSet], Splits]] = {
    "sfew_to_ckplus": sfew_to_ckplus,
    "sfew_to_jaffe": sfew_to_jaffe,
    "rafdb_to_affectnet": rafdb_to_affectnet,
}
