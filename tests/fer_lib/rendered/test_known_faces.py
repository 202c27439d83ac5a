"""A face without a unit is that face without it, and the truth says where."""

import numpy as np
import pytest

from fer_lib.errors import FerError
from fer_lib.rendered.cues import CUES, mark_place
from fer_lib.rendered.head import load_head
from fer_lib.rendered.known import expression_faces, know
from fer_lib.rendered.moved_faces import expressive_face, moved_face
from fer_lib.rendered.scene import moved, shifted

UNITS = ("jawOpen", "browDownLeft")
NAMES = load_head().unit_names


@pytest.fixture(scope="module")
def face():
    return moved_face(3, UNITS, size=48, take=5, set_cues=dict.fromkeys(CUES, True))


@pytest.fixture(scope="module")
def known():
    faces = [lambda k=k: moved_face(k, UNITS[: 1 + k], size=40, take=k) for k in (0, 1)]
    return know(faces, [4, 2])


def test_what_is_left_out_is_at_rest_and_nothing_else_changed(face):
    less = face.without("jawOpen")
    gone = np.flatnonzero(face.scene.units - less.scene.units)
    assert [NAMES[k] for k in gone] == ["jawOpen"]
    assert less.scene.camera is face.scene.camera and less.key == face.key
    both = face.without("jawOpen", "browDownLeft")
    np.testing.assert_array_equal(both.scene.units, face.resting.units)
    np.testing.assert_array_equal(both.picture(), face.with_only().picture())
    assert face.with_only("jawOpen").strengths == face.without(UNITS[1]).strengths


def test_strengths_of_a_take_do_not_depend_on_what_moves():
    one, other = (moved_face(3, u, take=5) for u in (UNITS, UNITS[1:]))
    assert one.strengths[UNITS[1]] == other.strengths[UNITS[1]]


def test_the_truth_is_where_the_points_move(face):
    scene, other = face.scene, face.without("browDownLeft").scene
    shift = shifted(scene, other)
    np.testing.assert_array_equal(shift > 0.25, moved(scene, other))
    hidden = mark_place(48)
    found = face.shift("browDownLeft")
    np.testing.assert_array_equal(found[~hidden], shift[~hidden])
    assert not face.shift("jawOpen")[hidden].any() and found.max() > 0.5
    rows = np.arange(48) @ found.sum(1) / found.sum()
    assert rows < 20, "brows are in the upper half"
    # Points of the subject's left lie on the image's right.
    assert np.arange(48) @ found.sum(0) / found.sum() > 24


def test_a_cue_changes_its_own_place(face):
    seen = face.cue_map("mark") > 0.04
    assert seen[mark_place(48)].mean() > 0.9 and not seen[~mark_place(48)].any()
    assert not face.switched("mark").cues["mark"]


def test_pictures_and_truth_of_every_movement(known):
    assert known.row.tolist() == [0, 1, 1]
    assert known.unit.tolist() == ["jawOpen", *UNITS]
    assert known.images.shape == (2, 1, 40, 40) and known.labels.tolist() == [4, 2]
    # One unit alone: without it the face is at rest, and alone it is the face.
    np.testing.assert_array_equal(known.without[0], known.rest[0])
    np.testing.assert_array_equal(known.alone[0], known.images[0])
    np.testing.assert_allclose(known.moved[0], known.shift[0], atol=2e-2)
    assert (known.without[1] != known.images[1]).any()
    area = [known.thresholded(t).mean() for t in (0.125, 0.25, 0.5)]
    assert area == sorted(area, reverse=True) and area[-1] > 0


def test_faces_are_chosen_with_their_movements(known):
    turned = known.select(np.array([1, 0]))
    assert turned.unit.tolist() == [*UNITS, "jawOpen"]
    assert turned.row.tolist() == [0, 0, 1]
    one = known.asked("browDownLeft", np.array([1]))
    np.testing.assert_array_equal(one.shift[0], known.moved[2].astype("f4"))
    with pytest.raises(FerError, match="'browDownLeft' does not move in all of 2"):
        known.asked("browDownLeft", np.array([0, 1]))


def test_expressions_are_known_unit_by_unit():
    found = expression_faces(2, 40)
    assert found.labels.tolist() == [0, 1]
    face = expressive_face(1, "disgust", 40, take=1)
    assert found.unit[found.row == 1].tolist() == list(face.strengths)
    np.testing.assert_array_equal(found.images[1, 0], face.picture())


def test_unknown_units_are_refused(face):
    with pytest.raises(FerError, match="'mouthLeft' does not move in this face"):
        face.without("mouthLeft")
    with pytest.raises(FerError, match="'wink' is unknown"):
        moved_face(0, ["wink"])
