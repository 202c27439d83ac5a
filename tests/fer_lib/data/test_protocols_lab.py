"""CK+, Oulu, JAFFE and FERG: published counts, people, recordings."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_files import refused
from protocol_sets import NEUTRAL, ckplus, ferg, jaffe, numbers, oulu

from fer_lib.data.protocols import FOLDS, fold_names, split
from fer_lib.data.protocols.lab import (
    PEAKS,
    ckplus_deep_emotion,
    ckplus_leaky,
    ferg_deep_emotion,
    jaffe_deep_emotion,
)
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS

BY_PERSON = {
    "ckplus_last3": (ckplus, 981, 7),
    "ckplus_first_last3": (ckplus, 1308, 8),
    "oulu_last3": (oulu, 1440, 6),
    "jaffe_subjects": (jaffe, 213, 7),
    "ferg_characters": (lambda: ferg(600), 600, 7),
}


def people(part) -> set[int]:
    return set(part.subjects.tolist())


@pytest.mark.parametrize("name", BY_PERSON)
def test_folds_by_person(name):
    make, images, classes = BY_PERSON[name]
    faces = make()
    folds = [split(faces, fold) for fold in fold_names(name)]
    order = sorted(
        people(folds[0].train) | people(folds[0].select) | people(folds[0].test)
    )
    assert order == sorted(people(faces))
    tested = []
    for number, splits in enumerate(folds):
        assert list(splits.named()) == ["Training", "Selection", "Test"]
        assert len(splits.classes) == classes
        assert sum(map(len, splits.named().values())) == images
        # The i-th person in ascending order is tested in fold i modulo k.
        assert people(splits.test) == set(order[number :: len(folds)])
        following = folds[(number + 1) % len(folds)]
        assert numbers(splits.select) == numbers(following.test)
        assert not people(splits.train) & (people(splits.select) | people(splits.test))
        tested += numbers(splits.test)
    assert len(tested) == len(set(tested)) == images
    assert len({splits.sha256 for splits in folds}) == FOLDS[name] == len(folds)


@pytest.mark.parametrize("make", [ckplus, oulu, jaffe, lambda: ferg(600)])
def test_another_sets_protocol_names_those_of_the_set(make):
    """And the first that is named serves."""
    faces = make()
    sentence = refused(split, faces, "official")
    first = sentence.partition("expected one of ")[2].split(",")[0].split(" to ")[0]
    assert first.startswith(faces.name)
    assert len(split(faces, first).train)


def test_contempt_takes_the_place_of_neutral():
    faces = ckplus()
    splits = split(faces, "ckplus_last3-fold0")
    assert splits.classes == PEAKS == (*EXPRESSIONS[:6], "contempt")
    counts = sum(part.counts() for part in splits.named().values())
    assert counts.tolist() == [135, 177, 75, 207, 84, 249, 54, 0]
    eight = split(faces, "ckplus_first_last3-fold0")
    counts = sum(part.counts() for part in eight.named().values())
    assert counts.tolist() == [135, 177, 75, 207, 84, 249, 327, 54]


def test_first_and_last_frames_are_found_by_their_numbers():
    """Whatever else is loaded: more neutral frames, more at the end."""
    faces = ckplus(12, (6,) * 6 + (0, 6))
    first = faces.extra["frame"] == 1
    apex = np.flatnonzero(~first)
    more = np.r_[np.arange(len(faces)), np.flatnonzero(first), apex[::3]]
    extra = {key: column[more].copy() for key, column in faces.extra.items()}
    extra["frame"][len(faces) :] = 2
    extra["from_end"][len(faces) :] = 4
    padded = replace(faces.select(more), extra=extra)
    for name in ("ckplus_last3-fold1", "ckplus_first_last3-fold1"):
        assert split(padded, name).sha256 == split(faces, name).sha256


def test_leaky_folds_share_recordings():
    """What the counter-example is there to show."""
    faces = ckplus()
    tested = []
    for fold in range(10):
        splits = ckplus_leaky(faces, fold)
        learned = set(splits.train.sequences.tolist())
        shared = np.isin(splits.test.sequences, list(learned)).mean()
        assert shared > 0.9
        tested += numbers(splits.test)
    assert len(tested) == len(set(tested)) == 981
    assert ckplus_leaky(faces, 0, seed=1).sha256 != ckplus_leaky(faces, 0).sha256


@pytest.mark.parametrize(
    ("faces", "function", "sizes"),
    [
        (ckplus, ckplus_deep_emotion, (229, 33, 65)),
        (jaffe, jaffe_deep_emotion, (120, 23, 70)),
        (ferg, ferg_deep_emotion, (34_767, 14_000, 7_000)),
        (lambda: ferg(840, "rendered_stylised"), ferg_deep_emotion, (524, 211, 105)),
    ],
)
def test_deep_emotion_splits(faces, function, sizes):
    faces = faces()
    splits = function(faces)
    assert tuple(map(len, splits.named().values())) == sizes
    if function is not ckplus_deep_emotion:
        assert set(splits.test.counts()[:7].tolist()) == {sizes[2] // 7}
    else:
        assert set(splits.test.extra["from_end"].tolist()) == {0}
    kept = splits.select.counts()[:7] / len(splits.select)
    left = splits.train.counts()[:7] + splits.select.counts()[:7]
    assert abs(kept - left / left.sum()).max() < 0.05
    assert splits.sha256 == function(faces).sha256 != function(faces, seed=1).sha256


REFUSED = {
    "subjects": (replace(ckplus(), subjects=None), "has no subjects"),
    "sequences": (replace(ckplus(), sequences=None), "no sequences with the col"),
    "places": (replace(ckplus(), extra={}), "no sequences with the column 'from_end'"),
    "people": (ckplus(9), "found 9 people, expected at least 10"),
    "classes": (ckplus(counts=(45, 59, 25, 69, 28, 83)), "shows 'contempt' is left"),
    "neutral": (ckplus(counts=(20,) * 8), "shows 'neutral', expected angry"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_ckplus_refuses(fault):
    faces, words = REFUSED[fault]
    with pytest.raises(FerError, match=words) as caught:
        split(faces, "ckplus_last3-fold0")
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_missing_frames_are_refused():
    faces = ckplus()
    without = faces.select(np.arange(len(faces)) != 5)  # of the second sequence
    first = faces.sequences[4]
    with pytest.raises(FerError, match=f"sequence {first} of ckplus has 2 faces for"):
        split(without, "ckplus_last3-fold0")
    no_first = faces.select(faces.labels != NEUTRAL)  # as CK+48 is
    assert len(split(no_first, "ckplus_last3-fold0").test)
    with pytest.raises(FerError, match=r"begins with an expression.*first=1"):
        split(no_first, "ckplus_first_last3-fold0")
