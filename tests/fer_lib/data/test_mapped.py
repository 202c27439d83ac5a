"""Mapped images read like an array, a part at a time."""

import tracemalloc

import numpy as np
import pytest
from drawn_files import refused
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import MappedImages, in_parts, memory_limit, write_parts
from fer_lib.errors import FerError

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 3, 4, 5), np.uint8)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    path = tmp_path_factory.mktemp("mapped") / "images.npy"
    write_parts(path, PIXELS.shape, [PIXELS[:4], PIXELS[4:]])
    return MappedImages(path)


indices = st.one_of(
    st.integers(-9, 8),
    st.slices(9),
    st.lists(st.integers(-9, 8)).map(lambda rows: np.array(rows, int)),
    st.lists(st.booleans(), min_size=9, max_size=9).map(np.array),
)


@given(index=indices)
def test_indexed_like_an_array(mapped, index):
    read = mapped[index]
    assert type(read) is np.ndarray and read.flags.writeable
    np.testing.assert_array_equal(read, PIXELS[index])
    read[...] = 0  # a copy
    np.testing.assert_array_equal(mapped[index], PIXELS[index])


@given(
    first=st.lists(st.integers(0, 8), min_size=1),
    second=st.lists(st.integers(0, 99)),
)
def test_a_choice_of_a_choice(mapped, first, second):
    rows = np.array(second, int) % len(first)
    chosen = mapped.select(np.array(first)).select(rows)
    np.testing.assert_array_equal(chosen[:], PIXELS[first][rows])
    assert len(chosen) == len(rows) and chosen.shape[1:] == PIXELS.shape[1:]


def test_a_large_choice_is_no_array(mapped, monkeypatch):
    np.testing.assert_array_equal(np.asarray(mapped), PIXELS)
    monkeypatch.setenv("FER_MEMORY_LIMIT", "200")
    assert "540 bytes" in refused(np.asarray, mapped)
    few = mapped.select(np.arange(3))
    np.testing.assert_array_equal(np.asarray(few), PIXELS[:3])


def test_a_wrong_limit_is_refused(monkeypatch):
    for text in ("1 GB", "-1", "1.5"):
        monkeypatch.setenv("FER_MEMORY_LIMIT", text)
        assert text in refused(memory_limit)


def test_damage_is_told(tmp_path):
    path = tmp_path / "images.npy"
    for content in (b"", b"no array", np.lib.format.MAGIC_PREFIX + b"\x01\x00"):
        path.write_bytes(content)
        assert str(path) in refused(MappedImages, path)
    for array in (np.zeros((2, 3), np.uint8), np.zeros((2, 1, 3, 3)), np.array([{}])):
        np.save(path, array, allow_pickle=True)
        refused(MappedImages, path)


def big_set(path, n=3000, side=64):
    """A mapped face set of n images, 4 kB each."""
    parts = (np.full((1, 1, side, side), row % 251, np.uint8) for row in range(n))
    write_parts(path, (n, 1, side, side), parts)
    splits = np.where(np.arange(n) % 3, "train", "val")
    return FaceSet("big", MappedImages(path), np.arange(n) % 7, splits, "Test.")


def test_saved_and_opened_mapped(tmp_path):
    faces = big_set(tmp_path / "images.npy", 50).split("train")
    faces.save(tmp_path / "part.npz")
    back = FaceSet.open(tmp_path / "part.npz")
    assert isinstance(back.images, MappedImages) and back.images.whole
    assert back.sha256 == faces.sha256
    again = (tmp_path / "part.images.npy").stat().st_mtime_ns
    back.save(tmp_path / "part.npz")
    assert (tmp_path / "part.images.npy").stat().st_mtime_ns == again


def test_a_part_may_replace_the_set_that_it_comes_from(tmp_path):
    big_set(tmp_path / "images.npy", 50).save(tmp_path / "set.npz")
    part = FaceSet.open(tmp_path / "set.npz").select(np.array([7, 3]))
    part.save(tmp_path / "set.npz")
    assert FaceSet.open(tmp_path / "set.npz").sha256 == part.sha256


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_damaged_pixels_are_found(tmp_path, damage):
    big_set(tmp_path / "images.npy", 50).save(tmp_path / "set.npz")
    path = tmp_path / "set.images.npy"
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    else:
        content[-9] ^= 1
        path.write_bytes(content if damage == "flip" else content[:-99])
    with pytest.raises(FerError, match="made again"):
        FaceSet.open(tmp_path / "set.npz")


def test_nothing_large_is_ever_held(tmp_path, monkeypatch):
    """12 MB of pixels with at most a part of 64 kB in memory at a time."""
    monkeypatch.setattr("fer_lib.data.mapped._PART", 1 << 16)
    tracemalloc.start()
    try:
        faces = big_set(tmp_path / "images.npy")
        faces.save(tmp_path / "set.npz")
        back = FaceSet.open(tmp_path / "set.npz")
        assert len(back.split("train").images[np.arange(32)]) == 32
        assert back.split("val").sha256 == faces.split("val").sha256
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert back.images.nbytes > 12_000_000 and peak < 3_000_000


@given(st.integers(0, 30), st.integers(1, 400))
def test_parts_join_to_the_whole(n, width):
    array = np.arange(n * width, dtype=np.int64).reshape(n, width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer_lib.data.mapped._PART", 4000)
        parts = list(in_parts(array))
    assert all(len(part) == 1 or part.nbytes <= 4000 for part in parts)
    joined = np.concatenate(parts) if parts else array
    np.testing.assert_array_equal(joined, array)
