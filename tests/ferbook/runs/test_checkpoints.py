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
    assert found.rendered_only == (path.parent == FOLDER)


@pytest.mark.parametrize("path", [*STORED, *RECORDED], ids=lambda p: p.stem)
def test_a_network_has_the_record_of_its_training(path: Path):
    """A run with its settings, command and number of parameters."""
    found = load(path)
    name = path.name.removesuffix(SUFFIX)
    folder = runs_folder() / name / "rendered-official"
    own = [path.with_name(f"{name}.json")]
    places = folder.glob("*.json") if path in STORED else own
    records = [read_record(place) for place in places]
    (made_by,) = [r for r in records if r.command == found.about["command"]]
    settings = config_of(found).flat()
    assert settings | made_by.config == settings
    assert count_parameters(found) == made_by.parameters
