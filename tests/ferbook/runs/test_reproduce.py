"""From a request to a record, on a tiny data set in FER2013's layout."""

import json

import numpy as np
import pytest
from drawn_requests import request, run

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.evaluation.inference import predict
from ferbook import cli
from ferbook.runs import reproduce
from ferbook.runs import run as finished
from ferbook.runs.predictions import storable
from ferbook.runs.records import load_records, read_record
from ferbook.runs.reproduce import load_committed


def test_the_record_is_complete_and_true(tiny, tmp_path):
    done = run(request(), tmp_path)
    path = tmp_path / "runs/deep_emotion/rendered-official/smoke-paper-default-seed0"
    record = read_record(path.with_suffix(".json"))  # computes metrics again
    assert record.epochs == 2 and len(record.curve) == 2
    assert record.parameters == 66_857 and record.rendered
    assert record.metrics()["n"] == 28
    assert record.selection["split"] == "PublicTest"
    assert record.data["splits"]["Training"]["per_class"] == [12] * 7
    accuracies = [row["PublicTest_accuracy"] for row in record.curve]
    assert accuracies[record.selection["epoch"] - 1] == max(accuracies)
    assert {d.item for d in record.deviations} == {
        "epochs",
        "initialisation",
        "learning rate",
    }
    assert done.record.metrics() == record.metrics()


def test_the_selected_network_gives_the_recorded_predictions(tiny, tmp_path):
    done = run(request(), tmp_path)
    test = done.splits.test
    scores = predict(done.network, test.images)
    stored = done.record.predictions["selected/PrivateTest/single/logits"]
    assert np.array_equal(storable(scores), stored)


def test_the_same_request_gives_the_same_predictions(tiny, tmp_path):
    one = run(request(), tmp_path / "one")
    other = run(request(), tmp_path / "other", fresh=True)
    key = "predictions_sha256"
    assert one.record.content[key] == other.record.content[key]
    third = run(request(seed=1), tmp_path / "third")
    assert one.record.content[key] != third.record.content[key]


def test_a_longer_run_goes_on_from_a_shorter_one(tiny, tmp_path):
    run(request(1), tmp_path)
    longer = run(request(3), tmp_path)
    fresh = run(request(3), tmp_path / "other", fresh=True)
    key = "predictions_sha256"
    assert longer.record.content[key] == fresh.record.content[key]
    # One request has one record: the longer run takes the shorter's place.
    assert [r.epochs for r in load_records(tmp_path / "runs")] == [3]


def test_a_shorter_run_after_a_longer_one_is_short(tiny, tmp_path):
    run(request(3), tmp_path / "long")
    short = run(request(1), tmp_path / "short")
    assert short.record.epochs == 1
    again = run(request(1), tmp_path / "again", fresh=True)
    key = "predictions_sha256"
    assert short.record.content[key] == again.record.content[key]


def test_a_budget_stops_without_a_record(tiny, tmp_path):
    part = run(request(50), tmp_path, budget=0.0)
    assert part.record is None and part.fitted.epoch < 50
    assert not (tmp_path / "runs").exists()


def test_merged_test_splits_are_refused(tiny, tmp_path, monkeypatch):
    splits = np.where(tiny.splits == "Training", "Training", "Test")
    merged = FaceSet("rendered", tiny.images, tiny.labels, splits, "Merged to Test.")
    monkeypatch.setattr(reproduce, "load", lambda name, root: merged)
    with pytest.raises(FerError, match=r"no split 'PublicTest'.*Merged to Test"):
        run(request(), tmp_path)


def test_command_line(tiny, tmp_path, capsys):
    words = ["reproduce", "deep_emotion", "--epochs", "1", "--device", "cpu"]
    weights = tmp_path / "network.safetensors.gz"
    words += ["--out", str(tmp_path / "runs"), "--weights", str(weights)]
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert json.loads(out[: out.index("Record:")])["n"] == 28
    assert weights.stat().st_size < 500_000

    assert cli.main([*words, "--budget", "soon"]) == 1
    assert "expected a number with s, m or h" in capsys.readouterr().err
    assert cli.main([*words, "--preset", "tiny"]) == 1
    assert capsys.readouterr().err.count("\n") == 1  # one sentence, no traceback


def test_weights_come_back(tiny, tmp_path, monkeypatch):
    done = run(request(), tmp_path)
    done.save(tmp_path / "network.safetensors.gz")
    monkeypatch.setattr(
        finished, "committed", lambda paper: tmp_path / "network.safetensors.gz"
    )
    back = load_committed("deep_emotion", done.splits, "cpu")
    one, other = (predict(r.network, done.splits.test.images) for r in (done, back))
    assert np.allclose(one, other, atol=1e-2)  # half precision
    assert back.results()["selected"]["PrivateTest"]["single"]["n"] == 28


def test_data_check(tmp_path, capsys):
    assert cli.main(["data", "check", "fer2013", "--root", str(tmp_path)]) == 1
    assert "no FER2013 found" in capsys.readouterr().out
