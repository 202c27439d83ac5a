"""Trained on one data set, reported on another."""

import numpy as np
import pytest
from protocol_sets import CONTEMPT, affectnet, ckplus, jaffe, numbers, rafdb, sfew

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import PAIRS, PROTOCOLS, split, split_pair
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS

SETS = {
    "sfew_to_ckplus": (sfew, "sfew_val", ckplus, 1254),
    "sfew_to_jaffe": (sfew, "sfew_val", jaffe, 213),
    "rafdb_to_affectnet": (rafdb, "rafdb_test", affectnet, 140),
}


@pytest.mark.parametrize("name", PAIRS)
def test_only_the_reported_faces_change(name):
    make_source, own, make_target, count = SETS[name]
    source, target = make_source(), make_target()
    splits, alone = split_pair(source, target, name), split(source, own)
    assert splits.train.sha256 == alone.train.sha256
    assert splits.select.sha256 == alone.select.sha256
    assert splits.protocol == name not in PROTOCOLS
    assert list(splits.named()) == ["train", "Selection", "Test"]
    assert len(splits.test) == count == len(set(numbers(splits.test)))
    assert splits.test.name == target.name and splits.classes == EXPRESSIONS[:7]
    assert (splits.test.labels == target.labels[numbers(splits.test)]).all()
    assert target.name in splits.label_rule


def test_neutral_frames_of_contempt_stay():
    target = ckplus()
    test = split_pair(sfew(), target, "sfew_to_ckplus").test
    assert test.counts().tolist() == [135, 177, 75, 207, 84, 249, 327, 0]
    peaks = np.flatnonzero(target.labels == CONTEMPT)
    assert set(numbers(test)) == set(range(1308)) - set(peaks.tolist())


def test_affectnet_is_reported_on_its_validation_split():
    target = affectnet()
    test = split_pair(rafdb(), target, "rafdb_to_affectnet").test
    assert (target.splits[numbers(test)] == "val").all()


def test_pairs_refuse():
    with pytest.raises(FerError, match="two data sets is unknown, expected one of sf"):
        split_pair(sfew(), jaffe(), "sfew_to_oulu")
    with pytest.raises(FerError, match="found the data set 'jaffe', expected sfew"):
        split_pair(jaffe(), jaffe(), "sfew_to_jaffe")
    with pytest.raises(FerError, match="found the data set 'sfew', expected jaffe"):
        split_pair(sfew(), sfew(), "sfew_to_jaffe")
    small = jaffe()
    large = FaceSet(
        "jaffe",
        np.zeros((213, 3, 4, 4), np.uint8),
        small.labels,
        small.splits,
        "made here",
    )
    words = r"images of sfew are \[1, 2, 2\] and those of jaffe \[3, 4, 4\]"
    with pytest.raises(FerError, match=words):
        split_pair(sfew(), large, "sfew_to_jaffe")
