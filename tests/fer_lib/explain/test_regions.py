"""Region attention: planted weights, what the network says, the boxes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from known_networks import left_as_found, smoke, some_faces

from fer_lib.crops import crop_names
from fer_lib.explain.regions import (
    draw_mean_shares,
    draw_region_weights,
    region_weights,
)

FACES = some_faces(4)


def planted(scores, variant="default"):
    """A network whose attention sees these numbers, face by face."""
    network = smoke("ramn", variant)
    features = network.backbone.out_features
    with torch.no_grad():
        network.attention.fc.weight.zero_()
        network.attention.fc.bias.zero_()
        network.attention.fc.weight[0, 0] = 1
    scores = torch.tensor(scores)
    network.region_features = lambda x: torch.cat(
        [scores[: len(x), :, None], torch.zeros(len(x), scores.shape[1], features - 1)],
        2,
    )
    return network


def test_planted_weights():
    scores = torch.zeros(4, 6)
    scores[1, 3] = 2.0  # the second face: its lower left
    network = planted(scores.tolist())
    found = region_weights(network, FACES)
    assert found.names[3] == "lower left"
    expected = np.full((4, 6), 0.5)
    expected[1, 3] = 1 / (1 + np.exp(-2))
    np.testing.assert_allclose(found.weights, expected, rtol=1e-6)
    shares = expected / expected.sum(1, keepdims=True)
    np.testing.assert_allclose(found.shares, shares, rtol=1e-6)


def test_no_preference():
    network = planted(np.zeros((4, 6)).tolist())
    found = region_weights(network, FACES)
    np.testing.assert_allclose(found.shares, 1 / 6, rtol=1e-6)


@pytest.mark.parametrize("variant", ["default", "softmax", "crops_10", "whole_face"])
def test_is_what_the_network_says(variant):
    network = smoke("ramn", variant)
    with left_as_found(network):
        found = region_weights(network, FACES, batch_size=3)
    with torch.no_grad():
        said = network.eval()(network.input(FACES))
    np.testing.assert_allclose(found.weights, said.weights, rtol=1e-4)
    assert found.predicted.tolist() == said.logits.argmax(1).tolist()
    np.testing.assert_allclose(found.shares.sum(1), 1, rtol=1e-5)
    assert found.names == crop_names(len(found.boxes) - 1)
    np.testing.assert_allclose(found.boxes * 48, network.boxes, atol=1e-9)


def test_drawn():
    scores = torch.zeros(4, 6)
    scores[:, 5] = 3.0
    network = planted(scores.tolist())
    found = region_weights(network, FACES)
    figure = draw_region_weights(found, FACES, list("abcd"))
    assert "The centre has the largest share" in figure.alt_text
    frames = [panel.patches[0] for panel in figure.axes[:24]]
    left, top, right, bottom = found.boxes[5]
    centre = frames[20]
    assert (centre.get_x(), centre.get_y()) == (left, top)
    assert centre.get_width() == pytest.approx(right - left)
    assert centre.get_height() == pytest.approx(bottom - top)
    colours = {frame.get_edgecolor() for frame in frames[:20]}
    assert len(colours) == 1 and centre.get_edgecolor() not in colours
    words = [panel.texts[0].get_text() for panel in figure.axes[:24]]
    assert words == ["0.500"] * 20 + ["0.953"] * 4
    plt.close(figure)


def test_mean_shares_by_class():
    scores = torch.zeros(4, 6)
    scores[:2, 1], scores[2:, 2] = 4.0, 4.0
    network = planted(scores.tolist())
    found = region_weights(network, FACES)
    figure = draw_mean_shares(found, np.array([0, 0, 2, 2]), ["a", "none", "b"])
    axes = figure.axes[0]
    shown = axes.images[0].get_array()
    np.testing.assert_allclose(shown[0], 100 * found.shares[0], rtol=1e-5)
    np.testing.assert_allclose(shown[2], 100 * found.shares[3], rtol=1e-5)
    assert np.isnan(shown[1].filled(np.nan)).all() and len(axes.texts) == 12
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["a (2)", "none (0)", "b (2)"]
    plt.close(figure)
