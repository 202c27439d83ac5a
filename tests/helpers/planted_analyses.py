"""Analyses that nobody made, with the shapes of real ones."""

import numpy as np

from fer_lib.expressions import EXPRESSIONS
from fer_lib.landmarks import FIVE_PARTS
from ferbook.analysis.means import Means
from ferbook.analysis.own import MASKS, TRANSFORM, UNTRAINED
from ferbook.analysis.record import Analysis, Numbers

CLASSES = EXPRESSIONS[:7]
_HEAT = ("right", "wrong", "other_face", "untrained", "less_other_face")
_REGIONS = ("whole face", "upper left", "centre")
_CORNERS = tuple(f"corner {k}" for k in range(8))


def means(groups, *shape, n=40, seed=0):
    rng = np.random.default_rng(seed)
    mean, error = rng.random((2, groups, *shape))
    return Means(np.full(groups, n), mean, 0.1 * error)


def numbers(*columns, seed=0):
    shape = (len(columns),) if columns else ()
    quantiles = np.sort(np.random.default_rng(seed).random((8, 5, *shape)), 1)
    return Numbers(means(8, *shape, seed=seed), quantiles, columns)


def share(accuracy, n=1000):
    ends = [accuracy - 0.02, accuracy + 0.02]
    return {"n": n, "accuracy": accuracy, "accuracy_ci95": ends}


def planted_analysis(accuracy=0.75, network="ramn", n=40) -> Analysis:
    """Everything that any network can be asked, in one."""
    heat = {f"heat.{k}": numbers(*FIVE_PARTS) for k in (*_HEAT, "less_untrained")}
    own = {
        "masking.same_without": numbers(),
        "masking.mask.layer 1": numbers(*MASKS),
        "masking.mask.layer 1" + UNTRAINED: numbers(*MASKS),
        "regions.theta": numbers(*_REGIONS),
        "regions.theta" + UNTRAINED: numbers(*_REGIONS, seed=1),
        "window.transform": numbers(*TRANSFORM),
        "window.corners": numbers(*_CORNERS),
        **{f"landmarks.{k}": numbers(*FIVE_PARTS) for k in ("before", "after")},
        "landmarks.mean_face": numbers(*FIVE_PARTS),
    }
    maps = {
        "face": means(8, 48, 48, n=400),
        "grad_cam.right": means(7, 24, 24, n=n),
        "grad_cam.wrong": means(7, 24, 24, n=5),
        "grad_cam.untrained": means(1, 24, 24),
        "occlusion.drops": means(7, 8, 8, n=n),
        "occlusion.misled": means(7, 8, 8, n=n),
        "occlusion.drops.untrained": means(1, 8, 8),
        "branches.map": means(2, 24, 24),
        "branches.pairs": means(4),
        **{f"masking.{k}.layer 1": means(1, 4, 4) for k in ("before", "after")},
        "masking.gain.layer 1": means(1, 4, 4),
    }
    content = {
        "network": network,
        "weights_sha256": "0" * 64,
        "dataset": "fer2013",
        "rendered": False,
        "protocol": "official",
        "split": "PrivateTest",
        "classes": list(CLASSES),
        "accuracy": {
            "split": share(accuracy, 3589),
            "faces": share(accuracy),
            "classes": [*[share(accuracy)] * 6, {"n": 0}],
        },
        "learners": ["local", "global"],
        "landmarks_trusted": 700,
        "own_landmarks": False,
        "sentences": ["It has nothing to tell of landmarks."],
    }
    return Analysis(content, heat | own, maps)
