"""The part ensemble: its stages, what they change, what its records keep."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from part_faces import SMALL, marked_splits

from fer_lib.data.fitted_landmarks import landmarks_seen
from fer_lib.evaluation.inference import predict
from fer_lib.explain.grad_cam import class_maps
from fer_lib.models import build, count_parameters
from fer_lib.models.part_network import PARTS
from fer_lib.models.saved import read_network, save
from ferbook.papers import part_measures
from ferbook.papers.part_ensemble import PAPER
from ferbook.runs.predictions import accuracy
from ferbook.runs.schema import MEMBER
from ferbook.training import states
from ferbook.training.draws import balanced_rounds
from ferbook.training.loop import fit
from ferbook.training.plan import Batch


def plan_of(variant="default", splits=None, **changes):
    config = PAPER.make_config("paper", variant, **changes)
    return PAPER.make_plan(config, splits or marked_splits(), seed=0)


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


@pytest.mark.equation("part_ensemble", 1)
@pytest.mark.parametrize("variant", ["default", "full_transfer"])
def test_landmark_loss_by_hand(variant):
    """Equation (1): the mean over coordinates, summed over the five."""
    config = PAPER.make_config("paper", variant, **SMALL)
    localisers = PAPER.make_network(config, 7, seed=0).originals
    torch.manual_seed(0)
    points, outputs, expected = 24 * torch.rand(3, 68, 2), [], 0.0
    for one in localisers:
        start, end = PARTS[one.part]
        outputs.append(torch.rand(3, 2 * (end - start)))
        pairs = outputs[-1].unflatten(1, (-1, 2))
        expected += F.l1_loss(pairs, points[:, start:end] / 24).item()
    batch = Batch(torch.zeros(3, dtype=torch.int64), points)
    loss = plan_of(variant, **SMALL).stages[0].loss
    assert loss(localisers, outputs, batch).item() == pytest.approx(expected, rel=1e-5)


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


SPLITS = marked_splits()


def train(variant="default", stages=None, path=None, stop=None, judge=None, **changes):
    """A small run, or its first stages; ``stop`` ends it in an epoch.

    ``judge`` takes the place of what evaluates landmarks.
    """
    config = PAPER.make_config("paper", variant, **(SMALL | changes))
    network = PAPER.make_network(config, 7, seed=0)
    plan = PAPER.make_plan(config, SPLITS, seed=0)
    first, *rest = plan.stages[:stages]
    first = replace(first, evaluate=judge or first.evaluate)
    plan = replace(plan, stages=(first, *rest))
    calls = []

    def evaluate(trained):
        calls.append(1)
        if len(calls) == stop:
            raise InterruptedError
        return accuracy(trained, SPLITS.select)

    fitted = fit(network, plan, SPLITS.train, evaluate, path=path, progress=False)
    return network, fitted, plan


@pytest.fixture(scope="module")
def whole():
    return train()


def changed(before, after):
    """Names whose numbers differ, but for counters."""
    return {
        name
        for name, value in after.items()
        if "num_batches" not in name and not torch.equal(value, before[name])
    }


def kept(state, *words):
    return {
        name
        for name in state
        if "num_batches" not in name and all(word in name for word in words)
    }


def averages(names):
    return {name for name in names if "running" in name}


def test_each_stage_trains_its_own_part(whole):
    """Localisers; then heads alone; then all but running statistics."""
    config = PAPER.make_config("paper", **SMALL)
    start = PAPER.make_network(config, 7, seed=0).state_dict()
    landmarks, first, _ = train(stages=1)
    landmarks = landmarks.state_dict()
    assert changed(start, landmarks) == kept(start, "originals.")

    network = train(stages=2)[0]
    heads = network.state_dict()
    assert not changed(first.selected, {k: heads[k] for k in kept(heads, "originals.")})
    for member, original in zip(network.sub_networks, network.originals, strict=True):
        same = original.extractor.state_dict()
        assert not changed(same, member.extractor.state_dict())
    moved = changed(start, heads) & kept(heads, "sub_networks.", ".head.")
    assert moved == kept(heads, "sub_networks.", ".head.")

    tuned = whole[0].state_dict()
    moved, own = changed(heads, tuned), kept(tuned, "sub_networks.")
    assert moved == own - averages(own)


def test_heads_begin_with_the_best_localisers():
    """Those of the first epoch, when the second is worse."""
    errors = iter([0.1, 0.2])
    heads = train(
        stages=2, judge=lambda network: {"PublicTest_landmarks": next(errors)}
    )[0].state_dict()
    first = train(stages=1, landmark_epochs=1)[0].state_dict()
    assert not changed(first, {k: heads[k] for k in kept(heads, "originals.")})


@pytest.mark.parametrize("variant", ["default", "full_transfer", "baseline"])
def test_losses_fall(variant):
    _, fitted, plan = train(
        variant, landmark_epochs=4, expression_epochs=8, head_epochs=3, tuning_rate=1e-2
    )
    for stage in plan.stages:
        rows = fitted.rows(stage)
        assert rows[-1]["train_loss"] < rows[0]["train_loss"], stage.name
    if variant != "baseline":  # whose running statistics are still of its start
        assert fitted.curve[-1]["PublicTest_loss"] < 5 * np.log(7)


@pytest.mark.parametrize("stop", [1, 2])
def test_stopped_and_resumed_is_the_same(whole, tmp_path, monkeypatch, stop):
    """In the head's only epoch, and in the first of tuning."""
    monkeypatch.setattr(states, "SAVING", 1e9)
    path = tmp_path / "state.safetensors"
    with pytest.raises(InterruptedError):
        train(path=path, stop=stop)
    network, fitted, _ = train(path=path)
    assert not changed(whole[0].state_dict(), network.state_dict())
    assert not changed(whole[1].selected, fitted.selected)
    assert fitted.selected_epoch == whole[1].selected_epoch


def test_figure_10_from_the_weights_alone(whole, tmp_path):
    """Landmarks before and after tuning are told by a saved network."""
    network, fitted, _ = whole
    network.load_state_dict(fitted.selected)
    test = SPLITS.test
    found = part_measures.measures(network, test)
    assert {name for name in found if "landmark" in name} == {
        f"landmark_{what}.{part}"
        for what in ("error.before", "error.after", "rise")
        for part in network.members
    }
    # By hand, for the mouth.
    start, end = PARTS["mouth"]
    mouth, member = network.originals[3].eval(), network.sub_networks[3].eval()
    x = network.input(test.images)
    wanted = (test.landmarks[:, start:end] + 0.5) * 0.5 - 0.5  # 48 to 24 pixels
    for when, extractor in (("before", mouth.extractor), ("after", member.extractor)):
        with torch.inference_mode():
            points = mouth.head(extractor(x)).unflatten(1, (-1, 2)) * 24
        off = np.abs(points.numpy() - wanted).mean((1, 2)) / 24
        key = f"landmark_error.{when}.mouth"
        np.testing.assert_allclose(found[key], off, atol=1e-5)
    row = fitted.curve[fitted.selected_epoch - 1]
    select = part_measures.measures(network, SPLITS.select)
    drift = select["landmark_error.after.mouth"].mean()
    assert row["PublicTest_landmarks_mouth"] == pytest.approx(drift, rel=1e-4)

    path = tmp_path / "network.safetensors.gz"
    save(network, path)
    again = PAPER.make_network(PAPER.make_config("paper", **SMALL), 7, seed=5)
    again.load_state_dict({k: v.float() for k, v in read_network(path)[0].items()})
    repeated = part_measures.measures(again, test)
    key = "landmark_error.before.mouth"
    np.testing.assert_allclose(repeated[key], found[key], atol=2e-2)
    plain = build("part_ensemble", input_size=24, width=2)
    assert count_parameters(network) == count_parameters(plain)


@pytest.mark.parametrize("variant", ["default", "full_transfer", "baseline"])
def test_members_make_the_ensemble(variant):
    """Equation (4): the label of the summed probabilities."""
    config = PAPER.make_config("paper", variant, **SMALL)
    network = PAPER.make_network(config, 7, seed=0)
    views = part_measures.views(network, SPLITS)
    assert len(views) == 5 and all(re.fullmatch(MEMBER, name) for name in views)
    shares = [torch.as_tensor(scores).softmax(1) for scores in views.values()]
    whole = predict(network, SPLITS.test.images)
    torch.testing.assert_close(torch.as_tensor(whole).exp() * 5, sum(shares))


def untrained(variant="default"):
    config = PAPER.make_config("paper", variant, **SMALL)
    return PAPER.make_network(config, 7, seed=0)


def test_near_by_hand():
    points = 20 * torch.rand(2, 5, 2, generator=torch.manual_seed(0)) - 2
    found = part_measures.near(points, 16)
    for face in range(2):
        for y in range(16):
            for x in range(16):
                gaps = points[face] - torch.tensor([x, y])
                close = gaps.norm(dim=1).min() <= part_measures.NEAR * 16
                assert found[face, y, x] == close, (face, y, x)
    assert 0 < found.float().mean() < 1


@pytest.mark.parametrize("variant", ["default", "full_transfer", "baseline"])
def test_a_map_without_a_preference_has_one_everywhere(variant, monkeypatch):
    network = untrained(variant)
    monkeypatch.setattr(part_measures, "_heated", lambda member, x: 3 * x[:, 0] ** 0)
    found = part_measures.heat(network, SPLITS.test)
    expected = {"heat.parts", *(f"heat.{name}" for name in part_measures.LOOKED_AT)}
    if variant == "default":
        expected |= {"heat.own_part", "heat.own_part_by_others", "heat.elsewhere"}
    assert set(found) == expected
    for values in found.values():
        np.testing.assert_allclose(values, 1, atol=1e-5)


def test_a_map_of_the_own_part_is_told_apart(monkeypatch):
    network = untrained()
    points = landmarks_seen(SPLITS.test, 24)
    waiting = [
        part_measures.near(points[:, slice(*PARTS[part])], 24).float()
        for part in network.parts
    ]
    monkeypatch.setattr(part_measures, "_heated", lambda member, x: waiting.pop(0))
    found = part_measures.heat(network, SPLITS.test)
    assert (found["heat.own_part"] > 1.5).all()
    assert (found["heat.own_part"] > found["heat.own_part_by_others"]).all()
    assert not found["heat.elsewhere"].any()


def test_maps_of_some_parts_are_told_apart_from_those_of_others(monkeypatch):
    points = landmarks_seen(SPLITS.test, 24)
    region = part_measures.near_parts(points, 24, "eyes", "nose").float()
    monkeypatch.setattr(part_measures, "_heated", lambda member, x: region)
    found = part_measures.heat(untrained("full_transfer"), SPLITS.test)
    assert (found["heat.eyes_nose"] > found["heat.eyebrows_mouth_jaw"]).all()


def test_heat_all_in_one_place_is_no_sub_networks_own(monkeypatch):
    points = landmarks_seen(SPLITS.test, 24)
    middle = part_measures.near_parts(points, 24, "nose").float()
    monkeypatch.setattr(part_measures, "_heated", lambda member, x: middle)
    found = part_measures.heat(untrained(), SPLITS.test)
    own, others = found["heat.own_part"], found["heat.own_part_by_others"]
    np.testing.assert_allclose(own, others, rtol=1e-5)


def test_heat_by_hand():
    """Grad-CAM of the predicted class, of the mouth's sub-network first."""
    network = untrained()
    found = part_measures.heat(network, SPLITS.test)
    points, own = landmarks_seen(SPLITS.test, 24), []
    x = network.input(SPLITS.test.images)
    for part, member in zip(network.parts, network.sub_networks, strict=True):
        with torch.no_grad():
            label = member.eval()(x).argmax(1)
        maps = class_maps(member, SPLITS.test.images, label).maps[0].astype(float)
        region = part_measures.near(points[:, slice(*PARTS[part])], 24).numpy()
        each = []
        for heat, inside in zip(maps, region, strict=True):
            usual = heat.mean() or 1.0
            each.append(heat[inside].mean() / usual if inside.any() else 0.0)
        own.append(each)
    expected = np.mean(own, 0)
    assert expected.max() > 0
    np.testing.assert_allclose(found["heat.own_part"], expected, rtol=1e-3, atol=1e-4)
