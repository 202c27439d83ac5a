"""Training on two threads, and batches that do not divide among them.

oneDNN's weight gradient of a 1 x 1 convolution with a stride writes past its
memory (issue 6035) where maps in channels_last have fewer channels than a
vector register: it crashes, hangs, or is silently wrong.  The other tests run
on one thread; each of these is a process of its own, which may die.
"""

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from fer_lib.models import NETWORKS
from fer_lib.models.resnet import Projection

ROOT = Path(__file__).resolve().parents[3]


def on_two_threads(*arguments: str, **environment: str) -> None:
    """Run a function of this file in another process."""
    paths = [str(ROOT), str(ROOT / "tests" / "helpers")]
    environment |= {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive"}
    environment |= {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, __file__, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    # Killed by a signal, it is negative.
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-800:]}"


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_trains_on_batches_of_37_and_3(name):
    if name == "comparison" and importlib.util.find_spec("pytorchcv") is None:
        pytest.skip("needs the extra 'comparison'")
    on_two_threads("train", name)


@pytest.mark.parametrize("instructions", ["DEFAULT", "AVX2"])
def test_projections_have_the_gradients_of_a_convolution_with_a_stride(instructions):
    on_two_threads("project", ONEDNN_MAX_CPU_ISA=instructions)


def train(name: str) -> None:
    """One epoch of the recipe's last stage, over 40 faces."""
    from part_faces import marked_splits

    from ferbook.papers import PAPERS
    from ferbook.training.draws import each_once
    from ferbook.training.loop import fit

    recipe, splits = PAPERS[name], marked_splits()
    config = recipe.make_config("small" if "small" in recipe.presets else "smoke")
    plan = recipe.make_plan(config, splits, seed=0)
    stage = replace(
        plan.stages[-1],
        epochs=1,
        batch_size=37,
        subset=lambda labels: torch.arange(40),
        order=each_once,
        evaluate=lambda network: {plan.select_by: 0.5},
        select_by=None,
        lower_is_better=False,
        from_best=False,
    )
    network = recipe.make_network(config, 7, seed=0)
    plan = replace(plan, stages=(stage,))
    fit(network, plan, splits.train, lambda network: {}, progress=False)


def project() -> None:
    """Compare with torch's own kernels: contiguous, in double precision."""
    last = torch.channels_last
    for channels, batch in product((4, 6, 7, 8, 12, 16), (3, 36, 37)):
        layer = Projection(channels, 16, 2)
        layer[1] = torch.nn.Identity()
        layer.to(memory_format=last)
        x = torch.randn(batch, channels, 16, 16)
        up = torch.randn(batch, 16, 8, 8)
        y = layer(x.contiguous(memory_format=last))
        weight = layer[0].weight
        (found,) = torch.autograd.grad(y, weight, up.contiguous(memory_format=last))
        weight = weight.detach().double().contiguous().requires_grad_()
        y = F.conv2d(x.double(), weight, stride=2)
        (expected,) = torch.autograd.grad(y, weight, up.double())
        torch.testing.assert_close(found.double(), expected, rtol=1e-3, atol=1e-3)


if __name__ == "__main__":
    torch.set_num_threads(2)
    {"train": train, "project": project}[sys.argv[1]](*sys.argv[2:])
