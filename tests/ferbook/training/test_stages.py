"""What a stage can ask for, against the same written out by hand."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from toy_runs import (
    SELECT,
    Centres,
    assert_same_weights,
    cross_entropy,
    scores_of,
    sgd,
    toy_network,
    toy_plan,
    toy_stage,
    train,
)

from fer_lib.data.augment import augmentation, seeded
from fer_lib.preprocessing import Preprocessing
from ferbook.training.average import Average
from ferbook.training.plan import Batch, Loss
from ferbook.training.stages import Running


def linear():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    network.input = Preprocessing(size=8)
    return network


def still(**changes):
    """A stage without random numbers but the order of the faces."""
    settings = {"augment": nn.Identity(), "optimizer": sgd(0.1), "epochs": 1}
    return toy_stage(**(settings | changes))


def test_stages_run_in_order_each_with_its_own_learning_rate():
    calls = []
    stages = [
        still(
            name=name,
            epochs=epochs,
            begin=lambda n, name=name: calls.append(name),
            optimizer=sgd(rate),
        )
        for name, epochs, rate in (("a", 2, 0.1), ("b", 0, 1.0), ("c", 3, 0.01))
    ]
    _, fitted = train(toy_plan(*stages))
    assert calls == ["a", "b", "c"]
    assert [row["stage"] for row in fitted.curve] == ["a", "a", "c", "c", "c"]
    assert [row["epoch"] for row in fitted.curve] == [1, 2, 3, 4, 5]
    assert [row["learning_rate"] for row in fitted.curve] == [0.1] * 2 + [0.01] * 3


def test_frozen_weights_do_not_move_though_the_optimizer_has_them():
    start = toy_network()
    first = still(name="all")
    second = still(name="head", begin=lambda n: n[0].requires_grad_(False))
    alone, _ = train(toy_plan(first))
    both, _ = train(toy_plan(first, second))
    assert not torch.equal(start[0].weight, alone[0].weight)
    assert torch.equal(alone[0].weight, both[0].weight)
    assert not torch.equal(alone[5].weight, both[5].weight)


@pytest.mark.parametrize("from_best", [True, False])
def test_a_stage_starts_from_the_selected_or_the_last_weights(from_best):
    started, ended = [], []
    values = scores_of([0.1, 0.9, 0.3, 0.0])

    def evaluate(network):
        ended.append(copy.deepcopy(network.state_dict()))
        return values(network)

    second = still(
        name="second",
        from_best=from_best,
        begin=lambda n: started.append(copy.deepcopy(n.state_dict())),
    )
    _, fitted = train(toy_plan(still(epochs=3), second), evaluate=evaluate)
    expected = ended[1] if from_best else ended[2]
    assert all(torch.equal(v, expected[k]) for k, v in started[0].items())
    # What a stage selects is its own, however well the one before did.
    assert fitted.selected_epoch == 4


def test_patience_ends_a_stage():
    values = scores_of([0.3, 0.5, 0.5, 0.4, 0.1, 0.2])
    stages = (still(epochs=50, patience=2), still(name="next", epochs=2))
    _, fitted = train(toy_plan(*stages), evaluate=values)
    names = [row["stage"] for row in fitted.curve]
    assert names == ["training"] * 4 + ["next"] * 2


def test_a_plateau_lowers_the_rate_by_the_selected_value():
    stage = still(
        epochs=6,
        scheduler=lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(
            o, "max", factor=0.1, patience=1
        ),
    )
    values = scores_of([0.5, 0.4, 0.3, 0.6, 0.6, 0.6])
    _, fitted = train(toy_plan(stage), evaluate=values)
    rates = [row["learning_rate"] for row in fitted.curve]
    assert rates == pytest.approx([0.1, 0.1, 0.1, 0.01, 0.01, 0.01])


def test_accumulated_batches_are_one_large_batch():
    """Also for the rest: 60 faces are 3 x 16 + 12, in steps of two batches."""
    large, one = train(toy_plan(still(batch_size=32)), network=linear())
    small, other = train(toy_plan(still(batch_size=16, accumulate=2)), network=linear())
    odd, _ = train(toy_plan(still(batch_size=7, accumulate=3)), network=linear())
    whole, _ = train(toy_plan(still(batch_size=21)), network=linear())
    rest, _ = train(toy_plan(still(batch_size=48)), network=linear())
    last, _ = train(toy_plan(still(batch_size=16, accumulate=3)), network=linear())
    for these, those in ((large, small), (odd, whole), (rest, last)):
        torch.testing.assert_close(these[1].weight, those[1].weight)
    assert one.curve[0]["train_loss"] == pytest.approx(other.curve[0]["train_loss"])


@pytest.mark.parametrize("precision", ["float32", "fp16"])
def test_clipped_gradients_move_the_weights_no_further_than_the_norm(precision):
    """In half precision, too, where gradients are scaled on the way."""
    start = linear()[1]
    stage = still(batch_size=60, optimizer=sgd(1.0), clip=0.01)
    plan = toy_plan(stage, precision=precision)
    moved, _ = train(plan, network=linear())
    squares = (moved[1].weight - start.weight).square().sum()
    squares += (moved[1].bias - start.bias).square().sum()
    assert squares.sqrt().item() == pytest.approx(0.01, rel=1e-3)


def test_gradients_from_before_are_forgotten():
    expected, _ = train(toy_plan(still()), network=linear())
    network = linear()
    network[1].weight.grad = torch.ones_like(network[1].weight)
    found, _ = train(toy_plan(still()), network=network)
    assert_same_weights(expected, found)


def test_average_by_hand():
    network = nn.Linear(1, 1, bias=False)
    network.register_buffer("count", torch.tensor(0))
    average, expected = Average(network, 0.5), network.weight.item()
    for t in range(1, 20):
        with torch.no_grad():
            network.weight.fill_(float(t))
        network.count += 1
        average.update()
        decay = min(0.5, (1 + t) / (10 + t))
        expected = decay * expected + (1 - decay) * t
    assert average.network.weight.item() == pytest.approx(expected, rel=1e-5)
    assert average.network.count == 19 and not average.network.weight.requires_grad


def test_the_average_is_evaluated_selected_and_handed_on():
    judged = []

    def evaluate(network):
        judged.append(copy.deepcopy(network.state_dict()))
        return {SELECT: len(judged) / 10}

    plain, _ = train(toy_plan(still(epochs=3)))
    network, fitted = train(toy_plan(still(epochs=3, ema=0.9)), evaluate=evaluate)
    assert not torch.equal(network[5].weight, plain[5].weight)
    for key, value in network.state_dict().items():
        assert torch.equal(value, judged[-1][key])
        assert torch.equal(value, fitted.selected[key])


def test_parameters_of_the_loss_are_trained():
    loss = Centres().eval()
    train(toy_plan(epochs=2, loss=loss))
    assert loss.training and loss.centres.abs().max() > 0 and loss.calls == 8


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_lower_precision_learns_too(precision):
    seen = []

    def watched(network, scores, batch):
        seen.append(scores.dtype)
        return cross_entropy(network, scores, batch)

    plan = toy_plan(epochs=10, precision=precision, loss=Loss(watched))
    network, fitted = train(plan)
    expected = {"bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    assert set(seen) == {expected} and network[5].weight.dtype == torch.float32
    assert fitted.curve[-1]["train_accuracy"] > 0.9


def test_a_stage_of_its_own_equals_that_stage_in_a_plan():
    """Nothing of a stage lingers but the network."""
    one, _ = train(toy_plan(still(epochs=2)))
    stages = (still(epochs=2), still(name="none", epochs=0, begin=lambda n: n.eval()))
    other, _ = train(toy_plan(*stages))
    assert_same_weights(one, other)


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_faces_are_changed_once_for_all_channels(channels):
    """As if three equal channels had been given; colours stay apart."""
    network, seen = nn.Conv2d(3, 2, 3), []
    network.input = Preprocessing(size=24, channels=3, mean=(0.1, 0.2, 0.3))
    images = torch.randint(0, 256, (6, channels, 24, 24), dtype=torch.uint8)
    change = augmentation(flip=0.5, degrees=20, shear=5, contrast=0.3, erase=0.5)

    def watched(unit):
        seen.append(unit.shape[1])
        return change(unit)

    stage = still(augment=watched)
    running = SimpleNamespace(
        network=network, stage=stage, format=torch.contiguous_format
    )
    with seeded(1):
        x, _ = Running._seen(running, images, Batch(torch.zeros(6)))
    with seeded(1):
        wanted = network.input.normalise(change(network.input.to_unit(images)))
    torch.testing.assert_close(x, wanted)
    assert seen == [channels] and x.shape == (6, 3, 24, 24)
