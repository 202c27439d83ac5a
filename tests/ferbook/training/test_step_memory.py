"""A training step of every preset fits a free GPU: counted, not run."""

from functools import cache

import pytest
import torch
from toy_runs import toy_faces, toy_network, toy_plan

from fer_lib.expressions import EXPRESSIONS
from ferbook.papers import PAPERS, modern
from ferbook.runs.probing import noise_splits
from ferbook.training.memory import GIB, T4, step_bytes

NAMES = [name for name in PAPERS if name != "comparison"]


@cache
def splits():
    return noise_splits("fer2013", "official", EXPRESSIONS[:7], 48)


def gib(name, preset, precision, recipe=None, **changes):
    paper = PAPERS[name]
    config = paper.make_config(preset, **changes)
    plan = paper.make_plan(config, splits(), 0)
    if recipe:
        how = recipe.RECIPE.make_config(preset)
        plan = recipe.replanned(plan, splits(), how)
    make = lambda: paper.make_network(config, 7, 0)  # noqa: E731
    return step_bytes(plan, make, splits().train, precision) / GIB


def test_a_step_holds_weights_gradients_moments_and_maps():
    """Of a network whose tensors can be counted by hand."""
    batch, network = 16, toy_network()
    weights = sum(p.nbytes for p in network.parameters())
    found = step_bytes(toy_plan(), toy_network, toy_faces(), "float32")
    # Faces; outputs of convolution, normalisation, ReLU; a mask; and scores.
    faces, maps = batch * 8 * 8 * 4, batch * 4 * 6 * 6 * 4
    assert 4 * weights + faces + 3 * maps < found < 4 * weights + 2 * faces + 7 * maps
    plain = toy_plan(optimizer=lambda n, _: torch.optim.SGD(n.parameters(), 0.1))
    less = step_bytes(plain, toy_network, toy_faces(), "float32")
    assert found - less == 2 * weights


@pytest.mark.parametrize("preset", ["student", "paper"])
@pytest.mark.parametrize("name", NAMES)
def test_a_step_fits_a_t4(name, preset):
    """In float32, which holds the most."""
    assert gib(name, preset, "float32") < T4 - 0.5


def test_so_does_a_step_of_another_recipe():
    assert gib("ramn", "paper", "float32", modern) < T4 - 0.5


def test_the_parts_of_a_batch_are_needed_and_the_count_is_right():
    """128 faces of RAMN's took 52.9 and 31.2 GiB on a device that kept count."""
    whole = {"batch_size": 128, "accumulate": 1}
    assert gib("ramn", "paper", "float32", **whole) == pytest.approx(52.9, rel=0.02)
    assert gib("ramn", "paper", "bf16", **whole) == pytest.approx(31.2, rel=0.02)
