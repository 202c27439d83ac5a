"""The rendered ``lab`` set: sequences like CK+'s, shots like JAFFE's."""

import numpy as np
import pytest

from fer_lib.data.sources.rendered_lab import LAB, held, lab, onset
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.rendered.portrait import set_scene

NEUTRAL = EXPRESSIONS.index("neutral")


@pytest.fixture(scope="module")
def sequences():
    return lab(24, 2, frames=4, workers=1, cached=False)


@pytest.fixture(scope="module")
def shots():
    return lab(24, 2, "jaffe", workers=1, cached=False)


def test_structure_of_ckplus(sequences):
    assert len(sequences) == 2 * 7 * 4
    assert set(sequences.splits) == {"All"} and sequences.votes is None
    for number in np.unique(sequences.sequences):
        rows = np.flatnonzero(sequences.sequences == number)
        assert set(sequences.subjects[rows]) == {number // 1000}
        assert sequences.extra["frame"][rows].tolist() == [1, 2, 3, 4]
        assert sequences.extra["from_end"][rows].tolist() == [3, 2, 1, 0]
        first, *rest = sequences.labels[rows]
        assert first == NEUTRAL and len(set(rest)) == 1 and rest[0] != NEUTRAL
    apex = sequences.extra["from_end"] == 0
    table = np.zeros((2, 8), int)
    np.add.at(table, (sequences.subjects[apex], sequences.labels[apex]), 1)
    assert (np.delete(table, NEUTRAL, 1) == 1).all(), "everybody shows everything"


def test_structure_of_jaffe(shots):
    assert len(shots) == 2 * 7 * 3 and "from_end" not in shots.extra
    assert (shots.sequences == 10 * shots.subjects + shots.labels).all()
    assert sorted(set(shots.labels.tolist())) == list(range(7))
    assert shots.extra["shot"].reshape(-1, 3).tolist() == [[1, 2, 3]] * 14


def test_shots_of_one_sequence_are_almost_the_same(shots):
    points = shots.landmarks.reshape(14, 3, 68, 2)
    within = np.abs(points - points.mean(1, keepdims=True)).mean()
    between = np.abs(points - points.mean((0, 1))).mean()
    assert 0 < within < between / 4
    assert (shots.images[0] != shots.images[1]).any(), "but not quite"


def test_intensity_rises_from_rest_to_the_apex():
    for seed in range(50):
        course = onset(6, np.random.default_rng(seed))
        assert course[0] == 0 and course[-1] == 1
        assert (np.diff(course) >= 0).all()
        assert course[3] > 0.5, "CK+'s last three frames show the expression"
    assert len({tuple(onset(6, np.random.default_rng(k))) for k in range(9)}) == 9
    assert held(200, np.random.default_rng(0)).min() > 0.84


def test_units_are_the_apex_times_the_intensity():
    still = LAB.changed(distractors=0)
    apex, strength = set_scene(1, "happy", 40, 5, 9, still, 6, 1.0)
    for frame, share in ((1, 0.0), (3, 0.4), (5, 1.0)):
        scene, now = set_scene(1, "happy", 40, 5, 9, still, frame, share)
        np.testing.assert_allclose(scene.units, share * apex.units, atol=1e-12)
        assert now == pytest.approx(share * strength)


def test_a_sequence_shares_person_and_light_and_the_head_drifts():
    frames = [set_scene(1, "sad", 40, 5, 9, LAB, k, 0.5)[0] for k in range(1, 7)]
    assert len({scene.light for scene in frames}) == 1
    assert len({id(scene.person) for scene in frames}) == 1
    turns = [
        np.degrees(np.arccos((np.trace(a.T @ b) - 1) / 2))
        for a, b in zip(
            [s.camera.rotation for s in frames],
            [s.camera.rotation for s in frames[1:]],
            strict=False,
        )
    ]
    assert 0 < max(turns) < 1.5 and min(turns) > 0.8 * max(turns), "steadily"
    late, _ = set_scene(1, "sad", 40, 5, 9, LAB, 900, 0.5)
    assert late.camera.rotation[2, 2] > 0.9, "the head does not spin"
    assert len({scene.camera.half for scene in frames}) == 1
    gaze = np.array([scene.units for scene in frames])
    assert (np.abs(np.diff(gaze, axis=0)).max(1) > 0).all(), "idle movements"
    assert np.abs(np.diff(gaze, axis=0)).max() < 0.2


def test_noise_differs_between_frames():
    faces = lab(24, 1, "jaffe", frames=2, cached=False, drift=0, distractors=0,
                strength=(0, 0), grain=(0.02, 0.02))  # fmt: skip
    first, second = faces.images[:2].astype(int)
    assert 2 < (first - second).std() < 12


def test_more_people_leave_the_first_ones_as_they_are(sequences):
    fewer = lab(24, 1, frames=4, cached=False)
    np.testing.assert_array_equal(fewer.images, sequences.images[: len(fewer)])


@pytest.mark.parametrize(
    "options, told",
    [
        ({"structure": "mmi"}, "structure 'mmi' is unknown, expected one of ckplus"),
        ({"subjects": 0}, "subjects is 0, expected 1 to 10000"),
        ({"frames": 1}, "frames is 1, expected 2 to 999"),
        ({"subjects": 2.5}, "subjects is 2.5"),
        ({"zoom": (0, 1)}, r"zoom is \(0, 1\)"),
    ],
)
def test_options_out_of_range_are_refused(options, told):
    with pytest.raises(FerError, match=told):
        lab(**options)
