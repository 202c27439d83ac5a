"""RAMN's recipe: the course of the rate, the three losses, the sweeps."""

import math

import pytest
import torch
from drawn_splits import drawn_splits
from recipe_runs import (
    assert_learns_and_resumes,
    assert_pretrained_by_content,
    one_stage,
    rates_of,
    train,
)

from fer_lib.errors import FerError
from fer_lib.models.ramn import RAMNOutput
from ferbook.papers import ramn
from ferbook.papers.ramn import PAPER
from ferbook.training.plan import Batch


def config_of(variant="default", **changes):
    return PAPER.make_config("smoke", variant, **{"width": 4} | changes)


def output_of(labels=(3, 0, 6)):
    torch.manual_seed(2)
    faces = len(labels)
    output = RAMNOutput(
        torch.randn(faces, 7),
        torch.rand(faces, 6),
        torch.randn(faces, 7, 128) / 8,
        torch.randn(faces, 32),
    )
    return output, Batch(torch.tensor(labels))


SIXTHS = [0.9, 0.81, 0.729, 0.6561, 0.59049, 0.531441]


@pytest.mark.parametrize(
    ("variant", "after_30"),
    [
        ("default", SIXTHS),
        ("late_decay", [1.0, *SIXTHS[:5]]),
        ("decay_tenth", [0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6]),
    ],
)
def test_learning_rate_of_every_epoch(variant, after_30):
    paper = {"epochs": 60, "constant": 30, "decay_every": 5, "learning_rate": 0.01}
    config = config_of(variant, **paper)
    network = PAPER.make_network(config, 7, seed=0)
    expected = [0.01] * 30 + [0.01 * f for f in after_30 for _ in range(5)]
    found = rates_of(one_stage(PAPER, config), network, 60)
    assert found == pytest.approx(expected, rel=1e-9)


def test_presets_keep_the_course():
    """Constant for half of the epochs, then five drops, or one an epoch."""
    for preset in PAPER.presets:
        config = PAPER.make_config(preset)
        factors = [ramn.rate_factor(config, e) for e in range(config.epochs)]
        assert factors.count(1.0) == config.epochs / 2
        assert len(set(factors)) >= min(6, 1 + config.epochs // 2)


def parts_by_hand(output, labels, centres, beta, omega):
    """Means of cross-entropy, equation (2) and the sum of (3) and (6)."""
    entropy = region = collaborative = 0.0
    for j, label in enumerate(labels):
        scores = output.logits[j].tolist()
        entropy += math.log(sum(map(math.exp, scores))) - scores[label]
        whole, *crops = output.weights[j].tolist()
        region += max(beta - (max(crops) - whole), 0)
        for i in range(7):
            y = int(i == label)
            x = output.expressions[j, i]
            own = float(((x - centres[i, y]) ** 2).sum())
            other = float(((x - centres[i, 1 - y]) ** 2).sum())
            collaborative += own + max(omega + own - other, 0)
    return [part / len(labels) for part in (entropy, region, collaborative)]


@pytest.mark.parametrize(
    ("variant", "weights"),
    [
        ("baseline", (1, 0, 0)),
        ("beta", (1, 1, 0)),
        ("beta_0.04", (1, 1, 0)),
        ("omega_1", (1, 1, 0.01)),
        ("default", (1, 1, 0.01)),
        ("weights_1", (1, 1, 1)),
    ],
)
def test_loss_by_hand(variant, weights):
    config, (output, batch) = config_of(variant), output_of()
    loss = one_stage(PAPER, config).loss
    centres = torch.zeros(7, 2, 128)
    if weights[2]:
        centres = loss.collaborative.centres.detach()
    else:
        assert not list(loss.parameters())
    parts = parts_by_hand(
        output, batch.labels.tolist(), centres, config.beta, config.omega
    )
    expected = sum(w * part for w, part in zip(weights, parts, strict=True))
    assert loss(None, output, batch).item() == pytest.approx(expected, rel=1e-5)


def test_sweeps_are_the_figures():
    configs = [PAPER.make_config("paper", name) for name in PAPER.variants]
    without = [c for c in configs if c.region_weight and not c.collaborative_weight]
    assert sorted(c.beta for c in without) == [0, 0.01, 0.02, 0.03, 0.04]
    whole = [c for c in configs if c.region_weight and c.collaborative_weight]
    assert {c.omega for c in whole} == {1, 2, 3, 4}
    assert {c.network["crops"] for c in whole} == {4, 5, 7, 9, 10}
    assert {c.network["crop_scale"] for c in whole} == {0.7, 0.8, 0.9, 1.0, 1.1, 1.2}


def test_everything_is_trained_centres_too():
    config = config_of()
    network, stage = (
        PAPER.make_network(config, 7, seed=0),
        one_stage(PAPER, config),
    )
    (group,) = stage.optimizer(network, stage.loss).param_groups
    assert (group["momentum"], group["weight_decay"]) == (0.9, 1e-4)
    expected = {id(p) for p in (*network.parameters(), *stage.loss.parameters())}
    assert {id(p) for p in group["params"]} == expected
    assert stage.loss.collaborative.centres.shape == (7, 2, 128)


def test_training(tmp_path):
    config = config_of(epochs=6, batch_size=6, crops=4, learning_rate=0.03)
    plans = []

    def plan_of():
        plans.append(PAPER.make_plan(config, drawn_splits(), seed=1))
        return plans[-1]

    assert_learns_and_resumes(PAPER, config, plan_of, tmp_path / "s.safetensors")
    straight, _, resumed = (plan.stages[0].loss.collaborative.centres for plan in plans)
    assert torch.equal(straight, resumed)
    start = plan_of().stages[0].loss.collaborative.centres
    assert (straight - start).abs().max() > 0.01


@pytest.mark.parametrize("variant", ["whole_face", "crops_10", "fc7", "sum"])
def test_other_readings_train(variant):
    config = config_of(variant, epochs=1, batch_size=14)
    network = PAPER.make_network(config, 7, seed=0)
    plan = PAPER.make_plan(config, drawn_splits(), seed=0)
    assert math.isfinite(train(network, plan).curve[-1]["train_loss"])


def test_pretrained(tmp_path):
    assert_pretrained_by_content(PAPER, config_of, tmp_path)


ALWAYS = {
    "pre-training",
    "optimiser",
    "weights of the losses",
    "augmentation",
    "alignment",
}


def test_deviations(tmp_path):
    def found(preset, variant="default", protocol="official", **changes):
        config = PAPER.make_config(preset, variant, **changes)
        entries = PAPER.deviations(config, drawn_splits(protocol=protocol))
        assert all(set(e) == {"item", "paper", "ours", "why"} for e in entries)
        return {entry["item"]: entry for entry in entries}

    assert set(found("paper")) == set(found("paper", "crops_7")) == ALWAYS
    sizes = {"input size", "width", "epochs", "learning rate"}
    assert set(found("smoke")) == ALWAYS | sizes
    assert (found("smoke")["width"]["paper"], found("smoke")["width"]["ours"]) == (
        "64",
        "4",
    )
    assert "label set" in found("paper", protocol="ferplus_majority7")
    assert "batch normalisation" in found("paper", "batch_norm")
    file = tmp_path / "vgg.pth"
    file.write_bytes(b"weights")
    assert (
        "vgg.pth, sha256"
        in found("paper", pretrained=str(file))["pre-training"]["ours"]
    )


def test_refusals():
    with pytest.raises(FerError, match="ramn: variant is 'gamma'"):
        PAPER.make_config("smoke", "gamma")
    with pytest.raises(FerError, match="setting is 'betta'"):
        PAPER.make_config("smoke", betta=0.1)
    with pytest.raises(FerError, match="no such weight file"):
        network = PAPER.make_network(config_of(), 7, seed=0)
        one_stage(PAPER, config_of(pretrained="/no/such.pth")).begin(network)
