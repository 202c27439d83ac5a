"""Runs that are killed, stopped, or cannot write, and go on."""

import multiprocessing
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from toy_runs import (
    SELECT,
    assert_same_weights,
    long_plan,
    toy_network,
    toy_plan,
    toy_stage,
    train,
    weight_sum,
    without_times,
)

from fer_lib.errors import FerError
from ferbook.training import checkpoint, states

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Stopped(Exception):
    pass


def stop_in(epoch):
    """An evaluation that does not come back from an epoch."""
    calls = []

    def evaluate(network):
        calls.append(1)
        if len(calls) == epoch:
            raise Stopped
        return weight_sum(network)

    return evaluate


def test_the_long_plan_uses_what_it_is_meant_to_test():
    _, fitted = train(long_plan(), evaluate=weight_sum)
    names = [row["stage"] for row in fitted.curve]
    assert names.count("first") == 5 and names.count("third") == 4
    rates = {row["learning_rate"] for row in fitted.curve if row["stage"] == "second"}
    assert len(rates) > 1, "the plateau was never reached"
    assert fitted.best(long_plan(), long_plan().stages[0]) is not fitted.curve[4]


def test_stopped_in_any_epoch_and_resumed_equals_straight_through(
    tmp_path, monkeypatch
):
    """Weights, curve, selected weights and the loss's own, to the last bit."""
    monkeypatch.setattr(states, "SAVING", 1e9)  # after each epoch
    plan = long_plan()
    straight, whole = train(plan, evaluate=weight_sum)
    path = tmp_path / "state.safetensors"
    for epoch in range(1, whole.epoch):
        with pytest.raises(Stopped):
            train(long_plan(), path=path, evaluate=stop_in(2))
        assert checkpoint.read(path)[1]["epoch"] == epoch
    rest = long_plan()
    resumed, fitted = train(rest, path=path, evaluate=weight_sum)
    assert fitted.finished and fitted.selected_epoch == whole.selected_epoch
    assert_same_weights(straight, resumed)
    assert without_times(fitted.curve) == without_times(whole.curve)
    for key, value in whole.selected.items():
        assert torch.equal(fitted.selected[key], value)
    for one, other in zip(plan.stages, rest.stages, strict=True):
        assert_same_weights(one.loss, other.loss)


def test_a_budget_that_ends_between_two_stages_spoils_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(states, "SAVING", 1e9)
    straight, _ = train(long_plan(), evaluate=weight_sum)
    path = tmp_path / "state.safetensors"
    with pytest.raises(Stopped):
        train(long_plan(), path=path, evaluate=stop_in(6))
    before = path.read_bytes()
    _, fitted = train(long_plan(), path=path, evaluate=weight_sum, budget=1e-9)
    assert fitted.epoch == 5 and not fitted.finished
    assert path.read_bytes() == before
    resumed, _ = train(long_plan(), path=path, evaluate=weight_sum)
    assert_same_weights(straight, resumed)


def test_what_an_earlier_stage_froze_is_frozen_after_resuming(tmp_path, monkeypatch):
    monkeypatch.setattr(states, "SAVING", 1e9)

    def plan():
        first = toy_stage(
            2, name="first", begin=lambda network: network[0].requires_grad_(False)
        )
        return toy_plan(first, toy_stage(4, name="second"))

    straight, _ = train(plan())
    path = tmp_path / "state.safetensors"
    with pytest.raises(Stopped):
        train(plan(), path=path, evaluate=stop_in(4))
    resumed, _ = train(plan(), path=path)
    assert torch.equal(resumed[0].weight, toy_network()[0].weight)
    assert_same_weights(straight, resumed)


def to_the_end(folder: str) -> None:
    """Train the long plan slowly, and leave the weights (in a process)."""
    torch.set_num_threads(1)

    def slow(network):
        time.sleep(0.05)
        return weight_sum(network)

    network, fitted = train(long_plan(), Path(folder) / "state.safetensors", slow)
    weights = {f"last/{k}": v.contiguous() for k, v in network.state_dict().items()}
    weights |= {f"best/{k}": v.contiguous() for k, v in fitted.selected.items()}
    save_file(weights, Path(folder) / "end.safetensors")


def test_killed_at_random_moments_and_resumed_equals_straight_through(
    tmp_path, monkeypatch
):
    """kill -9, again and again, whenever it happens to be: the same bits."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    processes = multiprocessing.get_context("forkserver")
    # The second is what torch imports at an optimizer's first step.
    processes.set_forkserver_preload([Path(__file__).stem, "torch._dynamo"])
    warm = processes.Process(target=toy_network)
    warm.start()
    warm.join()  # the server has imported torch
    chance, kills, reached = random.Random(0), 0, []
    end = tmp_path / "end.safetensors"
    while not end.exists():
        victim = processes.Process(target=to_the_end, args=(str(tmp_path),))
        victim.start()
        # Later tries get longer, so that it ends on any machine.
        victim.join(chance.uniform(0.03, 0.2) * 1.1 ** min(kills, 30))
        victim.kill()
        victim.join()
        kills += victim.exitcode == -signal.SIGKILL
        assert victim.exitcode in (0, -signal.SIGKILL)
        if (tmp_path / "state.safetensors").exists():
            _, about = checkpoint.read(tmp_path / "state.safetensors")
            reached.append(about["epoch"])
    assert kills >= 3 and len(set(reached)) >= 3, "hardly ever killed at work"
    assert reached == sorted(reached)
    straight, whole = train(long_plan(), evaluate=weight_sum)
    found = load_file(end)
    for key, value in straight.state_dict().items():
        assert torch.equal(found[f"last/{key}"], value), key
        assert torch.equal(found[f"best/{key}"], whole.selected[key]), key
    assert not list(tmp_path.glob(".state*")), "parts of killed writes are left"


def test_a_folder_that_cannot_be_written_is_reported_first(tmp_path):
    (tmp_path / "file").write_text("no folder")
    ran = []
    with pytest.raises(FerError, match=r"cannot be written there.*FER_CACHE"):
        train(
            toy_plan(epochs=1),
            path=tmp_path / "file" / "state.safetensors",
            evaluate=lambda n: ran.append(1),
        )
    assert not ran


def test_too_full_a_disk_is_reported_first(tmp_path, monkeypatch):
    path, plan = tmp_path / "state.safetensors", toy_plan(epochs=1)
    train(plan, path=path)
    # Less than what was written is too little, but not by orders.
    usage = shutil.disk_usage(tmp_path)
    free = path.stat().st_size // 2
    monkeypatch.setattr(shutil, "disk_usage", lambda p: usage._replace(free=free))
    ran = []
    with pytest.raises(FerError, match=f"{free:,} bytes are free.*takes about"):
        train(plan, path=path, evaluate=lambda n: ran.append(1))
    assert not ran
    enough = usage._replace(free=10 * path.stat().st_size)
    monkeypatch.setattr(shutil, "disk_usage", lambda p: enough)
    train(plan, path=path)


def test_a_disk_that_fills_while_saving_keeps_the_state_before(tmp_path):
    """A limit on the size of files stands for the full disk."""
    path = tmp_path / "state.safetensors"
    train(toy_plan(epochs=2), path=path, evaluate=weight_sum)
    before, size = path.read_bytes(), path.stat().st_size
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limits[1]))
    try:
        with pytest.raises(FerError, match=r"cannot be written.*is kept"):
            train(toy_plan(epochs=4), path=path, evaluate=weight_sum)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    straight, _ = train(toy_plan(epochs=4), evaluate=weight_sum)
    resumed, _ = train(toy_plan(epochs=4), path=path, evaluate=weight_sum)
    assert_same_weights(straight, resumed)


def test_moments_come_back_in_the_memory_format_of_their_weights(tmp_path):
    network = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.rand(1, 3, 8, 8)).sum().backward()
    optimizer.step()
    expected = optimizer.state[network.weight]["exp_avg"].clone()
    moments, groups = checkpoint.flatten_optimizer(optimizer)
    checkpoint.write(tmp_path / "o.safetensors", moments, {})
    tensors, _ = checkpoint.read(tmp_path / "o.safetensors")
    other = torch.optim.Adam(network.parameters())
    checkpoint.restore_optimizer(other, tensors, groups)
    found = other.state[network.weight]["exp_avg"]
    assert torch.equal(found, expected) and found.stride() == expected.stride()


def test_a_finished_run_is_read_not_trained(tmp_path):
    path = tmp_path / "state.safetensors"
    first, _ = train(long_plan(), path=path, evaluate=weight_sum)
    again, fitted = train(
        long_plan(),
        path=path,
        evaluate=lambda n: {SELECT: 1 / 0},
        network=toy_network(),
    )
    assert fitted.finished
    assert_same_weights(first, again)
