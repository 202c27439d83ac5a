"""Protocols that train on one data set and report another.

Training and selection are those of the first set's own protocol, so that
one trained network answers both; only the reported faces differ.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols.lab import CKPLUS, JAFFE, ckplus_first_and_last
from fer_lib.data.protocols.wild import official_split, without_contempt
from fer_lib.data.splits import TEST, Splits, checked, of_dataset, part, relabelled
from fer_lib.errors import FerError


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
    """The same training and selection, with all faces of another set reported.

    Args:
        source: the parts of the first set under its own protocol.
        target: the faces to report, labelled in the book's order.
        protocol: name of the result.

    Raises:
        FerError: when images differ in size or channels, or the target
            shows something that was not trained on.
    """
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


PAIRS: dict[str, Callable[[FaceSet, FaceSet], Splits]] = {
    "sfew_to_ckplus": sfew_to_ckplus,
    "sfew_to_jaffe": sfew_to_jaffe,
    "rafdb_to_affectnet": rafdb_to_affectnet,
}
