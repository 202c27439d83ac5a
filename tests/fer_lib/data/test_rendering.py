"""Rendered sets are cached, found damaged, and drawn once more."""

import numpy as np
import pytest

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources import rendered, rendering
from fer_lib.data.sources.rendered import lab, load, portrait_of, stylised, wild
from fer_lib.errors import FerError

FEW = {"size": 16, "train": 3, "public": 1, "private": 1}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path))
    return tmp_path


def test_cache_is_used(cache, monkeypatch):
    first = wild(**FEW)
    assert len(list(cache.glob("rendered-wild-*.npz"))) == 1
    monkeypatch.setattr(rendered, "_render", lambda *_: pytest.fail("again"))
    assert wild(**FEW).sha256 == first.sha256


@pytest.mark.parametrize("damage", ["cut", "bit", "empty"])
def test_corrupt_cache_is_told_and_rebuilt(cache, damage):
    first = wild(**FEW)
    (path,) = cache.glob("rendered-*.npz")
    raw = bytearray(path.read_bytes())
    if damage == "bit":
        middle = raw.index(first.images[1].tobytes())
        raw[middle] ^= 1
    path.write_bytes({"cut": raw[: len(raw) // 2], "bit": raw, "empty": b""}[damage])
    with pytest.warns(UserWarning, match="anew"):
        again = wild(**FEW)
    assert again.sha256 == first.sha256
    assert wild(**FEW).sha256 == first.sha256


def test_key_depends_on_options_and_on_the_renderer(monkeypatch):
    one = rendering._key({"size": 48, "seed": 0})
    assert one != rendering._key({"size": 48, "seed": 1})
    monkeypatch.setattr(rendering, "source_hash", lambda: "other")
    assert one != rendering._key({"size": 48, "seed": 0})


@pytest.mark.parametrize(
    "option", [{"yaw": 20}, {"label_noise": 0.1}, {"seed": 1}, {"jpeg": (5, 9)}]
)
def test_every_option_has_a_file_of_its_own(cache, option):
    wild(**FEW)
    wild(**FEW, **option)
    assert len(list(cache.glob("rendered-wild-*.npz"))) == 2


def test_only_modules_that_draw_decide_the_key(monkeypatch):
    read, original = set(), rendering.Path.read_bytes

    def watched(path):
        read.add(path.name)
        return original(path)

    monkeypatch.setattr(rendering.Path, "read_bytes", watched)
    rendering.source_hash.__wrapped__()
    needed = {"surface.py", "characters.py", "units.py", "head.npz", "raters.py"}
    assert needed | {"rendered_lab.py", "rendering.py", "photo.py"} <= read
    assert not read & {"detection.py", "contact_sheet.py", "yaw_sweep.py"}


SETS = {
    "wild": lambda: wild(24, 6, 1, 1, seed=3, cached=False, occluded=1, jpeg=(9, 40)),
    "lab": lambda: lab(32, 1, frames=3, seed=3, cached=False),
    "jaffe": lambda: lab(32, 1, "jaffe", seed=3, cached=False, drift=1),
    "stylised": lambda: stylised(24, 1, seed=3, cached=False),
}


@pytest.mark.parametrize("name", SETS)
def test_a_picture_can_be_drawn_again(name, tmp_path):
    """From the stored file, too, and from a selection in another order."""
    faces = SETS[name]()
    faces.save(tmp_path / "set.npz")
    faces = FaceSet.open(tmp_path / "set.npz").select(np.array([6, 4, 1]))
    for row in range(3):
        again = portrait_of(faces, row)
        np.testing.assert_array_equal(again.image, faces.images[row, 0])
        np.testing.assert_array_equal(again.landmarks, faces.landmarks[row])
        np.testing.assert_array_equal(again.visible, faces.extra["visible"][row])
        np.testing.assert_array_equal(again.units, faces.extra["units"][row])
        assert np.float32(again.strength) == faces.extra["strength"][row]


def test_maps_belong_to_the_picture():
    faces = lab(48, 1, frames=2, cached=False)
    last = np.flatnonzero(faces.labels == 5)[-1]
    face = portrait_of(faces, last)
    moved = face.unit_map("jawOpen")
    x, y = np.rint(faces.landmarks[last, [56, 57, 58]]).astype(int).T
    assert moved[y, x].all() and not moved[:12].any()


def test_photographs_cannot_be_drawn_again():
    images = np.zeros((2, 1, 8, 8), np.uint8)
    photos = FaceSet("photos", images, np.zeros(2, int), np.full(2, "All"), "Taken.")
    with pytest.raises(FerError, match="photos: no columns expression, take, seed"):
        portrait_of(photos, 0)


def test_all_corpora_say_that_they_are_rendered():
    for corpus, options in {
        "wild": {"size": 16, "train": 1, "public": 0, "private": 0},
        "lab": {"size": 16, "subjects": 1, "frames": 2},
        "stylised": {"size": 16, "takes": 1},
    }.items():
        faces = load(corpus, **options, cached=False)
        assert faces.rendered and "rendered" in faces.name
        assert "omputer graphics" in faces.provenance
        assert "no real person" in faces.provenance
