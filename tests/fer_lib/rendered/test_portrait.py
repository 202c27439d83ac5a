"""One face from a seed, and the truth that comes with it."""

from dataclasses import replace

import numpy as np
import pytest

from fer_lib.errors import FerError
from fer_lib.rendered.conditions import WILD
from fer_lib.rendered.head import load_head
from fer_lib.rendered.photo import OCCLUDERS, occlude
from fer_lib.rendered.portrait import render_face


@pytest.fixture(scope="module")
def happy():
    return render_face(2, "happy", size=64, seed=1, take=5)


@pytest.fixture(scope="module")
def surprised():
    return render_face(2, "surprise", size=64, seed=1, take=5)


def test_same_arguments_same_bytes(happy):
    again = render_face(2, "happy", size=64, seed=1, take=5)
    np.testing.assert_array_equal(happy.image, again.image)
    np.testing.assert_array_equal(happy.landmarks, again.landmarks)
    np.testing.assert_array_equal(happy.units, again.units)


@pytest.mark.parametrize(
    "change", [{"subject": 3}, {"seed": 2}, {"take": 6}, {"expression": "sad"}]
)
def test_every_argument_matters(happy, change):
    arguments = {"subject": 2, "expression": "happy", "seed": 1, "take": 5}
    other = render_face(**arguments | change, size=64)
    assert (happy.image != other.image).mean() > 0.1


def test_jaw_map_holds_the_chin_and_not_the_brows(surprised):
    moved = surprised.unit_map("jawOpen")
    columns, rows = np.rint(surprised.landmarks).astype(int).T
    assert moved[rows[[57, 58, 56]], columns[[57, 58, 56]]].all()
    assert not moved[rows[17:27], columns[17:27]].any()


def test_gaze_moves_the_eyes_alone(happy):
    looking = load_head().unit_vector(eyeLookInLeft=1, eyeLookOutRight=1)
    scene = replace(happy.scene, units=looking)
    points, _ = scene.landmarks()
    for unit, eye in (("eyeLookInLeft", 42), ("eyeLookOutRight", 36)):
        rows, columns = np.nonzero(scene.unit_map(unit))
        assert len(rows) > 5
        middle, width = points[eye : eye + 6].mean(0), np.ptp(points[36:42, 0])
        assert np.hypot(columns - middle[0], rows - middle[1]).max() < width


def test_unknown_names_are_refused(happy):
    with pytest.raises(FerError, match="'smiling' is unknown"):
        render_face(0, "smiling")
    with pytest.raises(FerError, match="'AU12' is unknown"):
        happy.unit_map("AU12")


@pytest.mark.parametrize("kind", OCCLUDERS)
def test_occluders_cover_a_part_and_leave_the_rest(kind, happy, monkeypatch):
    monkeypatch.setattr("fer_lib.rendered.photo.OCCLUDERS", (kind,))
    image = happy.image / 255
    changed, covered = occlude(image, happy.landmarks, np.random.default_rng(1))
    assert 0 < covered.mean() < 0.5
    far = np.abs(changed - image) > 0.02
    # Soft edges reach a pixel beyond what counts as covered.
    assert (far & ~covered).mean() < 0.12
    assert changed.min() >= 0 and changed.max() <= 1


def test_covered_points_are_not_visible():
    always = replace(WILD, occluded=1.0)
    hidden = [
        face.covered[row, column] and seen
        for take in range(6)
        for face in [render_face(take, "sad", 48, 0, take, always)]
        for (column, row), seen in zip(
            np.clip(np.rint(face.landmarks), 0, 47).astype(int),
            face.visible,
            strict=True,
        )
    ]
    assert not any(hidden)
