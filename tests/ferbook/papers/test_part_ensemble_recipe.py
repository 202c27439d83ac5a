"""The part ensemble's recipe: values, stages, losses, departures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn_splits import drawn_splits
from hypothesis import given
from hypothesis import strategies as st
from part_faces import SMALL, marked_splits

from fer_lib.data.augment import seeded
from fer_lib.landmarks import IBUG_FLIP
from fer_lib.models import build, count_parameters
from fer_lib.models.part_network import PARTS
from fer_lib.photos.preparation import PART_ENSEMBLE
from ferbook.papers import part_ensemble as recipe
from ferbook.papers.part_ensemble import PAPER, landmark_loss
from ferbook.training.draws import balanced_rounds
from ferbook.training.plan import Batch


def plan_of(variant="default", splits=None, preset="paper", **changes):
    config = PAPER.make_config(preset, variant, **changes)
    return PAPER.make_plan(config, splits or marked_splits(), seed=0)


def losses_of(plan):
    return [stage.loss for stage in plan.stages]


@pytest.mark.parametrize(
    ("dataset", "stages", "baseline"),
    [
        ("ckplus", (100, 10, 290), 400),
        ("jaffe", (100, 10, 190), 300),
        ("sfew", (200, 10, 190), 400),
        ("fer2013", (10, 10, 20), 40),
    ],
)
def test_epochs_by_data_set(dataset, stages, baseline):
    """Section III-D3: landmarks, then head and tuning; the Baseline."""
    splits = marked_splits(dataset)
    plan = plan_of(splits=splits)
    assert [stage.name for stage in plan.stages] == ["landmarks", "head", "tuning"]
    assert tuple(stage.epochs for stage in plan.stages) == stages
    (only,) = plan_of("baseline", splits).stages
    assert only.epochs == baseline


def test_steps_on_fer2013_are_of_the_order_of_the_papers():
    ours = sum(recipe.OTHER_EPOCHS) * 28_709 / 32
    ckplus = sum(recipe.EPOCHS["ckplus"]) * 1308 * 0.9 / 32
    assert 1.5 < ours / ckplus < 3


@pytest.mark.equation("part_ensemble", 1)
@pytest.mark.parametrize("variant", ["default", "full_transfer"])
def test_landmark_loss_by_hand(variant):
    """Equation (1): the mean over coordinates, summed over the five."""
    config = PAPER.make_config("paper", variant, **SMALL)
    localisers = PAPER.make_network(config, 7, seed=0).originals
    torch.manual_seed(0)
    points, outputs = 24 * torch.rand(3, 68, 2), []
    for one in localisers:
        start, end = PARTS[one.part]
        outputs.append(torch.rand(3, 2 * (end - start)))
    expected = 0.0
    for one, output in zip(localisers, outputs, strict=True):
        start, _ = PARTS[one.part]
        off = [
            abs(float(output[b, i]) - float(points[b, start + i // 2, i % 2]) / 24)
            for b in range(3)
            for i in range(output.shape[1])
        ]
        expected += sum(off) / len(off)
    batch = Batch(torch.zeros(3, dtype=torch.int64), points)
    loss = plan_of(variant, **SMALL).stages[0].loss
    assert loss(localisers, outputs, batch).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.equation("part_ensemble", 2)
@pytest.mark.parametrize("variant", ["default", "baseline"])
def test_expression_loss_by_hand(variant):
    plan = plan_of(variant, **SMALL)
    network = PAPER.make_network(PAPER.make_config("paper", **SMALL), 7, seed=0)
    output, labels = network(torch.randn(4, 3, 24, 24)), [0, 6, 3, 3]
    expected = 0.0
    for member in output.branches.double().unbind(1):
        for scores, label in zip(member, labels, strict=True):
            shares = scores.exp() / scores.exp().sum()
            expected -= shares[label].log().item() / len(labels)
    found = plan.stages[-1].loss(network, output, Batch(torch.tensor(labels)))
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_side_by_side_is_each_alone():
    """The sum gives a localiser the gradient of its own loss."""
    config = PAPER.make_config("paper", **SMALL)
    network = PAPER.make_network(config, 7, seed=0)
    network.begin_landmarks()
    torch.manual_seed(0)
    x, points = torch.randn(4, 3, 24, 24), 24 * torch.rand(4, 68, 2)
    network.eval()  # forwards change no statistics
    every = network.originals
    landmark_loss(every, every(x), points, 24).backward()
    together = [p.grad.clone() for p in every[3].parameters()]
    network.zero_grad()
    alone = type(every)([every[3]])
    landmark_loss(alone, alone(x), points, 24).backward()
    for one, other in zip(together, every[3].parameters(), strict=True):
        torch.testing.assert_close(one, other.grad)


def test_the_network_is_the_models_own():
    """Localisers come on top, and are no parameters of the classifier."""
    config = PAPER.make_config("smoke")
    one, same, other = (PAPER.make_network(config, 7, seed) for seed in (0, 0, 1))
    with seeded(0, 0):
        plain = build("part_ensemble", **recipe.PartEnsemble.PRESETS["smoke"])
    for name, value in plain.state_dict().items():
        assert torch.equal(value, one.state_dict()[name]), name
    assert count_parameters(one) == count_parameters(plain)
    for first, second in zip(one.parameters(), same.parameters(), strict=True):
        assert torch.equal(first, second)
    first, second = (n.originals[0].head[0].weight for n in (one, other))
    assert not torch.equal(first, second)


def test_landmarks_move_along_with_faces():
    """Mirrored faces have mirrored points, in iBUG order again."""
    changes = {"flip": 1.0, "degrees": 0.0, "translate": 0.0, "shear": 0.0}
    augment = plan_of(**changes).stages[0].augment
    x, points = torch.rand(2, 3, 24, 24), 24 * torch.rand(2, 68, 2)
    images, moved = augment(x, points)
    torch.testing.assert_close(images, x.flip(-1))
    expected = [23, 0] + points.numpy()[:, IBUG_FLIP] * [-1, 1]
    np.testing.assert_allclose(moved.numpy(), expected, atol=1e-3)


def test_augmentation_within_its_ranges():
    augment = plan_of(flip=0.0, degrees=15.0).stages[0].augment
    points = torch.full((64, 68, 2), 50.0)
    points[:, 1] = torch.tensor([90.0, 50.0])
    torch.manual_seed(0)
    _, moved = augment(torch.rand(64, 1, 101, 101), points)
    shift = (moved[:, 0] - 50).abs()  # of the centre
    arm = moved[:, 1] - moved[:, 0]
    angle = torch.rad2deg(torch.atan2(arm[:, 1], arm[:, 0])).abs()
    assert 3 < shift.max() <= 0.05 * 101 + 0.01
    assert 10 < angle.max() <= 15.1
    torch.testing.assert_close(arm.norm(dim=1), torch.full((64,), 40.0))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 9))
def test_balanced_rounds(labels, seed):
    labels = torch.tensor(labels)
    torch.manual_seed(seed)
    rows = balanced_rounds(labels)
    assert len(rows) == len(labels)
    classes = set(labels.tolist())
    for stretch in labels[rows].split(len(classes)):
        assert len(set(stretch.tolist())) == len(stretch)
    for label in classes:  # none comes twice before all have come
        of_class = rows[labels[rows] == label]
        for round_ in of_class.split(int((labels == label).sum())):
            assert len(set(round_.tolist())) == len(round_)


def test_deviations():
    def found(preset, variant, splits, **changes):
        config = PAPER.make_config(preset, variant, **changes)
        return {d["item"]: d for d in PAPER.deviations(config, splits)}

    prepared = marked_splits("ckplus", "ckplus_first_last3-fold0")
    prepared = replace(
        prepared,
        train=replace(prepared.train, provenance=f"Prepared: {PART_ENSEMBLE}."),
    )
    always = {"preprocessing", "augmentation", "stopping", "selection"}
    always |= {"sub-networks"}
    transfer = always | {"head training", "normalisation in fine-tuning"}
    # Nothing that the paper states is changed.
    assert set(found("paper", "default", prepared)) == transfer
    assert set(found("paper", "baseline", prepared)) == always
    balanced = found("paper", "balanced_batches", prepared)
    assert set(balanced) == transfer | {"batches"}
    other = replace(prepared, protocol="ckplus_last3-fold0")
    assert set(found("paper", "default", other)) == transfer | {"test split"}

    smoke = found("smoke", "default", marked_splits())
    assert set(smoke) == transfer | {
        "landmarks", "epochs", "input size", "width", "fine-tuning rate",
    }  # fmt: skip
    assert smoke["epochs"]["paper"] == "not given for this data set"
    assert (smoke["width"]["paper"], smoke["width"]["ours"]) == ("16", "4")
    assert smoke["landmarks"]["ours"] == "the data set's own"
    fewer = found("paper", "default", prepared, expression_epochs=20)
    assert (fewer["epochs"]["paper"], fewer["epochs"]["ours"]) == ("400", "120")
    bare = found("paper", "default", drawn_splits("fer2013"))
    assert "images" in bare["landmarks"]["ours"]
    votes = replace(marked_splits("fer2013"), protocol="ferplus_majority7")
    assert "label set" in found("paper", "default", votes)
