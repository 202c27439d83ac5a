"""Every paper's small network goes through all that applies to it."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from known_networks import left_as_found, smoke, some_faces

from fer_lib.explain.class_maps import class_maps
from fer_lib.explain.drawing.class_maps import draw_class_maps
from fer_lib.explain.occlusion_maps import draw_occlusion, occlude
from fer_lib.models import NETWORKS

CASES = [
    (name, variant)
    for name, network in NETWORKS.items()
    if name != "comparison"
    for variant in network.VARIANTS
]


@pytest.mark.parametrize(("name", "variant"), CASES)
def test_grad_cam(name, variant):
    network, faces = smoke(name, variant), some_faces(2)
    size, layers = network.input.size, tuple(network.cam_layers())
    with left_as_found(network):
        found = class_maps(network, faces)
    assert found.names == layers
    assert found.maps.shape == (len(layers), 2, size, size)
    assert np.isfinite(found.maps).all() and found.maps.min() >= 0
    empty = ~found.maps.any((2, 3))
    assert np.array_equal(empty, found.dead | found.negative)
    assert found.united.max() <= 1 and len(found.cells) == len(layers)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "comparison"])
def test_figures(name):
    network, faces = smoke(name), some_faces(2, channels=3)
    maps = class_maps(network, faces)
    covered = occlude(network, faces, window=30, stride=30)
    for figure in (
        draw_class_maps(maps, faces, ["a", "b"]),
        draw_occlusion(covered, faces, ["a", "b"]),
    ):
        assert len(figure.alt_text.split()) > 20
        assert "n = 2 faces" in figure.get_supxlabel()
    figure.canvas.draw()
    plt.close("all")
