"""Facial parts, and exact Shapley values against every order of joining."""

from itertools import permutations

import numpy as np
import pytest
import torch
from captum.attr import ShapleyValues
from known_networks import smoke, some_faces
from planted import Upright, a_face, planted_faces

from fer_lib.errors import FerError
from fer_lib.explain.inputs import from_pixels
from fer_lib.explain.shapley import (
    FACIAL_PARTS,
    facial_parts,
    part_shapley,
    shapley_parts,
    shapley_weights,
)
from fer_lib.landmarks import FIVE_PARTS


def test_equals_the_loop():
    points = np.random.default_rng(0).uniform(-3, 20, (2, 68, 2))
    found = facial_parts(points, (14, 17))
    part_of = {i: n for n, (a, b) in FIVE_PARTS.items() for i in range(a, b)}
    for face in range(2):
        reach = 0.25 * np.linalg.norm(points[face, 45] - points[face, 36])
        for row in range(14):
            for column in range(17):
                away = np.linalg.norm(points[face] - (column, row), axis=1)
                near = int(away.argmin())
                name = part_of[near] if away[near] <= reach else "rest"
                assert FACIAL_PARTS[found[face, row, column]] == name


def test_weights_are_the_mean_over_all_orders():
    values = np.random.default_rng(0).normal(size=2**4)
    expected = np.zeros(4)
    for order in permutations(range(4)):
        coalition = 0
        for part in order:
            joined = coalition | 1 << part
            expected[part] += (values[joined] - values[coalition]) / 24
            coalition = joined
    np.testing.assert_allclose(shapley_weights(4) @ values, expected)


def test_captum_tries_every_order_and_finds_the_same():
    network = Upright().eval()
    unit, _, landmarks = planted_faces(1)
    parts = facial_parts(landmarks, (32, 32))
    found = part_shapley(network, unit, [1], parts)
    theirs = ShapleyValues(from_pixels(network)).attribute(
        unit,
        baselines=float(unit.mean()),
        target=1,
        feature_mask=torch.tensor(parts)[:, None],
    )
    for i in np.unique(parts):
        value = float(theirs[0, 0][parts[0] == i][0])
        assert found[0, i] == pytest.approx(value, abs=1e-5)


def test_maps_add_up_to_the_score():
    network = smoke("diversified_manet").eval()
    unit = network.input.to_unit(some_faces(3))
    targets, points = torch.tensor([3, 1, 6]), np.repeat(a_face(64), 3, 0)
    maps = shapley_parts(network, unit, targets, landmarks=points)
    scores = from_pixels(network)
    ground = unit.mean((2, 3), keepdim=True).expand_as(unit)
    with torch.no_grad():
        falls = (scores(unit) - scores(ground)).gather(1, targets[:, None])[:, 0]
    np.testing.assert_allclose(maps.sum((1, 2)), falls, atol=1e-4)
    parts = facial_parts(points, (64, 64))
    for i in range(6):  # one value a part
        inside = np.where(parts[0] == i, maps[0], np.nan)
        assert np.nanmax(inside) == np.nanmin(inside)


def test_hidden_parts_and_batches(monkeypatch):
    """A face without a part; passes that end in the middle of a face."""
    network = Upright()
    unit, _, landmarks = planted_faces(3)
    landmarks[1, slice(*FIVE_PARTS["mouth"])] = -200
    given = (network, unit, np.ones(3, int))
    at_once = shapley_parts(*given, landmarks=landmarks)
    assert np.isfinite(at_once).all()
    monkeypatch.setattr("fer_lib.evaluation.inference.VALUES_TOGETHER", 23 * 32 * 32)
    again = shapley_parts(*given, landmarks=landmarks)
    np.testing.assert_allclose(again, at_once, atol=1e-6)


def test_needs_landmarks_of_every_face():
    network = Upright()
    unit, _, landmarks = planted_faces(2)
    given = (network, unit, np.ones(2, int))
    with pytest.raises(FerError, match="none of landmarks for 2 faces"):
        shapley_parts(*given)
    with pytest.raises(FerError, match="1 sets of landmarks for 2"):
        shapley_parts(*given, landmarks=landmarks[:1])
    with pytest.raises(FerError, match=r"\[2, 67, 2\]"):
        shapley_parts(*given, landmarks=landmarks[:, :67])
