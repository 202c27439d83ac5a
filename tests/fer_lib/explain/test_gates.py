"""CBAM's gates: planted ones, and those that the networks return themselves."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from known_networks import left_as_found, smoke, some_faces

from fer_lib.errors import FerError
from fer_lib.explain.gates import (
    draw_channel_gates,
    draw_spatial_gates,
    gates,
    last_blocks,
)
from fer_lib.models.cbam import CBAM

FACES = some_faces(3, 64)


def test_esr_says_the_same_itself():
    network = smoke("diversified_esr")
    network.active = 4
    with left_as_found(network):
        found = gates(network, FACES, batch_size=2)
    with torch.no_grad():
        said = network.eval()(network.input(FACES))
    assert found.names == tuple(f"branch {i}" for i in range(1, 5))
    for i in range(4):
        np.testing.assert_allclose(found.channel[i], said.channel[i], rtol=1e-4)
        flat = found.spatial[i].reshape(3, -1)
        np.testing.assert_allclose(flat, said.spatial[i], rtol=1e-4)


def test_manet_has_four_patches():
    network = smoke("diversified_manet").eval()
    seen = {}
    hooks = [
        block.register_forward_pre_hook(
            lambda module, inputs, name=name: seen.update({name: inputs[0].clone()})
        )
        for name, (block, _) in last_blocks(network).items()
    ]
    found = gates(network, FACES)
    for hook in hooks:
        hook.remove()
    assert found.names == ("upper left", "upper right", "lower left", "lower right")
    assert found.places[1] == (0.5, 0, 1, 0.5)
    for i, (block, _) in enumerate(last_blocks(network).values()):
        inside = [m for m in network.patches[i].modules() if isinstance(m, CBAM)]
        assert block is inside[-1]
        with torch.no_grad():
            said = block.attend(seen[found.names[i]])
        np.testing.assert_allclose(found.channel[i], said.channel, rtol=1e-5)
        np.testing.assert_allclose(found.spatial[i], said.spatial[:, 0], rtol=1e-5)


def test_planted_gates():
    """Nothing but biases: the same everywhere, a half for no preference."""
    network = smoke("diversified_manet").eval()
    block, _ = last_blocks(network)["lower left"]
    with torch.no_grad():
        for weights in block.parameters():
            weights.zero_()
        block.bn.running_mean.zero_()
        block.bn.bias.fill_(1.5)
    found = gates(network, FACES)
    np.testing.assert_allclose(found.channel[2], 0.5)
    np.testing.assert_allclose(found.spatial[2], 1 / (1 + np.exp(-1.5)), rtol=1e-6)
    assert found.channel[0].std() > 0


def test_any_blocks_can_be_asked_for():
    network = smoke("diversified_esr")
    chosen = {"first": (network.base[0].cbam, (0.0, 0.0, 1.0, 1.0))}
    found = gates(network, FACES, chosen)
    assert found.names == ("first",) and found.spatial[0].shape == (3, 60, 60)
    assert len(last_blocks(network.base)) == 4  # any module with CBAM


@pytest.mark.parametrize(
    ("name", "variant"),
    [("diversified_esr", "esr9_plain"), ("deep_emotion", "default")],
)
def test_refuses_networks_without_attention(name, variant):
    network = smoke(name, variant)
    with pytest.raises(FerError, match="has no CBAM"):
        gates(network, FACES)


def test_listens_no_longer_after_a_failure():
    network = smoke("diversified_esr")
    with left_as_found(network), pytest.raises(FerError):
        gates(network, some_faces(0))
    for module in network.modules():
        assert not isinstance(module, CBAM) or "attend" not in vars(module)


def test_drawn():
    network = smoke("diversified_manet")
    found = gates(network, FACES)
    figure = draw_spatial_gates(found, FACES, list("abc"))
    panel = figure.axes[3]  # below the first face: the face, four patches
    extents = [tuple(image.get_extent()) for image in panel.images]
    assert extents == [
        (0, 1, 1, 0), (0, 0.5, 0.5, 0), (0.5, 1, 0.5, 0), (0, 0.5, 1, 0.5),
        (0.5, 1, 1, 0.5),
    ]  # fmt: skip
    assert "4 blocks on 3 faces" in figure.alt_text
    network = smoke("diversified_esr")
    network.active = 2
    found = gates(network, FACES)
    assert len(draw_spatial_gates(found, FACES, list("abc")).axes) == 9 + 1
    curves = draw_channel_gates(found)
    assert [panel.get_title() for panel in curves.axes] == ["branch 1", "branch 2"]
    heights = curves.axes[0].lines[0].get_ydata()
    assert (np.diff(heights) <= 0).all()
    np.testing.assert_allclose(heights.mean(), found.channel[0].mean(), rtol=1e-5)
    assert "n = 3 faces" in curves.get_supxlabel()
    plt.close("all")
