"""Black squares over parts of a face, for networks that look at known places."""

import numpy as np
import pytest
import torch
from planted import a_face
from torch import nn

from fer_lib.data.faceset import FaceSet
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing
from ferbook.papers.deep_emotion import measures

COUNT, SIZE = 5, 48


class Looks(Network):
    """Says 0 while a box of a white face is bright, and 1 where it is not."""

    def __init__(self, rows, columns, least):
        super().__init__()
        self.input = Preprocessing(size=SIZE, channels=1, mean=0.0, std=1.0)
        self.box, self.least = np.s_[..., slice(*rows), slice(*columns)], least
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        bright = x[self.box].mean((1, 2, 3))
        return torch.stack([bright - self.least, torch.zeros_like(bright)], 1)


def measured(*box, least=0.5):
    images = np.full((COUNT, 1, SIZE, SIZE), 255, np.uint8)
    labels, splits = np.zeros(COUNT, np.int64), np.full(COUNT, "Test")
    points = np.repeat(a_face(SIZE), COUNT, 0)
    faces = FaceSet("jaffe", images, labels, splits, "drawn.", landmarks=points)
    found = measures(Looks(*box, least), faces)
    assert all(values.shape == (COUNT,) for values in found.values())
    return {name.split(".")[1]: values[0] for name, values in found.items()}


BOXES = {  # where landmarks of the face lie
    "mouth": ((33, 37), (21, 27)),
    "eyes_brows": ((14, 19), (21, 27)),
    "forehead": ((6, 10), (21, 27)),
}


@pytest.mark.parametrize("part", BOXES)
def test_the_part_that_is_looked_at_is_found(part):
    found = measured(*BOXES[part])
    others = [found[name] for name in BOXES if name != part]
    assert found[part] > 2 * max(others)
    if part != "forehead":
        assert found[part] > 2 * found[f"off_{part}"]
    assert 0 < found["area"] < 0.25
    assert found["mouth_lead"] == pytest.approx(found["mouth"] - found["eyes_brows"])


def test_a_network_that_needs_every_pixel_has_no_part_of_its_own():
    found = measured((0, SIZE), (0, SIZE), least=0.999)
    lead = found.pop("mouth_lead")
    assert all(value == pytest.approx(1) for value in found.values()) and not lead


def test_faces_of_other_sets_are_not_covered():
    splits = np.full(COUNT, "PrivateTest")
    images = np.zeros((COUNT, 1, SIZE, SIZE), np.uint8)
    faces = FaceSet("fer2013", images, np.zeros(COUNT, np.int64), splits, "drawn.")
    assert measures(Looks((0, 4), (0, 4), 0.5), faces) == {}


def test_a_network_that_needs_none_is_never_changed():
    assert not any(measured((0, SIZE), (0, SIZE), least=0.0).values())


def test_wrong_predictions_count_as_those_of_the_network():
    # Of black boxes it says 1, and no black square changes that.
    found = measured((33, 37), (21, 27), least=2.0)
    assert not any(found.values())
