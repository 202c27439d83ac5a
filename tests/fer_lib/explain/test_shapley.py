"""Facial parts, and exact Shapley values against every order of joining."""

from itertools import permutations

import numpy as np
import pytest
import torch
from captum.attr import ShapleyValues
from known_networks import Linear, smoke, some_faces
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


def test_parts_lie_where_they_belong():
    parts = facial_parts(a_face(), (48, 48))[0]
    for (column, row), name in {
        (24, 35): "mouth",
        (24, 25): "nose",
        (14, 20): "eyes",
        (14, 12): "eyebrows",
        (24, 43): "jaw",
        (24, 2): "rest",  # the forehead
        (14, 28): "rest",  # a cheek
        (0, 47): "rest",
    }.items():
        assert FACIAL_PARTS[parts[row, column]] == name, (column, row)
    assert set(np.unique(parts)) == set(range(6))


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


def test_parts_grow_with_the_face():
    small, large = (facial_parts(a_face(s), (s, s)) for s in (48, 96))
    agree = (np.kron(small[0], np.ones((2, 2), int)) == large[0]).mean()
    assert agree > 0.93


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


def test_axioms():
    weights = shapley_weights(6)
    values = np.random.default_rng(0).normal(size=64)
    assert (weights @ values).sum() == pytest.approx(values[-1] - values[0])
    # Who never changes anything gets nothing; who are alike get alike.
    number = np.arange(64)
    without_third = values[number & ~(1 << 2)]
    assert (weights @ without_third)[2] == pytest.approx(0)
    both = (number >> 4 & 1) + (number >> 5 & 1)
    alike = (weights @ (values[number & 15] * both))[4:]
    assert alike[0] == pytest.approx(alike[1]) != 0


def test_a_linear_network_gives_each_part_its_pixels():
    network = Linear([[1.0, 2.0], [1.0, -2.0]])  # 5 and -3 times the mean
    unit = torch.rand(3, 1, 6, 6)
    parts = np.random.default_rng(0).integers(0, 6, (3, 6, 6))
    targets = np.array([0, 1, 0])
    found = part_shapley(network, unit, targets, parts, fill="zero")
    light, slopes = unit[:, 0].numpy(), np.array([5, -3, 5])
    for i in range(6):
        expected = slopes * (light * (parts == i)).sum((1, 2)) / 36
        np.testing.assert_allclose(found[:, i], expected, atol=1e-6)


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
        face, none = (
            scores(x).gather(1, targets[:, None])[:, 0] for x in (unit, ground)
        )
    np.testing.assert_allclose(maps.sum((1, 2)), face - none, atol=1e-4)
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
