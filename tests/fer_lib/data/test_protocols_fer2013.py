"""FER2013 with its own labels and with FER+'s, and what is counted there."""

import numpy as np
import pytest
from protocol_sets import fer2013, numbers

from fer_lib.data.protocols import ferplus, split
from fer_lib.data.sources.ferplus import (
    argmax_labels,
    majority_labels,
    multi_targets,
    probability_targets,
)
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS

HARD = {"argmax": argmax_labels, "majority": majority_labels}
SOFT = {"probability": probability_targets, "multitarget": multi_targets}
SPLITS = ("Training", "PublicTest", "PrivateTest")


def expected(faces, rule, classes, split_name) -> list[int]:
    """Rows of a split that FER+ names and a rule keeps."""
    *_, kept = rule(faces.votes, classes)
    kept = kept & faces.extra["ferplus_named"] & (faces.splits == split_name)
    return np.flatnonzero(kept).tolist()


@pytest.mark.parametrize("classes", [7, 8])
@pytest.mark.parametrize("rule", HARD)
def test_one_label_a_face(rule, classes):
    faces = fer2013()
    splits = split(faces, f"ferplus_{rule}{classes}")
    labels, _ = HARD[rule](faces.votes, classes)
    assert list(splits.named()) == list(SPLITS)
    for name, part in splits.named().items():
        assert numbers(part) == expected(faces, HARD[rule], classes, name)
        assert (part.labels == labels[numbers(part)]).all()
        assert "targets" not in part.extra
    assert splits.classes == EXPRESSIONS[:classes]


@pytest.mark.parametrize("classes", [7, 8])
@pytest.mark.parametrize("rule", SOFT)
def test_several_labels_are_for_training_alone(rule, classes):
    faces = fer2013()
    splits = split(faces, f"ferplus_{rule}{classes}")
    majority = split(faces, f"ferplus_majority{classes}")
    labels, targets, _ = SOFT[rule](faces.votes, classes)
    rows = numbers(splits.train)
    assert rows == expected(faces, SOFT[rule], classes, "Training")
    assert (splits.train.labels == labels[rows]).all()
    assert (splits.train.extra["targets"] == targets[rows]).all()
    assert (splits.train.extra["targets"] > 0).sum(1).max() > 1
    # More faces to learn from, and the same ones to be judged by.
    assert set(numbers(majority.train)) < set(rows)
    for part in ("select", "test"):
        one, other = getattr(splits, part), getattr(majority, part)
        assert numbers(one) == numbers(other) and (one.labels == other.labels).all()
        shown = one.extra["targets"]
        assert shown.dtype == np.float32 and shown.shape == (len(one), classes)
        assert (shown.argmax(1) == one.labels).all() and (shown.sum(1) == 1).all()


def test_validation_reports_publictest_and_selects_in_training():
    faces = fer2013()
    splits, usual = (split(faces, f"ferplus_{n}8") for n in ("validation", "majority"))
    assert list(splits.named()) == ["Training", "Selection", "PublicTest"]
    assert splits.test.sha256 == usual.select.sha256
    learned = numbers(splits.train) + numbers(splits.select)
    assert sorted(learned) == numbers(usual.train)
    assert len(splits.select) == round(len(usual.train) / 10)


def test_an_unknown_rule_is_refused():
    with pytest.raises(FerError, match="rule 'median' is unknown, expected one of arg"):
        ferplus(fer2013(), rule="median", classes=7)
    with pytest.raises(FerError, match="7 classes, or 8"):
        ferplus(fer2013(), rule="majority", classes=6)


# Faces of each split on the published votes, of those that FER+ names.
NAMED = {
    "ferplus_majority8": (25_060, 3_199, 3_153),
    "ferplus_majority7": (24_941, 3_186, 3_137),
    "ferplus_argmax8": (28_561, 3_579, 3_574),
    "ferplus_probability8": (27_956, 3_199, 3_153),
    "ferplus_probability7": (27_796, 3_186, 3_137),
    "ferplus_multitarget8": (27_671, 3_199, 3_153),
    "ferplus_multitarget7": (27_526, 3_186, 3_137),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_real_counts(real, name):
    """FER+'s authors' own code keeps the same rows, in number and one by one.

    A reconstruction may lack a face here and there, which is then added.
    """
    lost = ~real.extra.get("lossless", np.ones(len(real), bool))
    sizes = []
    for part, count in zip(split(real, name).named().items(), NAMED[name], strict=True):
        split_name, faces = part
        uncertain = (lost & (real.splits == split_name)).sum()
        assert count - uncertain <= len(faces) <= count
        sizes.append(len(faces))
    if not lost.any():
        assert tuple(sizes) == NAMED[name]


@pytest.mark.slow
def test_real_validation(real):
    sizes = [len(part) for part in split(real, "ferplus_validation8").named().values()]
    assert sizes[2] == 3_199 and sizes[0] + sizes[1] in (25_059, 25_060)
    assert sizes[1] == 2_506
