"""What a stage can learn from: landmarks, soft targets, a choice of faces."""

import numpy as np
import pytest
import torch
from torch import nn
from toy_runs import (
    SELECT,
    cross_entropy,
    toy_faces,
    toy_network,
    toy_plan,
    toy_stage,
    train,
)

from fer_lib.data.augment import augmentation
from fer_lib.errors import FerError
from fer_lib.landmarks import IBUG_FLIP
from ferbook.training.plan import Loss


def test_another_module_learns_from_landmarks_that_move_along():
    """A head beside the network finds the mean of the points it is shown."""
    points = np.random.default_rng(0).uniform(2, 13, (60, 68, 2)).astype(np.float32)
    faces = toy_faces(size=16, landmarks=points)
    network = toy_network()
    network.head = nn.Sequential(nn.Flatten(), nn.Linear(64, 136))
    shown = []

    def distance(head, output, batch):
        shown.append(batch.landmarks)
        return (output.unflatten(1, (68, 2)) - batch.landmarks).abs().mean()

    stage = toy_stage(
        epochs=1,
        batch_size=60,
        module=lambda network: network.head,
        loss=Loss(distance),
        reads=("landmarks",),
        augment=augmentation(flip=1.0),
        classifies=False,
        evaluate=lambda network: {"error": 0.25},
        select_by="error",
    )
    _, fitted = train(
        toy_plan(stage), faces=faces, network=network, evaluate=lambda n: 1 / 0
    )
    assert set(fitted.curve[0]) >= {"error", "train_loss"}
    assert "train_accuracy" not in fitted.curve[0] and SELECT not in fitted.curve[0]
    # Halved to 8 pixels about the centres of pixels, mirrored, renumbered.
    halved = (points + 0.5) / 2 - 0.5
    expected = np.stack([7 - halved[..., 0], halved[..., 1]], -1)[:, IBUG_FLIP]
    found = shown[0].numpy()
    order = [np.abs(expected - row).sum((1, 2)).argmin() for row in found]
    assert sorted(order) == list(range(60))
    np.testing.assert_allclose(found, expected[order], atol=1e-4)


def test_soft_targets_come_with_their_faces():
    targets = np.eye(2, dtype=np.float32)[toy_faces().labels] * 0.8 + 0.1
    seen = []

    def soft(network, scores, batch):
        seen.append((batch.labels, batch.targets))
        return nn.functional.cross_entropy(scores, batch.targets)

    plan = toy_plan(epochs=1, reads=("targets",), loss=Loss(soft))
    train(plan, faces=toy_faces(extra={"targets": targets}))
    assert all(torch.equal(t.argmax(1), labels) for labels, t in seen)
    with pytest.raises(FerError, match=r"no column 'targets'.*stage 'training'"):
        train(toy_plan(epochs=1, reads=("targets",)))


def test_a_stage_may_have_faces_of_its_own():
    counts = []

    def counting(network, scores, batch):
        counts.append(len(batch.labels))
        return cross_entropy(network, scores, batch)

    first = toy_stage(1, loss=Loss(counting), faces=toy_faces(20), batch_size=64)
    second = toy_stage(1, loss=Loss(counting), name="next", batch_size=64)
    train(toy_plan(first, second))
    assert counts == [20, 60]


def test_the_subset_of_a_stage_stays_and_the_next_has_another():
    seen = []

    def watched(network, scores, batch):
        seen.append(sorted(batch.extra["row"].tolist()))
        return cross_entropy(network, scores, batch)

    stages = [
        toy_stage(
            2,
            name=name,
            batch_size=60,
            reads=("row",),
            loss=Loss(watched),
            subset=lambda labels: torch.randperm(len(labels))[:20],
        )
        for name in ("a", "b")
    ]
    faces = toy_faces(extra={"row": np.arange(60)})
    train(toy_plan(*stages), faces=faces)
    assert seen[0] == seen[1] != seen[2] == seen[3]
    assert all(len(rows) == 20 for rows in seen)


def test_every_epoch_has_an_order_and_changes_of_its_own():
    """Also the first one of another stage."""
    orders, pixels = [], []

    def watched(network, scores, batch):
        orders.append(tuple(batch.extra["row"].tolist()))
        return cross_entropy(network, scores, batch)

    class Watched(nn.Module):
        def forward(self, x):
            pixels.append(torch.randn(1).item())
            return x

    stages = [
        toy_stage(
            2,
            name=name,
            batch_size=60,
            reads=("row",),
            loss=Loss(watched),
            augment=Watched(),
        )
        for name in ("a", "b")
    ]
    train(toy_plan(*stages), faces=toy_faces(extra={"row": np.arange(60)}))
    assert len(set(orders)) == len(set(pixels)) == 4
