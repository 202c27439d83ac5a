"""Every method on every paper's small network, and the uniform call."""

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, LayerGradCam, Occlusion, Saliency
from known_networks import Linear, OnePixel, left_as_found, smoke, some_faces
from planted import a_face, set_window

from fer_lib.errors import FerError
from fer_lib.explain import explain
from fer_lib.explain.grad_cam import class_maps, grad_cam
from fer_lib.explain.inputs import ready
from fer_lib.explain.methods import METHODS, available
from fer_lib.explain.shapley import facial_parts, known_parts
from fer_lib.models import NETWORKS
from fer_lib.models.network import Scores

PAPERS = [name for name in NETWORKS if name != "comparison"]
VARIANTS = [(name, v) for name in PAPERS for v in NETWORKS[name].VARIANTS]
SIGNED = {
    "guided_grad_cam",
    "occlusion",
    "integrated_gradients",
    "integrated_gradients_black",
    "integrated_gradients_blur",
    "integrated_gradients_mixed",
    "deeplift",
    "part_ablation",
    "shapley_parts",
}


@pytest.mark.parametrize("name", PAPERS)
def test_every_method_on_every_network(name):
    network = smoke(name)
    unit = network.input.to_unit(some_faces(2))
    points = np.repeat(a_face(network.input.size), 2, 0)
    assert available(network) == tuple(METHODS)
    for key, method in METHODS.items():
        with left_as_found(network):
            found = method(network, unit, np.array([1, 4]), landmarks=points, seed=3)
        assert found.shape == (2, *unit.shape[-2:]) and found.dtype == np.float32, key
        assert np.isfinite(found).all(), key
        assert key in SIGNED or found.min() >= 0, key


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_grad_cam_has_a_map_a_face(name, variant):
    """Whatever the network makes of a face: regions, branches, parts."""
    network, faces = smoke(name, variant), some_faces(3)
    size, layers = network.input.size, tuple(network.cam_layers())
    with left_as_found(network):
        found = class_maps(network, faces)
    assert found.names == layers and len(found.cells) == len(layers)
    assert found.maps.shape == (len(layers), 3, size, size)
    assert np.isfinite(found.maps).all() and found.maps.min() >= 0
    assert np.array_equal(~found.maps.any((2, 3)), found.dead | found.negative)
    one = explain(network, faces, "Grad-CAM", found.targets)
    assert np.array_equal(one, explain(network, faces, grad_cam))
    assert one.shape == (3, size, size) and one.max() <= 1
    assert np.array_equal(one, found.united)


@pytest.mark.parametrize("name", PAPERS)
def test_captum_takes_a_network_as_it_is_wrapped(name):
    network = smoke(name).eval()
    x, side = network.input(some_faces(2)), network.input.size // 2
    scores, window = Scores(network).eval(), (network.input.channels, side, side)
    x.requires_grad_()
    slope = Saliency(scores).attribute(x, target=1)
    assert slope.any()
    for found in (
        slope,
        IntegratedGradients(scores).attribute(x, target=1, n_steps=3),
        Occlusion(scores).attribute(x, window, window, target=1),
    ):
        assert found.shape == x.shape and found.isfinite().all()
    layer = next(iter(network.cam_layers().values()))
    maps = LayerGradCam(scores, layer).attribute(x, 1)
    assert maps.ndim == 4 and maps.isfinite().all() and len(maps) % 2 == 0


@pytest.mark.parametrize("name", ["deep_emotion", "diversified_manet"])
def test_faces_do_not_mix(name):
    network = smoke(name)
    unit = network.input.to_unit(some_faces(2))
    targets, points = np.array([1, 4]), np.repeat(a_face(network.input.size), 2, 0)
    points[1] += 3
    for key, method in METHODS.items():
        together = method(network, unit, targets, landmarks=points)
        turned = method(network, unit.flip(0), [4, 1], landmarks=points[::-1])
        within = 2e-3 * np.abs(together).max()
        np.testing.assert_allclose(turned[::-1], together, atol=within, err_msg=key)


def test_images_of_any_kind_and_size_are_the_same_faces():
    """Bytes or floats, and landmarks in pixels of the images."""
    network, small = smoke("part_ensemble"), some_faces(2, 24)
    large = small.repeat(2, 2).repeat(2, 3)  # 48 pixels, as the network takes
    points = np.repeat(a_face(48), 2, 0)
    for name in ("saliency", "shapley_parts", "attention"):
        expected = explain(network, large, name, [1, 4], landmarks=points)
        floats = torch.tensor(large) / 255
        same = explain(network, floats, name, [1, 4], landmarks=points)
        np.testing.assert_allclose(same, expected, rtol=1e-4, atol=1e-7)
        assert explain(network, large[..., ::-1], name, landmarks=points).any()
    doubled = small.repeat(4, 2).repeat(4, 3), 2 * points + 0.5
    for found in (known_parts(network, *doubled), known_parts(network, large, points)):
        assert np.array_equal(found, facial_parts(points, (48, 48)))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gradcam", "did you mean grad_cam"),
        ("Integrated-Gradient", "integrated_gradients"),
        ("qqqqq", "did you mean grad_cam or score_cam or guided_grad_cam"),
    ],
)
def test_unknown_methods_are_refused_with_those_that_are_close(name, says):
    with pytest.raises(FerError, match=says):
        explain(OnePixel(), np.zeros((1, 1, 9, 9), np.uint8), name)


def test_grad_cam_is_put_back_through_the_transformer():
    """The layer sees the lower right: nothing lies elsewhere on the face."""
    network = smoke("deep_emotion")
    faces, targets = some_faces(2), np.array([1, 4])
    set_window(network, [[0.5, 0.0, 0.5], [0.0, 0.5, 0.5]])
    found = grad_cam(network, faces, targets)
    # Of the window, whose sides are half of the face's, its cells span the
    # middle 36 pixels of 48.
    assert not found[:, :25].any() and not found[:, :, :25].any()
    assert found[:, 26:45, 26:45].any() and not found[:, 45:].any()


def test_what_is_available():
    missing = set(METHODS) - set(available(OnePixel()))
    assert missing == {"grad_cam", "guided_grad_cam", "score_cam", "attention"}
    plain = smoke("diversified_esr", "plain")
    assert set(METHODS) - set(available(plain)) == {"attention"}


def test_refuses_other_than_one_class_a_face():
    network, unit = Linear([[1.0, 2.0]]), torch.rand(2, 1, 6, 6)
    for name in ("saliency", "occlusion", "grad_cam", "integrated_gradients"):
        with pytest.raises(FerError, match=r"targets of shape \[3\]"):
            METHODS[name](network, unit, np.zeros(3, int))
    with pytest.raises(FerError, match="one or more"):
        ready(network, unit[:0], np.zeros(0, int))
