"""Files become a face set once; the result depends on nothing else."""

import numpy as np
import pytest
from drawn_files import cut, draw, noise, refused
from PIL import Image

from fer_lib.data.mapped import MappedImages
from fer_lib.data.sources import convert
from fer_lib.data.sources.convert import converted

N = 7


@pytest.fixture
def folder(tmp_path):
    for i in range(N):
        draw(tmp_path / "set" / f"{i}.png", i)
    return tmp_path / "set"


def rows(folder):
    return [
        {"file": folder / f"{i}.png", "labels": i, "splits": "All", "subjects": i,
         "frame": i}
        for i in range(N)
    ]  # fmt: skip


def load(folder, size=None, channels=1, **options):
    return converted(
        "toy", folder, [folder], lambda: (rows(folder), "Drawn by the test"),
        size=size, channels=channels, cache=folder.parent / "cache", **options,
    )  # fmt: skip


def stored(folder):
    return sorted(file.name for file in (folder.parent / "cache").iterdir())


def test_pixels_and_columns_arrive(folder):
    faces = load(folder)
    np.testing.assert_array_equal(faces.images[:, 0], [noise(i) for i in range(N)])
    assert faces.subjects.tolist() == faces.extra["frame"].tolist() == list(range(N))
    assert load(folder, channels=3).images.shape == (N, 3, 12, 12)


def test_another_result_is_another_cache(folder, monkeypatch):
    load(folder)
    for count, changed in enumerate(({"size": 8}, {"channels": 3}, {"last": 1}), 2):
        load(folder, **changed)
        assert len(stored(folder)) == count
    draw(folder / "3.png", 33)
    load(folder)
    monkeypatch.setattr(convert, "_VERSION", 0)
    last = load(folder)
    assert len(stored(folder)) == 6
    monkeypatch.setattr(convert, "read_image", None)
    assert load(folder).sha256 == last.sha256, "decoded once"


def test_a_large_set_is_mapped_and_the_same(folder, monkeypatch):
    held = load(folder)
    monkeypatch.setenv("FER_MEMORY_LIMIT", str(N * 144 - 1))
    monkeypatch.setattr("fer_lib.data.sources.convert._PART", 300)
    for _ in range(2):
        mapped = load(folder)
        assert isinstance(mapped.images, MappedImages)
        assert mapped.sha256 == held.sha256
    assert sum(name.endswith(".images.npy") for name in stored(folder)) == 1
    monkeypatch.setenv("FER_MEMORY_LIMIT", str(N * 144))
    assert isinstance(load(folder).images, np.ndarray)


def test_a_damaged_image_leaves_nothing_behind(folder, monkeypatch):
    cut(folder / "4.png")
    monkeypatch.setenv("FER_MEMORY_LIMIT", "9")
    assert "4.png" in refused(load, folder)
    assert stored(folder) == []


@pytest.mark.parametrize(
    ("mapped", "kind"), [(False, "npz"), (True, "npz"), (True, "npy")]
)
def test_a_damaged_cache_is_made_again(folder, monkeypatch, mapped, kind):
    if mapped:
        monkeypatch.setenv("FER_MEMORY_LIMIT", "9")
    good = load(folder).sha256
    name = next(name for name in stored(folder) if name.endswith(kind))
    path = folder.parent / "cache" / name
    content = bytearray(path.read_bytes())
    content[-200] ^= 1
    path.write_bytes(content)
    with pytest.warns(UserWarning, match="making toy again"):
        assert load(folder).sha256 == good
    assert load(folder).sha256 == good


@pytest.mark.filterwarnings("ignore:making")
def test_without_a_cache_only_small_sets_are_read(folder, monkeypatch):
    (folder.parent / "cache").write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="not cached"):
        assert len(load(folder)) == N
    monkeypatch.setenv("FER_MEMORY_LIMIT", "9")
    assert "1,008 bytes" in refused(load, folder)


@pytest.mark.parametrize("box", [None, (10, 4, 70, 64), (-6, -10, 50, 46)])
@pytest.mark.parametrize("size", [None, 30, 120])
def test_landmarks_follow_the_pixels(tmp_path, box, size):
    """A bright square around each of two landmarks keeps its centre there."""
    points = np.full((1, 68, 2), 30.0, np.float32)
    points[0, 1] = 44, 20
    for k in range(2):
        canvas = np.zeros((60, 80), np.uint8)
        x, y = points[0, k].astype(int)
        canvas[y - 3 : y + 4, x - 3 : x + 4] = 255
        (tmp_path / "set").mkdir(exist_ok=True)
        Image.fromarray(canvas).save(tmp_path / "set" / "one.png")
        row = {"file": tmp_path / "set" / "one.png", "box": box, "labels": 0}
        row |= {"splits": "All", "landmarks": points[0]}
        faces = convert.convert("one", [row], "", size, 1, tmp_path / "unused.npy")
        weight = faces.images[0, 0].astype(float)
        rows, columns = np.indices(weight.shape)
        centre = [(weight * axis).sum() / weight.sum() for axis in (columns, rows)]
        np.testing.assert_allclose(faces.landmarks[0, k], centre, atol=0.05)


def test_wrong_and_mixed_sizes_are_refused(folder):
    for size, channels in ((7, 1), (2000, 1), (None, 2)):
        refused(load, folder, size, channels)
    draw(folder / "1.png", 1, height=12, width=14)
    assert "1.png: found 14 x 12 pixels, expected 12 x 12" in refused(load, folder)
    assert load(folder, size=8).images.shape == (N, 1, 8, 8)


def test_a_box_is_cut_out_and_outside_is_black(folder):
    row = {"file": folder / "1.png", "labels": 0, "splits": "All", "box": (2, 3, 9, 5)}
    faces = convert.convert("one", [row], "", None, 1, folder)
    np.testing.assert_array_equal(faces.images[0, 0], noise(1)[3:5, 2:9])
    row["box"] = (-2, -1, 13, 12)
    wide = convert.convert("one", [row], "", None, 1, folder).images[0, 0]
    assert wide.shape == (13, 15) and not wide[0].any() and not wide[:, :2].any()
    np.testing.assert_array_equal(wide[1:, 2:14], noise(1))
