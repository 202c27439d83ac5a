"""Landmarks before and after a part ensemble learned expressions.

R. Wadhawan, T. K. Gandhi, 2022 (:mod:`fer_lib.models.part_ensemble`), Figure
10: the localisation head stays as it was, the extractor below it was tuned.
What the head then says shows how far the extractor has left landmarks behind.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.explain.inputs import collected
from fer_lib.landmarks import interocular
from fer_lib.models.part_ensemble import PartEnsemble
from fer_lib.models.part_network import PARTS, Localiser, landmark_points


class Errors(NamedTuple):
    """How far predicted points are from the true ones; N faces, M members.

    Attributes:
        absolute: ``float64 [N, M]``, mean error of a coordinate as a share of
            the face's side: equation (1) of the paper.
        normalised: ``float64 [N, M]``, mean distance of a point as a share of
            the distance between the outer corners of the eyes, as 300-W
            measures; not a number where these coincide.
    """

    absolute: np.ndarray
    normalised: np.ndarray


class LandmarkDrift(NamedTuple):
    """What :func:`landmark_drift` returns; positions are shares of the face.

    Attributes:
        names: of the members: parts, or ``full_transfer_1`` to ``_5``.
        parts: what each predicts, a key of ``PARTS``.
        truth: ``float64 [N, 68, 2]``.
        before: ``float64 [N, P, 2]`` of each member, P points as its part
            has, by the localiser that it started from.
        after: likewise, with the extractor as it is now.
        errors_before: and ``errors_after``: of these.
    """

    names: tuple[str, ...]
    parts: tuple[str, ...]
    truth: np.ndarray
    before: tuple[np.ndarray, ...]
    after: tuple[np.ndarray, ...]
    errors_before: Errors
    errors_after: Errors


def landmark_drift(network: PartEnsemble, faces: FaceSet) -> LandmarkDrift:
    """Landmarks by the original heads, before and after fine-tuning.

    Args:
        network: which keeps its localisers, as all but the Baseline.
        faces: a set with landmarks;
            :func:`~fer_lib.data.fitted_landmarks.annotated` fits them.
    """
    if faces.landmarks is None:
        raise FerError(f"{faces.name}: has no landmarks; fit them with annotated().")
    if not len(network.originals):
        raise FerError(
            "landmarks: the network has no localisers, expected one that started "
            "from landmarks, not the Baseline."
        )
    height, width = faces.images.shape[2:]
    truth = (faces.landmarks.astype(np.float64) + 0.5) / [width, height]
    before, after = (
        tuple(_points(one, faces.images) for one in which)
        for which in (network.originals, network.tuned())
    )
    parts = tuple(localiser.part for localiser in network.originals)
    errors = (landmark_errors(points, parts, truth) for points in (before, after))
    return LandmarkDrift(network.members, parts, truth, before, after, *errors)


def _points(localiser: Localiser, images: np.ndarray) -> np.ndarray:
    size = localiser.input.size

    def read(x: Tensor, rows: slice) -> tuple[Tensor]:
        return (landmark_points(localiser(x), size).double(),)

    # The localisers' pixels have their centres at whole numbers.
    return (collected(localiser, images, read)[0].numpy() + 0.5) / size


def landmark_errors(
    predicted: Iterable[np.ndarray], parts: Sequence[str], truth: np.ndarray
) -> Errors:
    """Errors of ``[N, P, 2]`` of each member, and its part; truth ``[N, 68, 2]``."""
    eyes = interocular(truth)
    scale = np.where(eyes > 0, eyes, np.nan)
    absolute, normalised = [], []
    for points, part in zip(predicted, parts, strict=True):
        off = points - truth[:, slice(*PARTS[part])]
        absolute.append(np.abs(off).mean((1, 2)))
        normalised.append(np.linalg.norm(off, axis=-1).mean(1) / scale)
    return Errors(np.stack(absolute, 1), np.stack(normalised, 1))
