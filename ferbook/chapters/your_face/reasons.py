"""What the answers to one face rest on, by two explanations."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from fer_lib.explain.class_maps import class_maps
from fer_lib.explain.occlusion_maps import occlude
from ferbook.chapters.your_face.networks import Networks, probabilities
from ferbook.show.tables import Table


@dataclass(frozen=True, eq=False)
class Reason:
    """Two maps of what one network's answer rests on.

    Attributes:
        answer: label and probability.
        gradient: Grad-CAM, all learners united, ``[S, S]``, 0 to 1.
        drops: mean fall of the score under a square, ``[S, S]``.
        misled: share of the squares over a pixel that change the answer,
            mean over pixels.
        agree: Spearman's rank correlation of both maps over pixels.
    """

    answer: str
    gradient: np.ndarray
    drops: np.ndarray
    misled: float
    agree: float


def reasons(networks: Networks, face: np.ndarray) -> dict[str, Reason]:
    """Grad-CAM and occlusion of one face ``uint8 [1, S, S]`` by each network.

    Squares are a quarter of the side wide, move by a twelfth, and are filled
    with the mean grey of the face.
    """
    told = {}
    for name, one in networks.items():
        asked = one.network, face[None], one.preprocessing
        side = one.preprocessing.size
        steps = {"window": side // 4, "stride": max(side // 12, 1), "fill": "mean"}
        maps, covered = class_maps(*asked), occlude(*asked, **steps)
        shares = probabilities(one, face[None])[0]
        label = shares.argmax()
        drops, gradient = covered.drops[0], maps.united[0]
        flat = gradient.min() == gradient.max()  # a dead map agrees with none
        told[name] = Reason(
            f"{one.classes[label]} {100 * shares[label]:.0f} %",
            gradient,
            drops,
            float(covered.misled[0].mean()),
            np.nan if flat else spearmanr(gradient.ravel(), drops.ravel()).statistic,
        )
    return told


def reason_table(told: Mapping[str, Reason]) -> Table:
    """How far the two explanations of each answer agree."""
    rows = tuple(
        (name, one.answer, f"{one.agree:+.2f}", f"{100 * one.misled:.0f} %")
        for name, one in told.items()
    )
    header = ("Network", "Says", "Rank correlation", "Squares that mislead")
    note = (
        "Spearman's rank correlation of Grad-CAM and the fall of the score, over the "
        "pixels of one face. A pixel is under several squares: the share of them that "
        "change the answer, mean over pixels."
    )
    return Table("Two explanations of the same answers", header, rows, note)
