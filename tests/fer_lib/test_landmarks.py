"""The 68 vertex ids: symmetry, order, and agreement with dlib's points."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_lib.landmarks import (
    FIVE_PARTS,
    IBUG_FLIP,
    LANDMARKS,
    interocular,
    normalised_error,
    part_means,
)
from fer_lib.rendered.conditions import STUDIO
from fer_lib.rendered.head import load_head
from fer_lib.rendered.portrait import render_face, subject_person
from fer_lib.rendered.scene import Scene, camera_on, turned
from fer_lib.rendered.surface import local


@pytest.fixture(scope="module")
def base():
    """The landmarks on the base mesh ``[68, 3]``; x to the image's right."""
    return local(load_head())[LANDMARKS]


def test_five_parts_cover_all_points_once():
    covered = [i for low, high in FIVE_PARTS.values() for i in range(low, high)]
    assert covered == list(range(68))
    outputs = {part: 2 * (high - low) for part, (low, high) in FIVE_PARTS.items()}
    # The widths of the part ensemble's five heads.
    assert outputs == {"jaw": 34, "eyebrows": 20, "nose": 18, "eyes": 24, "mouth": 40}


def test_normalised_error():
    truth = np.zeros((2, 68, 2))
    truth[:, 45, 0] = 50
    found = truth + np.array([3, 4])
    np.testing.assert_allclose(normalised_error(found, truth), 0.1)
    found[1, 48:68] = truth[1, 48:68]
    means = part_means(normalised_error(found, truth))
    np.testing.assert_allclose(means["mouth"], [0.1, 0])
    np.testing.assert_allclose(means["jaw"], [0.1, 0.1])
    assert np.isnan(normalised_error(found, np.zeros((2, 68, 2)))).all()


def test_flip_is_an_involution_that_keeps_the_midline():
    np.testing.assert_array_equal(IBUG_FLIP[IBUG_FLIP], np.arange(68))
    fixed = np.flatnonzero(np.arange(68) == IBUG_FLIP)
    assert fixed.tolist() == [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]


def test_ids_are_mirrored_under_the_flip():
    head = load_head()
    np.testing.assert_array_equal(head.mirror[LANDMARKS], LANDMARKS[IBUG_FLIP])


def test_order_along_each_part(base):
    x, y = base[:, 0], base[:, 1]
    for low, high in ((17, 27), (31, 36), (48, 55), (60, 65)):
        assert (np.diff(x[low:high]) > 0).all(), (low, high)
    assert (np.diff(x[1:16]) > 0).all()
    assert (np.diff(y[:9]) < 0).all() and (np.diff(y[8:17]) > 0).all()
    assert (np.diff(y[27:31]) < 0).all(), "the bridge runs downwards"
    assert (np.diff(x[54:60]) < 0).all(), "the lower lip runs back"
    assert (np.diff(x[64:68]) < 0).all()
    for low, high in ((36, 42), (42, 48), (48, 60), (60, 68)):
        ring = base[low:high, :2]
        after = np.roll(ring, -1, 0)
        area = (ring[:, 0] * after[:, 1] - after[:, 0] * ring[:, 1]).sum()
        assert area < 0, "rings run clockwise, seen with y up"


def test_jaw_opens_the_inner_lips_alone():
    head = load_head()
    move = head.units[head.unit_names.index("jawOpen")][LANDMARKS, 1]
    assert np.abs(move[17:48]).max() < 0.02
    assert (move[65:68] < -0.2).all() and (move[61:64] > -0.05).all()
    assert (move[6:11] < -0.1).all()


def scene(yaw):
    person = subject_person(0, 3)
    camera = camera_on(person, 96, turned(np.radians(yaw), 0, 0), zoom=0.8)
    return Scene(person, np.zeros(52), camera)


@pytest.mark.parametrize("yaw", [-75, 75])
def test_profile_hides_the_far_side(yaw):
    points, visible = scene(yaw).landmarks()
    far = slice(0, 8) if yaw < 0 else slice(9, 17)
    near = slice(9, 17) if yaw < 0 else slice(0, 8)
    # A positive yaw turns the face to the image's right.
    assert (points[30, 0] - points[[0, 16], 0].mean()) * yaw > 0
    assert not visible[far].any()
    assert visible[near].sum() >= 6


def test_points_outside_the_image_are_not_visible():
    inside = scene(0)
    outside = replace(inside, camera=replace(inside.camera, shift=(3.0, 0.0)))
    assert not outside.landmarks()[1].any()


def dlib_points(images):
    """dlib's 68 points on each image, or None."""
    dlib = pytest.importorskip("dlib")
    found = importlib.util.find_spec("face_recognition_models")
    if found is None:
        pytest.skip("face_recognition_models is not installed")
    folder = Path(found.submodule_search_locations[0]) / "models"
    predict = dlib.shape_predictor(
        str(folder / "shape_predictor_68_face_landmarks.dat")
    )
    detect = dlib.get_frontal_face_detector()
    for image in images:
        boxes = detect(image, 0)
        if not boxes:
            yield None
            continue
        shape = predict(np.stack([image] * 3, -1), boxes[0])
        yield np.array([[p.x, p.y] for p in shape.parts()], float)


def test_dlib_agrees_on_rendered_frontal_faces():
    frontal = replace(STUDIO, zoom=(0.7, 0.7), distractors=0)
    names = ("neutral", "happy", "surprise", "sad", "angry", "fear")
    faces = [render_face(k, names[k % 6], 200, 4, k, frontal) for k in range(12)]
    errors = []
    for face, found in zip(faces, dlib_points([f.image for f in faces]), strict=True):
        if found is not None:
            gap = np.linalg.norm(face.landmarks - found, axis=1)
            errors.append(gap / interocular(found))
    assert len(errors) >= 11, "dlib finds nearly all of the faces"
    error = np.mean(errors, axis=0)
    # 300-W's usual measure; 0.08 counts as a failure there.
    assert error.mean() < 0.06
    assert error[36:48].mean() < 0.04
    assert error[48:68].mean() < 0.05
