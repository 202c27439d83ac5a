"""Masking blocks: constant masks, planted ones, and what the network computes."""

import numpy as np
import pytest
import torch
from known_networks import left_as_found, smoke, some_faces

from fer_lib.explain.masking import masking
from fer_lib.models import logits_of

FACES = some_faces(3, 64)


def test_a_planted_mask():
    """One on the left half, zero on the right: twice as much, and as much."""
    network = smoke("residual_masking").eval()

    def half(x):
        mask = torch.zeros_like(x)
        mask[..., : x.shape[-1] // 2] = 1
        return mask

    network.masking[1].mask = half
    found = masking(network, FACES)
    gain, lit = found.gain[1], found.before[1] > 0
    left = np.arange(gain.shape[-1]) < gain.shape[-1] // 2
    expected = np.where(left, 2, 1) * np.ones_like(gain)
    np.testing.assert_allclose(gain[lit], expected[lit], rtol=1e-5)
    assert np.array_equal(found.peak[1], np.broadcast_to(left, gain.shape))
    counts = found.counts[1]
    assert counts[0] == counts.sum() / 2  # the zeros, in the lowest bin


def test_is_what_the_network_computes():
    network = smoke("residual_masking").eval()
    with left_as_found(network):
        found = masking(network, FACES)
    network.eval()
    x = network.input(FACES)
    with torch.no_grad():
        logits, stages = logits_of(network(x)), network.stages(x)
    assert found.predicted.tolist() == logits.argmax(1).tolist()
    for i, stage in enumerate(stages):
        before, after = stage.before.mean(1), stage.after.mean(1)
        np.testing.assert_allclose(found.before[i], before, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(found.after[i], after, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(found.peak[i], stage.mask.amax(1), rtol=1e-4)
        # A softmax over channels has this mean everywhere.
        mean = stage.mask.mean(1)
        torch.testing.assert_close(mean, torch.full_like(mean, 1 / found.channels[i]))


def test_the_control_is_the_network_with_constant_masks():
    network, flat = smoke("residual_masking"), smoke("residual_masking", "constant")
    flat.load_state_dict(network.state_dict(), strict=False)
    with torch.no_grad():
        for one in (network, flat):  # so that faces are told apart
            one.fc.weight.mul_(100)
    faces = some_faces(20, 64)
    found = masking(network, faces)
    with torch.no_grad():
        expected = logits_of(flat.eval()(flat.input(faces))).argmax(1)
    assert found.control.tolist() == expected.tolist()
    agreeing = (found.control == found.predicted).mean()
    assert found.agreement == pytest.approx(agreeing)
