"""Cascading randomisation: what is drawn, in which order, and what stays."""

from itertools import pairwise

import pytest
import torch
from known_networks import left_as_found, smoke, some_faces
from torch import nn

from fer_lib.errors import FerError
from fer_lib.explain.scoring.controls import executed_layers, randomised
from fer_lib.models import NETWORKS
from fer_lib.models.network import logits_of

PAPERS = [name for name in NETWORKS if name != "comparison"]


def weights(network):
    return {k: v.detach().clone() for k, v in network.named_parameters()}


def changed(network, other):
    pairs = zip(network.named_parameters(), other.parameters(), strict=True)
    return {name for (name, one), two in pairs if not torch.equal(one, two)}


@pytest.mark.parametrize("name", PAPERS)
def test_everything_is_new_in_the_end_and_nothing_at_home(name):
    network = smoke(name)
    with torch.no_grad():  # nothing starts at one or zero, so that all can change
        for one in network.parameters():
            one.add_(torch.randn_like(one) * 0.01)
    faces = network.input.to_unit(some_faces(8))
    with left_as_found(network):
        steps = list(randomised(network, 0, faces))
    for _, other in steps:
        assert not any(module.training for module in other.modules())
        with torch.no_grad():
            scores = logits_of(other(network.input.normalise(faces)))
        assert scores.isfinite().all()
        if name == "residual_masking":  # so deep that scores could vanish
            assert 1e-3 < scores.std(0).mean() < 100
    drawn = [changed(network, other) for _, other in steps]
    assert all(few < many for few, many in pairwise(drawn))
    assert drawn[-1] == set(weights(network)) and len(steps) <= 8
    assert len({name for name, _ in steps}) == len(steps)


def test_the_last_layer_comes_alone():
    network = smoke("residual_masking")
    name, first = next(randomised(network, 0))
    assert name == "fc" and changed(network, first) == {"fc.weight", "fc.bias"}


def test_members_are_drawn_together():
    network = smoke("part_ensemble")
    name, first = next(randomised(network, 0))
    assert name == "sub_networks.*.head.2"
    heads = [f"sub_networks.{i}.head.2.weight" for i in range(5)]
    assert changed(network, first) == set(heads)
    assert not torch.equal(*(weights(first)[k] for k in heads[:2]))


def test_branches_that_rest_stay_as_they_are():
    network = smoke("diversified_esr")
    network.active = 2
    *_, (_, last) = randomised(network, 0)
    drawn = {k.split(".")[1] for k in changed(network, last) if "branches" in k}
    assert drawn == {"0", "1"}


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.input = smoke("deep_emotion").input
        self.conv = nn.Conv2d(1, 40, 5)
        self.norm = nn.BatchNorm2d(40)
        self.fc = nn.Linear(40, 3)
        self.norm.running_mean.fill_(9)
        self.norm.weight.data.fill_(4)

    def forward(self, x):
        return self.fc(self.norm(self.conv(x)).relu().mean((2, 3)))


def test_tensors_keep_their_size():
    torch.manual_seed(1)
    network = Plain()
    with torch.no_grad():
        network.conv.weight.mul_(30)
    *_, (_, other) = randomised(network, 0)
    for old, new in ((network.conv, other.conv), (network.fc, other.fc)):
        size, now = (m.weight.square().mean().sqrt().item() for m in (old, new))
        # Four standard errors of what n independent weights can show.
        error = 4 / old.weight.numel() ** 0.5
        assert now == pytest.approx(size, rel=error)
        flat = torch.stack([m.weight.flatten() for m in (old, new)])
        assert abs(torch.corrcoef(flat)[0, 1]) < error
        assert abs(new.weight.mean()) < error * now


def test_statistics_are_measured_on_the_faces():
    network, faces = Plain(), torch.rand(20, 1, 48, 48) * 0.3
    steps = [other for _, other in randomised(network, 0, faces, stages=3)]
    assert torch.equal(steps[0].norm.running_mean, network.norm.running_mean)
    for other in steps[1:]:
        maps = other.conv(network.input.normalise(faces))
        mean, var = maps.mean((0, 2, 3)), maps.var((0, 2, 3))
        torch.testing.assert_close(other.norm.running_mean, mean, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(other.norm.running_var, var, rtol=1e-3, atol=1e-6)
        assert (other.norm.weight == 1).all() and not other.norm.bias.any()
        assert other.norm.momentum == network.norm.momentum


def test_seeds_and_copies():
    network = smoke("deep_emotion")
    first, other = ([n for _, n in randomised(network, seed)] for seed in (0, 1))
    for step, (_, again) in enumerate(randomised(network, 0)):
        assert not changed(first[step], again) and changed(other[step], again)
        with torch.no_grad():  # a copy is the caller's
            for one in again.parameters():
                one.zero_()


def test_stages():
    network = smoke("ramn")
    names = [name for name, _ in randomised(network, 0, stages=100)]
    layers = executed_layers(network.eval(), torch.rand(1, 3, 48, 48))
    assert names == list(layers)[::-1]
    assert len(list(randomised(network, 0, stages=2))) == 2
    with pytest.raises(FerError, match="1 stages"):
        next(randomised(network, 0, stages=1))
