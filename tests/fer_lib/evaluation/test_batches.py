"""Networks are run in batches of faces, and left as they were."""

import numpy as np
import pytest
import torch
from known_networks import left_as_found, smoke, some_faces

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import batches, evaluating, faces_together


def test_every_mode_comes_back():
    network = smoke("deep_emotion", "batch_norm")
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
def test_all_faces_in_their_order(count):
    network, faces = smoke("deep_emotion"), some_faces(5)
    seen = list(batches(network, faces, count))
    together = torch.cat([unit for _, unit in seen])
    torch.testing.assert_close(together, torch.tensor(faces) / 255)
    rows = np.concatenate([np.arange(5)[rows] for rows, _ in seen])
    assert rows.tolist() == list(range(5))
    assert max(len(unit) for _, unit in seen) <= (count or 5)


def test_large_faces_go_through_in_small_numbers():
    assert faces_together(1, 48) == 1024
    assert faces_together(3, 224) == 15
    assert faces_together(3, 4000) == 1


def test_refuses_no_faces():
    network = smoke("deep_emotion")
    with pytest.raises(FerError, match="found no face"):
        next(batches(network, some_faces(0)))
