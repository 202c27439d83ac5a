"""Recipes other than the paper's, and what else a record holds."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_requests import request, run

from fer_lib.data.sources.rendered import wild
from fer_lib.errors import FerError
from ferbook.ledger.rules import rescaling
from ferbook.papers import ramn, rendered_first
from ferbook.runs import make
from ferbook.runs import run as finished
from ferbook.runs.key import CONTENT, RunKey
from ferbook.runs.make import splits_of
from ferbook.runs.records import load_records, read_record
from ferbook.runs.state import run_source


def test_a_modern_run_says_so(tiny, tmp_path):
    done = run(request(3, recipe="modern"), tmp_path)
    assert done.record.path.name.startswith("smoke-modern-default-seed0-epochs3-")
    assert done.record.recipe_settings["name"] == "modern"
    assert done.record.recipe_settings["epochs"] == 3
    assert done.record.config["epochs"] == 18  # the paper's, which it replaces
    assert len(done.record.curve) == 3
    assert "--recipe modern" in done.record.command
    assert "recipe" in {d.item for d in done.record.departures}
    assert rescaling(done.record.departures)
    plain = run(request(3), tmp_path)
    assert {r.recipe for r in load_records(tmp_path / "runs")} == {"modern", "paper"}
    key = "predictions_sha256"
    assert plain.record.content[key] != done.record.content[key]


def test_settings_of_network_and_recipe_may_both_change(tiny, tmp_path):
    changes = {"epochs": 1, "width": 4, "clip": 0.5}
    wanted = RunKey("deep_emotion", recipe="modern", changes=changes)
    record = run(wanted, tmp_path).record
    assert record.config["width"] == 4 and record.recipe_settings["clip"] == 0.5
    assert "--set clip=0.5 --set epochs=1 --set width=4" in record.command


def test_rendered_faces_come_first(tiny, tmp_path, monkeypatch):
    few = wild(train=28, public=14, private=0, seed=3, cached=False)
    monkeypatch.setattr(rendered_first, "wild", lambda: few)
    changes = {"epochs": 2, "rendered_epochs": 1}
    wanted = RunKey("deep_emotion", recipe="rendered_first", changes=changes)
    record = run(wanted, tmp_path).record
    assert [row["stage"] for row in record.curve] == ["rendered faces"] + [
        "training"
    ] * 2
    items = {d.item for d in rescaling(record.departures)}
    assert "pre-training" in items


def test_unknown_recipes_and_settings_are_refused(tiny, tmp_path):
    with pytest.raises(FerError, match="name is 'fast', expected one of"):
        run(request(recipe="fast"), tmp_path)
    with pytest.raises(FerError, match="setting is 'wdith'"):
        run(RunKey("deep_emotion", changes={"wdith": 3}), tmp_path)


def test_recipes_have_their_own_source():
    of = {
        name: run_source(RunKey("deep_emotion", recipe=name))
        for name in ("paper", "modern", "rendered_first")
    }
    assert len(set(of.values())) == 3


def test_members_and_measures_are_stored(tiny, tmp_path, monkeypatch):
    """What a recipe tells of every reported face, in the order of the faces."""

    def views(network, splits):
        return {"member.left": np.eye(7)[splits.test.labels]}

    def measures(network, faces):
        assert not network.training
        return {"warmth": faces.images.mean((1, 2, 3))}

    paper = make.find_paper("deep_emotion")
    extended = replace(paper, views=views, measures=measures)
    monkeypatch.setattr(make, "find_paper", lambda name: extended)
    record = read_record(run(request(1), tmp_path).record.path)
    assert record.metrics(view="member.left")["accuracy"] == 1
    test = tiny.split("PrivateTest")
    stored = record.predictions["PrivateTest/measures/warmth"]
    assert stored.dtype == np.float16
    assert np.allclose(stored, test.images.mean((1, 2, 3)), rtol=1e-3)


def test_weight_files_are_recorded_by_name(tmp_path):
    weights = tmp_path / "private" / "vgg16.pth"
    config = ramn.PAPER.make_config("smoke", pretrained=str(weights))
    told = finished.Run(None, config, None, None, None).settings()
    assert told["pretrained"] == "vgg16.pth"
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    told = make._by_content({"pretrained": str(weights)})
    assert told["pretrained"] == "vgg16.pth" and len(told[CONTENT]) == 64
    weights.unlink()
    with pytest.raises(FerError, match=r"vgg16\.pth: no such file of pre-trained"):
        ramn.PAPER.identity(config)


def test_two_data_sets_need_a_target(tiny):
    with pytest.raises(FerError, match="name it with --target and --target-root"):
        splits_of(RunKey("deep_emotion", protocol="sfew_to_jaffe"))
