"""Heat in and out of parts of the face, of networks whose maps are known."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from fer_lib.data.sources.rendered import wild
from fer_lib.landmarks import FIVE_PARTS
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing
from ferbook.papers import residual_masking
from ferbook.papers.residual_masking import measures, views

SIZE = 64


@pytest.fixture(scope="module")
def faces():
    return wild(train=0, public=0, private=12, seed=4, cached=False)


class Drawn(Network):
    """Its third refined maps, and Grad-CAM's layer, show a given picture."""

    def __init__(self, pictures):
        super().__init__()
        self.input = Preprocessing(size=SIZE, channels=3, mean=0.0, std=1.0)
        self.pictures, self.at = pictures, 0
        self.unused = nn.Parameter(torch.zeros(1))

    def stages(self, x):
        maps = self.pictures[self.at : self.at + len(x)]
        self.at += len(x)
        return [None, None, SimpleNamespace(after=maps[:, None].expand(-1, 3, -1, -1))]

    def forward(self, x):
        return torch.zeros(len(x), 7)

    def cam_layers(self):
        return {"drawn": nn.Identity()}


def drawn_measures(monkeypatch, faces, pictures):
    monkeypatch.setattr(
        residual_masking,
        "weighted_maps",
        lambda scores, layer, x, target: pictures[: len(x)],
    )
    return measures(Drawn(pictures), faces)


def test_even_maps_have_one_everywhere(monkeypatch, faces):
    found = drawn_measures(monkeypatch, faces, torch.full((12, SIZE, SIZE), 0.3))
    for name, values in found.items():
        assert values.shape == (12,), name
        np.testing.assert_allclose(values, 1, rtol=1e-5)


def test_a_blob_on_the_mouth_is_in_the_part(monkeypatch, faces):
    points = (faces.landmarks + 0.5) * (SIZE / faces.images.shape[2]) - 0.5
    centres = points[:, slice(*FIVE_PARTS["mouth"])].mean(1)
    pictures = torch.zeros(12, SIZE, SIZE)
    for picture, (x, y) in zip(pictures, centres.round().astype(int), strict=True):
        picture[y - 1 : y + 2, x - 1 : x + 2] = 1
    found = drawn_measures(monkeypatch, faces, pictures)
    inside = found["mask3.eyes_nose_mouth"] > found["mask3.elsewhere"]
    assert inside.mean() > 0.9
    hot = found["grad_cam.eyes_mouth"] > found["grad_cam.elsewhere"]
    assert hot.mean() > 0.9


def test_a_blob_in_a_corner_is_elsewhere(monkeypatch, faces):
    pictures = torch.zeros(12, SIZE, SIZE)
    pictures[:, :3, :3] = 1
    found = drawn_measures(monkeypatch, faces, pictures)
    assert (found["grad_cam.eyes_mouth"] == 0).all()
    assert (found["grad_cam.elsewhere"] > 0.5).all()
    assert (found["mask3.elsewhere"] == 0).all()  # not in the face


def test_cold_maps_count_as_zero(monkeypatch, faces):
    found = drawn_measures(monkeypatch, faces, torch.zeros(12, SIZE, SIZE))
    assert all((values == 0).all() for values in found.values())


def test_the_network_itself_and_its_random_passes(faces):
    config = residual_masking.PAPER.make_config("smoke", width=2)
    network = residual_masking.PAPER.make_network(config, 7, seed=0)
    found = residual_masking.PAPER.measures(network, faces)
    assert all(np.isfinite(values).all() for values in found.values())
    splits = SimpleNamespace(test=faces)
    one, other = (views(network, splits)["random10"] for _ in range(2))
    assert np.array_equal(one, other) and one.shape == (12, 7)
    np.testing.assert_allclose(np.exp(one).sum(1), 1, rtol=1e-5)  # probabilities
    few = SimpleNamespace(test=faces.select(np.arange(5)))
    assert views(network, few)["random10"].shape == (5, 7)
