"""Run records: what is written is what is read, and nothing else passes."""

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax

from fer_lib.errors import FerError
from fer_lib.evaluation import metrics
from ferbook.runs.key import RunKey
from ferbook.runs.predictions import STEP, storable
from ferbook.runs.records import (
    check_writable,
    load_records,
    read_record,
    write_record,
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))


def _edit(record, change):
    content = json.loads(record.path.read_text())
    change(content)
    record.path.write_text(json.dumps(content))


def test_round_trip_keeps_content_and_predictions(make_record):
    written = make_record()
    read = read_record(written.path)
    assert read.content == written.content
    for key, array in written.predictions.items():
        np.testing.assert_array_equal(read.predictions[key], array)
        assert read.predictions[key].dtype == array.dtype


def test_correctness_of_each_face_gives_the_accuracy(make_record):
    labels = np.repeat(np.arange(7), 10)
    correct = np.arange(70) < 33
    record = make_record(labels=labels, correct=correct)
    np.testing.assert_array_equal(record.correct(), correct)
    assert record.metrics()["accuracy"] == 33 / 70
    assert record.epochs == 300  # a field of the JSON file
    with pytest.raises(AttributeError):
        _ = record.no_such_field


def test_the_reported_split_need_not_be_named(make_record):
    correct = np.arange(70) < 40
    record = make_record(split="PublicTest", correct=correct)
    assert record.reported == "PublicTest"
    np.testing.assert_array_equal(record.correct(), correct)
    assert record.metrics() == record.metrics(split="PublicTest")
    with pytest.raises(FerError, match="no result selected/PrivateTest/single"):
        record.metrics(split="PrivateTest")


def test_bytes_depend_on_the_content_alone(make_record, tmp_path):
    first = make_record(folder=tmp_path / "first")
    second = make_record(folder=tmp_path / "second")
    for suffix in (".json", ".npz"):
        one = first.path.with_suffix(suffix).read_bytes()
        assert one == second.path.with_suffix(suffix).read_bytes()


def test_the_path_says_what_was_run(make_record, tmp_path):
    record = make_record(seed=3, protocol="ferplus_argmax7")
    expected = "deep_emotion/fer2013-ferplus_argmax7/paper-paper-default-seed3.json"
    assert record.path == tmp_path / "runs" / expected
    (loaded,) = load_records(tmp_path / "runs")
    assert loaded.seed == 3


def test_no_folder_means_no_records(tmp_path):
    assert load_records(tmp_path / "none") == ()


def test_a_record_in_another_place_is_refused(make_record, tmp_path):
    record = make_record()
    for suffix in (".json", ".npz"):
        old = record.path.with_suffix(suffix)
        old.rename(old.with_name("paper-paper-default-seed1" + suffix))
    left_out = {}
    assert load_records(tmp_path / "runs", left_out) == ()
    (reason,) = left_out.values()
    assert "belongs at" in reason and "seed0.json" in reason


def test_a_damaged_record_stops_no_other(make_record, tmp_path):
    good, bad = make_record(seed=1), make_record()
    bad.path.write_text("{")
    left_out = {}
    (found,) = load_records(tmp_path / "runs", left_out)
    assert found.path == good.path and list(left_out) == [bad.path]
    with pytest.warns(UserWarning, match=r"Left out: .*seed0\.json: no valid JSON"):
        load_records(tmp_path / "runs")


def test_no_record_replaces_another(make_record, tmp_path):
    """A second try stands beside the first, which then answers no claim."""
    first = make_record()
    right = np.ones(70, bool)
    second = make_record(correct=right, started="2026-11-24T14:00:00Z")
    assert second.path.name == "paper-paper-default-seed0-run2.json"
    assert make_record(correct=right, started="2026-11-25T14:00:00Z").path.name == (
        second.path.name  # which predicted the very same
    )
    with pytest.raises(FerError, match="none is ever replaced"):
        write_record(first.path, second.content, second.predictions)
    new, old = load_records(tmp_path / "runs")
    assert old.superseded == f"made again on 2026-11-24 as {second.path.name}"
    assert not new.superseded and read_record(first.path).correct().mean() == 0.5


def test_a_precision_asked_for_makes_no_other_run(make_record, tmp_path):
    """Before there was a choice, all was float32; the later record counts."""
    first = make_record()
    later = {"started": "2026-11-24T14:00:00Z", "correct": np.ones(70, bool)}
    asked = [
        make_record(changes={"precision": precision}, **later)
        for precision in ("float32", "bf16")
    ]
    kept = [r.path for r in load_records(tmp_path / "runs") if not r.superseded]
    assert first.path not in kept and set(kept) == {r.path for r in asked}


def test_runs_on_another_copy_of_the_data_both_count(make_record, tmp_path):
    data = make_record().data | {"sha256": "f" * 64}
    make_record(correct=np.ones(70, bool), data=data)
    assert [r.superseded for r in load_records(tmp_path / "runs")] == ["", ""]


@pytest.mark.parametrize(
    ("name", "value"), [("config", {"epochs": 1}), ("changes", {"epochs": 1})]
)
def test_edited_settings_are_told(make_record, name, value):
    record = make_record()
    _edit(record, lambda content: content.update({name: value}))
    with pytest.raises(FerError, match="the record was edited"):
        read_record(record.path)


def test_metrics_are_computed_again_once(make_record, monkeypatch):
    record, counted = make_record(), []
    real = metrics.summarize
    monkeypatch.setattr(
        metrics, "summarize", lambda *words: counted.append(1) or real(*words)
    )
    assert [read_record(record.path).seed for _ in range(3)] == [0, 0, 0]
    assert len(counted) == 1
    _edit(record, lambda content: _results(content).update(accuracy=0.9))
    with pytest.raises(FerError, match=r"accuracy is 0\.9"):
        read_record(record.path)


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    check_writable(tmp_path / "not" / "yet" / "there")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(FerError, match="nothing can be written there"):
        check_writable(tmp_path / "file" / "runs")


def test_missing_files_are_named(make_record, tmp_path):
    with pytest.raises(FerError, match="no such run record"):
        read_record(tmp_path / "none.json")
    record = make_record()
    record.path.with_suffix(".npz").unlink()
    with pytest.raises(FerError, match=r"seed0\.npz: missing beside"):
        read_record(record.path)


def test_other_predictions_are_refused(make_record, tmp_path):
    record = make_record()
    other = make_record(correct=np.ones(70, bool), folder=tmp_path / "other")
    npz = record.path.with_suffix(".npz")
    npz.write_bytes(other.path.with_suffix(".npz").read_bytes())
    with pytest.raises(FerError, match=r"SHA-256 .* differs"):
        read_record(record.path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', "null"])
def test_what_is_no_record_is_refused(make_record, text):
    record = make_record()
    record.path.write_text(text)
    with pytest.raises(FerError, match=r"no valid JSON|no run record of schema"):
        read_record(record.path)


def _results(content):
    return content["results"]["selected"]["PrivateTest"]["single"]


FAULTS = {
    "accuracy is 0.9": lambda c: _results(c).update(accuracy=0.9),
    "n is 69": lambda c: _results(c).update(n=69),
    "macro_f1 is None": lambda c: _results(c).pop("macro_f1"),
    "confusion": lambda c: _results(c)["confusion"][0].reverse(),
    "accuracy_ci95": lambda c: _results(c).update(accuracy_ci95=[0.4, 0.7]),
    "'seed' is missing": lambda c: c.pop("seed"),
    "'seed' is '0', expected a valid int": lambda c: c.update(seed="0"),
    "'epochs' is True, expected a valid int": lambda c: c.update(epochs=True),
    "'code.commit' is 5": lambda c: c["code"].update(commit=5),
    "'deviations.0.ours' is missing": lambda c: c["deviations"].append(
        {"item": "epochs", "paper": "300"}
    ),
    "'results.selected' is missing": lambda c: c.update(results={}),
    "unknown key 'results.worst'": lambda c: c["results"].update(worst={}),
    "'Test', expected one of": lambda c: c["results"]["selected"].update(Test={}),
    "sum to n = 70": lambda c: c["data"]["splits"]["PrivateTest"].update(
        per_class=[11] + [10] * 6
    ),
    "labels count": lambda c: c["data"]["splits"]["PrivateTest"].update(
        per_class=[11, 9] + [10] * 5
    ),
    "lack 'last/PrivateTest/single/logits'": lambda c: c["results"].update(
        last=c["results"]["selected"]
    ),
}


@pytest.mark.parametrize("told", FAULTS)
def test_each_planted_fault_is_told(make_record, told):
    record = make_record()
    _edit(record, FAULTS[told])
    with pytest.raises(FerError, match=told) as caught:
        read_record(record.path)
    assert str(record.path) in str(caught.value)


def test_a_wrong_record_is_never_written(make_record, tmp_path):
    good = make_record()
    content = json.loads(json.dumps(good.content))
    _results(content)["accuracy"] = 0.9
    path = tmp_path / "never" / RunKey.of(content).place
    with pytest.raises(FerError):
        write_record(path, content, good.predictions)
    content = dict(good.content) | {"wall_seconds": float("nan")}
    with pytest.raises(FerError, match="no finite JSON value"):
        write_record(path, content, good.predictions)
    assert not path.exists()


def test_an_interrupted_write_leaves_no_half_record(make_record, monkeypatch):
    record = make_record()
    before = record.path.read_bytes()

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_record(record.path, record.content, record.predictions)
    monkeypatch.undo()
    assert record.path.read_bytes() == before
    assert len(list(record.path.parent.iterdir())) == 2
    read_record(record.path)


def test_pickled_predictions_are_not_loaded(make_record):
    record = make_record()
    array = np.array([{"a": 1}], dtype=object)
    with pytest.raises((FerError, ValueError)):
        write_record(record.path, record.content, record.predictions | {"x": array})


def test_a_curve_is_stored_once_by_column_and_comes_back(make_record):
    """Stages name different things; a list of rows is read, too."""
    rows = [
        {"epoch": 1, "stage": "landmarks", "loss": 0.5, "seconds": 1.0},
        {"epoch": 2, "stage": "head", "accuracy": 0.25, "seconds": 2.0},
    ]
    record = make_record(curve=rows)
    stored = json.loads(record.path.read_text())
    names = ["epoch", "stage", "loss", "seconds", "accuracy"]
    assert stored["curve"]["columns"] == names
    assert stored["curve"]["rows"][1] == [2, "head", None, 2.0, 0.25]
    assert read_record(record.path).curve == rows
    record.path.write_text(json.dumps(stored | {"curve": rows}))
    assert read_record(record.path).curve == rows


@pytest.mark.parametrize(
    "table", [{}, {"columns": ["a"]}, {"columns": ["a"], "rows": [[1, 2]]}]
)
def test_a_damaged_curve_is_refused(make_record, table):
    record = make_record()
    stored = json.loads(record.path.read_text())
    record.path.write_text(json.dumps(stored | {"curve": table}))
    with pytest.raises(FerError, match="'curve' is no table"):
        read_record(record.path)


SCORES = arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(2, 8)),
    elements=st.floats(-1e5, 1e5, width=32),
)


@given(SCORES)
def test_rounding_changes_no_prediction(scores):
    kept = storable(scores)
    assert kept.dtype == np.float16 and kept.shape == scores.shape
    assert (kept.argmax(1) == scores.argmax(1)).all()
    # The best alone is 0, so no later sum or sort can turn a tie around.
    assert ((kept == 0).sum(1) == 1).all() and (kept <= 0).all()
    assert (storable(kept) == kept).all()


def test_differences_are_kept_to_half_a_step():
    scores = np.random.default_rng(0).normal(scale=4, size=(4000, 7))
    kept, below = storable(scores), scores - scores.max(1, keepdims=True)
    near = (below < 0) & (below > -STEP / 2)  # moved away from the best
    assert np.abs(kept - below)[~near].max() <= STEP / 2
    assert np.abs(kept - below)[near].max() <= STEP
    assert near.any()
    shares, rounded = (np.exp(log_softmax(s, 1)) for s in (scores, kept.astype(float)))
    assert np.abs(rounded / shares - 1).max() < 0.14
    assert np.abs(rounded / shares - 1).mean() < 0.04


@pytest.mark.parametrize("low", [-1e9, -np.inf])
def test_impossible_classes_stay_finite(low):
    kept = storable(np.array([[0.0, low, -1.0]]))
    assert np.isfinite(kept).all() and list(kept[0]) == [0, -60000, -1]
