"""Scores of maps against those of Quantus, where it is installed.

A. Hedstroem et al., "Quantus: An Explainable AI Toolkit for Responsible
Evaluation of Neural Network Explanations and Beyond", JMLR 24, 2023.
"""

import numpy as np
import pytest
import torch

from fer_lib.explain.scoring.localisation import (
    inside_auc,
    pointing_game,
    relevance_mass,
    relevance_rank,
)

quantus = pytest.importorskip("quantus")

# Quantus counts what is below zero in a mass; so maps are positive here.
SAME = {
    "RelevanceMassAccuracy": relevance_mass,
    "RelevanceRankAccuracy": relevance_rank,
    "PointingGame": pointing_game,
    "AUC": inside_auc,
}


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_scores_are_those_of_quantus(name, share):
    rng = np.random.default_rng(int(100 * share))
    maps = rng.random((12, 1, 9, 9))
    truth = rng.random((12, 1, 9, 9)) < share
    truth[:, :, 4, 4], truth[:, :, 0, 0] = True, False
    asked = {"abs": False, "normalise": False, "disable_warnings": True}
    score = getattr(quantus, name)(**asked, display_progressbar=False)
    told = score(
        model=torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(81, 2)),
        x_batch=maps.astype(np.float32),
        y_batch=np.zeros(12, int),
        a_batch=maps,
        s_batch=truth,
    )
    found = SAME[name](maps[:, 0], truth[:, 0])
    np.testing.assert_allclose(found, np.array(told, float), atol=1e-9)
