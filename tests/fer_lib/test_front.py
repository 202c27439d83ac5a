"""The five functions at the root, as a user calls them."""

import re

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import fer_lib
from fer_lib.errors import FerError
from fer_lib.models import NETWORKS

PAPERS = [name for name in NETWORKS if name != "comparison"]


@pytest.fixture(scope="module")
def network():
    return fer_lib.load("deep_emotion")


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "astronaut.png"
    Image.fromarray(astronaut()).save(path)
    return path


def test_completion_shows_the_functions_and_the_rooms():
    shown = [name for name in dir(fer_lib) if not name.startswith("_")]
    assert {"build", "load", "predict", "evaluate", "explain", "models"} <= set(shown)
    for name in shown:
        assert getattr(fer_lib, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'predcit'"):
        _ = fer_lib.predcit


@pytest.mark.parametrize("name", PAPERS)
def test_every_paper_is_loaded_predicts_and_is_explained(name):
    network = fer_lib.load(name.upper().replace("_", "-"))
    assert network.provenance.startswith(("rendered faces only", "photographs: "))
    faces = np.random.default_rng(0).integers(0, 256, (3, 1, 48, 48), dtype=np.uint8)
    readings = fer_lib.predict(network, faces)
    shares = np.stack([one.probabilities for one in readings])
    assert shares.shape == (3, len(network.classes))
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)
    found = fer_lib.explain(network, faces, "grad_cam", target="happy")
    size = network.input.size
    assert found.maps.shape == (3, size, size)
    assert found.targets == ("happy",) * 3
    assert fer_lib.build(name, pretrained=True).classes == network.classes


def test_a_photograph_is_read(network, photo):
    [one] = fer_lib.predict(network, str(photo))
    assert one.face.shape == (3, 48, 48)
    left, top, right, bottom = one.box  # where the astronaut's face is
    assert left < 225 < right and top < 115 < bottom
    assert f"{photo}: {one.expression} " in repr(one)


def test_a_turned_photograph_is_turned_back(network, photo, tmp_path):
    [upright] = fer_lib.predict(network, photo)
    turned, exif = tmp_path / "turned.png", Image.Exif()
    exif[0x0112] = 6  # what a camera notes that was held on its side
    Image.fromarray(np.rot90(astronaut())).save(turned, exif=exif)
    [found] = fer_lib.predict(network, turned)
    np.testing.assert_array_equal(found.face, upright.face)


def test_what_a_folder_holds_is_read_or_told(network, photo):
    (photo.parent / "notes.txt").write_text("no picture")
    Image.new("RGB", (99, 99)).save(photo.parent / "black.png")
    found = fer_lib.predict(network, photo.parent)
    assert [one.source for one in found] == [str(photo)]
    told = repr(found)
    assert "notes.txt: cannot be read" in told and "black.png: no face found" in told


def test_several_faces_come_from_left_to_right(network, tmp_path):
    pair = tmp_path / "pair.png"
    Image.fromarray(np.hstack([astronaut(), astronaut()])).save(pair)
    first, second = fer_lib.predict(network, pair)
    assert abs(second.box[0] - first.box[0] - astronaut().shape[1]) < 20
    np.testing.assert_allclose(first.probabilities, second.probabilities, atol=0.05)


def test_labelled_folders_are_evaluated(network, tmp_path):
    rng, labels = np.random.default_rng(1), []
    for name in ("anger", "happy", "Neutral"):
        (tmp_path / name).mkdir()
        for i in range(4):
            pixels = rng.integers(0, 256, (60, 50), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
            labels.append(name)
    found = fer_lib.evaluate(network, tmp_path)
    faces = fer_lib.data.load("folder", root=tmp_path, size=48)
    said = fer_lib.predict(network, faces)
    right = [
        one.classes.index(one.expression) == label
        for one, label in zip(said, faces.labels, strict=True)
    ]
    assert found.accuracy == np.mean(right)
    assert "n = 12" in repr(found) and "95 % interval" in repr(found)


def test_a_class_that_the_network_does_not_know_is_refused(network, tmp_path):
    (tmp_path / "contempt").mkdir()
    Image.new("L", (48, 48)).save(tmp_path / "contempt" / "1.png")
    with pytest.raises(FerError, match=r"label 7.*7 classes"):
        fer_lib.evaluate(network, tmp_path)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda n: fer_lib.build("rmn"), "ramn"),
        (lambda n: fer_lib.load("deep-emotio"), "deep_emotion"),
        (lambda n: fer_lib.build("ramn", variant="sums"), "sum"),
        (lambda n: fer_lib.build("ramn", pretrained=True, crops=4), "takes no size"),
        (lambda n: fer_lib.predict(n, "nowhere.jpg"), "nowhere.jpg: no such file"),
        (lambda n: fer_lib.predict(n, np.zeros((48, 48))), r"expected \[N, C, H, W\]"),
        (
            lambda n: fer_lib.predict(n, np.zeros((2, 48, 48, 3))),
            "permute",
        ),
        (lambda n: fer_lib.explain(n, np.zeros((1, 1, 9, 9)), "gradcam"), "grad_cam"),
        (lambda n: fer_lib.explain(n, np.zeros((1, 1, 9, 9)), target="joy"), "happy"),
    ],
)
def test_mistakes_are_answered_with_the_mend(network, call, said):
    with pytest.raises(FerError, match=said):
        call(network)


def test_drawn_maps_stand_below_their_faces(network):
    faces = np.random.default_rng(0).random((2, 1, 48, 48))
    figure = fer_lib.explain(network, faces, "saliency").draw()
    assert [len(axes.images) for axes in figure.axes[:4]] == [1, 1, 2, 2]


def test_the_readme_runs_as_it_stands(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(astronaut()).save("me.jpg")
    for name in ("happy", "sad"):
        (tmp_path / "my_faces" / name).mkdir(parents=True)
        Image.fromarray(astronaut()).save(tmp_path / "my_faces" / name / "1.png")
    text = (root / "README.md").read_text(encoding="utf-8")
    codes = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(codes) == 2
    names = {}
    for code in codes:
        exec(code, names)
    assert names["loss"].requires_grad
    assert (tmp_path / "map.png").stat().st_size > 10_000
    said = capsys.readouterr().out
    assert said.startswith("<me.jpg: ") and "95 % interval" in said
