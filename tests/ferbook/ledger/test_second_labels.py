"""Second labels: planted disagreement is found, on the right faces."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fer_lib.data import load
from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, FERPLUS_COLUMNS, FERPLUS_TO_BOOK
from fer_lib.files import npz_bytes
from ferbook.ledger import second_labels
from ferbook.ledger.second_labels import MEASURES, doubts, measured, table_of
from ferbook.runs.paths import repository_root
from ferbook.runs.predictions import face_ids

N = 200


@pytest.fixture
def faces():
    """Of 200 faces FER+ agrees with the first 100; the last is no face at all."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, N)
    votes = np.zeros((N, 10), np.int64)
    others = np.where(np.arange(N) < N // 2, labels, (labels + 1) % 7)
    columns = np.argsort(FERPLUS_TO_BOOK)[others]
    votes[np.arange(N), columns] = 6
    votes[np.arange(N), (columns + 1) % 10] = 4
    votes[-1] = np.eye(10, dtype=int)[FERPLUS_COLUMNS.index("NF")] * 10
    images = rng.integers(0, 256, (N, 1, 48, 48), dtype=np.uint8)
    splits = np.full(N, "PrivateTest")
    return FaceSet("fer2013", images, labels, splits, "drawn.", votes=votes)


@pytest.fixture
def table(faces, tmp_path, monkeypatch):
    folder = tmp_path / "book" / "audits"
    folder.mkdir(parents=True)
    (folder / "second_labels.npz").write_bytes(npz_bytes(table_of(faces)))
    monkeypatch.setattr(second_labels, "repository_root", lambda: tmp_path)


def _record(faces, right, **changes):
    told = {
        "faces": face_ids(faces),
        "labels": faces.labels.astype(np.int8),
        "in_training": np.zeros(len(faces), np.int8),
    }
    record = {
        "path": Path("record.json"),
        "dataset": "fer2013",
        "protocol": "official",
        "classes": EXPRESSIONS[:7],
        "predictions": {f"PrivateTest/{name}": rows for name, rows in told.items()},
        "reported": "PrivateTest",
        "superseded": "",
        "correct": lambda: right,
    }
    return SimpleNamespace(**record | changes)


@pytest.mark.usefixtures("table")
def test_disagreement_is_told_face_by_face_in_any_order(faces):
    rows = np.random.default_rng(1).permutation(N)
    record = _record(faces.select(rows), None)
    disagrees, agrees = (measured(record, "PrivateTest", name) for name in MEASURES)
    np.testing.assert_array_equal(disagrees, rows >= N // 2)
    np.testing.assert_array_equal(agrees, rows < N // 2)


@pytest.mark.usefixtures("table")
def test_planted_errors_on_doubtful_faces_are_counted(faces):
    right = np.arange(N) % 4 > 0  # a quarter is wrong
    right[: N // 2] |= np.arange(N // 2) % 8 > 0  # an eighth where FER+ agrees
    wrong = ~right
    record = _record(faces, right)
    (found,) = doubts([record, _record(faces, right, superseded="made again")])
    doubtful = np.arange(N) >= N // 2
    assert found.n == (wrong.sum(), right.sum())
    assert found.wrong[0] == pytest.approx(doubtful[wrong].mean())
    assert found.right[0] == pytest.approx(doubtful[right].mean())
    assert found.wrong[1] < found.wrong[0] < found.wrong[2]


@pytest.mark.usefixtures("table")
def test_faces_that_stand_in_training_do_not_count(faces):
    right = np.arange(N) % 2 > 0
    record = _record(faces, right)
    record.predictions["PrivateTest/in_training"][N // 2 :] = 1
    (found,) = doubts([record])
    assert (found.wrong[0], found.right[0], sum(found.n)) == (0, 0, N // 2)


@pytest.mark.usefixtures("table")
def test_with_ferplus_labels_the_other_one_is_fer2013s(faces):
    table = table_of(faces)
    ferplus = table["ferplus"][np.searchsorted(table["faces"], face_ids(faces))]
    kept = ferplus < 7
    seen = faces.select(np.flatnonzero(kept))
    record = _record(seen, None, protocol="ferplus_argmax7")
    record.predictions["PrivateTest/labels"] = ferplus[kept].astype(np.int8)
    disagrees = measured(record, "PrivateTest", MEASURES[0])
    np.testing.assert_array_equal(disagrees, ferplus[kept] != seen.labels)


@pytest.mark.usefixtures("table")
def test_other_faces_are_refused(faces):
    record = _record(faces, None)
    record.predictions["PrivateTest/faces"] = record.predictions[
        "PrivateTest/faces"
    ].copy()
    record.predictions["PrivateTest/faces"][3] ^= 1
    with pytest.raises(FerError, match="second labels are known"):
        measured(record, "PrivateTest", MEASURES[0])


def test_copies_with_different_labels_have_none(faces):
    twice = faces.select(np.r_[np.arange(N), 5])
    twice.labels[-1] = (twice.labels[5] + 1) % 7
    table = table_of(twice)
    row = np.searchsorted(table["faces"], face_ids(twice)[5])
    assert (len(table["faces"]), table["fer2013"][row]) == (N, second_labels.NONE)


@pytest.mark.skipif(
    not os.environ.get("FER_DATA"), reason="FER_DATA names no real FER2013"
)
def test_the_committed_table_is_that_of_the_real_files():
    expected = table_of(load("fer2013", os.environ["FER_DATA"]))
    path = repository_root() / "book" / "audits" / "second_labels.npz"
    with np.load(path, allow_pickle=False) as found:
        for name, rows in expected.items():
            np.testing.assert_array_equal(found[name], rows)
