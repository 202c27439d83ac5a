"""A photograph, the face in it, and what known networks say of its views."""

import io
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut
from torch import nn

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import probabilities
from fer_lib.landmarks import eye_centres
from fer_lib.models import NETWORKS, build
from fer_lib.models.network import Network
from fer_lib.models.saved import committed, load
from fer_lib.photos.alignment import move_points
from fer_lib.preprocessing import Preprocessing
from ferbook.chapters.your_face import answers, controls
from ferbook.chapters.your_face.answers import Series
from ferbook.chapters.your_face.photograph import View, find_one, load_photo, seen
from ferbook.kit.results import made_by
from ferbook.papers import PAPERS

SAME = np.array([[1.0, 0, 0], [0, 1, 0]])  # a picture is its own frame


@pytest.fixture(scope="module")
def found():
    return find_one(astronaut())


def written(image, kind="PNG", **options) -> bytes:
    stored = io.BytesIO()
    Image.fromarray(image).save(stored, kind, **options)
    return stored.getvalue()


def test_a_photograph_is_turned_as_its_camera_noted(tmp_path):
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, :20] = 255
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held upright: turn clockwise
    (tmp_path / "me.jpg").write_bytes(written(image, "JPEG", exif=turned))
    pixels = load_photo(str(tmp_path / "me.jpg"))
    assert pixels.shape == (40, 20, 3)
    assert pixels[:18].min() > 200 and pixels[22:].max() < 50


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        ("me.txt", r"^me\.txt: cannot be read as an image"),
        ("nowhere.png", r"nowhere\.png': no such file"),
        ("upload", "photo is 'upload', which works on Colab"),
    ],
)
def test_what_is_no_picture_is_refused_by_its_name(tmp_path, monkeypatch, photo, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me.txt").write_text("no picture")
    with pytest.raises(FerError, match=words):
        load_photo(photo)


def test_the_eyes_lie_where_the_frame_promises(found):
    for side in (48, 96):
        left, right = (
            move_points(eye_centres(found.points), found.frame(side)) + 0.5
        ) / side
        np.testing.assert_allclose(right - left, [0.34, 0], atol=1e-6)
        np.testing.assert_allclose((left + right) / 2, [0.5, 0.28], atol=1e-6)
    assert found.height_of("eyes") == pytest.approx(0.28, abs=1e-6)
    assert 0.35 < found.height_of("nose") < 0.5 < found.height_of("mouth") < 0.7


def test_of_two_faces_one_has_to_be_chosen(found):
    both = np.concatenate([astronaut(), astronaut()], 1)
    with pytest.raises(FerError, match=r"found 2 faces \(left edges at 1\d\d, 6\d\d"):
        find_one(both)
    with pytest.raises(FerError, match="parameter 'face' is 3"):
        find_one(both, 3)
    first, second = find_one(both, 1), find_one(both, 2)
    assert second.box[0] - first.box[0] == pytest.approx(512, abs=10)
    np.testing.assert_allclose(first.points, found.points, atol=8)


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        (astronaut()[300:], "no face found in 512 x 212 pixels"),
        (np.zeros((200, 200, 3), np.uint8), "no face found in 200 x 200 pixels"),
        (astronaut()[::2, ::2], r"the face is 4\d pixels wide, expected 64"),
        (astronaut() // 6, r"the face is dark, .* begins at 3\d of 255"),
    ],
)
def test_a_photograph_that_will_not_do_is_refused_in_one_sentence(photo, words):
    with pytest.raises(FerError, match=words) as error:
        find_one(photo)
    assert "\n" not in str(error.value) and "expected" in str(error.value)


def dot(x, y, side=48):
    """A soft dot at a place, so that its centre is known to a part of a pixel."""
    rows, columns = np.mgrid[:side, :side]
    bell = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 2.0**2))
    return np.rint(240 * bell).astype(np.uint8)


def centre(face):
    weights = face[0].astype(float)
    rows, columns = np.mgrid[: len(weights), : len(weights)]
    return np.array([(weights * columns).sum(), (weights * rows).sum()]) / weights.sum()


@pytest.mark.parametrize(
    ("view", "place"),
    [
        (View(), (30, 20)),
        (View(right=0.125), (24, 20)),  # the frame goes right, the face left
        (View(down=-0.125), (30, 26)),
        (View(mirror=True), (17, 20)),
        (View(crop=1.25), (23.5 + 6.5 / 1.25, 23.5 - 3.5 / 1.25)),
        (View(crop=0.8, right=0.125), (23.5 + 0.5 / 0.8, 23.5 - 3.5 / 0.8)),
        (View(right=0.125, mirror=True), (23, 20)),
    ],
)
def test_a_view_takes_a_dot_where_it_says(view, place):
    (face,) = seen(dot(30, 20), SAME, [view])
    np.testing.assert_allclose(centre(face), place, atol=0.15)


def test_a_cover_lies_where_its_shares_say_and_is_the_mean():
    image = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    plain, covered, beyond = seen(
        image,
        SAME,
        [
            View(),
            View(cover=(0.25, 0.5, 0.5, 0.75)),
            View(cover=(-0.5, -0.5, 0.125, 2)),
        ],
    )
    expected = plain.copy()
    expected[0, 24:36, 12:24] = round(plain.mean())
    np.testing.assert_array_equal(covered, expected)
    assert (beyond[0, :, :6] == beyond[0, 0, 0]).all()
    np.testing.assert_array_equal(beyond[0, :, 6:], plain[0, :, 6:])


class Brighter(Network):
    """Class 1 by how much lighter a part of the face is than grey; class 0 by 0."""

    NAME = "brighter"

    def __init__(self, rows, columns, size=48):
        super().__init__()
        self.input = Preprocessing(size=size, channels=1, mean=0.0, std=1.0)
        self.conv = nn.Conv2d(1, 1, 1, bias=False)
        nn.init.ones_(self.conv.weight)
        self.part = rows, columns

    def forward(self, x):
        light = 20 * (self.conv(x)[:, 0, *self.part].mean((1, 2)) - 0.5)
        return torch.stack([0 * light, light], 1)

    def cam_layers(self):
        return {"conv": self.conv}


def restored(network, rendered=True):
    network.classes = ("dark", "light")
    network.provenance = "rendered faces only" if rendered else "photographs"
    return network


def test_who_is_sure_of_the_face_is_told_with_the_rule(found):
    network, face = load("deep_emotion"), found.see()
    network.about, network.temperature, counted = {}, 1.0, "not counted"
    for rule in ({}, {"threshold": 1.25, "right": 0.875, "share": 0.5, "n": 1234}):
        if rule:
            network.about, network.temperature = {"sure": rule}, 1.5
            counted = "88 % of the 50 % that are sure, n = 1,234"
        [row] = answers.sure_table({"one": network}, face).rows
        shares = probabilities(network, face)[0]
        said = f"{network.classes[shares.argmax()]} {100 * shares.max():.0f} %"
        sure = shares.max() >= rule.get("threshold", 0.5)
        limit = "125 %" if rule else "50 %"
        here = said if sure else f"not sure ({said})"
        assert row == ("one", f"{network.temperature:.2f}", limit, counted, here)


@pytest.fixture
def left():
    """Sees the left half alone."""
    return {"left": restored(Brighter(slice(None), slice(0, 24)))}


def half_lit(found, left=255, right=0):
    """The photograph's face with another grey on each side of its middle."""
    photo = np.full_like(found.photo, right)
    middle = round(found.points[:, 0].mean())
    photo[:, :middle] = left
    return replace(found, photo=photo)


def test_half_of_the_nudges_are_mirrored_and_so_change_this_answer(found, left):
    others = np.zeros((2, 96, 96), np.uint8)
    others[0, :, :48] = 255
    told = answers.steadiness(left, half_lit(found), others)["left"]
    assert told.label == "light" and told.kept == 0.5
    assert told.at_home.tolist() == [0.5, 1.0]
    assert told.shares[: len(told.shares) // 2].min() > 0.9
    assert told.shares[len(told.shares) // 2 :].max() < 0.1
    row = answers.steadiness_table({"left": told}).rows[0]
    assert row[1] == "light" and row[3] == "50 %" and row[4].startswith("75 % (")


def test_six_networks_come_with_the_book_and_one_file_replaces_them():
    found = answers.chosen_networks()
    papers = {name for name in found if not name.endswith("FER2013")}
    assert papers == {NETWORKS[p].NAME for p in PAPERS if p != "comparison"}
    assert set(answers.chosen_networks("fer2013")) == set(found) - papers
    (mine,) = answers.chosen_networks(weights=str(committed("ramn"))).items()
    assert mine[0] == "yours" and mine[1].NAME == "RAMN"
    with pytest.raises(FerError, match="no such file"):
        answers.chosen_networks(weights="nowhere.safetensors.gz")


def test_an_accuracy_comes_from_the_file_or_the_record_of_the_very_network():
    read = {"n": 4, "accuracy": 0.5, "accuracy_ci95": [0.15, 0.85]}
    told, recorded, new = load("ramn"), load("ramn"), build("ramn", preset="smoke")
    told.about = {"reads": {"photographs": read}}
    recorded.about = {"command": recorded.about["command"]}
    rows = answers.home_table({"a": told, "b": recorded, "c": new}).rows
    assert rows[0][2:] == ("50.0 % (15.0–85.0), n = 4", "not tested")
    record = made_by(recorded)
    metrics, (there, not_there) = (
        record.metrics(),
        (3, 2) if record.rendered else (2, 3),
    )
    assert rows[1][there].startswith(f"{100 * metrics['accuracy']:.1f} % (")
    assert rows[1][there].endswith(f"n = {metrics['n']:,}")
    assert rows[1][not_there] == "not tested"
    assert rows[2][1:] == ("untrained", "not tested", "not tested")


def test_covering_the_part_that_counts_lowers_the_score_most(found):
    corner = {"corner": restored(Brighter(slice(36, 48), slice(0, 12)))}
    face = np.full((1, 48, 48), 60, np.uint8)
    face[:, 36:, :12] = 250
    told = answers.reasons(corner, face)["corner"]
    assert told.answer.startswith("light")
    peak = np.unravel_index(told.drops.argmax(), told.drops.shape)
    assert peak[0] >= 36 and peak[1] < 12
    assert 0 < told.misled < 0.2
    # A gradient of equal weight for all positions: bright ones speak.
    assert told.gradient[40, 6] == 1 and told.agree > 0.3
    assert answers.reason_table({"corner": told}).rows[0][2] == f"{told.agree:+.2f}"


def test_answers_along_a_series_change_where_they_must(found):
    eyes = {"eyes": restored(Brighter(slice(12, 15), slice(None)))}
    lit = half_lit(found, 250, 250)
    steps = tuple(View(right=value) for value in (0.0, 0.0, 0.0))
    dark = tuple(replace(one, cover=(0, 0.1, 1, 0.5)) for one in steps)
    series = [Series("s", "x", (1, 2, 3), (steps[0], dark[1], steps[2]), 1)]
    photo = np.where(np.arange(512)[:, None, None] < 120, 250, 0)
    lit = replace(lit, photo=np.broadcast_to(photo, lit.photo.shape).astype(np.uint8))
    (along,) = answers.answers_along(eyes, lit, series)["eyes"]
    assert along.plain == 1 and along.labels.tolist() == [1, 0, 1]
    assert along.told((1, 2, 3)) == "light to 1\ndark to 2\nlight to 3"
    table = answers.change_table({"eyes": [along]}, series)
    assert table.rows == (("eyes", "light to 1\ndark to 2\nlight to 3"),)


def test_sliders_ask_the_network_and_a_bad_file_is_refused(found):
    ramn = {"ramn": load(committed("ramn"))}
    box = controls.controls(ramn, found)
    file, _, crop, blur, size, _, _, told = box.children
    crop.value, blur.value, size.value = 1.3, 1.0, 0.4
    square = controls.window(0.4, 0.5, round(found.height_of("mouth"), 6))
    face = found.see([View(crop=1.3, blur=1.0, cover=square)])
    shares = probabilities(ramn["ramn"], face)[0]
    word = ramn["ramn"].classes[shares.argmax()]
    assert f"ramn says {word}, {100 * shares.max():.0f} per cent" in told.value
    about = {"name": "me.txt", "type": "", "last_modified": datetime(2026, 1, 1)}
    file.value = ({**about, "size": 2, "content": b"no"},)
    assert told.value.startswith('<p role="alert">me.txt: cannot be read')
