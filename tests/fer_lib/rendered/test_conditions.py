"""The knobs: stored exactly, refused when wrong, each with its effect."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_lib.errors import FerError
from fer_lib.rendered.conditions import WILD, Conditions
from fer_lib.rendered.photo import compress
from fer_lib.rendered.portrait import render_face


@given(
    st.floats(0, 90),
    st.tuples(st.floats(0, 2), st.floats(0, 2)).map(sorted).map(tuple),
    st.booleans(),
)
def test_any_value_comes_back_exactly(yaw, strength, background):
    changed = WILD.changed(yaw=yaw, strength=strength, background=background)
    assert Conditions.from_row(changed.to_row()) == changed


@pytest.mark.parametrize(
    "knobs, told",
    [
        ({"yaw": -1}, "yaw is -1, expected one number from 0 to 90"),
        ({"yaw": "15"}, "yaw is '15', expected one number"),
        ({"yaw": float("nan")}, "yaw is nan"),
        ({"strength": (1, 0.5)}, r"strength is \(1, 0.5\), expected two rising"),
        ({"zoom": (0, 1)}, "zoom is"),
        ({"jpeg": (0, 50)}, "jpeg is"),
        ({"haze": 1}, "option 'haze' is unknown, expected one of yaw"),
    ],
)
def test_wrong_knobs_are_refused(knobs, told):
    with pytest.raises(FerError, match=told):
        WILD.changed(**knobs)


def face(take=0, **knobs):
    return render_face(1, "happy", 32, 0, take, WILD.changed(**knobs))


@pytest.mark.parametrize(
    "knobs",
    [{"jpeg": (5, 30)}, {"occluded": 1}, {"blur": 3}, {"grain": (0.1, 0.1)},
     {"exposure": 0}, {"background": False}],
)  # fmt: skip
def test_what_happens_to_the_picture_leaves_the_face_alone(knobs):
    plain, hard = face(take=2), face(take=2, **knobs)
    assert (plain.image != hard.image).any()
    np.testing.assert_array_equal(plain.landmarks, hard.landmarks)
    np.testing.assert_array_equal(plain.units, hard.units)


def sharpness(image):
    return np.abs(np.diff(image.astype(float), axis=1)).mean()


def test_each_knob_makes_faces_harder():
    clean = {"grain": (0, 0), "occluded": 0}
    pairs = [(face(t, blur=0, **clean), face(t, blur=3, **clean)) for t in range(6)]
    sharp, blurred = (
        np.mean([sharpness(face.image) for face in side])
        for side in zip(*pairs, strict=True)
    )
    assert blurred < 0.85 * sharp
    frontal, turned = (
        np.mean([abs(face(t, yaw=yaw).scene.camera.rotation[0, 2]) for t in range(6)])
        for yaw in (5, 30)
    )
    assert turned > 4 * frontal
    weak, clear = face(strength=(0.2, 0.2)), face(strength=(1, 1))
    assert weak.strength == 0.2 and weak.units.sum() < clear.units.sum()
    hidden = [face(t, occluded=1).covered.any() for t in range(4)]
    assert all(hidden) and not face(occluded=0).covered.any()


def test_jpeg_of_lower_quality_is_further_away():
    image = render_face(0, "happy", 64).image
    away = [np.abs(compress(image, q).astype(int) - image).mean() for q in (95, 40, 5)]
    assert away == sorted(away) and away[0] < 2 < away[2]
    assert compress(image, 40).shape == image.shape
