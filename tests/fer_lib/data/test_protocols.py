"""What every protocol has to hold, on sets like the real ones."""

from dataclasses import replace

import numpy as np
import pytest
from protocol_sets import (
    CONTEMPT,
    affectnet,
    ckplus,
    jaffe,
    made,
    numbers,
    own_folder,
    rafdb,
    set_for,
    sfew,
)

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import (
    FOLDS,
    PAIRS,
    PROTOCOLS,
    fold_names,
    split,
    split_pair,
)
from fer_lib.data.splits import (
    Splits,
    checked,
    held_out,
    of_dataset,
    relabelled,
)
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS

# One fold of each suffices here; tests of their own look at all of them.
NAMES = [name for name in PROTOCOLS if "-fold" not in name]
NAMES += [fold_names(name)[2] for name in FOLDS]


@pytest.fixture(scope="module")
def made_sets():
    return {name: set_for(name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_parts(made_sets, name):
    faces = made_sets[name]
    splits = split(faces, name)
    assert splits.protocol == name and splits.label_rule
    assert len(splits.named()) == 3, "two parts have the same name"
    assert splits.sha256 == split(set_for(name), name).sha256, "the same again"
    for key, part in splits.named().items():
        assert set(part.splits.tolist()) == {key} and len(part)
        shown = {splits.classes[label] for label in part.labels}
        assert shown <= set(splits.classes)
    assert set(splits.train.labels.tolist()) == set(range(len(splits.classes)))
    rows = [row for part in splits.named().values() for row in numbers(part)]
    assert len(rows) == len(set(rows)), "a face is in two parts"
    assert set(rows) <= set(numbers(faces))


@pytest.mark.parametrize("name", NAMES)
def test_columns_follow_their_faces(made_sets, name):
    faces, own_labels = made_sets[name], not name.startswith("ferplus")
    for part in split(faces, name).named().values():
        rows = numbers(part)
        for key in ("subjects", "sequences", "votes"):
            column = getattr(faces, key)
            if column is not None:
                assert (getattr(part, key) == column[rows]).all()
        if own_labels:
            classes = split(faces, name).classes
            for label, own in zip(part.labels, faces.labels[rows], strict=True):
                assert classes[label] == EXPRESSIONS[own]


def test_every_fold_has_a_name():
    for name, count in FOLDS.items():
        assert len(fold_names(name)) == count
        assert set(fold_names(name)) <= set(PROTOCOLS) and name not in PROTOCOLS
    folded = [name for name in PROTOCOLS if "-fold" in name]
    assert len(folded) == sum(FOLDS.values())
    with pytest.raises(FerError, match="'official' has no folds, expected one of ckp"):
        fold_names("official")


def test_unknown_names_are_refused_in_a_sentence():
    with pytest.raises(FerError) as caught:
        split(sfew(), "ckplus_last3-fold10")
    told = str(caught.value)
    assert "is unknown" in told and "ckplus_last3-fold0 to -fold9" in told
    assert "fold3" not in told and "\n" not in told and len(told) < 700
    with pytest.raises(FerError, match=r"has 6 folds.*ferg_characters-fold0 to ferg"):
        split(sfew(), "ferg_characters")


SPECIFIC = [name for name in NAMES if not name.startswith(("official", "ferplus"))]


@pytest.mark.parametrize("name", SPECIFIC)
def test_another_data_set_is_refused(made_sets, name):
    other = replace(made_sets[name], name="fer2013")
    with pytest.raises(FerError, match=f"'{name.split('-')[0]}.*found the data set 'f"):
        split(other, name)


@pytest.mark.parametrize(
    ("faces", "name", "sizes"),
    [
        (rafdb, "rafdb_test", (11_044, 1_227, 3_068)),
        (sfew, "sfew_val", (862, 96, 436)),
        (affectnet, "affectnet_val8", (765, 85, 160)),
        (affectnet, "affectnet_val7", (742, 83, 140)),
    ],
)
def test_official_splits(faces, name, sizes):
    faces = faces()
    splits, test = split(faces, name), name.split("_")[1].rstrip("78")
    assert list(splits.named()) == ["train", "Selection", test]
    assert set(faces.splits[numbers(splits.test)]) == {test}
    assert tuple(map(len, splits.named().values())) == sizes
    whole = splits.train.counts() + splits.select.counts()
    assert (abs(splits.select.counts() - whole / 10) < 1).all()


def test_a_folder_of_ones_own():
    parts = split(own_folder(), "folder_test")
    assert parts.classes == ("happy", "sad", "neutral")
    assert {k: len(v) for k, v in parts.named().items()} == {
        "train": 85, "Selection": 10, "test": 20,
    }  # fmt: skip
    chosen = (0, 0, 0, 4, 4, 0, 4)
    parts = split(own_folder(validation=chosen), "folder_test")
    assert {k: len(v) for k, v in parts.named().items()} == {
        "train": 95, "validation": 12, "test": 20,
    }  # fmt: skip
    assert parts.select.counts().tolist()[:3] == [4, 4, 4]


@pytest.mark.parametrize("wrong", [{"test": "All"}, {"test": "train"}, {"test": "x"}])
def test_a_folder_without_the_two_splits_is_refused(wrong):
    faces = own_folder()
    splits = np.array([wrong.get(one, one) for one in faces.splits])
    with pytest.raises(FerError, match=r"found the splits .*expected train and te"):
        split(replace(faces, splits=splits), "folder_test")


@pytest.mark.parametrize("more", [["more"], ["val", "validation"], ["training"]])
def test_a_split_that_nobody_uses_is_refused(more):
    with pytest.raises(FerError, match=f"found the splits .*{more[0]}.*, expected tr"):
        split(own_folder(**dict.fromkeys(more, (0, 0, 0, 1, 1, 0, 1))), "folder_test")


def test_seven_classes_of_affectnet_draw_no_contempt():
    """With or without contempt in the files, the same faces are drawn."""
    whole, faces = affectnet(), affectnet()
    without = faces.select(faces.labels != EXPRESSIONS.index("contempt"))
    assert (
        split(whole, "affectnet_val7").sha256 == split(without, "affectnet_val7").sha256
    )
    with pytest.raises(FerError, match="shows 'contempt' is left to train on"):
        split(without, "affectnet_val8")


def halves(train: int, test: int, seed: int) -> Splits:
    faces = made("toy", np.arange(train + test) % 3, ["a"] * train + ["b"] * test)
    classes = EXPRESSIONS[:3]
    return held_out(faces, "toy", "drawn", classes, train="a", test="b", seed=seed)


def test_the_seed_chooses_the_selection():
    one, same, other = halves(90, 9, 0), halves(90, 9, 0), halves(90, 9, 1)
    assert one.sha256 == same.sha256 != other.sha256
    assert one.test.sha256 == other.test.sha256
    assert one.select.counts().tolist() == [3, 3, 3, 0, 0, 0, 0, 0]


def test_too_few_faces_are_refused():
    with pytest.raises(FerError, match=r"no face is left to select on.*three parts"):
        halves(4, 3, 0)
    splits = halves(90, 9, 0)
    lacking = splits.train.select(splits.train.labels != 1)
    with pytest.raises(FerError, match="no face of toy that shows 'disgust' is left"):
        checked(replace(splits, train=lacking))


def test_labels_are_places_in_the_classes():
    faces: FaceSet = made("toy", [7, 3, 0])
    found = relabelled(faces, "p", ("contempt", "happy", "angry"))
    assert found.labels.tolist() == [0, 1, 2]
    assert relabelled(faces, "p").labels.tolist() == [7, 3, 0]
    with pytest.raises(FerError, match="'p': row 1 of toy shows 'happy', expected ang"):
        relabelled(made("toy", [0, 3]), "p", ("angry", "fear"))
    with pytest.raises(FerError, match="found the data set 'toy', expected a or b"):
        of_dataset(faces, "p", "a", "b")


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


def test_pairs_refuse():
    with pytest.raises(FerError, match="two data sets is unknown, expected one of sf"):
        split_pair(sfew(), jaffe(), "sfew_to_oulu")
    with pytest.raises(FerError, match="found the data set 'jaffe', expected sfew"):
        split_pair(jaffe(), jaffe(), "sfew_to_jaffe")
    with pytest.raises(FerError, match="found the data set 'sfew', expected jaffe"):
        split_pair(sfew(), sfew(), "sfew_to_jaffe")
    large = replace(jaffe(), images=np.zeros((213, 3, 4, 4), np.uint8))
    words = r"images of sfew are \[1, 2, 2\] and those of jaffe \[3, 4, 4\]"
    with pytest.raises(FerError, match=words):
        split_pair(sfew(), large, "sfew_to_jaffe")
