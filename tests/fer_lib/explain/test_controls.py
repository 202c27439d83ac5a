"""Decoys ignore the network; broken maps keep their values."""

import numpy as np
import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.explain.scoring.controls import (
    BROKEN,
    DECOYS,
    broken,
    edges,
    mean_face,
)

UNIT = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", DECOYS)
def test_decoys_never_ask_the_network(name):
    found = DECOYS[name](None, UNIT)
    assert found.shape == (4, 16, 16) and found.dtype == np.float32
    assert np.isfinite(found).all() and found.min() >= 0


def test_edges_on_paper():
    """A step of 0.6 between columns 7 and 8, in the mean of the channels."""
    unit = torch.full((1, 3, 16, 16), 0.2)
    unit[..., 8:] = torch.tensor([0.8, 0.9, 0.7])[:, None, None]
    found = edges(None, unit)[0]
    np.testing.assert_allclose(found[:, 7:9], 0.3, rtol=1e-4)  # half: central
    assert found[:, :7].max() < 1e-3 and found[:, 9:].max() < 1e-3
    turned = edges(None, unit.mT)[0]
    np.testing.assert_allclose(turned, found.T, atol=1e-6)


def test_mean_face_on_paper():
    unit = torch.tensor([0.0, 0.2, 1.0]).view(3, 1, 1, 1).expand(3, 1, 4, 4)
    found = mean_face(None, unit)
    np.testing.assert_allclose(found[:, 0, 0], [0.4, 0.2, 0.6], atol=1e-6)
    assert not mean_face(None, unit[:1]).any()


@pytest.mark.parametrize("how", BROKEN)
def test_broken_maps_keep_their_values(how):
    maps = np.random.default_rng(0).random((3, 16, 16))
    before = maps.copy()
    found = broken(maps, how)
    assert np.array_equal(maps, before) and not np.shares_memory(found, maps)
    sort = [np.sort(one.reshape(3, -1), 1) for one in (maps, found)]
    assert np.array_equal(*sort) and not np.array_equal(found, maps)


def test_how_they_are_broken():
    maps = np.zeros((2, 16, 16))
    maps[:, 3, 4] = 1
    assert np.argwhere(broken(maps, "shift"))[:, 1:].tolist() == [[13, 14]] * 2
    over = broken(maps, "shift", pixels=14)
    assert np.argwhere(over)[:, 1:].tolist() == [[1, 2]] * 2
    assert np.argwhere(broken(maps, "flip"))[:, 1:].tolist() == [[3, 11]] * 2
    with pytest.raises(FerError, match="shift, flip, shuffle"):
        broken(maps, "turn")
