"""Every paper's default network leaves torch and computes the same."""

import json
import sys

import numpy as np
import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.models import NETWORKS, build, logits_of
from fer_lib.models.export import export_onnx
from fer_lib.preprocessing import Preprocessing

onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
pytest.importorskip("onnxscript", reason="needs the extra 'onnx'")


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in NETWORKS if n != "comparison"])
def test_parity(name, tmp_path):
    torch.manual_seed(0)
    network = build(name, preset="smoke").eval()
    path = tmp_path / "network.onnx"
    export_onnx(network, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map["preprocessing"]
    assert Preprocessing(**json.loads(about)) == network.input
    size, channels = network.input.size, network.input.channels
    for count in (1, 5):  # the number of faces is free
        faces = torch.rand(count, channels, size, size)
        with torch.no_grad():
            expected = logits_of(network(faces)).numpy()
        found = session.run(["scores"], {"faces": faces.numpy()})[0]
        np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-3)
    assert [p.name for p in tmp_path.iterdir()] == ["network.onnx"]


def test_tells_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(FerError, match="pip install onnx onnxscript"):
        export_onnx(build("deep_emotion"), tmp_path / "network.onnx")
