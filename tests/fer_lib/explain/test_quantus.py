"""The same scores in Quantus, where it is installed: it is no dependency.

A. Hedström et al., "Quantus: An Explainable AI Toolkit for Responsible
Evaluation of Neural Network Explanations and Beyond", JMLR 24, 2023.
"""

import numpy as np
import pytest
from planted import PLANTED, Upright, planted_faces

from fer_lib.explain.methods import METHODS
from fer_lib.explain.scoring.controls import edges
from fer_lib.explain.scoring.faithfulness import deletion
from fer_lib.explain.scoring.localisation import SCORES

quantus = pytest.importorskip("quantus")

THEIRS = {
    "relevance_mass": "RelevanceMassAccuracy",
    "relevance_rank": "RelevanceRankAccuracy",
    "pointing_game": "PointingGame",
    "inside_auc": "AUC",
}
SILENT = {"disable_warnings": True, "abs": False, "normalise": False}


def theirs(name, maps, truth):
    metric = getattr(quantus, THEIRS[name])(**SILENT)
    return metric.evaluate_batch(a_batch=maps[:, None], s_batch=truth[:, None])


@pytest.mark.parametrize("name", SCORES)
def test_localisation_agrees_where_no_pixels_tie(name):
    rng = np.random.default_rng(0)
    truth = rng.random((50, 12, 12)) < 0.2
    truth[:, 0, 0] = True
    maps = rng.random(truth.shape) + 0.3 * truth
    found = SCORES[name](maps, truth)
    np.testing.assert_allclose(found, theirs(name, maps, truth), rtol=1e-9)


def test_ties_are_shared_here_and_favour_the_map_there():
    """An even map hits in Quantus' pointing game whatever the truth."""
    truth = np.zeros((1, 10, 10), bool)
    truth[0, :1] = True
    even = np.ones((1, 10, 10))
    assert theirs("pointing_game", even, truth) == [1]
    assert SCORES["pointing_game"](even, truth) == 0.1
    assert theirs("inside_auc", even, truth) == SCORES["inside_auc"](even, truth)


@pytest.mark.parametrize("name", ["grad_cam", "saliency", "occlusion", "edges"])
def test_deletion_is_pixel_flipping(name):
    network, (unit, _, _) = Upright().eval(), planted_faces(3)
    targets, steps = np.full(3, PLANTED), 16
    method = METHODS.get(name, edges)
    maps = method(network, unit, targets)
    # So that no pixels tie: each breaks ties in an order of its own.
    maps = maps + np.random.default_rng(0).random(maps.shape) * 1e-3 * maps.max()
    found = deletion(network, unit, targets, maps, steps=steps)
    flipping = quantus.PixelFlipping(
        features_in_step=32 * 32 // steps, perturb_baseline="black", **SILENT
    )
    curves = flipping(
        model=network,
        x_batch=unit.numpy(),
        y_batch=targets,
        a_batch=maps[:, None],
        softmax=True,
        device="cpu",
    )
    np.testing.assert_allclose(found.probability[:, 1:], curves, atol=1e-5)
