"""Faces on the device: held or streamed, shrunk or as they are."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_runs import assert_same_weights, toy_faces, toy_plan, train, without_times

from fer_lib.data.mapped import MappedImages
from fer_lib.errors import FerError
from fer_lib.preprocessing import Preprocessing
from ferbook.training.faces import AHEAD, Images, shrunk

CPU = torch.device("cpu")


def mapped(faces, folder):
    np.save(folder / "images.npy", faces.images)
    return replace(faces, images=MappedImages(folder / "images.npy"))


@pytest.mark.parametrize("size", [8, 16, 5])
def test_streamed_faces_train_to_the_same_weights(tmp_path, monkeypatch, size):
    """Also where they are made smaller (16) or larger (5) on the way."""
    held = toy_faces(size=size)
    one, expected = train(toy_plan(epochs=3), faces=held)
    monkeypatch.setenv("FER_MEMORY_LIMIT", "100")
    streamed = mapped(held, tmp_path)
    images = Images(streamed.images, Preprocessing(size=8), CPU)
    assert images.streamed
    assert next(images.batches(torch.arange(9), 4)).shape[-1] <= 8
    other, found = train(toy_plan(epochs=3), faces=streamed)
    assert_same_weights(one, other)
    assert without_times(expected.curve) == without_times(found.curve)


def test_a_mapped_set_that_fits_is_held(tmp_path, monkeypatch):
    """What counts is its size in memory, not in the file."""
    faces = mapped(toy_faces(size=16), tmp_path)
    monkeypatch.setenv("FER_MEMORY_LIMIT", str(60 * 64))
    assert not Images(faces.images, Preprocessing(size=8), CPU).streamed
    assert Images(faces.images, Preprocessing(size=16), CPU).streamed


class Recorded(MappedImages):
    """Remembers what is read, and by which thread."""

    reads = ()

    def __getitem__(self, index):
        if isinstance(index, np.ndarray):
            Recorded.reads += ((tuple(index), threading.current_thread().name),)
        return super().__getitem__(index)


def test_batches_are_read_ahead_in_order_by_one_other_thread(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_MEMORY_LIMIT", "0")
    monkeypatch.setattr(Recorded, "reads", ())
    np.save(tmp_path / "images.npy", toy_faces().images)
    images = Images(Recorded(tmp_path / "images.npy"), Preprocessing(size=8), CPU)
    order = torch.randperm(60)
    batches = images.batches(order, 7)
    first = next(batches)
    assert torch.equal(first, torch.as_tensor(toy_faces().images[order[:7].numpy()]))
    rest = list(batches)
    assert sum(map(len, rest)) == 53 and len(rest[-1]) == 60 % 7
    rows, threads = zip(*Recorded.reads, strict=True)
    assert rows == tuple(tuple(part.tolist()) for part in order.split(7))
    assert len(set(threads)) == 1 and threads[0] != threading.current_thread().name


def test_no_more_than_a_few_batches_wait(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_MEMORY_LIMIT", "0")
    monkeypatch.setattr(Recorded, "reads", ())
    np.save(tmp_path / "images.npy", toy_faces().images)
    images = Images(Recorded(tmp_path / "images.npy"), Preprocessing(size=8), CPU)
    batches = images.batches(torch.arange(60), 2)
    for taken in range(1, 5):
        next(batches)
        assert len(Recorded.reads) <= taken + AHEAD
    batches.close()
    assert len(Recorded.reads) < 30, "the reader goes on after the end"


def test_a_file_that_cannot_be_read_stops_training(tmp_path, monkeypatch):
    class Broken(MappedImages):
        def __getitem__(self, index):
            raise FerError("the disk is gone.")

    monkeypatch.setenv("FER_MEMORY_LIMIT", "0")
    faces = toy_faces()
    np.save(tmp_path / "images.npy", faces.images)
    faces = replace(faces, images=Broken(tmp_path / "images.npy"))
    with pytest.raises(FerError, match="the disk is gone"):
        train(toy_plan(epochs=1), faces=faces)


@pytest.mark.parametrize(
    ("stored", "channels", "kept"),
    [
        ((1, 48, 48), 1, True),  # as they are
        ((1, 48, 48), 3, True),  # grey stays one channel
        ((3, 20, 20), 3, True),  # small ones are enlarged later
        ((3, 96, 96), 3, False),
        ((3, 48, 48), 1, False),  # colour that the network does not see
    ],
)
def test_no_face_takes_more_bytes_than_the_network_sees(stored, channels, kept):
    images = torch.randint(0, 256, (2, *stored), dtype=torch.uint8)
    wanted = Preprocessing(size=48, channels=channels)
    small = shrunk(images, wanted)
    assert small.dtype == torch.uint8
    assert small[0].numel() <= channels * 48 * 48
    assert (small is images) == kept
    exact = wanted.to_unit(images)
    assert (wanted.to_unit(small) - exact).abs().max() <= 0.5 / 255 + 1e-6
