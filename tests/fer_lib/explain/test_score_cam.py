"""Score-CAM on layers whose channels are known."""

import numpy as np
import torch
from known_networks import left_as_found
from planted import SIZE, Upright, planted_faces
from torch import nn

from fer_lib.explain.occlusion import filling
from fer_lib.explain.score_cam import score_cam
from fer_lib.explain.scoring.localisation import inside_auc
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing


class Halves(Network):
    """Two maps, left and right half; class 1 by the light of the left one."""

    NAME = "halves"

    def __init__(self, gain=100.0):
        super().__init__()
        self.input = Preprocessing(size=8, channels=1, mean=0.0, std=1.0)
        self.maps, self.gain = nn.Identity(), gain
        self.one = nn.Parameter(torch.ones(()))

    def forward(self, x):
        side = torch.zeros(1, 2, 8, 8)
        side[:, 0, :, :4], side[:, 1, :, 4:] = 1, 1
        maps = self.maps(self.one * side.expand(len(x), -1, -1, -1))
        light = self.gain * x[:, 0, :, :4].mean((1, 2)) + 0 * maps.sum((1, 2, 3))
        return torch.stack([0 * light, light], 1)

    def cam_layers(self):
        return {"maps": self.maps}


def test_the_channel_that_shows_the_class_gets_the_weight():
    network = Halves().eval()
    faces = torch.zeros(2, 1, 8, 8)
    faces[:, :, :, :4] = 0.9
    with left_as_found(network):
        found = score_cam(network, faces, np.array([1, 1]))
    assert (found[:, :, :4] == 1).all() and found[:, :, 4:].max() < 1e-6
    against = score_cam(network, faces, np.array([0, 0]))
    assert np.ptp(against) == 0, "class 0 says the same whatever is shown"


def test_weights_are_the_softmax_of_what_masked_faces_say():
    network, faces = Halves(gain=3.0).eval(), torch.rand(1, 1, 8, 8)
    shown, ground = faces[0, 0], filling(faces, "mean", 1)[0, 0]
    said = []
    for columns in (slice(0, 4), slice(4, 8)):
        masked = ground.clone()
        masked[:, columns] = shown[:, columns]
        said.append(3 * masked[:, :4].mean())
    left, right = torch.stack(said).softmax(0).tolist()
    found = score_cam(network, faces, np.array([1]))
    np.testing.assert_allclose(found[0, :, :4] / found.max(), left / max(left, right))
    np.testing.assert_allclose(found[0, :, 4:] / found.max(), right / max(left, right))


def test_it_finds_what_was_planted():
    network, (faces, truth, _) = Upright().eval(), planted_faces(6)
    found = score_cam(network, faces, np.ones(6, int))
    assert found.shape == (6, SIZE, SIZE) and found.max() <= 1 and found.min() >= 0
    assert inside_auc(found, truth).min() > 0.8
    alone = score_cam(network, faces, np.ones(6, int), channels=1)
    assert inside_auc(alone, truth).min() > 0.65
