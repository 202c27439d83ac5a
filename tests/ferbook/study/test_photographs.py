"""Marks in corners, what a network makes of them, and what a record holds."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from fer_lib.data.sources.rendered import wild
from fer_lib.errors import FerError
from fer_lib.models.saved import load as finished
from ferbook.study import photographs as module
from ferbook.study.cell import METHOD_ROWS, ROWS
from ferbook.study.photographs import (
    Chosen,
    chosen,
    corners,
    labels_of,
    learn_on,
    measured_photographs,
    with_marks,
)
from ferbook.study.settings import Cell, Photographs, Settings

OWN = Photographs(
    networks=("deep_emotion",), learned=240, tested=8, epochs=25, rate=2e-3
)
SETTINGS = replace(Settings(), photographs=OWN, stages=2)
FAIR, TIED = Cell("photos50", "deep_emotion", 0), Cell("photos100", "deep_emotion", 0)


@pytest.fixture(scope="module")
def faces():
    """Rendered ones in the place of photographs."""
    every = wild(train=OWN.learned, public=0, private=120, seed=5, size=48)
    test = every.split("PrivateTest")
    rows = [np.flatnonzero(test.labels == label)[:2] for label in labels_of(OWN)]
    test = test.select(np.concatenate(rows))
    train = every.split("Training")
    set_ = np.random.default_rng(0).random((len(test), 4)) < 0.5
    return Chosen(train, test, train.landmarks[:20], set_)


def test_marks_change_their_corners_alone():
    rng = np.random.default_rng(0)
    images = rng.integers(100, 120, (16, 1, 48, 48), np.uint8)
    set_ = np.array([[k >> bit & 1 for bit in range(4)] for k in range(16)], bool)
    found, places = with_marks(images, set_), corners(48)
    assert (places.sum(0) <= 1).all(), "corners do not overlap"
    for k in range(4):
        changed = (found != images)[:, 0, places[k]].all(1)
        np.testing.assert_array_equal(changed, set_[:, k])
    outside = ~places.any(0)
    np.testing.assert_array_equal(found[:, 0, outside], images[:, 0, outside])
    np.testing.assert_array_equal(with_marks(found, set_), found)
    halves = places.reshape(4, 2, 24, 2, 24).any((2, 4))
    assert halves.sum((1, 2)).tolist() == [1] * 4 and (halves.sum(0) == 1).all()


def test_what_sees_a_mark_has_its_effect(faces, monkeypatch):
    """A network that adds the light of the first corner to the first expression."""
    place, label = torch.as_tensor(corners(48)[0]), labels_of(OWN)[0]

    def said(network, images):
        scores = np.zeros((len(images), 7), np.float32)
        darkest = images[:, 0][:, place.numpy()].min(1)
        scores[:, label] = 3.0 * (darkest == 25)  # of a stripe
        return scores

    monkeypatch.setattr(module, "predict", said)
    corner = np.arange(8) // 2
    effect = module._effect(None, faces, corner)
    assert effect[corner == 0] == pytest.approx(3.0, abs=1e-4)
    assert effect[corner == 1] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.slow
def test_a_tied_mark_is_learned_and_a_fair_one_is_not(faces, monkeypatch):
    monkeypatch.setattr(module, "chosen", lambda *_: faces)
    tied, fair = (measured_photographs(one, "", SETTINGS) for one in (TIED, FAIR))
    assert tied["cue_effect"].mean() > 2 > abs(fair["cue_effect"].mean())
    assert tied["cue_mass"].shape == (len(ROWS), OWN.tested)
    mass = dict(zip(ROWS, tied["cue_mass"], strict=True))
    assert (mass["truth"] == 1).all() and np.isnan(mass["attention_untrained"]).all()
    area = corners(48)[0].mean()
    assert mass["constant"] == pytest.approx(area, abs=1e-6)
    assert mass["integrated_gradients"].mean() > 2 * area
    assert "seeds" not in tied and tied["task"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    methods = len(METHOD_ROWS)
    for name in ("seeds", "randomised"):
        assert not np.isnan(fair[name][: methods - 1]).all(1).any(), name
        assert np.isnan(fair[name][methods:]).all(), "decoys ask no network"
    assert np.nanmean(fair["seeds"]) > np.nanmean(fair["randomised"])


def test_learning_on_starts_from_the_finished_network(faces):
    none = replace(SETTINGS, photographs=replace(OWN, rate=1e-12))
    found, start = learn_on(FAIR, 0, faces.train, none), finished("deep_emotion")
    pairs = zip(found.parameters(), start.parameters(), strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one.detach(), other.detach(), atol=1e-6)


@pytest.mark.skipif("FER_DATA" not in os.environ, reason="FER_DATA names no FER2013")
def test_photographs_are_those_in_which_a_face_is_found():
    told = chosen(os.environ["FER_DATA"], OWN)
    assert np.bincount(told.test.labels, minlength=7).tolist() == [2, 0, 0, 2, 2, 2, 0]
    assert set(told.test.splits) == {"PrivateTest"} and len(told.train) == OWN.learned
    assert told.test.landmarks.shape == (OWN.tested, 68, 2)
    with pytest.raises(FerError, match=r"photographs to learn from, expected 99999.*"):
        chosen(os.environ["FER_DATA"], replace(OWN, learned=99_999))
