"""Residual Masking's recipe: RAdam, plateaus, early stop, augmentation."""

import pytest
import torch
import torch.nn.functional as F
from drawn_splits import drawn_splits
from recipe_runs import (
    STILL,
    assert_learns_and_resumes,
    assert_pretrained_by_content,
    one_stage,
    train,
)

from ferbook.papers import residual_masking as recipe
from ferbook.papers.residual_masking import PAPER
from ferbook.training.plan import Batch


def config_of(variant="default", **changes):
    return PAPER.make_config("smoke", variant, **{"width": 2} | changes)


def network_of(config, seed=0):
    return PAPER.make_network(config, 7, seed)


def test_decay_is_decoupled():
    """Without a gradient, a step of RAdam is w - rate x decay x w."""
    config = config_of(learning_rate=0.5, weight_decay=0.1)
    network = network_of(config)
    stage = one_stage(PAPER, config)
    optimizer = stage.optimizer(network, stage.loss)
    assert isinstance(optimizer, torch.optim.RAdam)
    assert optimizer.defaults["betas"] == (0.9, 0.999)
    before = network.fc.weight.detach().clone()
    for weight in network.parameters():
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    torch.testing.assert_close(network.fc.weight, before * 0.95)


# An accuracy that rises in epochs 1, 2, 4 and 8: three epochs in a row
# without a better one end after 7, 11, 14 and 17; nine after 17.
SCORES = [0.2, 0.3, 0.3, 0.4, 0.39, 0.4, 0.1, 0.41] + [0.41] * 20
TENTHS = [0] * 7 + [1] * 4 + [2] * 3 + [3] * 3


def test_plateaus_and_early_stop():
    papers = {"plateau_patience": 2, "early_stop": 8}
    config = config_of(epochs=28, batch_size=42, learning_rate=1e-2, width=1, **papers)
    plan = PAPER.make_plan(config, drawn_splits(), seed=0)
    fitted = train(network_of(config), plan, scores=SCORES)
    found = [row["learning_rate"] for row in fitted.curve]
    assert found == pytest.approx([10.0 ** -(2 + t) for t in TENTHS])
    assert fitted.finished and fitted.epoch == 17 and fitted.selected_epoch == 8


def test_the_rate_has_a_floor():
    config = config_of(learning_rate=1e-5)
    optimizer = recipe.make_optimizer(config, network_of(config))
    scheduler = recipe.make_scheduler(config, optimizer)
    for _ in range(20):
        optimizer.step()
        scheduler.step(0.5)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-6)


def test_one_face_more_is_better():
    """Of 100,000: far below the threshold that torch has by itself."""
    config = config_of()
    optimizer = recipe.make_optimizer(config, network_of(config))
    scheduler = recipe.make_scheduler(config, optimizer)
    for number in range(12):
        optimizer.step()
        scheduler.step(0.7 + number * 1e-5)
    assert optimizer.param_groups[0]["lr"] == config.learning_rate


def test_loss_is_cross_entropy():
    stage = one_stage(PAPER, config_of())
    scores, labels = torch.randn(5, 7), torch.tensor([0, 6, 2, 2, 4])
    expected = F.cross_entropy(scores, labels)
    assert torch.equal(stage.loss(None, scores, Batch(labels)), expected)


def test_augmentation_turns_and_mirrors_with_black_corners():
    """A turned white face has black corners, and keeps its middle."""
    augment = one_stage(PAPER, config_of()).augment
    torch.manual_seed(0)
    turned = augment(torch.ones(400, 3, 64, 64))
    assert torch.allclose(turned[:, :, 26:38, 26:38], torch.ones(1))
    corner = turned[:, 0, 0, 0]
    assert (corner < 0.5).float().mean() > 0.9
    # A mark above the middle moves by the sine of the angle, at most 1/2.
    marked = torch.zeros(400, 3, 64, 64)
    marked[:, :, 10:13, 31:33] = 1
    columns = torch.arange(64.0)
    weight = augment(marked).sum((1, 2))
    offset = (weight * columns).sum(1) / weight.sum(1) - 31.5
    assert 9 < offset.abs().max() < 20 * 0.52
    left = torch.zeros(400, 3, 64, 64)
    left[:, :, 30:34, 8:12] = 1
    weight = augment(left).sum((1, 2))
    mirrored = (weight[:, 32:].sum(1) > weight[:, :32].sum(1)).float().mean()
    assert 0.4 < mirrored < 0.6


@pytest.mark.parametrize("variant", ["default", "no_mask"])
def test_training(variant, tmp_path):
    options = {"epochs": 4, "batch_size": 6, "learning_rate": 0.01, "dropout": 0.0}
    config = config_of(variant, **options, **STILL)
    assert_learns_and_resumes(
        PAPER,
        config,
        lambda: PAPER.make_plan(config, drawn_splits(), seed=1),
        tmp_path / "s.safetensors",
    )


def test_pretrained(tmp_path):
    assert_pretrained_by_content(PAPER, config_of, tmp_path)


def items(preset, protocol="official", **changes):
    config = PAPER.make_config(preset, **changes)
    entries = PAPER.deviations(config, drawn_splits(protocol=protocol))
    assert all(set(e) == {"item", "paper", "ours", "why"} for e in entries)
    return {entry["item"] for entry in entries}


def test_deviations(tmp_path, monkeypatch):
    always = {"test-time augmentation", "pre-training"}
    assert items("paper") == always
    sizes = {"input size", "width", "epochs", "learning rate", "batch size"}
    assert items("small") == always | sizes
    assert items("smoke") == always | sizes | {"patience"}
    given = {"dropout": 0.0, "early_stop": 70}
    assert items("paper", **given) == always | {"dropout", "stopping"}
    assert items("paper", protocol="ferplus_argmax7") == always | {"label set"}
    file = tmp_path / "resnet34.pth"
    file.write_bytes(b"someone's weights")
    assert items("paper", pretrained=str(file)) == always
    # torchvision's own, by its hash, is what the paper starts from.
    monkeypatch.setattr(recipe, "sha256_file", lambda path: "b627a593" + "0" * 56)
    assert items("paper", pretrained=str(file)) == {"test-time augmentation"}
