"""Predictions must not depend on how faces are batched or ordered."""

import numpy as np
import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import predict
from fer_lib.models import build


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = build("deep_emotion", batch_norm=True)
    network.train()  # predict() must switch dropout and statistics off
    return network


@pytest.fixture(scope="module")
def faces():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (11, 1, 48, 48), dtype=np.uint8)


@pytest.mark.parametrize("tta", ["single", "flip"])
@pytest.mark.parametrize("batch_size", [1, 4, 11, 100])
def test_batch_size_does_not_matter(network, faces, tta, batch_size):
    whole = predict(network, faces, tta=tta)
    parts = predict(network, faces, tta=tta, batch_size=batch_size)
    assert np.allclose(whole, parts, atol=1e-5)


def test_order_does_not_matter(network, faces):
    order = np.random.default_rng(1).permutation(len(faces))
    whole = predict(network, faces)
    assert np.allclose(whole[order], predict(network, faces[order]), atol=1e-5)


def test_flip_is_blind_to_mirrors(network, faces):
    one = predict(network, faces, tta="flip")
    other = predict(network, faces[..., ::-1].copy(), tta="flip")
    assert np.allclose(one, other, atol=1e-5)
    assert np.allclose(np.exp(one).sum(1), 1, atol=1e-5)
    assert not np.allclose(one, predict(network, faces), atol=1e-3)


def test_refusals(network, faces):
    with pytest.raises(FerError, match="tta is 'ten'"):
        predict(network, faces, tta="ten")
    with pytest.raises(FerError, match="empty"):
        predict(network, faces[:0])
