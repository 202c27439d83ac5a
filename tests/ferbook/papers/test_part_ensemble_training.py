"""Trained part ensembles: what each stage changes, keeps and tells."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from part_faces import SMALL, marked_splits

from fer_lib.evaluation.inference import predict
from fer_lib.models import build, count_parameters
from fer_lib.models.part_network import PARTS
from fer_lib.models.saved import read_network, save
from ferbook.papers import part_measures
from ferbook.papers.part_ensemble import PAPER
from ferbook.runs.predictions import accuracies
from ferbook.runs.schema import MEMBER
from ferbook.training import states
from ferbook.training.loop import fit

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
        return accuracies(trained, (SPLITS.select, SPLITS.test))

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


def test_trained_statistics_move():
    heads = train("trained_statistics", stages=2)[0].state_dict()
    tuned = train("trained_statistics")[0].state_dict()
    own = averages(kept(tuned, "sub_networks."))
    assert own and own <= changed(heads, tuned)


def test_curve_epoch_by_epoch(whole):
    network, fitted, _ = whole
    found = [(row["stage"], row["learning_rate"]) for row in fitted.curve]
    assert found == [
        ("landmarks", 1e-2),
        ("landmarks", 1e-2),
        ("head", 1e-2),
        ("tuning", 1e-4),
        ("tuning", 1e-4),
    ]
    assert "PublicTest_accuracy" not in fitted.curve[0]
    for row in fitted.curve[2:]:
        shares = [row[f"PublicTest_accuracy_{name}"] for name in network.members]
        assert len(shares) == 5 and all(0 <= share <= 1 for share in shares)


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


def test_early_stop():
    """No epoch is better than the first when nothing is learned."""
    _, fitted, _ = train(
        landmark_epochs=9, patience=3, learning_rate=0.0, stages=1, degrees=0.0
    )
    # Running statistics still move, so the error may fall a little longer.
    rows = fitted.curve
    best = min(rows, key=lambda row: row["PublicTest_landmarks"])["epoch"]
    assert len(rows) == min(best + 3, 9)


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


def test_nothing_rises_before_tuning():
    network, fitted, _ = train(stages=2)
    network.load_state_dict(fitted.selected)
    found = part_measures.measures(network, SPLITS.test)
    for part in network.members:
        assert not found[f"landmark_rise.{part}"].any()


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
