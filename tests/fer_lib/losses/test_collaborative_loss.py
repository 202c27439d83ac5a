"""Collaborative loss, equations (3) to (6) of RAMN."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.errors import FerError
from fer_lib.losses import (
    CollaborativeLoss,
    centre_distances,
    collaborative_loss,
    inter_class_loss,
)
from fer_lib.losses.collaborative import margin_border

TASKS = 3
UNIT = st.floats(-3, 3, width=32)


def draw(faces=5, size=4):
    """Random features, labels and centres in float64."""
    features = torch.randn(faces, TASKS, size, dtype=torch.float64)
    centres = torch.randn(TASKS, 2, size, dtype=torch.float64)
    return features, torch.randint(TASKS, (faces,)), centres


def squared(x, y):
    return sum((a - b) ** 2 for a, b in zip(x.tolist(), y.tolist(), strict=True))


def by_loops(features, labels, centres, omega):
    """The loss as the paper's text says it, one number at a time."""
    total = 0.0
    for x, label in zip(features, labels.tolist(), strict=True):
        for task in range(TASKS):
            y = 1 if task == label else 0
            pos = squared(x[task], centres[task, y])
            neg = squared(x[task], centres[task, 1 - y])
            total += pos + max(omega + pos - neg, 0)
    return total / len(features)


@pytest.mark.equation("ramn", 3)
@pytest.mark.equation("ramn", 4)
def test_distances_equal_a_loop():
    features, labels, centres = draw()
    positive, negative = centre_distances(features, labels, centres)
    assert positive.shape == negative.shape == (5, TASKS)
    for j, label in enumerate(labels.tolist()):
        for i in range(TASKS):
            x, y = features[j, i], int(i == label)
            assert float(positive[j, i]) == pytest.approx(squared(x, centres[i, y]))
            assert float(negative[j, i]) == pytest.approx(squared(x, centres[i, 1 - y]))


@pytest.mark.equation("ramn", 5)
def test_no_loss_where_the_constraint_holds():
    """Equation (5) is strict; at equality the loss is zero as well."""
    omega = 3.0
    positive = torch.tensor([0.0, 1.0, 1.0, 1.0, 5.0])
    negative = torch.tensor([9.0, 4.5, 4.0, 3.5, 0.0])
    holds = positive + omega < negative
    loss = inter_class_loss(positive, negative, omega)
    assert holds.tolist() == [True, True, False, False, False]
    assert not loss[holds].any()
    assert loss[~holds].tolist() == [0.0, 0.5, 8.0]


@pytest.mark.equation("ramn", 6)
def test_inter_class_loss_equals_a_loop():
    positive, negative = 5 * torch.rand(2, 4, 3, dtype=torch.float64)
    loss = inter_class_loss(positive, negative, 1.5)
    pairs = zip(positive.flatten().tolist(), negative.flatten().tolist(), strict=True)
    oracle = [max(1.5 + pos - neg, 0) for pos, neg in pairs]
    assert loss.flatten().tolist() == pytest.approx(oracle)


@pytest.mark.parametrize("omega", [0, 1, 3])
def test_collaborative_loss_equals_a_loop(omega):
    batch = draw()
    oracle = by_loops(*batch, omega)
    assert float(collaborative_loss(*batch, omega=omega)) == pytest.approx(oracle)


def test_names_of_tasks_do_not_matter():
    features, labels, centres = draw()
    loss = collaborative_loss(features, labels, centres)
    order = torch.randperm(TASKS)  # new task i is old task order[i]
    renamed = order.argsort()[labels]
    moved = collaborative_loss(features[:, order], renamed, centres[order])
    torch.testing.assert_close(moved, loss)


def test_scale_of_features_does_not_matter_when_normalised():
    features, labels, centres = draw()
    loss = collaborative_loss(features, labels, centres, normalise=True)
    moved = collaborative_loss(7 * features, labels, 0.1 * centres, normalise=True)
    torch.testing.assert_close(moved, loss)


def wrong(features=(4, 3, 8), centres=(3, 2, 8), labels=(0, 1, 2, 0), **options):
    labels = torch.as_tensor(labels)
    return collaborative_loss(
        torch.zeros(features), labels, torch.zeros(centres), **options
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": (4, 8)}, r"features has shape \[4, 8\], expected \[B, C, d\]"),
        ({"features": (0, 3, 8), "labels": ()}, "at least one face"),
        ({"centres": (3, 8)}, r"centres has shape \[3, 8\], expected \[3, 2, 8\]"),
        ({"labels": (0, 1, 2, 3)}, "labels lie in 0 to 3, expected 0 to 2"),
        ({"labels": (-1, 0, 0, 0)}, "labels lie in -1 to 0"),
        ({"labels": (0, 1)}, r"expected torch.int64 \[4\]"),
        ({"labels": (0.0, 1, 2, 0)}, "labels are torch.float32"),
        ({"omega": -1}, "omega is -1, expected 0 or more"),
    ],
)
def test_bad_input(changes, message):
    with pytest.raises(FerError, match=message):
        wrong(**changes)
    wrong()


@given(st.floats(0.3, 4), st.floats(0, 6), UNIT, UNIT)
def test_the_constraint_holds_beyond_the_border_and_nowhere_else(distance, omega, x, y):
    border = margin_border(distance, omega)
    if abs(x - border) < 1e-3:
        return
    positive = (x - distance / 2) ** 2 + y**2
    negative = (x + distance / 2) ** 2 + y**2
    assert (positive + omega < negative) == (x > border)


def batch():
    return torch.randn(6, 3, 4), torch.randint(3, (6,))


@pytest.mark.parametrize("normalise", [False, True])
def test_module_equals_function(normalise):
    features, labels = batch()
    options = {"omega": 1.0, "normalise": normalise}
    module = CollaborativeLoss(3, 4, **options)
    expected = collaborative_loss(features, labels, module.centres, **options)
    assert torch.equal(module(features, labels), expected)


@pytest.mark.parametrize("size", [4, 512])
def test_centres_start_two_apart(size):
    torch.manual_seed(0)
    centres = CollaborativeLoss(500, size).centres.detach()
    apart = (centres[:, 0] - centres[:, 1]).square().sum(-1)
    assert float(apart.mean()) == pytest.approx(2, rel=0.1)
