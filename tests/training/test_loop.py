"""Training: interrupted, budgeted, diverging and resumed runs."""

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.preprocessing import Preprocessing
from fer_lib.training import checkpoint
from fer_lib.training.loop import Plan, fit


def toy_faces(n=60, size=8):
    """Two kinds of noise: bright above, or bright below."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, n)
    images = rng.integers(0, 60, (n, 1, size, size), dtype=np.uint8)
    half = size // 2
    images[labels == 0, :, :half] += 150
    images[labels == 1, :, half:] += 150
    splits = np.full(n, "Training")
    return FaceSet("toy", images, labels, splits, "drawn by the test")


def toy_network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 8), nn.Dropout(0.3), nn.Linear(8, 2)
    )


class Jitter(nn.Module):
    """Augmentation that draws from torch's generator, as kornia does."""

    def forward(self, x):
        return (x + 0.05 * torch.randn_like(x)).clamp(0, 1)


def toy_plan(epochs=6, **changes):
    settings = {
        "epochs": epochs,
        "batch_size": 16,
        "seed": 3,
        "preprocessing": Preprocessing(size=8),
        "augment": Jitter(),
        "loss": lambda network, scores, labels: nn.functional.cross_entropy(
            scores, labels
        ),
        "sample_weights": torch.ones(60),
    }
    return Plan(**(settings | changes))


def train(plan, path=None, budget=None, evaluate=None, faces=None, **options):
    network = toy_network()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    faces = faces or toy_faces()
    fitted = fit(
        network,
        optimizer,
        plan,
        faces,
        evaluate or (lambda n: {"PublicTest_accuracy": 0.5}),
        path=path,
        budget=budget,
        progress=False,
        **options,
    )
    return network, fitted


def assert_same_weights(one, other):
    for key, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[key]), key


def test_learns_the_toy_task():
    _, fitted = train(toy_plan(epochs=20))
    assert fitted.finished
    losses = [row["train_loss"] for row in fitted.curve]
    assert fitted.curve[-1]["train_accuracy"] > 0.95
    assert losses[-1] < losses[0] / 2


def test_same_seed_same_weights_whatever_the_global_generator():
    one, _ = train(toy_plan())
    torch.rand(17)
    other, _ = train(toy_plan())
    assert_same_weights(one, other)
    third, _ = train(toy_plan(seed=4))
    assert not torch.equal(one[1].weight, third[1].weight)


def test_training_leaves_the_global_generator_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    network = toy_network()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    torch.manual_seed(1)
    evaluate = lambda n: {"PublicTest_accuracy": 0.0}  # noqa: E731
    fit(network, optimizer, toy_plan(), toy_faces(), evaluate, progress=False)
    assert torch.equal(torch.rand(3), expected)


def test_stopped_and_resumed_equals_straight_through(tmp_path):
    straight, whole = train(toy_plan(epochs=6))
    train(toy_plan(epochs=2), path=tmp_path / "state.safetensors")
    resumed, rest = train(toy_plan(epochs=6), path=tmp_path / "state.safetensors")
    assert_same_weights(straight, resumed)
    assert [r["train_loss"] for r in whole.curve] == [
        r["train_loss"] for r in rest.curve
    ]


def test_killed_and_resumed_equals_straight_through(tmp_path):
    """kill -9 in the middle of training, then go on: the same bits."""
    straight, _ = train(toy_plan(epochs=30))
    path = tmp_path / "state.safetensors"
    script = textwrap.dedent(f"""
        import sys, time
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import torch
        torch.set_num_threads(1)
        import test_loop as t
        slow = lambda n: time.sleep(0.1) or {{"PublicTest_accuracy": 0.5}}
        t.train(t.toy_plan(epochs=30), path={str(path)!r}, evaluate=slow)
    """)
    victim = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 120
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.35)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL, "it ended before it could be killed"
    _, about = checkpoint.read(path)
    assert 1 <= about["epoch"] < 30
    resumed, fitted = train(toy_plan(epochs=30), path=path)
    assert fitted.finished
    assert_same_weights(straight, resumed)


def test_budget_saves_and_stops(tmp_path):
    path = tmp_path / "state.safetensors"

    def slow(network):
        time.sleep(0.2)
        return {"PublicTest_accuracy": 0.5}

    _, part = train(toy_plan(epochs=50), path=path, budget=0.5, evaluate=slow)
    assert not part.finished and 1 <= part.epoch < 50
    assert checkpoint.read(path)[1]["epoch"] == part.epoch


def test_selection_keeps_the_first_best_epoch():
    accuracies = iter([0.2, 0.6, 0.6, 0.1])
    snapshots = []

    def evaluate(network):
        snapshots.append(network[1].weight.detach().clone())
        return {"PublicTest_accuracy": next(accuracies)}

    _, fitted = train(toy_plan(epochs=4), evaluate=evaluate)
    assert fitted.selected_epoch == 2
    assert torch.equal(fitted.selected["1.weight"], snapshots[1])


def test_divergence_stops_and_keeps_the_last_good_epoch(tmp_path):
    path = tmp_path / "state.safetensors"
    train(toy_plan(epochs=2), path=path)
    broken = toy_plan(epochs=4, loss=lambda n, s, y: s.sum() * float("nan"))
    with pytest.raises(FerError, match="no longer finite in epoch 3"):
        train(broken, path=path)
    assert checkpoint.read(path)[1]["epoch"] == 2


def test_state_of_another_run_is_refused(tmp_path):
    path = tmp_path / "state.safetensors"
    train(toy_plan(epochs=1), path=path, run_id="a" * 64)
    with pytest.raises(FerError, match="state of another run"):
        train(toy_plan(epochs=2), path=path, run_id="b" * 64)


def test_damaged_state_is_refused(tmp_path):
    path = tmp_path / "state.safetensors"
    train(toy_plan(epochs=1), path=path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FerError, match="damaged"):
        train(toy_plan(epochs=2), path=path)


def test_faces_of_another_size_are_resized_once():
    faces = toy_faces(size=16)
    _, fitted = train(toy_plan(epochs=2), faces=faces)
    assert fitted.finished


def test_oversampling_shifts_the_expected_share():
    """Weights of count ** -0.5 draw classes by the root of their count."""
    from fer_lib.papers.deep_emotion import sample_weights
    from fer_lib.training.loop import _order

    labels = torch.tensor([0] * 900 + [1] * 100)
    plan = toy_plan(sample_weights=sample_weights(labels, 0.5))
    torch.manual_seed(0)
    draws = torch.cat([labels[_order(plan, 1000)] for _ in range(20)])
    # Roots 30 and 10: a quarter, within four standard errors.
    assert abs(draws.float().mean().item() - 0.25) < 4 * (0.1875 / 20_000) ** 0.5
    assert sample_weights(labels, 0) is None
