"""Twins differ in the label's action units, and the maps show where."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from scipy.stats import kruskal

from fer_lib.errors import FerError
from fer_lib.rendered.cues import CUES, mark_place
from fer_lib.rendered.head import load_head
from fer_lib.rendered.units import ACTION_UNITS, action_vector
from ferbook.study.evidence import CONTRASTS, IDLE, stage

NAMES = load_head().unit_names
LEAST = 1e-3  # p-value


@pytest.fixture(scope="module")
def smile():
    return stage("mouth", 0, subject=3, take=7, size=64, seed=1)


def units_moved(number):
    """Which of the 52 face units an action unit moves."""
    return np.array([n.startswith(tuple(ACTION_UNITS[number])) for n in NAMES])


@pytest.mark.parametrize("contrast", CONTRASTS)
@pytest.mark.parametrize("take", [0, 5])
def test_twins_differ_in_the_units_of_the_label_alone(contrast, take):
    face = stage(contrast, 0, subject=take, take=take)
    twin = stage(contrast, 1, subject=take, take=take)
    assert face.scene.camera is not twin.scene.camera
    np.testing.assert_array_equal(
        face.scene.camera.rotation, twin.scene.camera.rotation
    )
    assert face.scene.light == twin.scene.light
    assert (face.cues, face.others, face.key) == (twin.cues, twin.others, twin.key)
    assert face.scene.person.look == twin.scene.person.look
    own = np.any([units_moved(n) for side in CONTRASTS[contrast] for n in side], 0)
    differ = face.scene.units != twin.scene.units
    assert differ.any() and not differ[~own].any()
    np.testing.assert_array_equal(face.twin.picture(), twin.picture())


def test_a_face_shows_its_class_and_not_the_other(smile):
    up, down = units_moved(12), units_moved(15)
    assert (smile.scene.units[up] > 0.7).all() and not smile.scene.units[down].any()
    frown = smile.twin.scene.units
    assert (frown[down] > 0.7).all() and (frown[up] < 0.1).all()  # idle
    assert CONTRASTS["eyes"][1] == ()
    rest = stage("eyes", 1, 3, 7).scene.units[units_moved(5)]
    assert not rest.any()


def nuisances(face):
    """Everything that is drawn beside the label, by name."""
    turn, camera, light = face.scene.camera.rotation, face.scene.camera, face.scene
    units = dict(zip(NAMES, face.resting.units, strict=True))
    others = {f"AU{n}": face.others.get(n, 0.0) for n in ACTION_UNITS}
    return (
        {"yaw": turn[0, 2], "pitch": turn[2, 1], "roll": turn[0, 1]}
        | {"shift": camera.shift[0], "field": camera.half, "lamp": light.light.key}
        | {"lamp x": light.light.direction[0], "skin": face.scene.person.look.skin}
        | {key: float(value) for key, value in face.cues.items()}
        | {"gaze": units["eyeLookUpLeft"], "blink": units["eyeBlinkLeft"]}
        | {key: value for key, value in others.items() if key[2:] not in ("12", "15")}
    )


def dependent(labels, tied=""):
    rows = [
        nuisances(stage("mouth", label, k % 20, k, tied=tied))
        for k, label in enumerate(labels)
    ]
    found = set()
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        if len(set(values)) > 1:
            groups = [values[np.array(labels) == k] for k in (0, 1)]
            if kruskal(*groups).pvalue < LEAST:
                found.add(name)
    return found


def test_nothing_but_the_label_tells_the_label():
    labels = np.random.default_rng(0).permutation(np.arange(600) % 2).tolist()
    assert dependent(labels) == set()


@pytest.mark.parametrize("cue", CUES)
def test_a_tied_cue_tells_it_and_is_alone_in_that(cue):
    labels = np.random.default_rng(0).permutation(np.arange(300) % 2).tolist()
    seen = dependent(labels, tied=cue)
    assert seen - {"lamp x"} == ({cue} if cue != "light" else {"light"})
    assert ("lamp x" in seen) == (cue == "light")


def test_evidence_is_the_displacement_of_the_visible_points(smile):
    """Oracle: every visible surface point, moved by hand, one at a time."""
    scene, twin, head = smile.scene, smile.twin.scene, load_head()
    hits, found = scene.hits(samples=1), np.zeros(64 * 64, bool)
    for ray, corners, weights in zip(
        hits.rays, hits.corners, hits.weights, strict=True
    ):
        places = []
        for units in (scene.units, twin.units):
            moves = np.einsum("u,ucd->cd", units, head.units[:, corners])
            point = weights @ (scene.person.neutral[corners] + moves)
            places.append(scene.camera.project(scene.camera.to_camera(point)))
        found[ray] = np.hypot(*(places[0] - places[1])) > 0.25
    found = found.reshape(64, 64) & ~(mark_place(64) & smile.cues["mark"])
    evidence = smile.evidence()
    assert 0.1 < evidence.mean() < 0.5
    # Points that move by almost exactly 0.25 px may fall on either side.
    assert (evidence != found).sum() <= 3


def test_twins_have_the_same_room_and_film(smile):
    change = np.abs(smile.picture().astype(int) - smile.twin.picture())
    near = binary_dilation(smile.difference() > 0, iterations=4)
    assert change[near].mean() > 3 and not change[~near].any()


def test_a_face_without_a_movement_is_that_face_without_it(smile):
    assert {"AU12", "gaze", "blink"} <= set(smile.movements)
    for movement in smile.movements:
        less = smile.without(movement)
        gone = smile.scene.units - less.scene.units
        if movement in IDLE:
            own = np.array([n.startswith(IDLE[movement]) for n in NAMES])
            np.testing.assert_array_equal(less.scene.units[own], 0)
        else:
            number = int(movement[2:])
            share = {**smile.strengths[0], **smile.others}[number]
            np.testing.assert_allclose(
                gone, action_vector(load_head(), {number: share})
            )
            own = units_moved(number)
        assert gone[own].any() and not np.abs(gone[~own]).max() > 1e-12
        assert less.label == smile.label and less.key == smile.key
        assert movement not in less.movements


def test_unknown_names_are_refused(smile):
    with pytest.raises(FerError, match="'cheeks', label 0"):
        stage("cheeks", 0, 0, 0)
    with pytest.raises(FerError, match="label 2"):
        stage("mouth", 2, 0, 0)
    with pytest.raises(FerError, match="'AU15' is not in this face"):
        smile.without("AU15")
    with pytest.raises(FerError, match="cue 'hat' is unknown"):
        stage("mouth", 0, 0, 0, tied="hat")
