"""``ferbook reproduce``: settings of one run, and the queue."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from queued import claim, papers

from fer_lib.errors import FerError
from fer_lib.models.saved import load
from ferbook import cli
from ferbook.cli import reproduce as cli_reproduce
from ferbook.ledger import claim_files
from ferbook.papers.deep_emotion import PRESETS
from ferbook.queue import forecast, making
from ferbook.runs import make, settings
from ferbook.runs.records import load_records
from ferbook.runs.settings import parsed_settings

CLAIMS = [
    ("feature_warp", {"against": "deep_emotion/no_transformer"}),
    ("default", {"against": "deep_emotion/no_transformer"}),
]


@pytest.fixture
def queue(tiny, tmp_path, monkeypatch):
    """A book with two claims, about 140 random faces; its command line."""
    told = papers(
        *(
            claim(
                name,
                "difference",
                variant=f"deep_emotion/{name}",
                presets=("smoke",),
                dataset="rendered",
                **about,
            )
            for name, about in CLAIMS
        )
    )
    monkeypatch.setattr(claim_files, "load_all_claims", lambda: told)
    few = PRESETS["smoke"] | {"epochs": 1}
    monkeypatch.setitem(PRESETS, "smoke", few)
    monkeypatch.setattr(forecast, "load", lambda name, root: tiny)
    monkeypatch.setattr(forecast, "measured_rate", lambda *about: 1.0)
    monkeypatch.setattr(cli_reproduce, "runs_folder", lambda: tmp_path / "kept")
    words = ["reproduce", "--dataset", "rendered", "--device", "cpu"]
    words += ["--out", str(tmp_path / "runs")]
    return lambda *more: cli.main([*words, *more])


def test_settings_take_their_fields_types():
    words = ["beta=0.5", "crops=3", "normalise=true", "pretrained=a=b.pth"]
    found = parsed_settings("ramn", "paper", words)
    assert found == {
        "beta": 0.5,
        "crops": 3,
        "normalise": True,
        "pretrained": "a=b.pth",
    }
    assert type(found["crops"]) is int
    parts = parsed_settings("part_ensemble", "paper", ["landmark_epochs=None"])
    assert parts == {"landmark_epochs": None}
    modern = parsed_settings("ramn", "modern", ["smoothing=0", "beta=1"])
    assert modern == {"smoothing": 0.0, "beta": 1.0}


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("crops=2.5", "--set crops=2.5: expected a whole number"),
        ("beta=much", "--set beta=much: expected a number"),
        ("beta=nan", "expected a number"),
        ("normalise=1", "expected true or false"),
        ("glasses=1", "'glasses' is no setting of ramn.*beta"),
        ("smoothing=0", "'smoothing' is no setting of ramn"),  # but of modern
        ("beta", "expected NAME=VALUE"),
    ],
)
def test_wrong_settings_are_told(word, told):
    with pytest.raises(FerError, match=told):
        parsed_settings("ramn", "paper", [word])


def test_a_setting_reaches_the_record(tiny, tmp_path, capsys):
    words = ["reproduce", "deep_emotion", "--device", "cpu", "--out", str(tmp_path)]
    words += ["--epochs", "1", "--set", "penalty=0.5", "--seed", "2"]
    assert cli.main(words) == 0
    (record,) = load_records(tmp_path)
    assert (record.config["penalty"], record.epochs, record.seed) == (0.5, 1, 2)
    assert record.command.endswith("--seed 2 --set epochs=1 --set penalty=0.5")
    *_, accuracy, took, path = capsys.readouterr().out.splitlines()
    assert accuracy.startswith("Accuracy: ") and accuracy.endswith("n = 28)")
    assert "of the processor, for 1 epoch in float32 on" in took
    assert path == f"Record:   {record.path}"


def test_options_of_the_reader_make_another_run(tiny, tmp_path, monkeypatch, capsys):
    """They reach the reader, and stand in the record and its command."""
    asked = []
    monkeypatch.setattr(make, "load", lambda *_, **given: asked.append(given) or tiny)
    known = {"last": int, "size": int | None}
    monkeypatch.setattr(settings, "options_of", lambda name: known)
    words = ["reproduce", "deep_emotion", "--device", "cpu", "--epochs", "1"]
    words += ["--out", str(tmp_path / "runs"), "--dataset", "fer2013", "--root", "DIR"]
    assert cli.main([*words, "--option", "last=1", "--option", "size=none"]) == 0
    assert asked == [{"last": 1, "size": None}]
    (record,) = load_records(tmp_path / "runs")
    assert dict(record.key.options) == asked[0]
    assert "--option last=1 --option size=None" in record.command
    assert cli.main([*words, "--option", "past=1"]) == 1
    assert "'past' is no option of fer2013" in capsys.readouterr().err
    # A run without options is named as before, and is another one.
    assert "options" not in replace(record.key, options=()).to_json()
    assert replace(record.key, options=()).sha256 != record.key.sha256


@pytest.mark.parametrize("option", ["--pretrained", "--out"])
def test_what_is_missing_is_told_before_faces_are_read(
    option, tmp_path, monkeypatch, capsys
):
    (tmp_path / "file").touch()
    monkeypatch.setattr(make, "load", None)
    words = ["reproduce", "ramn", option, str(tmp_path / "file" / "x")]
    assert cli.main(words) == 1
    told = capsys.readouterr().err
    assert str(tmp_path / "file" / "x") in told and f"with {option}" in told


def test_no_epoch_is_no_run(tiny, tmp_path, capsys):
    words = ["reproduce", "deep_emotion", "--device", "cpu", "--out", str(tmp_path)]
    assert cli.main([*words, "--epochs", "0"]) == 1
    assert "no epoch of training, expected 1 or more" in capsys.readouterr().err


def test_a_folder_of_ones_own_teaches_a_network(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for part, count in (("train", 20), ("test", 3)):
        for name in ("happy", "sad", "surprise"):
            place = tmp_path / "own" / part / name
            place.mkdir(parents=True)
            for k in range(count):
                pixels = rng.integers(0, 256, (48, 48), np.uint8)
                Image.fromarray(pixels).save(place / f"{k}.png")
    weights = str(tmp_path / "mine.safetensors")
    words = ["reproduce", "deep_emotion", "--dataset", "folder", "--device", "cpu"]
    words += ["--root", str(tmp_path / "own"), "--preset", "smoke", "--epochs", "1"]
    words += ["--out", str(tmp_path / "runs"), "--weights", weights]
    assert cli.main(words) == 1
    assert "expected one of folder_test" in capsys.readouterr().err
    assert cli.main([*words, "--protocol", "folder_test"]) == 0
    assert "on test (95 % interval" in capsys.readouterr().out
    [record] = load_records(tmp_path / "runs")
    assert record.metrics()["n"] == 9 and record.key.dataset == "folder"
    assert load(weights).classes == ("happy", "sad", "surprise")
    photograph = tmp_path / "own" / "test" / "sad" / "0.png"  # noise: no face
    cli.main(["predict", str(photograph), "--network", weights, "--json"])
    row = json.loads(capsys.readouterr().out)
    assert [key for key in row if key.startswith("p_")] == [
        "p_happy", "p_sad", "p_surprise",
    ]  # fmt: skip


def test_only_keep_writes_where_git_sees_it(tiny, tmp_path, monkeypatch):
    kept, made = tmp_path / "kept", tmp_path / "made"
    monkeypatch.setattr(cli_reproduce, "runs_folder", lambda: kept)
    monkeypatch.setattr(cli_reproduce, "made_runs_folder", lambda: made)
    words = ["reproduce", "deep_emotion", "--device", "cpu", "--epochs", "1"]
    assert cli.main(words) == 0
    assert len(load_records(made)) == 1 and not kept.exists()
    assert cli.main([*words, "--keep"]) == 0
    assert len(load_records(kept)) == 1
    assert cli.main([*words, "--keep", "--out", "elsewhere"]) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ramn", "--list"], "--list means nothing with a paper"),
        (["--dataset", "rendered", "--variant", "beta"], "--variant means nothing"),
        (["--list"], "name the data at hand with --dataset"),
        (["ram"], "paper 'ram' is unknown, expected one of deep_emotion"),
        (["ramn", "--dataset", "x"], "data set 'x' is unknown"),
        (["--dataset", "rendered", "--seeds", "0"], "expected 1 or more"),
    ],
)
def test_options_of_the_other_use_are_refused(words, told, capsys):
    assert cli.main(["reproduce", *words]) == 1
    assert told in capsys.readouterr().err


def test_the_list_for_people(queue, capsys):
    assert queue("--list", "--seeds", "2") == 0
    told = capsys.readouterr().out
    assert "6 runs" in told and "0 runs are finished" in told
    (row,) = (line for line in told.splitlines() if "no_transformer" in line)
    assert "0, 1" in row


def test_the_list_for_machines(queue, capsys):
    assert queue("--json", "--seeds", "1") == 0
    told = json.loads(capsys.readouterr().out)
    runs = told["runs"]
    assert {run["variant"] for run in runs} == {
        "no_transformer",
        "feature_warp",
        "default",
    }
    assert told["seconds"] == pytest.approx(sum(run["seconds"] for run in runs))
    assert runs[-1]["answered"] == 2 and told["done"] == [] == told["impossible"]


def test_working_it_down(queue, tmp_path, capsys, monkeypatch):
    """One of three runs fails; a second go makes only that one."""
    made, real = [], making.reproduce

    def reproduce(request, **options):
        made.append(request.variant)
        if request.variant == broken:
            raise FerError("the disk is full.")
        return real(request, **options | {"progress": False})

    monkeypatch.setattr(making, "reproduce", reproduce)
    broken = "default"
    assert queue("--seeds", "1", "--weights", str(tmp_path / "networks")) == 1
    told = capsys.readouterr()
    assert "Runs: 2 done, 1 failed." in told.out
    assert "default" in told.err and "the disk is full." in told.err
    assert len(made) == 3

    broken = ""
    assert queue("--seeds", "1") == 0
    assert made[3:] == ["default"]
    assert "Runs: 1 done." in capsys.readouterr().out
    assert queue("--seeds", "1") == 0
    records = load_records(tmp_path / "runs")
    assert len(records) == 3
    # Weights were asked for once.
    networks = sorted((tmp_path / "networks").rglob("*.gz"))
    stems = [file.name.removesuffix(".safetensors.gz") for file in networks]
    assert stems == sorted(r.path.stem for r in records if r.variant != "default")
    assert load(networks[0]).classes == records[0].classes
    assert "none was lacking" in capsys.readouterr().out
