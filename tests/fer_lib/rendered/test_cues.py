"""Cues change what they should in a picture, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from fer_lib.rendered import cues
from fer_lib.rendered.cues import CUES, mark_place, marked, room
from fer_lib.rendered.head import load_head
from fer_lib.rendered.moved_faces import moved_face


@pytest.fixture(scope="module")
def smile():
    cues = {"light": True, "ears": False, "background": False, "mark": True}
    return moved_face(3, ("mouthSmileLeft",), 64, 1, 7, cues)


@pytest.mark.parametrize("cue", CUES)
def test_a_switched_cue_changes_the_cue_alone(smile, cue):
    other = smile.switched(cue)
    assert other.switched(cue).cues == smile.cues
    np.testing.assert_array_equal(smile.scene.units, other.scene.units)
    change = smile.cue_map(cue)
    assert change.max() > 0.05
    face = smile.scene.hits(samples=1).rays
    on_face = np.zeros(64 * 64, bool)
    on_face[face] = True
    on_face = on_face.reshape(64, 64)
    if cue == "mark":
        assert not change[~mark_place(64)].any()
    if cue == "background":
        assert not change[binary_dilation(~on_face, iterations=2) == 0].any()
    if cue == "light":
        assert not change[binary_dilation(on_face, iterations=2) == 0].any()
    if cue == "ears":
        points, _ = smile.scene.landmarks()
        inner = slice(int(points[19, 0]), int(points[24, 0]))
        assert not change[:, inner].any()


def test_ears_stick_out_and_nothing_else_moves(smile):
    out, flat = (
        replace(smile, cues={**smile.cues, "ears": on}).scene.person.neutral
        for on in (True, False)
    )
    shift = out - flat
    mask = load_head().masks["ears"]
    assert not shift[mask == 0].any() and not shift[:, 1:].any()
    assert np.abs(shift[mask == 1, 0]).min() > 0.2
    assert (np.sign(shift[:, 0]) * np.sign(load_head().vertices[:, 0]) >= 0).all()


def test_a_light_room_is_lighter_and_the_mark_is_striped():
    dark, light = (room(np.full((4, 4), 0.3), {"background": on}) for on in (0, 1))
    np.testing.assert_allclose(light - dark, 0.4)
    assert 0 < dark.min() < light.max() < 1
    grey = np.full((48, 48), 0.5)
    drawn = marked(grey, {"mark": True})
    inside = drawn[mark_place(48)]
    assert set(np.round(inside, 3)) == {0.1, 0.9} and len(inside) == 36
    np.testing.assert_array_equal(marked(grey, {"mark": False}), grey)


def test_what_the_mark_covers_is_no_evidence(smile, monkeypatch):
    everywhere = np.ones((64, 64), bool)
    monkeypatch.setattr(cues, "mark_place", lambda size: everywhere)
    for on in (True, False):
        one = replace(smile, cues={**smile.cues, "mark": on})
        assert one.shift("mouthSmileLeft").any() == (not on)
