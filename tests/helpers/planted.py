"""A network that goes by one block of pixels, and faces that have it.

The faces are stripes across, of drawn light; in one block they run upright.
The network sees light that changes from left to right, and nothing else.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from fer_lib.landmarks import FIVE_PARTS
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing

SIZE, BLOCK = 32, 10
PLANTED = 1  # the class that the block speaks for


class Upright(Network):
    """Class 1 by how much light changes from left to right; class 0 by 0.45.

    Args:
        relu: how ReLU is called: a key of ``RELUS``.
    """

    RELUS = {  # noqa: RUF012
        "module": nn.ReLU(),
        "function": F.relu,
        "torch": torch.relu,
        "method": lambda x: x.relu(),
        "in place": lambda x: F.relu(x, inplace=True),
    }

    NAME = "upright"

    def __init__(self, relu="module"):
        super().__init__()
        self.input = Preprocessing(size=SIZE, channels=1, mean=0.0, std=1.0)
        self.conv = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm2d(2)
        self.relu = self.RELUS[relu]
        self.maps = nn.Identity()  # a place for Grad-CAM to look at
        self.fc = nn.Linear(2, 2)
        with torch.no_grad():
            for bias in (self.conv.bias, self.fc.bias):
                bias.zero_()
            self.conv.weight.zero_()
            # Steps to the right and to the left; small ones do not count.
            self.conv.weight[0, 0, 1] = torch.tensor([0.0, -1, 1])
            self.conv.weight[1, 0, 1] = torch.tensor([0.0, 1, -1])
            self.conv.bias.fill_(-0.3)
            self.fc.weight.copy_(torch.tensor([[0.0, 0], [20, 20]]))
            self.fc.bias.copy_(torch.tensor([0.45, 0]))

    def forward(self, x):
        maps = self.maps(self.relu(self.norm(self.conv(x))))
        return self.fc(maps.mean((2, 3)))

    def cam_layers(self):
        return {"maps": self.maps}


def planted_faces(count=12, seed=0):
    """Faces ``[count, 1, SIZE, SIZE]``, truth, and landmarks.

    The mouth's landmarks lie in the block, those of the other parts where
    they keep away from it.
    """
    rng = np.random.default_rng(seed)
    unit = np.empty((count, 1, SIZE, SIZE), np.float32)
    truth = np.zeros((count, SIZE, SIZE), bool)
    landmarks = np.empty((count, 68, 2), np.float32)
    for i in range(count):
        unit[i, 0] = _stripes(rng, SIZE)[:, None]
        # Not in the middle, or a blob there would find it.
        row = SIZE - BLOCK - rng.integers(1, 4)
        column = rng.choice([1, SIZE - BLOCK - 1])
        block = np.s_[row : row + BLOCK, column : column + BLOCK]
        unit[i, 0][block], truth[i][block] = _stripes(rng, BLOCK), True
        landmarks[i, :, 0] = rng.uniform(4, SIZE - 4, 68)
        landmarks[i, :, 1] = rng.uniform(0, 8, 68)
        landmarks[i, 36], landmarks[i, 45] = (4, 5), (28, 5)  # eye corners
        spots = np.array([column, row]) + rng.uniform(1, BLOCK - 2, (20, 2))
        landmarks[i, slice(*FIVE_PARTS["mouth"])] = spots
    unit += rng.normal(0, 0.02, unit.shape).astype(np.float32)
    return torch.tensor(unit.clip(0, 1)), truth, landmarks


def _stripes(rng, count):
    """Dark and bright ones, two pixels wide."""
    dark, bright = rng.uniform(0, 0.2, count), rng.uniform(0.8, 1, count)
    upper = (np.arange(count) + rng.integers(4)) // 2 % 2
    return np.where(upper, bright, dark)


def a_face(size=48):
    """Landmarks of a face of drawn proportions, ``[1, 68, 2]``."""
    points = np.zeros((1, 68, 2), np.float32)
    angle = np.linspace(np.pi, 0, 17)
    points[0, :17] = np.stack([24 + 17 * np.cos(angle), 24 + 19 * np.sin(angle)], 1)
    points[0, 17:27] = np.stack([np.linspace(11, 37, 10), np.full(10, 14)], 1)
    points[0, 27:36] = np.stack([np.full(9, 24), np.linspace(19, 29, 9)], 1)
    points[0, 36:48] = np.stack([np.linspace(13, 35, 12), np.full(12, 19)], 1)
    points[0, 36], points[0, 45] = (12, 19), (36, 19)
    points[0, 48:68] = np.stack([np.linspace(18, 30, 20), np.full(20, 35)], 1)
    return points * size / 48


def set_window(network, theta):
    """Let a transformer take the same window of every face."""
    last = network.localisation[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor(theta).flatten())
