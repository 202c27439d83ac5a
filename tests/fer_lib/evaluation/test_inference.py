"""Networks are run in batches of faces, and left as they were."""

import numpy as np
import pytest
import torch
from known_networks import left_as_found, smoke, some_faces

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import batches, evaluating, predict

FACES = some_faces(5)


@pytest.fixture(scope="module")
def network():
    # predict() must switch dropout and statistics off.
    return smoke("deep_emotion", "batch_norm").train()


def test_every_mode_comes_back(network):
    with left_as_found(network):
        with evaluating(network):
            assert not any(module.training for module in network.modules())
        with pytest.raises(ValueError), evaluating(network):
            raise ValueError


def test_statistics_that_go_on_adapting_are_put_back():
    """ESR's variant with the authors' flaw: eval() does not reach branches."""
    network = smoke("diversified_esr", "batch_statistics")
    x = network.input(some_faces(4, 64))
    with left_as_found(network), evaluating(network), torch.no_grad():
        norm = network.branches[0].last.bn
        before = norm.running_mean.clone()
        network(x)
        assert not torch.equal(norm.running_mean, before)


@pytest.mark.parametrize("count", [1, 2, 5, None])
def test_all_faces_in_their_order(network, count):
    seen = list(batches(network, FACES, count))
    together = torch.cat([unit for _, unit in seen])
    torch.testing.assert_close(together, torch.tensor(FACES) / 255)
    rows = np.concatenate([np.arange(5)[rows] for rows, _ in seen])
    assert rows.tolist() == list(range(5))
    assert max(len(unit) for _, unit in seen) <= (count or 5)


@pytest.mark.parametrize("tta", ["single", "flip"])
def test_batch_size_does_not_matter(network, tta):
    whole = predict(network, FACES, tta=tta)
    for count in (1, 4, 100):
        parts = predict(network, FACES, tta=tta, batch_size=count)
        assert np.allclose(whole, parts, atol=1e-5)


def test_flip_is_blind_to_mirrors(network):
    one = predict(network, FACES, tta="flip")
    other = predict(network, FACES[..., ::-1].copy(), tta="flip")
    assert np.allclose(one, other, atol=1e-5)
    assert np.allclose(np.exp(one).sum(1), 1, atol=1e-5)
    assert not np.allclose(one, predict(network, FACES), atol=1e-3)


def test_refusals(network):
    with pytest.raises(FerError, match="tta is 'ten'"):
        predict(network, FACES, tta="ten")
    with pytest.raises(FerError, match=r"found no face.*empty"):
        predict(network, FACES[:0])
