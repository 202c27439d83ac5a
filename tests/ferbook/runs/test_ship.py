"""What the file of a network that comes with the library tells of itself."""

import numpy as np
import pytest
import torch

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.inference import predict
from fer_lib.models import build
from fer_lib.models.saved import load, save
from ferbook.runs.ship import reading, shipped


@pytest.fixture
def network():
    torch.manual_seed(0)  # of some starts no temperature fits
    return build("deep_emotion", width=2, init_std=0.2).eval()


@pytest.fixture
def faces(network):
    """Noise, of which the network reads seven of ten: so the labels are chosen."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (210, 1, 48, 48), dtype=np.uint8)
    said = predict(network, images).argmax(1)
    labels = np.where(rng.random(210) < 0.7, said, (said + 1) % 7)
    return FaceSet("noise", images, labels, np.full(210, "PublicTest"), "Noise.")


def test_a_file_tells_what_its_weights_read(network, faces, tmp_path):
    told = shipped(network, faces, {"noise": faces})
    save(network, path := tmp_path / "one.safetensors.gz", told)
    again = load(path)
    assert again.about == told and again.temperature == network.temperature != 1
    read = again.about["reads"]["noise"]
    right = predict(network, faces.images).argmax(1) == faces.labels
    assert read["n"] == len(right) and read["accuracy"] == right.mean()
    for label, name in enumerate(again.classes):
        mine = right[faces.labels == label]
        assert read["recalls"].get(name, 0) == (
            round(mine.mean(), 4) if len(mine) else 0
        )
    assert read["calibration_error"] < read["uncalibrated_error"]


def test_a_temperature_changes_the_calibration_alone(network, faces):
    plain = reading(network, faces)
    assert plain["calibration_error"] == plain["uncalibrated_error"]
    network.temperature = 1e4
    flat = reading(network, faces)
    # No class is preferred: as much is missing as there are right ones.
    missing = plain["accuracy"] - 1 / 7
    assert flat.pop("calibration_error") == pytest.approx(missing, abs=0.02)
    del plain["calibration_error"]
    assert flat == plain
