"""The library on a device that only pretends: nothing is mixed or left behind.

No GPU is needed.  Numbers are computed by the same kernels as on the processor, so
results can be compared with it closely.
"""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from known_networks import smoke, some_faces
from loss_cases import LABELS, LOSSES
from planted import a_face
from pretend_device import There, pretended

from fer_lib.data.augment import augmentation, flip_rotate_distort, seeded
from fer_lib.evaluation.inference import PASSES, predict
from fer_lib.explain.grad_cam import class_maps
from fer_lib.explain.gradients import smooth_grad
from fer_lib.explain.methods import METHODS
from fer_lib.explain.scoring.faithfulness import average_drop, deletion, infidelity
from fer_lib.models import NETWORKS, logits_of
from fer_lib.models.saved import save

PAPERS = [name for name in NETWORKS if name != "comparison"]
VARIANTS = [(name, v) for name in PAPERS for v in NETWORKS[name].VARIANTS]
VARIANTS.remove(("diversified_esr", "esr15"))  # more of the same branches
# Fewer learners than the preset has: each is asked alike.
FEWER = {"diversified_esr": {"branches": 2}}


@pytest.fixture
def elsewhere(monkeypatch):
    with pretended(monkeypatch) as mode:
        yield mode


def assert_equal_there(elsewhere, found, expected):
    """Tensors there, and the same ones here."""
    for there, here in zip(found, expected, strict=True):
        assert there.device == elsewhere.device
        torch.testing.assert_close(there.cpu(), here, rtol=1e-4, atol=1e-5)


def test_the_device_refuses_what_a_gpu_refuses_and_counts_waits(elsewhere):
    x = torch.arange(6.0).view(2, 3).to(elsewhere.device)
    assert x.device == elsewhere.device and isinstance(x, There)
    for mixed in (lambda: x + torch.ones(3), x.numpy, lambda: x @ torch.ones(3, 1)):
        with pytest.raises((RuntimeError, TypeError)):
            mixed()
    assert (x + 1).sum().device == elsewhere.device and not elsewhere.reads
    assert x[x > 2].cpu().tolist() == [3, 4, 5]
    assert float(x.sum()) == 15 and bool(x.any())
    assert elsewhere.reads == {"index": 1, "_to_copy": 1, "_local_scalar_dense": 2}
    assert elsewhere.sends == {(2, 3): 1}
    assert torch.zeros(2, device=elsewhere.device).device == elsewhere.device


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_every_network_forward_and_back(elsewhere, name, variant):
    here = smoke(name, variant, **FEWER.get(name, {})).train()
    there, x = copy.deepcopy(here).to(elsewhere.device), here.input(some_faces(4))
    faces, elsewhere.reads = x.to(elsewhere.device), elsewhere.reads - elsewhere.reads
    found = []
    for network, seen in ((here, x), (there, faces)):
        with seeded(1):
            scores = logits_of(network(seen))
        scores.square().sum().backward()
        learned = [p.grad for p in network.parameters() if p.grad is not None]
        found.append([scores.detach(), *network.state_dict().values(), *learned])
    assert not elsewhere.reads
    assert_equal_there(elsewhere, found[1], found[0])


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss(elsewhere, name):
    function, shapes = LOSSES[name]
    order, tensors = torch.randperm(len(LABELS)), [torch.rand(s) for s in shapes]
    found = []
    for where in (torch.device("cpu"), elsewhere.device):
        leaves = [x.detach().to(where).requires_grad_() for x in tensors]
        value = function(order.to(where), LABELS[order].to(where), *leaves)
        value.backward()
        found.append([value.detach(), *(x.grad for x in leaves)])
    assert not elsewhere.reads
    assert_equal_there(elsewhere, found[1], found[0])


AUGMENTATIONS = {
    "everything": augmentation(
        size=24,
        resized_crop=(0.5, 1.0),
        flip=0.5,
        degrees=20,
        translate=0.1,
        scale=(0.8, 1.2),
        shear=5,
        moved=0.7,
        brightness=0.3,
        contrast=0.3,
        erase=0.5,
    ),
    "nothing": augmentation(),
    "the part ensemble's": flip_rotate_distort(
        flip=0.5, degrees=10, translate=0.1, scale=0.1, shear=5
    ),
}


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_every_augmentation(elsewhere, name):
    change, x = AUGMENTATIONS[name], torch.rand(4, 1, 24, 24)
    points = torch.tensor(np.repeat(a_face(24), 4, 0), dtype=torch.float32)
    found = []
    for where in (torch.device("cpu"), elsewhere.device):
        with seeded(3):
            given = [x.to(where)]
            found.append([change(*given)])
        if name != "the part ensemble's":
            with seeded(3):
                found[-1] += change(*given, points.to(where))
    assert not elsewhere.reads
    assert_equal_there(elsewhere, found[1], found[0])


QUICK = METHODS | {"smooth_grad": partial(smooth_grad, samples=2)}


@pytest.mark.parametrize("name", PAPERS)
def test_every_network_reads_faces_and_is_explained(elsewhere, name, tmp_path):
    here, faces, targets = smoke(name, **FEWER.get(name, {})), some_faces(1), [4]
    there = copy.deepcopy(here).to(elsewhere.device)
    for tta in PASSES:
        both = [predict(network, faces, tta=tta) for network in (there, here)]
        np.testing.assert_allclose(*both, rtol=1e-3, atol=1e-4)
    points, size = a_face(here.input.size), here.input.size
    for key, method in QUICK.items():
        maps = method(there, faces, targets, landmarks=points, seed=3)
        assert maps.shape == (1, size, size) and np.isfinite(maps).all(), key
    both = [class_maps(network, faces, targets).maps for network in (there, here)]
    np.testing.assert_allclose(*both, rtol=1e-3, atol=1e-4 * both[1].max())
    for score in (average_drop, partial(deletion, steps=2), infidelity):
        assert len(score(there, faces, np.array(targets), maps)) in (1, 2)
    paths = [tmp_path / f"{name}.safetensors.gz" for name in ("there", "here")]
    for network, path in zip((there, here), paths, strict=True):
        save(network, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
