"""The recipe of MA-Net: rates, the terms of the loss, departures."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from drawn_splits import drawn_splits
from safetensors.torch import save_file

from fer_lib.losses.diversity import diversity, zero_diagonal_diversity
from fer_lib.models.resnet import ResNet
from ferbook.papers import diversified_manet as recipe
from ferbook.papers.diversified_manet import PAPER
from ferbook.training.loop import fit

LABELS = torch.tensor([0, 3, 6, 3])


def config_of(variant="default", **changes):
    return PAPER.make_config("smoke", variant, **{"learning_rate": 0.01} | changes)


def network_of(config, seed=0):
    return PAPER.make_network(config, 7, seed)


def faces(count=4):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, 64, 64, generator=generator)


def stage_of(config, splits=None):
    (stage,) = PAPER.make_plan(config, splits or drawn_splits(), seed=5).stages
    return stage


def test_rates_epoch_by_epoch():
    """One group of all parameters; a tenth after each 15 epochs."""
    config = config_of(step=15)
    network, stage = network_of(config), stage_of(config)
    optimizer = stage.optimizer(network, stage.loss)
    (group,) = optimizer.param_groups
    assert {id(p) for p in group["params"]} == {id(p) for p in network.parameters()}
    assert (group["momentum"], group["weight_decay"]) == (0.9, 1e-4)
    scheduler, found = stage.scheduler(optimizer), []
    for _ in range(50):
        found.append(group["lr"])
        optimizer.step()
        scheduler.step()
    expected = [1e-2] * 15 + [1e-3] * 15 + [1e-4] * 15 + [1e-5] * 5
    np.testing.assert_allclose(found, expected)


TERMS = {
    "attention": (),
    "spatial": ("spatial",),
    "spatial_channel": ("spatial", "channel"),
    "default": ("spatial", "channel", "branch"),
}


@pytest.mark.equation("diversified_manet", 5)
@pytest.mark.parametrize("variant", TERMS)
def test_loss_by_hand(variant):
    config = config_of(variant)
    output = network_of(config)(faces())
    gammas = {
        "spatial": None,
        "channel": None,
        "branch": 1 / (8 * config.network["width"]),
    }
    expected = 0.6 * F.cross_entropy(output.local, LABELS)
    expected = expected + 0.4 * F.cross_entropy(output.global_, LABELS)
    for name in TERMS[variant]:
        term = diversity(getattr(output, name), gammas[name])
        assert 1e-4 < term < 1  # one that could be missed
        expected = expected - term
    found = recipe.overall_loss(config, output, LABELS)
    torch.testing.assert_close(found, expected)


def test_gammas_and_lambda():
    output = network_of(config_of())(faces())
    for changes, gammas in (
        ({"gamma": 0.01}, (0.01, 0.01, 0.01)),
        ({"gamma": 0.01, "branch_gamma": 0.1}, (0.01, 0.01, 0.1)),
        ({"branch_gamma": 0.1, "lambda_": 1.0}, (None, None, 0.1)),
    ):
        plain = config_of("attention", **changes)
        expected = recipe.overall_loss(plain, output, LABELS)
        for name, gamma in zip(TERMS["default"], gammas, strict=True):
            expected = expected - diversity(getattr(output, name), gamma)
        found = recipe.overall_loss(config_of(**changes), output, LABELS)
        torch.testing.assert_close(found, expected)


def test_loss_of_the_code():
    config = config_of("authors_code")
    output = network_of(config)(faces())
    expected = recipe.overall_loss(config_of("attention"), output, LABELS)
    for name in TERMS["default"]:
        features = getattr(output, name)
        expected = expected - zero_diagonal_diversity(features, 10.0)
    torch.testing.assert_close(recipe.overall_loss(config, output, LABELS), expected)


def train(path=None, fail_in=None):
    config = config_of("ferplus", epochs=3, step=1, batch_size=21, width=4)
    splits, epochs = drawn_splits(), []
    network, plan = network_of(config), PAPER.make_plan(config, splits, seed=5)

    def evaluate(judged):
        epochs.append(1)
        if len(epochs) == fail_in:
            raise KeyboardInterrupt
        return {"PublicTest_accuracy": 0.1 * len(epochs)}

    fitted = fit(network, plan, splits.train, evaluate, path=path, progress=False)
    return network, fitted


def test_training_lowers_the_loss_and_resumes(tmp_path):
    network, fitted = train()
    losses = [row["train_loss"] for row in fitted.curve]
    assert losses[2] < losses[0]
    rates = [row["learning_rate"] for row in fitted.curve]
    assert rates == pytest.approx([1e-2, 1e-3, 1e-4])
    path = tmp_path / "state.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(path, fail_in=2)
    resumed, again = train(path)
    assert [row["train_loss"] for row in again.curve] == losses
    for key, value in network.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key


def test_begins_with_the_trunk_of_a_file(tmp_path):
    torch.manual_seed(7)
    trunk, path = ResNet((2, 2, 2, 2), width=4), tmp_path / "resnet18.safetensors"
    save_file(trunk.state_dict(), path)
    config = config_of(pretrained=str(path))
    network = network_of(config)
    before = network.fc_local.weight.clone()
    assert not torch.equal(network.backbone.conv1.weight, trunk.conv1.weight)
    stage_of(config).begin(network)
    for key, value in network.backbone.state_dict().items():
        assert torch.equal(value, trunk.state_dict()[key]), key
    assert torch.equal(network.fc_local.weight, before)
    assert PAPER.identity(config)["pretrained"] not in ("", str(path))


def items(config, splits):
    return {d["item"]: d for d in PAPER.deviations(config, splits)}


ALWAYS = {"selection", "pre-training", "gamma", "gamma of branches"}


def test_deviations():
    exact = {"precision": "float32"}
    for name, protocol, further in (
        ("affectnet", "affectnet_val8", set()),
        ("rafdb", "rafdb_test", {"normalisation"}),
        ("ferplus", "ferplus_validation8", set()),
    ):
        splits = drawn_splits("fer2013" if name == "ferplus" else name, protocol)
        config = PAPER.make_config("paper", name, **exact)
        assert set(items(config, splits)) == ALWAYS | further
    zhao = items(PAPER.make_config("paper"), splits)  # of FER+
    others = {"batch size", "images a class", "augmentation", "precision"}
    assert set(zhao) == ALWAYS | others
    assert (zhao["batch size"]["paper"], zhao["batch size"]["ours"]) == ("32", "128")
    small = items(config_of("attention"), drawn_splits())
    assert {"input size", "width", "epochs", "label set"} <= set(small)
    assert not {"gamma", "gamma of branches"} & set(small)
    code = items(PAPER.make_config("paper", "authors_code"), splits)
    assert {"diversity", "second path"} <= set(code)
    assert not {"gamma", "gamma of branches"} & set(code)
