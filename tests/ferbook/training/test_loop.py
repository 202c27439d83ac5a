"""Training: learning, seeds, budget, selection, divergence, states."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from toy_runs import (
    SELECT,
    assert_same_weights,
    scores_of,
    sgd,
    toy_faces,
    toy_network,
    toy_plan,
    toy_stage,
    train,
    weight_sum,
    without_times,
)

from fer_lib.errors import FerError
from fer_lib.preprocessing import Preprocessing
from ferbook.training import checkpoint
from ferbook.training.plan import Loss, Plan
from ferbook.training.states import state_path


def test_learns_the_toy_task():
    _, fitted = train(toy_plan(epochs=20))
    assert fitted.finished
    losses = [row["train_loss"] for row in fitted.curve]
    assert fitted.curve[-1]["train_accuracy"] > 0.95
    assert losses[-1] < losses[0] / 2
    assert {row["stage"] for row in fitted.curve} == {"training"}


def test_same_seed_same_weights_whatever_the_global_generator():
    one, _ = train(toy_plan())
    torch.rand(17)
    other, _ = train(toy_plan())
    assert_same_weights(one, other)
    third, _ = train(toy_plan(seed=4))
    assert not torch.equal(one[5].weight, third[5].weight)


def test_training_leaves_the_global_generator_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    train(toy_plan())
    assert torch.equal(torch.rand(3), expected)


def test_a_longer_run_goes_on_from_a_shorter_one(tmp_path):
    straight, whole = train(toy_plan(epochs=6), evaluate=weight_sum)
    state = tmp_path / "state.safetensors"
    train(toy_plan(epochs=2), path=state, evaluate=weight_sum)
    resumed, rest = train(toy_plan(epochs=6), path=state, evaluate=weight_sum)
    assert_same_weights(straight, resumed)
    assert without_times(whole.curve) == without_times(rest.curve)


def test_budget_saves_and_stops(tmp_path):
    path = tmp_path / "state.safetensors"

    def slow(network):
        time.sleep(0.2)
        return {SELECT: 0.5}

    _, part = train(toy_plan(epochs=50), path=path, budget=0.7, evaluate=slow)
    assert not part.finished and 1 <= part.epoch < 50
    assert checkpoint.read(path)[1]["epoch"] == part.epoch


def test_a_budget_that_ends_saves_what_was_not_yet_due(tmp_path, monkeypatch):
    """Saving is put off where it is slow, but not beyond the end."""
    monkeypatch.setattr("ferbook.training.states.SAVING", -1.0)
    path = tmp_path / "state.safetensors"

    def slow(network):
        time.sleep(0.1)
        return {SELECT: 0.5}

    _, part = train(toy_plan(epochs=50), path=path, budget=0.6, evaluate=slow)
    assert not part.finished and part.epoch >= 1
    assert checkpoint.read(path)[1]["epoch"] == part.epoch


def test_saving_takes_a_small_share_of_the_time(tmp_path, monkeypatch):
    """Whoever saves slowly saves seldom, and the end of the run in any case."""
    written = []

    def slow_write(path, tensors, about):
        written.append(about["epoch"])
        time.sleep(0.3)

    monkeypatch.setattr(checkpoint, "write", slow_write)
    _, fitted = train(toy_plan(epochs=30), path=tmp_path / "state.safetensors")
    assert fitted.finished and written[0] == 1 and written[-1] == 30
    assert len(written) < 15


def test_selection_keeps_the_first_best_epoch():
    snapshots = []
    values = scores_of([0.2, 0.6, 0.6, 0.1])

    def evaluate(network):
        snapshots.append(network[5].weight.detach().clone())
        return values(network)

    _, fitted = train(toy_plan(epochs=4), evaluate=evaluate)
    assert fitted.selected_epoch == 2
    assert torch.equal(fitted.selected["5.weight"], snapshots[1])


def test_an_error_is_selected_where_it_is_lowest():
    plan = toy_plan(epochs=4, lower_is_better=True)
    _, fitted = train(plan, evaluate=scores_of([0.6, 0.2, 0.2, 0.3]))
    assert fitted.selected_epoch == 2


def test_a_value_that_nobody_measures_is_refused():
    plan = toy_plan(epochs=1, select_by="error")
    with pytest.raises(FerError, match=r"selects by 'error'.*PublicTest_accuracy"):
        train(plan)


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_divergence_stops_and_keeps_the_last_good_epoch(tmp_path, broken):
    path = tmp_path / "state.safetensors"
    train(toy_plan(epochs=2), path=path)
    plan = toy_plan(epochs=4, loss=Loss(lambda n, s, b: s.sum() * broken))
    with pytest.raises(FerError, match="no longer finite in epoch 3"):
        train(plan, path=path)
    assert checkpoint.read(path)[1]["epoch"] == 2


def test_weights_that_break_in_the_last_step_are_not_saved(tmp_path):
    """The loss of the epoch is still finite, what it leaves behind is not."""
    path = tmp_path / "state.safetensors"
    train(toy_plan(epochs=1), path=path)

    def bursting(network, scores, batch):
        # One batch an epoch: finite, but with a gradient that is not.
        return torch.where(scores > 1e9, scores, (scores * 0).sqrt()).sum()

    plan = toy_plan(epochs=2, batch_size=60, loss=Loss(bursting))
    with pytest.raises(FerError, match="no longer finite in epoch 2"):
        train(plan, path=path)
    assert checkpoint.read(path)[1]["epoch"] == 1


def test_state_of_another_run_is_refused(tmp_path):
    path = tmp_path / "state.safetensors"
    train(toy_plan(epochs=1), path=path, run="one")
    with pytest.raises(FerError, match="state of another run"):
        train(toy_plan(epochs=2), path=path, run="other")


def test_damaged_state_is_refused(tmp_path):
    path = tmp_path / "state.safetensors"
    train(toy_plan(epochs=1), path=path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FerError, match="damaged"):
        train(toy_plan(epochs=2), path=path)


def test_the_network_sees_channels_last_batches():
    seen = []

    class Watched(nn.Sequential):
        def forward(self, x):
            seen.append((x.is_contiguous(memory_format=torch.channels_last), x.shape))
            return super().forward(x)

    network = Watched(*toy_network())
    rgb = np.repeat(toy_faces().images, 3, axis=1)
    network[0] = nn.Conv2d(3, 4, 3)
    plan = toy_plan(epochs=1)
    network.input = Preprocessing(size=8, channels=3)
    train(plan, network=network, faces=replace(toy_faces(), images=rgb))
    assert all(last and shape[1:] == (3, 8, 8) for last, shape in seen)
    weight = network[0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", -1),
        ("batch_size", 0),
        ("accumulate", 0),
        ("ema", 1.0),
        ("clip", 0.0),
        ("patience", 0),
    ],
)
def test_impossible_stages_are_refused(field, value):
    with pytest.raises(FerError, match=f"{field} is {value}, expected"):
        toy_stage(**{field: value})


def test_a_plan_needs_stages_with_names_of_their_own():
    for stages in ((), (toy_stage(), toy_stage())):
        with pytest.raises(FerError, match="expected one or more"):
            Plan(0, stages)


def test_unknown_precisions_are_refused():
    with pytest.raises(FerError, match="precision is half, expected one of auto"):
        toy_plan(precision="half")


def test_only_one_stage_at_a_constant_rate_is_open_ended():
    def steps(optimizer):
        return torch.optim.lr_scheduler.StepLR(optimizer, 2)

    assert toy_plan().open_ended
    assert not toy_plan(scheduler=steps).open_ended
    assert not toy_plan(toy_stage(), toy_stage(name="more")).open_ended


def test_a_state_of_a_longer_run_is_not_used_by_a_shorter_one(tmp_path):
    assert state_path(tmp_path, 9).name == "9.safetensors"
    (tmp_path / "9.safetensors").write_bytes(b"nine")
    (tmp_path / "4.safetensors").write_bytes(b"four")
    assert not state_path(tmp_path, 3).exists()
    assert state_path(tmp_path, 6).read_bytes() == b"four"
    assert state_path(tmp_path, 12).read_bytes() == b"nine"


def test_too_little_memory_ends_in_a_sentence_whose_advice_is_the_same_step(tmp_path):
    """The larger batch does not fit; half of it, in two parts, takes the same step."""
    path, most = tmp_path / "state.safetensors", 16

    def small(network, scores, batch):
        if len(scores) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return nn.functional.cross_entropy(scores, batch.labels)

    changes = {"loss": Loss(small), "optimizer": sgd(0.1), "augment": nn.Identity()}
    too_large = toy_plan(batch_size=30, **changes)
    with pytest.raises(FerError, match=r"batches of 30 .* batch_size=15 .*late=2"):
        train(too_large, path=path)
    plan = toy_plan(epochs=1, batch_size=15, accumulate=2, **changes)
    _, fitted = train(plan, path=path)
    assert fitted.finished


def test_what_is_read_of_a_state_does_not_hang_on_its_file(tmp_path):
    """Windows replaces no file that is mapped into memory."""
    path = tmp_path / "state.safetensors"
    checkpoint.write(path, {"a": torch.arange(5.0)}, {})
    tensors, _ = checkpoint.read(path)
    with path.open("r+b") as stored:
        stored.seek(-20, 2)
        stored.write(bytes(20))
    assert tensors["a"].tolist() == [0, 1, 2, 3, 4]
    assert not checkpoint.read(path)[0]["a"].any()
