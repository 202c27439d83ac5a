"""Paused trainings and recorded runs, held against the code of today."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn_requests import request, run

from fer_lib.errors import FerError
from ferbook import cli
from ferbook.runs import make, state
from ferbook.runs.records import read_record
from ferbook.runs.state import Kind
from ferbook.runs.verify import verify
from ferbook.training.stages import Running

PREDICTED = "predictions_sha256"


@pytest.fixture
def record(tiny, tmp_path):
    """Of a run on the tiny data set."""
    return read_record(run(request(), tmp_path).record.path)


def rewritten(monkeypatch, source="f" * 64):
    """As after a change of the code that changes nothing that is done."""
    for room in (make, state):
        if hasattr(room, "run_source"):
            monkeypatch.setattr(room, "run_source", lambda key: source)
    monkeypatch.setattr(state, "code_sha256", lambda: source)


def paused(wanted, tmp_path, monkeypatch):
    """A training that was interrupted after its first epoch."""
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        real, calls = make.accuracy, []

        def accuracy(network, part):
            calls.append(network)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return real(network, part)

        patch.setattr(make, "accuracy", accuracy)
        run(wanted, tmp_path)


def slower(monkeypatch):
    """Another optimizer than that of the first try."""
    real = torch.optim.Adam
    monkeypatch.setattr(
        torch.optim, "Adam", lambda weights, lr: real(weights, lr=lr, eps=1e-3)
    )


def test_a_paused_training_goes_on_after_a_refactoring(tiny, tmp_path, monkeypatch):
    paused(request(3), tmp_path, monkeypatch)
    trained, real = [], Running.epoch
    monkeypatch.setattr(
        Running, "epoch", lambda self, *at: trained.append(at[0]) or real(self, *at)
    )
    rewritten(monkeypatch)
    rest = run(request(3), tmp_path)
    assert trained == [1, 2, 3]  # the first one is the probe's
    whole = run(request(3), tmp_path / "whole", fresh=True)
    assert rest.record.content[PREDICTED] == whole.record.content[PREDICTED]
    assert rest.record.first_losses == whole.record.first_losses
    assert rest.record.code["source_sha256"] == "f" * 64


def test_a_paused_training_is_refused_where_the_code_does_otherwise(
    tiny, tmp_path, monkeypatch
):
    paused(request(3), tmp_path, monkeypatch)
    slower(monkeypatch)
    told = "eps of stage 'training': 1e-08 stored, 0.001 now"
    with pytest.raises(FerError, match=f"state of another run .{told}"):
        run(request(3), tmp_path)
    # So is a shorter run's state, from which a longer one would go on.
    with pytest.raises(FerError, match=f"state of another run .{told}"):
        run(request(5), tmp_path)
    assert run(request(3), tmp_path, fresh=True).record


def test_the_same_start_is_made_again(record, tmp_path, capsys):
    assert len(record.first_losses) == 3  # 84 faces in batches of 32
    found = verify(record, device="cpu")
    assert found.agrees and np.allclose(found.found, found.stored, rtol=1e-5)
    assert cli.main(["verify", str(record.path), "--device", "cpu"]) == 0
    assert "First losses agree: " in capsys.readouterr().out


@pytest.mark.parametrize("fields", [{"first_losses": [1.9, 1.8, 1.7]}, {"seed": 1}])
def test_another_start_is_told(record, fields):
    found = verify(replace(record, content=record.content | fields), device="cpu")
    assert found.state.kind == Kind.SAME_CODE and not found.agrees
    assert "First losses differ: " in str(found)


def test_other_code_is_told(record, monkeypatch, capsys):
    rewritten(monkeypatch)
    found = verify(record, device="cpu")
    assert found.agrees and found.state.kind == Kind.SAME_BEHAVIOUR
    slower(monkeypatch)
    rewritten(monkeypatch, "e" * 64)
    assert cli.main(["verify", str(record.path), "--device", "cpu"]) == 1
    assert "eps of stage 'training': 1e-08 stored" in capsys.readouterr().out


def test_a_record_without_losses_is_probed_alone(record, capsys):
    content = {k: v for k, v in record.content.items() if k != "first_losses"}
    found = verify(replace(record, content=content), root="nowhere")
    assert found.agrees and not found.found
    assert "the record keeps none" in str(found)


def test_other_faces_and_weights_from_a_file_are_refused(record, tiny, monkeypatch):
    config = record.config | {"pretrained": "faces.safetensors"}
    with pytest.raises(FerError, match="with the weights of faces"):
        verify(replace(record, content=record.content | {"config": config}))
    fewer = tiny.select(np.arange(139))
    monkeypatch.setattr(make, "load", lambda name, root: fewer)
    with pytest.raises(FerError, match="was made on other faces"):
        verify(record)
