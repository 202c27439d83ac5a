"""What only a GPU shows: half precision, streaming, resuming there."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_runs import (
    long_plan,
    toy_faces,
    toy_network,
    toy_plan,
    train,
    weight_sum,
)

from fer_lib.data.mapped import MappedImages
from fer_lib.preprocessing import Preprocessing
from ferbook.training import faces as faces_module
from ferbook.training.faces import Images

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


def on_gpu(plan, **options):
    return train(plan, network=toy_network().cuda(), **options)


def assert_close(one, other):
    for key, value in one.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[key], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("precision", ["float32", "bf16", "fp16"])
def test_learns_in_every_precision(precision):
    network, fitted = on_gpu(toy_plan(epochs=20, precision=precision, clip=1.0))
    assert fitted.curve[-1]["train_accuracy"] > 0.95
    assert all(v.device.type == "cuda" for v in network.state_dict().values())


def test_streamed_faces_train_to_the_same_weights(tmp_path, monkeypatch):
    held = toy_faces(size=16)
    one, expected = on_gpu(toy_plan(epochs=3), faces=held)
    np.save(tmp_path / "images.npy", held.images)
    streamed = replace(held, images=MappedImages(tmp_path / "images.npy"))
    monkeypatch.setattr(faces_module, "_room", lambda images, device: 100)
    other, found = on_gpu(toy_plan(epochs=3), faces=streamed)
    assert_close(one, other)
    losses = [[row["train_loss"] for row in f.curve] for f in (expected, found)]
    np.testing.assert_allclose(*losses, rtol=1e-3)


def test_what_fits_into_half_of_the_free_memory_is_held():
    images = toy_faces().images
    assert not Images(images, Preprocessing(size=8), torch.device("cuda")).streamed


def test_resumed_goes_on_where_it_stopped(tmp_path):
    path = tmp_path / "state.safetensors"
    straight, _ = on_gpu(toy_plan(epochs=6, ema=0.9, precision="fp16"))
    on_gpu(toy_plan(epochs=3, ema=0.9, precision="fp16"), path=path)
    resumed, fitted = on_gpu(toy_plan(epochs=6, ema=0.9, precision="fp16"), path=path)
    assert [row["epoch"] for row in fitted.curve] == [1, 2, 3, 4, 5, 6]
    assert_close(straight, resumed)


def test_all_stages_run_and_a_finished_run_is_read(tmp_path):
    path = tmp_path / "state.safetensors"
    first, fitted = on_gpu(long_plan(), path=path, evaluate=weight_sum)
    assert fitted.finished and {row["stage"] for row in fitted.curve} == {
        "first",
        "second",
        "third",
    }
    again, read = on_gpu(long_plan(), path=path, evaluate=lambda n: 1 / 0)
    assert read.curve == fitted.curve
    assert_close(first, again)
