"""Networks leave torch as ONNX files and say the same."""

import sys

import numpy as np
import onnxruntime
import pytest
from known_networks import OnePixel, some_faces

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import probabilities
from fer_lib.models import NETWORKS
from fer_lib.models.onnx_files import onnx_bytes
from fer_lib.models.saved import load
from fer_lib.rendered.portrait import render_face

COMMITTED = [name for name in NETWORKS if name != "comparison"]


def session(content):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return onnxruntime.InferenceSession(content, options)


def answers(content, faces):
    """Probabilities of faces ``uint8 [N, 1, S, S]``, one at a time."""
    asked = session(content)
    pixels = faces.astype(np.float32)
    found = [asked.run(None, {"face": face[None]})[0][0] for face in pixels]
    return np.stack(found)


@pytest.fixture(scope="module")
def faces():
    """Four rendered ones of 48 pixels, a black one, a white one, and noise."""
    drawn = [render_face(k, name).image for k, name in enumerate(["happy", "sad"])]
    flat = [np.full((48, 48), value, np.uint8) for value in (0, 255)]
    return np.concatenate([np.stack(drawn + flat)[:, None], some_faces(3)])


@pytest.mark.parametrize("name", COMMITTED)
def test_the_committed_networks_say_the_same(name, faces):
    network = load(name)
    expected = probabilities(network, faces)
    found = answers(onnx_bytes(network), faces)
    assert np.abs(found - expected).max() < 1e-3
    assert np.ptp(expected, 0).max() > 0.05  # faces differ, or nothing is shown


def test_size_and_temperature_are_in_the_file():
    """Of a face of 6 pixels the network sees 9, and one pixel of these."""
    network = OnePixel(row=4, column=4)
    network.temperature = 0.1
    faces = some_faces(4, size=6)
    found = answers(onnx_bytes(network, 6), faces)
    lights = network.input.to_unit(faces)[:, 0, 4, 4].numpy()
    expected = 1 / (1 + np.exp((0.5 - lights) / 0.1))
    assert np.abs(found[:, 1] - expected).max() < 1e-4
    assert np.ptp(expected) > 0.2


def test_it_reads_one_face_of_its_size():
    (face,) = session(onnx_bytes(OnePixel(), 12)).get_inputs()
    assert face.name == "face" and face.shape == [1, 1, 12, 12]


def test_it_tells_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(FerError, match='pip install "onnx'):
        onnx_bytes(OnePixel())
