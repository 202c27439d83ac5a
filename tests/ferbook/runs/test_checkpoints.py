"""The networks that come with the library belong to recorded runs."""

from pathlib import Path

import pytest

from fer_lib.models import count_parameters
from fer_lib.models.saved import FOLDER, SUFFIX, beside, load, read_network
from ferbook.papers import PAPERS, config_of
from ferbook.runs.paths import runs_folder
from ferbook.runs.records import read_record

STORED = sorted(FOLDER.glob(f"*{SUFFIX}"))
RECORDED = [
    weights
    for record in sorted(runs_folder().rglob("*.json"))
    if (weights := beside(record)).is_file()
]


def test_no_weights_lie_without_a_record():
    assert set(RECORDED) == set(runs_folder().rglob("*.gz"))


@pytest.mark.parametrize("path", [*STORED, *RECORDED], ids=lambda p: p.stem)
def test_files_are_small_and_complete(path: Path):
    assert path.stat().st_size <= 2_000_000
    (stored, about), found = read_network(path), load(path)
    rebuilt = PAPERS[about["network"]].make_network(config_of(found), 7, seed=1)
    # All of the network, of its shapes, and nothing else.
    shapes = {name: tensor.shape for name, tensor in rebuilt.state_dict().items()}
    assert {name: tensor.shape for name, tensor in stored.items()} == shapes
    assert all(tensor.isfinite().all() for tensor in stored.values())
    assert len(found.classes) == 7


@pytest.mark.parametrize("path", [*STORED, *RECORDED], ids=lambda p: p.stem)
def test_a_network_has_the_record_of_its_training(path: Path):
    """A run with its settings, command and number of parameters."""
    found = load(path)
    name = path.name.removesuffix(SUFFIX)
    own = [path.with_name(f"{name}.json")]
    places = (runs_folder() / name).rglob("*.json") if path in STORED else own
    records = [read_record(place) for place in places]
    (made_by,) = [r for r in records if r.command == found.about["command"]]
    settings = config_of(found).flat()
    assert settings | made_by.config == settings
    assert count_parameters(found) == made_by.parameters


READERS = [p for p in STORED if "reads" in read_network(p)[1]]


def test_who_learned_from_photographs_tells_how_well_it_reads():
    assert [path for path in STORED if not load(path).rendered_only] == READERS


@pytest.mark.parametrize("path", READERS, ids=lambda p: p.stem)
def test_a_network_that_comes_with_the_library_tells_how_well_it_reads(path: Path):
    """Weights of a byte read as many faces as the record's, but for a few."""
    found, name = load(path), path.name.removesuffix(SUFFIX)
    (made_by,) = [
        record
        for place in (runs_folder() / name).rglob("*.json")
        if (record := read_record(place)).command == found.about["command"]
    ]
    reads = found.about["reads"]
    one, recorded = reads["photographs"], made_by.metrics()
    assert one["n"] == recorded["n"]
    assert abs(one["accuracy"] - recorded["accuracy"]) < 0.01
    assert one["calibration_error"] <= one["uncalibrated_error"] + 0.02
    for kind in ("photographs", "rendered faces"):
        assert reads[kind]["accuracy"] >= 0.7
        assert min(reads[kind]["recalls"].values()) > 1 / 7
    assert found.temperature != 1 and found.about["sure"]["right"] >= 0.85
