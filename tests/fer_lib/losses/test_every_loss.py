"""What holds for every loss: gradients, the order of faces, extremes, examples."""

import doctest
from importlib import import_module
from pkgutil import iter_modules

import pytest
import torch

import fer_lib.losses
from fer_lib.losses import (
    collaborative_loss,
    diversity,
    esr_loss,
    landmark_l1,
    manet_loss,
    penalised_cross_entropy,
    region_loss,
    zero_diagonal_diversity,
)

FACES, LABELS = 4, torch.tensor([2, 0, 1, 2])
CODE = {"measure": "authors_code"}
# Of the faces' order and tensors; the shapes of these.
LOSSES = {
    "penalty": (
        lambda o, x, w: penalised_cross_entropy(x[o], LABELS[o], [w], 0.3),
        [(FACES, 3), (3, 2)],
    ),
    "landmarks": (lambda o, x, y: landmark_l1(x[o], y[o]), [(FACES, 18)] * 2),
    "region": (lambda o, x: region_loss(x[o], 0.5), [(FACES, 6)]),
    "collaborative": (
        lambda o, x, d: collaborative_loss(x[o], LABELS[o], d),
        [(FACES, 3, 4), (3, 2, 4)],
    ),
    "normalised": (
        lambda o, x, d: collaborative_loss(x[o], LABELS[o], d, normalise=True),
        [(FACES, 3, 4), (3, 2, 4)],
    ),
    "diversity": (lambda o, x: diversity(x[:, o]), [(3, FACES, 5)]),
    "code's diversity": (
        lambda o, x: zero_diagonal_diversity(x[:, o]),
        [(3, FACES, 5)],
    ),
    "esr": (
        lambda o, x, c, s: esr_loss(x[o], LABELS[o], c[:, o], s[:, o]),
        [(FACES, 3, 3), (3, FACES, 8), (3, FACES, 5)],
    ),
    "code's esr": (
        lambda o, x, c, s: esr_loss(x[o], LABELS[o], c[:, o], s[:, o], **CODE),
        [(FACES, 3, 3), (3, FACES, 8), (3, FACES, 5)],
    ),
    "manet": (
        lambda o, x, y, b, *p: manet_loss(
            x[o], y[o], LABELS[o], b[:, o], *(one[:, o] for one in p)
        ),
        [(FACES, 3), (FACES, 3), (2, FACES, 8), (4, FACES, 5), (4, FACES, 8)],
    ),
}
WHOLE = torch.arange(FACES)


@pytest.fixture(params=LOSSES)
def loss(request):
    """A loss, and random tensors for it."""
    function, shapes = LOSSES[request.param]
    return function, [torch.rand(s, dtype=torch.float64) for s in shapes]


def test_gradients(loss):
    function, tensors = loss
    inputs = [x.requires_grad_() for x in tensors]
    assert torch.autograd.gradcheck(lambda *x: function(WHOLE, *x), inputs)


def test_order_of_faces_does_not_matter(loss):
    function, tensors = loss
    moved = function(torch.randperm(FACES), *tensors)
    torch.testing.assert_close(moved, function(WHOLE, *tensors))


@pytest.mark.parametrize("scale", [-1e4, 0.0, 1e4])
def test_extremes_and_a_single_face(loss, scale):
    function, tensors = loss
    inputs = [(scale * x).float().requires_grad_() for x in tensors]
    for faces in (WHOLE, WHOLE[:1]):
        value = function(faces, *inputs)
        value.backward()
        assert value.isfinite()
        assert all(x.grad.isfinite().all() for x in inputs)


@pytest.mark.parametrize(
    "name", [m.name for m in iter_modules(fer_lib.losses.__path__)]
)
def test_examples(name):
    results = doctest.testmod(import_module(f"fer_lib.losses.{name}"))
    assert results.failed == 0
    assert (results.attempted == 0) == (name == "inputs")
