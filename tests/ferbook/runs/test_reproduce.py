"""From a request to a record, on a tiny data set in FER2013's layout."""

import json
from dataclasses import replace

import numpy as np
import pytest
from drawn_requests import request, run
from toy_runs import without_times

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.evaluation.inference import predict
from ferbook import cli
from ferbook.runs import make
from ferbook.runs.predictions import face_ids, storable
from ferbook.runs.records import load_records, read_record


def test_the_record_is_complete_and_true(tiny, tmp_path):
    done = run(request(), tmp_path)
    (path,) = (tmp_path / "runs/deep_emotion/rendered-official").glob("*.json")
    assert path.name.startswith("smoke-paper-default-seed0-epochs2-")
    record = read_record(path)  # computes metrics again
    assert record.key.changes == (("epochs", 2),) and record.varied == []
    faces = record.predictions["PrivateTest/faces"]
    assert np.array_equal(faces, face_ids(tiny.split("PrivateTest")))
    assert record.epochs == 2 and len(record.curve) == 2
    assert record.parameters == 66_857 and record.rendered
    assert record.metrics()["n"] == 28
    assert record.selection["split"] == "PublicTest"
    assert record.data["splits"]["Training"]["per_class"] == [12] * 7
    accuracies = [row["PublicTest_accuracy"] for row in record.curve]
    assert accuracies[record.selection["epoch"] - 1] == max(accuracies)
    assert {d.item for d in record.departures} == {
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
    # Other settings are another run: the shorter one's record stays.
    assert [r.epochs for r in load_records(tmp_path / "runs")] == [1, 3]


def test_a_recorded_run_is_made_again_on_demand_alone(tiny, tmp_path):
    first = run(request(1), tmp_path)
    with pytest.raises(FerError, match=r"seed0-epochs1-\w+\.json: this run was rec"):
        run(request(1), tmp_path)
    again = run(request(1), tmp_path, again=True)
    assert again.record.path == first.record.path  # it predicts the very same
    assert len(load_records(tmp_path / "runs")) == 1


def test_a_setting_of_the_preset_is_no_change(tiny, tmp_path):
    plain = make.Course(request(18), make.splits_of(request()))
    assert plain.key.changes == () and plain.key.place.stem.endswith("seed0")
    other = make.Course(request(variant="no_transformer"), make.splits_of(request()))
    assert other.varied == ["warp"]


def test_faces_that_were_all_trained_on_are_refused_before(tiny, tmp_path, monkeypatch):
    faces = replace(tiny, images=np.repeat(tiny.images[:1], 140, 0))
    monkeypatch.setattr(make, "load", lambda name, root: faces)
    with pytest.raises(FerError, match="every face of PrivateTest stands in training"):
        run(request(10**6), tmp_path)


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


def test_a_state_in_a_named_folder_outlives_the_machine(tiny, tmp_path, monkeypatch):
    """As on a mounted Drive: the next machine has another cache."""
    drive = tmp_path / "drive"
    first = run(request(1), tmp_path, states=drive)
    assert list(drive.rglob("1.safetensors"))
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "another machine"))
    gone_on = run(request(2), tmp_path, states=drive)
    straight = run(request(2), tmp_path / "straight", states=tmp_path / "other")
    curves = [r.fitted.curve for r in (gone_on, straight)]
    assert without_times(curves[0]) == without_times(curves[1])
    assert gone_on.fitted.curve[0] == first.fitted.curve[0]  # to the millisecond
    assert not (tmp_path / "another machine" / "training").exists()


def test_merged_test_splits_are_refused(tiny, tmp_path, monkeypatch):
    splits = np.where(tiny.splits == "Training", "Training", "Test")
    merged = FaceSet("rendered", tiny.images, tiny.labels, splits, "Merged to Test.")
    monkeypatch.setattr(make, "load", lambda name, root: merged)
    with pytest.raises(FerError, match=r"no split 'PublicTest'.*Merged to Test"):
        run(request(), tmp_path)


def test_command_line(tiny, tmp_path, capsys):
    words = ["reproduce", "deep_emotion", "--epochs", "1", "--device", "cpu"]
    weights = tmp_path / "network.safetensors.gz"
    words += ["--out", str(tmp_path / "runs"), "--weights", str(weights)]
    assert cli.main([*words, "--budget", "soon"]) == 1
    assert "expected a number with s, m or h" in capsys.readouterr().err
    assert cli.main([*words, "--preset", "tiny"]) == 1
    assert capsys.readouterr().err.count("\n") == 1  # one sentence, no traceback
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert "n = 28)" in out and "for 1 epoch in float32" in out and "Record: " in out
    assert weights.stat().st_size < 500_000
    assert cli.main([*words, "--again", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 28


@pytest.mark.parametrize("option", ["--out", "--weights"])
def test_what_cannot_be_written_is_told_before_training(tiny, tmp_path, capsys, option):
    (tmp_path / "file").touch()
    words = ["reproduce", "deep_emotion", "--epochs", "1000000", "--device", "cpu"]
    words += ["--out", str(tmp_path / "runs"), option, str(tmp_path / "file" / "x")]
    assert cli.main(words) == 1
    assert "nothing can be written there" in capsys.readouterr().err


def test_data_check(tmp_path, capsys):
    assert cli.main(["data", "check", "fer2013", "--root", str(tmp_path)]) == 1
    assert "no FER2013 found" in capsys.readouterr().out


def test_a_run_that_looks_says_so_and_answers_nothing(tiny, tmp_path):
    """It differs from the plain run in nothing but what it looked at."""
    plain = run(request(), tmp_path).record
    wanted = replace(request(), changes={"epochs": 2, "peek": True})
    looked = run(wanted, tmp_path).record
    assert dict(looked.key.changes)["peek"] and looked.path != plain.path
    assert looked.key.command.endswith(" --peek")
    assert "choosing the epoch on the reported split" in looked.superseded
    assert looked.metrics() == plain.metrics()
    told = [row["PrivateTest_accuracy"] for row in looked.curve]
    best = looked.selection["best_on_test"]
    assert best["accuracy"] == pytest.approx(max(told), abs=1e-5)
    assert told[best["epoch"] - 1] == max(told)
    assert all("PrivateTest_accuracy" not in row for row in plain.curve)
    assert "best_on_test" not in plain.selection
