"""Every method on every paper's small network, and the uniform call."""

import inspect
from functools import partial

import numpy as np
import pytest
import torch
from known_networks import Linear, OnePixel, left_as_found, smoke, some_faces
from planted import a_face, set_window

from fer_lib.errors import FerError
from fer_lib.explain.calls import Method, ready, variants
from fer_lib.explain.class_maps import class_maps
from fer_lib.explain.gradients import input_gradient
from fer_lib.explain.methods import (
    METHODS,
    available,
    grad_cam,
    guided_grad_cam,
    label_flip,
    occlusion,
)
from fer_lib.explain.occlusion_maps import occlude
from fer_lib.explain.scoring.controls import DECOYS
from fer_lib.models import NETWORKS

PAPERS = [name for name in NETWORKS if name != "comparison"]
SIGNED = {
    "guided_grad_cam",
    "occlusion",
    "integrated_gradients",
    "integrated_gradients_black",
    "shapley_parts",
}


@pytest.mark.parametrize("name", PAPERS)
def test_every_method_on_every_network(name):
    network = smoke(name)
    unit = network.input.to_unit(some_faces(2))
    given = (unit, np.array([1, 4]), np.repeat(a_face(), 2, 0), 3)
    assert available(network) == tuple(METHODS)
    for key, method in METHODS.items():
        with left_as_found(network):
            found = method(network, *given)
        assert found.shape == (2, *unit.shape[-2:]) and found.dtype == np.float32, key
        assert np.isfinite(found).all(), key
        assert key in SIGNED or found.min() >= 0, key


@pytest.mark.parametrize("name", ["deep_emotion", "diversified_manet"])
def test_faces_do_not_mix(name):
    network = smoke(name)
    unit = network.input.to_unit(some_faces(2))
    targets, points = np.array([1, 4]), np.repeat(a_face(), 2, 0)
    points[1] += 3
    for key, method in METHODS.items():
        together = method(network, unit, targets, points)
        turned = method(network, unit.flip(0), targets[::-1].copy(), points[::-1])
        scale = np.abs(together).max()
        np.testing.assert_allclose(
            turned[::-1], together, atol=2e-3 * scale, err_msg=key
        )


@pytest.mark.parametrize("name", METHODS | DECOYS)
def test_calls_are_alike(name):
    expected = list(inspect.signature(Method.__call__).parameters)[1:]
    method = (METHODS | DECOYS)[name]
    method = method.func if isinstance(method, partial) else method
    parameters = inspect.signature(method).parameters.values()
    named = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    assert named == expected
    assert all(p.default is not p.empty for p in parameters if p.name not in named)


def test_grad_cam_is_the_union():
    network = smoke("part_ensemble")
    unit, targets = network.input.to_unit(some_faces(2)), np.array([1, 4])
    found = grad_cam(network, unit, targets)
    united = class_maps(network, unit.numpy(), targets).united
    assert np.array_equal(found, united)


def test_grad_cam_is_put_back_through_the_transformer():
    """The layer sees the lower right: nothing lies elsewhere on the face."""
    network = smoke("deep_emotion")
    unit, targets = network.input.to_unit(some_faces(2)), np.array([1, 4])
    given = (network, unit, targets)
    set_window(network, [[0.5, 0.0, 0.5], [0.0, 0.5, 0.5]])
    found = grad_cam(*given)
    assert found.any() and not found[:, :22].any() and not found[:, :, :22].any()
    # Of the window, whose sides are half of the face's, its cells span the
    # middle 36 pixels of 48.
    assert not found[:, :25].any() and not found[:, :, :25].any()
    assert found[:, 26:45, 26:45].any() and not found[:, 45:].any()
    other = smoke("deep_emotion", "feature_warp")  # sees the face as it is
    set_window(other, [[0.5, 0.0, 0.5], [0.0, 0.5, 0.5]])
    plain = class_maps(other, unit.numpy(), targets).united
    assert np.array_equal(grad_cam(other, unit, targets), plain)


def test_guided_grad_cam_is_a_product():
    network = smoke("ramn")
    unit, targets = network.input.to_unit(some_faces(2)), np.array([1, 4])
    given = (network, unit, targets)
    fine = input_gradient(*given, guided=True).sum(1).numpy()
    np.testing.assert_allclose(guided_grad_cam(*given), grad_cam(*given) * fine)


def test_occlusions_are_those_of_the_chapters():
    """Squares of a sixth of the side, moved by a twelfth."""
    network = OnePixel(6, 2, size=24)
    unit = torch.rand(3, 1, 24, 24)
    unit[:, 0, 6, 2] = torch.tensor([0.9, 0.8, 0.2])
    given, targets = (network, unit), np.array([1, 1, 0])
    pixels = {"window": 4, "stride": 2}
    told = occlude(network, unit.numpy(), targets, fill="mean", **pixels)
    assert np.array_equal(occlusion(*given, targets), told.drops)
    told = occlude(network, unit.numpy(), targets, fill="zero", **pixels)
    flips = label_flip(*given, targets)
    assert np.array_equal(flips, told.misled)
    assert flips[:2, 6, 2].tolist() == [1, 1] and not flips[2].any()
    wider = occlusion(*given, targets, window=0.5, stride=0.25, fill=0.0)
    assert (wider[0] != 0).sum() > (told.drops[0] != 0).sum()


def test_what_is_available():
    assert "grad_cam" not in available(OnePixel())
    assert "guided_grad_cam" not in available(OnePixel())
    assert set(METHODS) - set(available(OnePixel())) == {
        "grad_cam",
        "guided_grad_cam",
        "attention",
    }
    plain = smoke("diversified_esr", "esr9_plain")
    assert set(METHODS) - set(available(plain)) == {"attention"}
    parts = smoke("part_ensemble")
    missing = set(METHODS) - set(available(parts, landmarks=False))
    assert missing == {"attention", "shapley_parts"}


def test_refuses_other_than_one_class_a_face():
    network, unit = Linear([[1.0, 2.0]]), torch.rand(2, 1, 6, 6)
    for name in ("saliency", "occlusion", "grad_cam", "integrated_gradients"):
        with pytest.raises(FerError, match=r"targets of shape \[3\]"):
            METHODS[name](network, unit, np.zeros(3, int))
    with pytest.raises(FerError, match="one or more"):
        ready(network, unit[:0], np.zeros(0, int))


def test_variants_fill_passes(monkeypatch):
    monkeypatch.setattr("fer_lib.evaluation.inference.VALUES_TOGETHER", 5 * 36)
    pairs = list(variants(torch.zeros(3, 1, 6, 6), 4))
    assert [len(face) for face, _ in pairs] == [5, 5, 2]
    face, variant = (torch.cat(one).tolist() for one in zip(*pairs, strict=True))
    assert face == [0] * 4 + [1] * 4 + [2] * 4 and variant == [0, 1, 2, 3] * 3
