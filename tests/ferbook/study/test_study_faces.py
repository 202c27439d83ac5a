"""Sets of two classes with known evidence: columns, truth, shortcuts."""

import platform
from dataclasses import replace

import numpy as np
import pytest

from fer_lib.errors import FerError
from fer_lib.rendered.cues import CUES
from fer_lib.rendered.scene import moved
from ferbook.study import faces as study_faces
from ferbook.study.faces import (
    PEOPLE,
    evidence_set,
    know,
    staged,
)

SMALL = {"size": 48, "train": 6, "validation": 4, "test": 4}


@pytest.fixture(scope="module")
def fair():
    return evidence_set("mouth", **SMALL)


@pytest.fixture(scope="module")
def tied():
    return evidence_set("mouth", **SMALL, tied="background")


def test_every_face_can_be_staged_again(fair):
    for row in (0, 7, 13):
        face = staged(fair, row)
        np.testing.assert_array_equal(face.picture(), fair.images[row, 0])
        np.testing.assert_allclose(
            face.scene.landmarks()[0], fair.landmarks[row], atol=1e-4
        )
        assert list(face.cues.values()) == fair.extra["cues"][row].tolist()


def test_classes_are_even_and_people_apart(fair):
    people = {}
    for split in PEOPLE:
        part = fair.split(split)
        assert part.counts()[0] == part.counts()[1] == len(part) // 2
        people[split] = set(part.subjects.tolist())
    assert not people["Training"] & people["Test"]
    assert not people["Validation"] & (people["Training"] | people["Test"])


def test_a_tied_cue_goes_with_the_label_until_the_test(fair, tied):
    place = CUES.index("background")
    for split in ("Training", "Validation"):
        part = tied.split(split)
        np.testing.assert_array_equal(part.extra["cues"][:, place], part.labels == 1)
        assert (part.images != fair.split(split).images).any()
    own, other = fair.split("Test"), tied.split("Test")
    assert own.sha256 == other.sha256
    # All but the tied cue is as in the fair set.
    others = [place for place, cue in enumerate(CUES) if cue != "background"]
    for key in ("labels", "subjects", "landmarks"):
        np.testing.assert_array_equal(getattr(fair, key), getattr(tied, key))
    cues = (faces.extra["cues"][:, others] for faces in (fair, tied))
    np.testing.assert_array_equal(*cues)


@pytest.fixture(scope="module")
def known(fair):
    return know(fair.split("Test"))


def test_what_is_known_is_that_of_the_faces(known):
    assert known.moved.shape == known.grey.shape == (4, 48, 48)
    for row in range(4):
        face = staged(known.faces, row)
        np.testing.assert_array_equal(known.moved[row], face.evidence())
        np.testing.assert_allclose(known.grey[row], face.difference(), atol=1e-6)
        mine = known.less.select(known.less.extra["row"] == row)
        assert tuple(mine.extra["movement"]) == face.movements
        for k, movement in enumerate(face.movements):
            without = face.without(movement)
            np.testing.assert_array_equal(mine.images[k, 0], without.picture())
            where = moved(face.scene, without.scene)
            np.testing.assert_array_equal(mine.extra["moved"][k], where)


def test_truth_is_where_a_picture_differs_from_its_twin(known):
    """Brute force: two whole pictures, background, film and noise included."""
    for row in range(4):
        face = staged(known.faces, row)
        change = np.abs(face.picture().astype(int) - face.twin.picture())
        inside = known.moved[row]
        assert change[inside].mean() > 5 * change[~inside].mean()


def test_cue_maps_hold_what_a_switched_picture_visibly_changes(known):
    for cue in ("mark", "background"):
        where, other = known.cues[cue]
        assert where.shape == (4, 48, 48) and other.shape == known.faces.images.shape
        np.testing.assert_array_equal(
            where[0], staged(known.faces, 0).cue_map(cue) > 0.04
        )
        change = np.abs(other.astype(int) - known.faces.images)[:, 0]
        assert where.any((1, 2)).all()
        assert change[where].mean() > 10 * change[~where].mean()


def test_the_set_is_that_of_its_version():
    """Caches know a set by its version: raise it where pixels are to change."""
    assert study_faces.VERSION == 1
    few = {"train": 4, "validation": 2, "test": 2, "seed": 3}
    faces = evidence_set("mouth", 32, tied="mark", **few)
    assert faces.images.mean() == pytest.approx(105.0486, abs=0.02)
    if platform.machine() in ("x86_64", "AMD64"):  # others round single rays
        assert faces.sha256.startswith("01c2548cd0ac18cf54e56ff23b4af470")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"contrast": "cheeks"}, "'cheeks'"),
        ({"tied": "hat"}, "'hat'"),
        ({"size": 8}, "size is 8"),
        ({"test": 1}, "Test is 1"),
    ],
)
def test_unknown_options_are_refused(options, words):
    with pytest.raises(FerError, match=words):
        evidence_set(**options)


def test_other_sets_have_no_evidence(fair):
    with pytest.raises(FerError, match="no column 'contrast'"):
        staged(replace(fair, extra={}), 0)
