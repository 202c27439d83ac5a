"""Photographs are read one by one, in order, each at least told of."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import fer_lib
from fer_lib import reading
from fer_lib.errors import FerError
from fer_lib.photos.faces import LEAST
from fer_lib.reading import photographs, read_photographs


@pytest.fixture(scope="module")
def network():
    return fer_lib.load("deep_emotion")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tree: a pair, a black picture, a text, a smaller face; hidden files."""
    root = tmp_path_factory.mktemp("photographs")
    (root / "b" / "c").mkdir(parents=True)
    (root / ".cache").mkdir()
    near = astronaut()[:320, 60:380]
    pictures = {
        "a.png": near,
        "b/pair.png": np.hstack([near, near[:, ::-1]]),
        "b/c/a.png": np.asarray(Image.fromarray(near).resize((150, 150))),
        ".cache/a.png": near,
    }
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(root / name)
    Image.new("RGB", (99, 99)).save(root / "black.png")
    (root / "b" / "notes.txt").write_text("no picture")
    (root / "b" / "c" / "back").symlink_to(root)
    (root / "b" / "empty").mkdir()
    (root / ".hidden.png").write_text("no picture")
    return root


IN_ORDER = ["a.png", "black.png", "b/notes.txt", "b/pair.png", "b/c/a.png", "b/empty"]


def test_a_tree_is_walked_in_order_and_never_in_a_circle(folder):
    found = [str(path.relative_to(folder)) for path in photographs(folder)]
    assert found == IN_ORDER
    assert list(photographs(folder / "a.png")) == [folder / "a.png"]
    assert [str(path) for path in photographs("nowhere.jpg")] == ["nowhere.jpg"]


def test_links_are_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.png").touch()
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen" / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "seen" / "gone.png").symlink_to(tmp_path / "nothing")
    found = [str(path.relative_to(tmp_path)) for path in photographs(tmp_path / "seen")]
    assert found == ["seen/gone.png", "seen/linked/a.png"]


def test_every_photograph_is_told_of_in_its_order(network, folder):
    found = list(read_photographs(network, [folder, "nowhere.jpg"]))
    assert [one.path for one in found] == [
        *(folder / name for name in IN_ORDER),
        found[-1].path,
    ]
    told = [(one.state, len(one.readings)) for one in found]
    lost = ("not read", 0)
    read = [("read", 1), ("no face", 0), lost, ("read", 2), ("read", 1)]
    assert told == [*read, lost, lost]
    for one, words in zip(
        (found[1], found[2], found[5], found[6]),
        (
            "no face found in 99",
            "cannot be read",
            "a folder without files",
            "no such file",
        ),
        strict=True,
    ):
        assert words in one.note and one.note in repr(one)
    assert all(not one.note for one in found if one.readings)
    first, second = found[3].readings
    assert first.box[0] < 320 <= second.box[0]
    assert "face at" in repr(found[3])


def test_an_empty_folder_is_complained_of(network, tmp_path):
    [one] = read_photographs(network, [tmp_path])
    assert one.state == "not read" and "a folder without files" in one.note
    with pytest.raises(FerError, match=f"{tmp_path}: a folder without files"):
        fer_lib.predict(network, tmp_path)


@pytest.mark.parametrize("together", [1, 3])
def test_faces_together_are_read_as_one_at_a_time(
    network, folder, monkeypatch, together
):
    usual = fer_lib.predict(network, folder)
    monkeypatch.setattr(reading, "TOGETHER", together)
    found = fer_lib.predict(network, folder)
    assert [one.source for one in found] == [one.source for one in usual]
    for one, other in zip(found, usual, strict=True):
        np.testing.assert_array_equal(one.face, other.face)
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)
    assert found.unread == usual.unread and len(found.unread) == 3


def test_no_more_wait_than_go_through_together(network, folder, monkeypatch):
    """Memory is constant: what is read is asked for a few at a time."""
    monkeypatch.setattr(reading, "TOGETHER", 2)
    looked_at = []
    seen = reading._seen
    monkeypatch.setattr(
        reading,
        "_seen",
        lambda path, **how: looked_at.append(path) or seen(path, **how),
    )
    for count, _ in enumerate(read_photographs(network, [folder] * 3), 1):
        assert len(looked_at) <= count + 1
    assert len(looked_at) == count == 18


def test_several_processes_find_the_same(network, folder, monkeypatch):
    monkeypatch.setattr(reading, "FEW", 1)
    one, two = (list(read_photographs(network, [folder], n)) for n in (1, 2))
    for alone, shared in zip(one, two, strict=True):
        assert (shared.path, shared.note) == (alone.path, alone.note)
        assert repr(shared) == repr(alone)
        for here, there in zip(alone.readings, shared.readings, strict=True):
            np.testing.assert_array_equal(here.face, there.face)


def test_a_list_of_paths_is_read_in_its_order(network, folder):
    paths = [folder / "b" / "pair.png", str(folder / "a.png")]
    found = fer_lib.predict(network, paths)
    assert [one.source for one in found] == [str(paths[0])] * 2 + [paths[1]]
    assert repr(fer_lib.predict(network, tuple(paths))) == repr(found)


def test_a_turned_photograph_reads_as_an_upright_one(network, folder, tmp_path):
    [upright] = fer_lib.predict(network, folder / "a.png")
    pixels = np.asarray(Image.open(folder / "a.png"))
    for tag, turns in ((3, 2), (6, 1), (8, 3)):
        exif = Image.Exif()
        exif[0x0112] = tag  # how a camera notes that it was turned
        Image.fromarray(np.rot90(pixels, turns)).save(tmp_path / "t.png", exif=exif)
        [found] = fer_lib.predict(network, tmp_path / "t.png")
        assert found.box == upright.box
        np.testing.assert_allclose(found.probabilities, upright.probabilities)


def test_probabilities_are_calibrated_and_sure_goes_by_the_rule(folder):
    network = fer_lib.load("deep_emotion")
    network.about, network.temperature = {}, 1.0
    [plain] = fer_lib.predict(network, folder / "a.png")
    network.temperature = 2.0
    [calm] = fer_lib.predict(network, folder / "a.png")
    expected = np.sqrt(plain.probabilities)
    np.testing.assert_allclose(calm.probabilities, expected / expected.sum(), atol=1e-5)
    assert calm.threshold == 0.5
    top = float(calm.probabilities.max())
    for threshold, sure in ((top, True), (top + 1e-6, False)):
        network.about = {"sure": {"threshold": threshold}}
        faces = calm.face[None]
        for [one] in (
            fer_lib.predict(network, folder / "a.png"),
            fer_lib.predict(network, faces),
        ):
            assert one.sure is sure
            assert ("not sure (" in repr(one)) is not sure


def test_small_faces_have_a_note(network, folder):
    near, _, _, small = fer_lib.predict(network, folder)
    assert not near.note and near.size >= LEAST > small.size
    assert f"{small.size} pixels wide" in small.note
    assert replace(small, box=None).note == ""


def test_what_was_read_is_explained_without_looking_again(network, folder, monkeypatch):
    readings = fer_lib.predict(network, folder / "b" / "pair.png")
    expected = fer_lib.explain(network, folder / "b" / "pair.png", "saliency")
    monkeypatch.setattr("fer_lib.front.predict", None)
    found = fer_lib.explain(network, readings, "saliency")
    np.testing.assert_array_equal(found.maps, expected.maps)


def test_a_missing_detector_ends_it_once(network, folder, monkeypatch):
    """It is no fault of a photograph."""

    def missing():
        raise FerError("the package dlib is missing")

    monkeypatch.setattr("fer_lib.photos.detection._detector", missing)
    with pytest.raises(FerError, match="dlib is missing"):
        list(read_photographs(network, [folder]))


def test_an_unreadable_folder_is_told_of(network, folder, monkeypatch):
    def refuse(path):
        raise PermissionError(path)

    monkeypatch.setattr("os.scandir", refuse)
    [one] = read_photographs(network, [folder])
    assert one.path == folder and "may not be listed" in one.note
