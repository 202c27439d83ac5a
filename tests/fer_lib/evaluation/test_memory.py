"""Evaluation fits into 4 GiB at every preset: counted, not run."""

import importlib.util

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from fer_lib.evaluation.inference import faces_together
from fer_lib.models import NETWORKS, build
from ferbook.papers.residual_masking import TOGETHER
from ferbook.training.memory import Peak

LIMIT = 4 * 2**30


def peak(name, preset, count=None):
    """Bytes of a pass, and of the weights; of so many faces as go together."""
    with FakeTensorMode(), torch.no_grad():
        network = build(name, **NETWORKS[name].PRESETS[preset]).eval()
        wanted = network.input
        face = wanted.channels, wanted.size, network.regions_per_face
        count = count or faces_together(*face)
        x = torch.zeros(count, *face[:1], *[wanted.size] * 2)
        x = x.contiguous(memory_format=torch.channels_last)
        with Peak() as counted:
            network(x)
    weights = sum(p.nbytes for p in network.parameters())
    return counted.most + x.untyped_storage().nbytes() + weights


@pytest.mark.parametrize("preset", ["small", "student", "reduced", "paper"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_pass_fits(name, preset):
    if name == "comparison" and importlib.util.find_spec("pytorchcv") is None:
        pytest.skip("needs the extra 'comparison'")
    if preset in NETWORKS[name].PRESETS:
        assert peak(name, preset) < LIMIT


def test_ten_random_passes_fit():
    """What they draw depends on how many faces go together, so that is fixed."""
    assert peak("residual_masking", "paper", TOGETHER) < LIMIT


def test_the_rule_is_needed_and_the_count_is_right():
    """512 faces of RAMN's took 75 GiB on a device that kept count."""
    assert 65 * 2**30 < peak("ramn", "paper", 512) < 80 * 2**30
