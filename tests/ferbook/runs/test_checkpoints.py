"""The networks that come with the library and with recorded runs."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fer_lib.data.sources.rendered import wild
from fer_lib.errors import FerError
from fer_lib.evaluation.inference import predict
from fer_lib.models import count_parameters
from fer_lib.models.saved import (
    DIGITS,
    FOLDER,
    SUFFIX,
    beside,
    committed,
    read_network,
    save_network,
)
from ferbook.papers import PAPERS, paper, restore
from ferbook.runs.paths import runs_folder
from ferbook.runs.records import read_record

STORED = sorted(FOLDER.glob(f"*{SUFFIX}"))
COMMITTED = [path.name.removesuffix(SUFFIX) for path in STORED]
RECORDED = [
    weights
    for record in sorted(runs_folder().rglob("*.json"))
    if (weights := beside(record)).is_file()
]


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMITTED)
def test_a_committed_network_sees_something(name):
    """Far better than chance on rendered people it has never met."""
    found = restore(committed(name))
    assert found.rendered
    faces = wild(train=7, public=7, private=420, seed=5).split("PrivateTest")
    scores = predict(found.network, faces.images)
    accuracy = np.mean(scores.argmax(1) == faces.labels)
    largest = faces.counts().max() / len(faces)
    # Three standard errors above always naming the most frequent class.
    assert accuracy > largest + 3 * np.sqrt(largest * (1 - largest) / len(faces))


def test_every_paper_has_a_network():
    # The comparison's networks are another library's, not a paper's own.
    assert set(COMMITTED) == set(PAPERS) - {"comparison"}


def test_no_other_file_lies_there():
    assert sorted(path for path in FOLDER.iterdir() if path.is_file()) == STORED
    assert set(RECORDED) == set(runs_folder().rglob("*.gz"))


@pytest.mark.parametrize("path", [*STORED, *RECORDED], ids=lambda p: p.stem)
def test_files_are_small_and_complete(path: Path):
    assert path.stat().st_size <= 500_000
    stored, about = read_network(path)
    found = restore(path)
    rebuilt = paper(about["paper"]).make_network(found.config, 7, seed=1)
    # All of the network, of its shapes, and nothing else.
    shapes = {name: tensor.shape for name, tensor in rebuilt.state_dict().items()}
    assert {name: tensor.shape for name, tensor in stored.items()} == shapes
    assert {tensor.dtype for tensor in stored.values()} <= {torch.float16}
    assert all(tensor.isfinite().all() for tensor in stored.values())
    assert len(found.classes) == 7
    assert found.rendered == (path.parent == FOLDER)


@pytest.mark.parametrize("name", COMMITTED)
def test_a_committed_network_has_the_record_of_its_training(name):
    """A run with its settings, command and number of parameters."""
    _, about = read_network(committed(name))
    folder = runs_folder() / name / "rendered-official"
    records = [read_record(path) for path in sorted(folder.glob("*.json"))]
    (made_by,) = [r for r in records if r.command == about["command"]]
    assert about["config"] == made_by.config
    assert count_parameters(restore(committed(name)).network) == made_by.parameters


@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.parent.name)
def test_recorded_networks_belong_to_their_record(path: Path):
    """The stored settings are those of the record beside them."""
    record = read_record(path.with_name(path.name.removesuffix(SUFFIX) + ".json"))
    _, about = read_network(path)
    assert about["config"] == record.config
    assert about["command"] == record.command


def test_a_file_of_an_unknown_paper_is_refused(tmp_path):
    path = tmp_path / f"other{SUFFIX}"
    save_network(path, torch.nn.Linear(2, 2), {"paper": "resnet", "classes": []})
    with pytest.raises(FerError, match="paper 'resnet' is unknown"):
        restore(path)


def test_a_network_gives_the_same_bytes_and_comes_back(tmp_path):
    network, about = torch.nn.Linear(3, 2), {"paper": "x", "config": {"a": 1}}
    one, other = tmp_path / f"one{SUFFIX}", tmp_path / f"other{SUFFIX}"
    save_network(one, network, about)
    save_network(other, network, about)
    assert one.read_bytes() == other.read_bytes()
    weights, told = read_network(one)
    assert told == about and weights["weight"].dtype == torch.float16
    assert torch.equal(weights["bias"], network.bias.half())
    off = (weights["weight"].float() - network.weight).abs() / network.weight.abs()
    assert 0 < off.max() <= 2**-DIGITS


@pytest.mark.parametrize("cut", [0, 1, 40, -9])
def test_a_damaged_network_is_refused(tmp_path, cut):
    path = tmp_path / f"one{SUFFIX}"
    save_network(path, torch.nn.Linear(3, 2), {"paper": "x"})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(FerError, match="damaged"):
        read_network(path)
    path.unlink()
    with pytest.raises(FerError, match="no such network"):
        read_network(path)
