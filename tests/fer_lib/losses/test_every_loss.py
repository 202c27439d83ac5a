"""What holds for every loss: gradients, the order of faces, extremes, examples."""

import doctest
from importlib import import_module
from pkgutil import iter_modules

import pytest
import torch
from loss_cases import FACES, LABELS, LOSSES

import fer_lib.losses

WHOLE = torch.arange(FACES)


@pytest.fixture(params=LOSSES)
def loss(request):
    """A loss, and random tensors for it."""
    function, shapes = LOSSES[request.param]
    of_order = lambda o, *x: function(o, LABELS[o], *x)  # noqa: E731
    return of_order, [torch.rand(s, dtype=torch.float64) for s in shapes]


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
