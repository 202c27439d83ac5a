"""What networks say of a face: by known networks, by sliders without a browser."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
import torch
from torch import nn

from fer_lib.errors import FerError
from fer_lib.models.network import Network
from fer_lib.models.saved import committed, load
from fer_lib.preprocessing import Preprocessing
from ferbook.chapters.your_face import answers, controls
from ferbook.chapters.your_face.answers import Series
from ferbook.chapters.your_face.photograph import View, find_one, load_photo


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


@pytest.fixture(scope="module")
def found():
    return find_one(load_photo())


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
    assert sum(one.rendered_only for one in found.values()) == 6
    assert all(
        one.rendered_only != name.endswith("FER2013") for name, one in found.items()
    )
    real = answers.chosen_networks("fer2013")
    assert set(real) == {name for name, one in found.items() if not one.rendered_only}
    (mine,) = answers.chosen_networks(weights=str(committed("ramn"))).items()
    assert mine[0] == "yours" and mine[1].NAME == "RAMN"
    with pytest.raises(FerError, match="no such file"):
        answers.chosen_networks(weights="nowhere.safetensors.gz")


def test_an_accuracy_comes_from_the_record_of_the_very_network():
    found = answers.chosen_networks()
    for name, row in zip(found, answers.home_table(found).rows, strict=True):
        metrics = answers.record_of(name).metrics()
        assert row[0] == name and row[2].endswith(f"n = {metrics['n']:,}")
        assert row[2].startswith(f"{100 * metrics['accuracy']:.1f} % (")
        assert answers.record_of(name).rendered == found[name].rendered_only
    assert answers.record_of("yours") is None


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
    shares = answers.probabilities(ramn["ramn"], face)[0]
    word = ramn["ramn"].classes[shares.argmax()]
    assert f"ramn says {word}, {100 * shares.max():.0f} per cent" in told.value
    about = {"name": "me.txt", "type": "", "last_modified": datetime(2026, 1, 1)}
    file.value = ({**about, "size": 2, "content": b"no"},)
    assert told.value.startswith('<p role="alert">me.txt: cannot be read')
