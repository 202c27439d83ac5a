"""What the networks' own parts do where the evidence is known.

RAMN's weights of regions, the part ensemble's branches and landmarks, the
window of the spatial transformer; and any attention before it was trained.
"""

import numpy as np
import torch

from fer_lib.evaluation.inference import predict
from fer_lib.explain.attention import attention, lacks_attention
from fer_lib.explain.class_maps import class_maps
from fer_lib.explain.regions import region_weights
from fer_lib.explain.scoring.scores import inside_auc, relevance_mass
from fer_lib.models.deep_emotion import DeepEmotion
from fer_lib.models.network import Network
from fer_lib.models.ramn import RAMN
from ferbook.papers.part_evaluation import landmark_errors, member_scores
from ferbook.papers.part_transfer import TransferEnsemble
from ferbook.study.faces import Known
from ferbook.study.training import Learned


def parts_of(learned: Learned, known: Known) -> dict[str, np.ndarray]:
    """What is known of a network's own parts, by name; few have any.

    ``theta``, ``[N, 6]``: RAMN's weights, the whole face first.
    ``branch_correct``, ``[5, n]``: whether each branch of the part ensemble
    alone is right, of all test faces; ``branch_mass``, ``[5, N]``: mass of
    its Grad-CAM on the truth; ``landmark_error``, ``[2, 5, N]``: mean error
    of a coordinate as a share of the side, before and after tuning.
    ``window``, ``[N, 2]``: shares of the truth, and of the picture, that the
    transformer samples.  ``untrained_auc``, ``[N]``: attention before
    training, scored as all maps are.
    """
    network, faces = learned.network, known.faces
    found = {}
    if isinstance(network, RAMN):
        found["theta"] = region_weights(network, faces.images).weights
    if isinstance(network, DeepEmotion):
        unit, targets = _asked(learned, known)
        inside = attention(network, unit, targets, faces.landmarks) > 0.5
        held = (inside & known.moved).sum((1, 2))
        share = held / known.moved.sum((1, 2)).clip(min=1)
        found["window"] = np.stack([share, inside.mean((1, 2))], 1)
    if isinstance(network, TransferEnsemble):
        found |= _branches(network, learned, known)
    if lacks_attention(learned.untrained) is None:
        found["untrained_auc"] = _untrained(learned, known)
    return found


def _branches(
    network: TransferEnsemble, learned: Learned, known: Known
) -> dict[str, np.ndarray]:
    faces, test = known.faces, learned.test
    said = member_scores(network, test.images).argmax(2).numpy()
    targets = learned.scores[: len(faces)].argmax(1)
    maps = class_maps(network, faces.images, targets).maps
    errors = [
        landmark_errors(one, faces).T for one in (network.originals, network.tuned())
    ]
    return {
        "branch_correct": (said == test.labels[:, None]).T,
        "branch_mass": np.stack([relevance_mass(one, known.moved) for one in maps]),
        "landmark_error": np.stack(errors),
    }


def _untrained(learned: Learned, known: Known) -> np.ndarray:
    network: Network = learned.untrained
    unit, _ = _asked(learned, known)
    targets = predict(network, known.faces.images).argmax(1)
    points = known.faces.landmarks
    return inside_auc(attention(network, unit, targets, points), known.moved)


def _asked(learned: Learned, known: Known) -> tuple[torch.Tensor, np.ndarray]:
    unit = learned.network.input.to_unit(known.faces.images)
    return unit, learned.scores[: len(known.faces)].argmax(1)
