"""The modern recipe: what it changes in a paper's plan, and what it keeps."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from drawn_splits import drawn_splits
from torch import nn

from fer_lib.data.augment import seeded
from ferbook.papers import PAPERS, modern
from ferbook.training.plan import Batch, Loss, Plan, Stage


def test_rates_rise_and_fall():
    config = modern.RECIPE.make_config("paper", warm_up=0.2)
    found = [modern.rate_factor(config, epoch, 10) for epoch in range(10)]
    down = [0.5 + 0.5 * math.cos(math.pi * (k + 0.5) / 8) for k in range(8)]
    assert found == pytest.approx([1 / 3, 2 / 3, *down])
    # No room for a warm-up: half of the rate, which is the cosine's mean.
    assert modern.rate_factor(config, 0, 1) == pytest.approx(0.5)


def drawn(smoothing=0.0, faces=40_000, **batch):
    loss = modern.DrawnLabels(nn.Identity(), 7, smoothing)
    labels = torch.full((faces,), 2)
    with seeded(3):
        labels = loss.drawn(Batch(labels, extra=batch))
    return torch.bincount(labels, minlength=7) / faces


def test_smoothed_labels_and_votes():
    """A tenth is drawn from all seven, so that 1 - 0.1 + 0.1 / 7 stay."""
    expected = torch.full((7,), 0.1 / 7)
    expected[2] += 0.9
    # Four standard errors of a share of 40,000.
    torch.testing.assert_close(drawn(0.1), expected, rtol=0, atol=0.006)
    assert drawn(0.0)[2] == 1
    shares = torch.tensor([0, 0.5, 0.3, 0, 0, 0, 0.2])
    found = drawn(0.1, targets=shares.expand(40_000, 7))
    torch.testing.assert_close(found, shares, rtol=0, atol=0.01)
    assert (found[shares == 0] == 0).all()


def test_the_mean_over_draws_is_the_soft_loss():
    """Of the paper's own loss, whatever else that has in it."""
    torch.manual_seed(0)
    scores, targets = torch.randn(3, 7), torch.rand(3, 7)
    targets /= targets.sum(1, keepdim=True)
    loss = modern.DrawnLabels(
        Loss(lambda _, out, batch: F.cross_entropy(out, batch.labels) + 5), 7, 0.1
    )
    many = 8000
    batch = Batch(
        torch.zeros(3 * many).long(), extra={"targets": targets.repeat(many, 1)}
    )
    found = loss(None, scores.repeat(many, 1), batch)
    soft = F.cross_entropy(scores, targets) + 5
    assert found.item() == pytest.approx(soft.item(), abs=0.04)


@pytest.mark.parametrize("soft", [False, True])
def test_trains_what_the_paper_trains(soft):
    """Kernels and matrices decay; biases, scales and centres do not."""
    ramn, splits = PAPERS["ramn"], drawn_splits()
    if soft:
        targets = np.eye(7, dtype=np.float32)[splits.train.labels]
        splits = replace(
            splits, train=replace(splits.train, extra={"targets": targets})
        )
    config = ramn.make_config("smoke")
    plan, how = ramn.make_plan(config, splits, 1), modern.RECIPE.make_config("smoke")
    (stage,) = modern.replanned(plan, splits, how).stages
    assert stage.reads == ("targets",) * soft
    network = ramn.make_network(config, 7, seed=0)
    optimizer = stage.optimizer(network, stage.loss)
    assert isinstance(optimizer, torch.optim.AdamW)
    decay = {
        id(p): group["weight_decay"]
        for group in optimizer.param_groups
        for p in group["params"]
    }
    named = dict(network.named_parameters())
    named["centres"] = stage.loss.loss.collaborative.centres
    assert set(decay) == {id(p) for p in named.values()}
    for name, weight in named.items():
        kept = name == "centres" or name.endswith("bias")
        assert decay[id(weight)] == (0 if kept else 0.05), name


def frozen_first(network):
    network[0].requires_grad_(False)


def test_stages_keep_their_order_and_shares():
    """Landmarks stay as they were; what the paper freezes stays frozen."""
    common = {"batch_size": 8, "augment": nn.Identity(), "loss": Loss(lambda *_: 0)}
    last = {"optimizer": lambda n, _: torch.optim.SGD(n[1].parameters(), 0.1)}
    everything = {"optimizer": lambda n, _: torch.optim.SGD(n.parameters(), 0.1)}
    stages = (
        Stage(3, name="landmarks", classifies=False, **everything, **common),
        Stage(10, name="head", begin=frozen_first, accumulate=4, **last, **common),
        Stage(30, name="tuning", from_best=True, **everything, **common),
        Stage(0, name="none", **everything, **common),
    )
    config = modern.RECIPE.make_config("student", epochs=80)
    paper = Plan(0, stages)
    plan = modern.replanned(paper, drawn_splits(), config)
    assert plan.stages[0] is stages[0] and plan.stages[3] is stages[3]
    head, tuning = plan.stages[1:3]
    assert (head.epochs, tuning.epochs) == (20, 60)
    assert head.begin is frozen_first and tuning.from_best
    assert (head.ema, head.clip, tuning.batch_size) == (0.999, 1.0, 128)
    assert (head.batch_size, head.accumulate) == (32, 4)  # parts fit the memory
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    groups = head.optimizer(network, head.loss).param_groups
    trained = {id(p) for group in groups for p in group["params"]}
    assert trained == {id(p) for p in network[1].parameters()}
