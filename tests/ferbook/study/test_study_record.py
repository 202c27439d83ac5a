"""A study's record: whole or refused, and what it says who learned."""

import json

import numpy as np
import pytest

from fer_lib.errors import FerError
from ferbook.study.record import Study, packed, read_study, unpacked, write_study

CONTENT = {
    "settings": {}, "tasks": ["mouth", "jaw", "mark"], "seeds": [0, 1],
    "networks": ["ramn", "part_ensemble"], "methods": ["a", "b"],
    "people": [7, 8, 8], "code": {},
}  # fmt: skip


def arrays():
    correct = np.ones((3, 2, 2, 40))
    correct[0, 0, 1, 8:] = 0  # mouth, ramn, seed 1 errs
    correct[1, 1, 0] = np.nan  # jaw, part ensemble, seed 0 is missing
    number = np.arange(3 * 2 * 2 * 2 * 3).reshape(3, 2, 2, 2, 3) / 100
    return {"correct": correct, "inside_auc": number}


@pytest.fixture
def study():
    return Study(CONTENT, arrays())


def test_a_record_comes_back(tmp_path):
    kept = arrays()
    path = write_study(tmp_path, CONTENT, kept)
    found, before = read_study(tmp_path), path.with_suffix(".npz").read_bytes()
    assert found.tasks == ("mouth", "jaw", "mark")
    for name, values in kept.items():
        np.testing.assert_allclose(found.arrays[name], values, atol=1e-12)
    write_study(tmp_path, CONTENT, kept)
    assert path.with_suffix(".npz").read_bytes() == before


def test_damage_is_told(tmp_path):
    with pytest.raises(FerError, match=r"no study is recorded.*ferbook explain"):
        read_study(tmp_path)
    path = write_study(tmp_path, CONTENT, arrays())
    values = path.with_suffix(".npz")
    values.write_bytes(values.read_bytes()[:-1] + b"?")
    with pytest.raises(FerError, match="has other values beside it"):
        read_study(tmp_path)
    told = json.loads(path.read_text())
    del told["people"]
    path.write_text(json.dumps(told))
    with pytest.raises(FerError, match="lacks people"):
        read_study(tmp_path)
    path.write_text("{")
    with pytest.raises(FerError, match="no JSON"):
        read_study(tmp_path)


def test_who_learned(study):
    assert study.ran.sum() == 11
    expected = np.ones((3, 2, 2), bool)
    expected[0, 0, 1] = expected[1, 1, 0] = False
    expected[2] = False  # no fair task
    np.testing.assert_array_equal(study.learned, expected)


def test_accuracy_of_a_cell_and_of_a_missing_one(study):
    share, low, high, n = study.accuracy("mouth", "ramn", 1)
    assert (share, n) == (0.2, 40) and 0.1 < low < 0.2 < high < 0.36
    assert study.accuracy("jaw", "part_ensemble", 0)[3] == 0
    with pytest.raises(FerError, match="'nose' is not in it"):
        study.accuracy("nose", "ramn", 0)


def test_values_are_those_of_networks_that_learned(study):
    values, pairs = study.values("inside_auc")
    cells = np.argwhere(study.learned)
    assert values.shape == (2, 3 * len(cells))
    by_hand = [study.arrays["inside_auc"][tuple(c)] for c in cells]
    np.testing.assert_array_equal(values, np.concatenate(by_hand, 1))
    assert len(set(pairs.tolist())) == 4  # two tasks, two networks
    only, _ = study.values("inside_auc", task="jaw", network="ramn")
    assert only.shape == (2, 6)
    np.testing.assert_array_equal(only[:, :3], study.arrays["inside_auc"][1, 0, 0])
    none, _ = study.values("inside_auc", task="mark")
    assert none.shape == (2, 0)


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("inside_auc", [0.0, 1.0, np.nan, 0.37, -1.0], np.int8),
        ("fall", [-3.21, 12.5, np.nan], np.int16),
        ("landmark_error", [0.0123, 0.5, np.nan], np.int16),
        ("theta", [0.001, 0.126, np.nan], np.int8),
        ("window", [np.nan, np.nan], np.int8),
    ],
)
def test_numbers_survive_packing(name, values, kind):
    small = packed({name: np.array(values)})
    assert small[name].dtype == kind
    np.testing.assert_allclose(unpacked(small)[name], values, atol=1e-12)


def test_what_is_too_large_is_cut_and_not_turned_round():
    back = unpacked(packed({"sensitivity": np.array([1e6, -1e6, np.nan])}))
    np.testing.assert_allclose(back["sensitivity"], [327.67, -327.67, np.nan])
