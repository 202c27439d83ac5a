"""A saved network holds all that builds it again; files are refused with the mend."""

import gzip
from dataclasses import replace

import numpy as np
import pytest
import torch

from fer_lib.data.sources.rendered import wild
from fer_lib.errors import FerError
from fer_lib.evaluation.inference import predict
from fer_lib.models import NETWORKS, build
from fer_lib.models.saved import (
    FOLDER,
    STEPS,
    SUFFIX,
    committed,
    load,
    load_weights,
    read_network,
    save,
)

STORED = sorted(FOLDER.glob(f"*{SUFFIX}"))
COMMITTED = [path.name.removesuffix(SUFFIX) for path in STORED]


def small(**options):
    return build("deep_emotion", width=2, **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMITTED)
def test_a_committed_network_sees_something(name):
    """Far better than chance on rendered people it has never met."""
    network = load(name)
    faces = wild(train=7, public=7, private=420, seed=5).split("PrivateTest")
    scores = predict(network, faces.images)
    accuracy = np.mean(scores.argmax(1) == faces.labels)
    largest = faces.counts().max() / len(faces)
    # Three standard errors above always naming the most frequent class.
    assert accuracy > largest + 3 * np.sqrt(largest * (1 - largest) / len(faces))


def test_every_paper_has_a_network():
    # The comparison's networks are another library's, not a paper's own.
    assert set(COMMITTED) == set(NETWORKS) - {"comparison"}
    assert sorted(path for path in FOLDER.iterdir() if path.is_file()) == STORED


def test_all_comes_back(tmp_path):
    network = small(classes=("calm", "angry"))
    network.provenance = "photographs: mine"
    network.temperature = 1.25
    one, other = tmp_path / f"one{SUFFIX}", tmp_path / f"other{SUFFIX}"
    save(network, one, {"command": "by hand"})
    save(network, other, {"command": "by hand"})
    assert one.read_bytes() == other.read_bytes()
    state = torch.random.get_rng_state()
    back = load(one)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not back.training and back.about == {"command": "by hand"}
    for name in ("options", "classes", "provenance", "input", "temperature"):
        assert getattr(back, name) == getattr(network, name), name
    again = build("deep_emotion", **back.options)
    load_weights(again, back.state_dict(), "test")
    weights, _ = read_network(one)
    assert torch.equal(weights["fc1.bias"], network.fc1.bias.half())
    own = network.fc1.weight
    off = (weights["fc1.weight"] - own).abs() / own.abs().amax(1, keepdim=True)
    assert 0 < off.max() <= 0.5001 / STEPS  # half a step, and single precision
    save(back, other, {"command": "by hand"})  # nothing is lost by a second time
    for name, tensor in load(other).state_dict().items():
        torch.testing.assert_close(tensor, back.state_dict()[name])


def test_weights_that_are_all_nothing_come_back(tmp_path):
    network, path = small(), tmp_path / f"one{SUFFIX}"
    with torch.no_grad():
        network.fc1.weight[0] = 0
    save(network, path)
    assert (load(path).fc1.weight[0] == 0).all()
    assert load(path).fc1.weight[1].abs().max() > 0


@pytest.mark.parametrize("cut", [0, 1, 40, -9])
def test_a_damaged_file_is_refused(tmp_path, cut):
    path = tmp_path / f"one{SUFFIX}"
    save(small(), path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(FerError, match="damaged, or not saved by this library"):
        load(path)
    path.unlink()
    with pytest.raises(FerError, match="no such file; correct its path"):
        load(path)


def test_a_file_without_a_temperature_is_not_calibrated(tmp_path):
    network, path = small(), tmp_path / f"one{SUFFIX}"
    save(network, path)
    plain = gzip.decompress(path.read_bytes())
    plain = plain.replace(b'\\"temperature\\"', b'\\"temperament\\"')
    path.write_bytes(gzip.compress(plain))
    assert load(path).temperature == 1 and load(path).about == {"temperament": 1.0}


def test_what_another_version_described_is_refused(tmp_path):
    path = tmp_path / f"one{SUFFIX}"
    network = small()
    network.input = replace(network.input, size=64)
    save(network, path)
    with pytest.raises(FerError, match="load it with the version that saved it"):
        load(path)


def test_names_are_known_in_any_case():
    assert committed("ramn").is_file() and load("RAMN").options["num_classes"] == 7
    with pytest.raises(FerError, match="did you mean 'ramn'"):
        load("ramnn")
    with pytest.raises(FerError, match=r"no trained network.*build\(\)"):
        load("comparison")
