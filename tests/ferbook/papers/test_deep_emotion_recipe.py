"""Deep-Emotion's recipe: equation (1), variants, deviations."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import official
from fer_lib.errors import FerError
from ferbook.papers import deep_emotion, paper


def faces(n=60):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 1, 48, 48), dtype=np.uint8)
    splits = np.repeat(["Training", "PublicTest", "PrivateTest"], n // 3)
    return FaceSet("toy", images, np.arange(n) % 7, splits, "drawn by the test")


@pytest.mark.equation("deep_emotion", 1)
def test_equation_1_by_hand():
    config = deep_emotion.make_config("paper")
    network = deep_emotion.make_network(config, 7, seed=0)
    scores, labels = torch.randn(5, 7), torch.tensor([0, 1, 2, 3, 4])
    squares = sum(
        float(w) ** 2
        for layer in (network.fc1, network.fc2)
        for w in layer.weight.detach().flatten()
    )
    expected = F.cross_entropy(scores, labels).item() + 0.001 * squares
    found = deep_emotion.overall_loss(network, scores, labels, 0.001)
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_no_penalty_is_cross_entropy():
    network = deep_emotion.make_network(deep_emotion.make_config("paper"), 7, seed=0)
    scores, labels = torch.randn(5, 7), torch.tensor([0, 1, 2, 3, 4])
    found = deep_emotion.overall_loss(network, scores, labels, 0.0)
    assert torch.equal(found, F.cross_entropy(scores, labels))


def test_the_penalty_moves_only_the_last_two_layers():
    network = deep_emotion.make_network(deep_emotion.make_config("paper"), 7, seed=0)
    none = torch.zeros(1, 7)
    loss = deep_emotion.overall_loss(network, none, torch.tensor([0]), 1.0)
    loss.backward()
    moved = {name for name, p in network.named_parameters() if p.grad is not None}
    assert moved == {"fc1.weight", "fc2.weight"}


def test_paper_values():
    """What section 4.2 and figure 3 state is the default."""
    config = deep_emotion.make_config("paper")
    assert (config.epochs, config.learning_rate, config.penalty) == (300, 0.005, 1e-3)
    assert (config.input_size, config.width) == (48, 10)
    optimizer = deep_emotion.make_optimizer(
        config, deep_emotion.make_network(config, 7, seed=0)
    )
    assert isinstance(optimizer, torch.optim.Adam)
    assert optimizer.defaults["weight_decay"] == 0


@pytest.mark.parametrize("preset", deep_emotion.PRESETS)
@pytest.mark.parametrize("variant", deep_emotion.VARIANTS)
def test_every_preset_and_variant_builds(preset, variant):
    config = deep_emotion.make_config(preset, variant)
    network = deep_emotion.make_network(config, 7, seed=0)
    assert network(torch.rand(2, 1, 48, 48)).shape == (2, 7)


def test_same_seed_same_start():
    config = deep_emotion.make_config("paper")
    one, same, other = (
        deep_emotion.make_network(config, 7, seed=seed).fc1.weight for seed in (0, 0, 1)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_deviations():
    splits = official(faces())
    items = {
        d["item"]
        for d in deep_emotion.deviations(
            deep_emotion.make_config("paper", "paper_start"), splits
        )
    }
    assert items == set()  # nothing that the paper states is changed
    config = deep_emotion.make_config("smoke", "feature_warp")
    found = {d["item"]: d for d in deep_emotion.deviations(config, splits)}
    assert set(found) == {"epochs", "warp", "initialisation", "learning rate"}
    assert (found["epochs"]["paper"], found["epochs"]["ours"]) == ("300", "18")


def test_epochs_alone_do_not_shape_a_run():
    """Longer runs go on from shorter ones, so all else must be in it."""
    short, long = (deep_emotion.make_config("paper", epochs=n) for n in (60, 300))
    assert deep_emotion.identity(short) == deep_emotion.identity(long)
    assert len(deep_emotion.identity(short)) == len(asdict(short)) - 1


def test_augmentation_keeps_size_and_range():
    plan = deep_emotion.make_plan(
        deep_emotion.make_config("smoke"), official(faces()), seed=0
    )
    torch.manual_seed(0)
    x = torch.rand(16, 1, 48, 48)
    changed = plan.stages[0].augment(x)
    assert changed.shape == x.shape and changed.min() >= 0 and changed.max() <= 1
    assert not torch.equal(changed, x)
    # A flat face stays flat: what comes in from outside repeats the border.
    flat = torch.full((8, 1, 48, 48), 0.7)
    torch.testing.assert_close(plan.stages[0].augment(flat), flat)


def test_refusals():
    with pytest.raises(FerError, match="preset 'tiny' is unknown"):
        deep_emotion.make_config("tiny")
    with pytest.raises(FerError, match="variant 'twice' is unknown"):
        deep_emotion.make_config("smoke", "twice")
    with pytest.raises(FerError, match="paper 'resnet' is unknown"):
        paper("resnet")
