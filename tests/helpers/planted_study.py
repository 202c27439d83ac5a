"""A network that reads one place of the picture, and a study of it in seconds."""

from functools import cache

import numpy as np
import torch
from torch import nn

from fer_lib.evaluation.inference import predict
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing
from ferbook.study.faces import evidence_set, know
from ferbook.study.settings import Settings
from ferbook.study.training import Learned

SIZE = 48
SMALL = Settings(train=4, validation=2, test=6, faces=4, epochs=0.01, stages=2)


class Reads(Network):
    """Class 1 by how much the light changes from row to row in some pixels.

    Args:
        place: ``bool [S, S]``, the pixels.
        gain: of the score.
    """

    NAME = "reads"

    def __init__(self, place: np.ndarray, gain: float = 30.0):
        super().__init__()
        self.input = Preprocessing(size=SIZE, channels=1, mean=0.0, std=1.0)
        self.register_buffer("place", torch.as_tensor(place).float())
        self.maps, self.gain = nn.Identity(), gain
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        step = torch.zeros_like(x)
        step[:, :, 1:] = (x[:, :, 1:] - x[:, :, :-1]).abs()
        maps = self.maps(step * self.place * self.scale)
        read = self.gain * maps.sum((1, 2, 3)) / self.place.sum()
        return torch.stack([0 * read, read], 1)

    def cam_layers(self):
        return {"maps": self.maps}


@cache
def faces():
    """Test faces of the mouth, and what is known of them."""
    found = evidence_set("mouth", SIZE, 4, 2, 6).split("Test")
    return found, know(found.select(np.arange(4)))


def reader(place, gain=30.0):
    """A finished training of the network that reads a place."""
    network = Reads(place, gain).eval()
    test, _ = faces()
    scores = predict(network, test.images)
    return Learned(network, test, scores, (0.5,), network)
