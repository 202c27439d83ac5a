"""ESR-9 and ESR-15 against the counts, sizes and flaw of the papers."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fer_lib.errors import FerError
from fer_lib.models.cbam import CBAM
from fer_lib.models.cost import cost, count_parameters
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.models.network import log_mean_probability


def small(branches=3, **options):
    torch.manual_seed(0)
    sizes = DiversifiedESR.PRESETS["smoke"]
    return DiversifiedESR(branches=branches, **sizes | options)


def faces(count=4):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, 64, 64, generator=generator)


def on_meta(variant="default", **options):
    with torch.device("meta"):
        return DiversifiedESR(**DiversifiedESR.VARIANTS[variant] | options)


COUNTS = {  # with seven and with eight classes
    "plain": (20_344_767, 20_349_384),
    "esr15_plain": (33_658_089, 33_665_784),
    "default": (20_827_715, 20_832_332),
    "esr15": (34_457_981, 34_465_676),
    "batch_statistics": (20_827_715, 20_832_332),
}


@pytest.mark.parametrize("variant", DiversifiedESR.VARIANTS)
def test_parameter_counts(variant):
    networks = (on_meta(variant, num_classes=classes) for classes in (7, 8))
    assert tuple(map(count_parameters, networks)) == COUNTS[variant]


@pytest.mark.parametrize(
    ("cbam", "base", "branch"),
    [(False, 374_784, 2_219_400), (True, 382_316, 2_272_224)],
)
def test_parameter_counts_of_parts(cbam, base, branch):
    network = on_meta(num_classes=8, cbam=cbam)
    assert count_parameters(network.base) == base
    assert {count_parameters(part) for part in network.branches} == {branch}
    blocks = [part for part in network.modules() if isinstance(part, CBAM)]
    assert len(blocks) == (4 + 9 * 4 if cbam else 0)
    counts = {count_parameters(block) for block in blocks}
    assert counts == ({680, 2_284, 8_564, 33_412} if cbam else set())


def test_stated_parameters():
    """The 20 M that Siqueira et al. print, to their two digits."""
    count = count_parameters(on_meta("plain", num_classes=8))
    assert round(count, -6) == DiversifiedESR.STATED["plain"].parameters


GMACS = {"default": 2.84, "plain": 2.84, "esr15": 3.97, "esr15_plain": 3.96}


@pytest.mark.parametrize("variant", GMACS)
def test_multiply_accumulates(variant):
    assert round(cost(on_meta(variant)).gflops / 2, 2) == GMACS[variant]


def test_sizes_at_96_pixels():
    """Sides after each convolution and pooling, in their order."""
    network, sides = on_meta(branches=1), []

    def note(module, _, output):
        sides.append(output.shape[-1])

    for module in network.modules():
        counted = isinstance(module, (nn.MaxPool2d, nn.Conv2d))
        if counted and module.kernel_size != (7, 7):  # those are CBAM's
            module.register_forward_hook(note)
    output = network(torch.empty(2, 3, 96, 96, device="meta"))
    assert sides == [92, 90, 45, 43, 41, 20, 18, 16, 8, 6, 6]
    assert output.spatial.shape == (1, 2, 36)
    assert output.channel.shape == (1, 2, 512)


def test_attention_follows_the_pooling():
    """CBAM sees halved maps in the pooled layers."""
    network = small(1)
    seen = []
    for module in network.modules():
        if isinstance(module, CBAM):
            module.conv.register_forward_hook(
                lambda _, inputs, __: seen.append(inputs[0].shape[-1])
            )
    network(faces())
    assert seen == [60, 29, 27, 12, 10, 4, 2, 2]


def test_attentions_are_those_of_the_last_block():
    network = small(2).eval()
    for branch in network.branches:
        for layer in (branch.last.cbam.mlp, branch.last.cbam.bn):
            layer.seen = []
            layer.register_forward_hook(lambda self, _, out: self.seen.append(out))
    output = network(faces())
    for i, branch in enumerate(network.branches):
        mean, maximum = branch.last.cbam.mlp.seen
        torch.testing.assert_close(output.channel[i], (mean + maximum).sigmoid())
        spatial = branch.last.cbam.bn.seen[0].sigmoid().flatten(1)
        torch.testing.assert_close(output.spatial[i], spatial)


@pytest.mark.parametrize("cbam", [True, False])
def test_pooled_maps(cbam):
    """They are the features, and Figure 1's fields without attention."""
    network = small(2, cbam=cbam).eval()
    maps = []
    for layer in network.cam_layers().values():
        layer.register_forward_hook(lambda _, __, output: maps.append(output))
    output = network(faces())
    pooled = torch.cat([one.mean((2, 3)) for one in maps], 1)
    assert torch.equal(network.features(faces()), pooled)
    for i in range(0 if cbam else 2):
        torch.testing.assert_close(output.channel[i], maps[i].mean((2, 3)))
        torch.testing.assert_close(output.spatial[i], maps[i].mean(1).flatten(1))


def test_logits_are_the_mean_probability():
    """Sum rule, in loops; the arg-max is that of summed probabilities."""
    torch.manual_seed(0)
    branches = 3 * torch.randn(5, 4, 7)
    logits = log_mean_probability(branches)
    for face, fused in zip(branches, logits, strict=True):
        summed = torch.zeros(7)
        for scores in face:
            summed += scores.exp() / scores.exp().sum()
        torch.testing.assert_close(fused.exp(), summed / 4)
        assert fused.argmax() == summed.argmax()
    assert log_mean_probability(1e4 * branches).isfinite().all()
    one = branches[:, :1]
    torch.testing.assert_close(log_mean_probability(one), one[:, 0].log_softmax(-1))


def test_growth():
    """The first branches say what they say in the grown ensemble."""
    network = small().eval()
    x = faces()
    grown = network(x)
    keys = network.state_dict().keys()
    network.active = 2
    young = network(x)
    assert torch.equal(young.logits, log_mean_probability(young.branches))
    assert torch.equal(young.branches, grown.branches[:, :2])
    assert torch.equal(young.channel, grown.channel[:2])
    assert torch.equal(young.spatial, grown.spatial[:2])
    width = DiversifiedESR.PRESETS["smoke"]["width"]
    assert network.features(x).shape == (4, 2 * 8 * width)
    assert list(network.cam_layers()) == ["branch 1", "branch 2"]
    assert network.state_dict().keys() == keys
    young.logits.sum().backward()
    assert all(p.grad is None for p in network.branches[2].parameters())
    for count in (0, 4):
        with pytest.raises(FerError, match=f"active is {count}, expected 1 to 3"):
            network.active = count


def test_parameter_groups_are_a_partition():
    """Base and branches once each, and always all of them."""
    network = small()
    network.active = 1
    groups = network.parameter_groups()
    assert len(groups) == 4
    ids = [id(p) for group in groups for p in group["params"]]
    assert sorted(ids) == sorted(id(p) for p in network.parameters())
    assert groups[1]["params"][0] is network.branches[0].layers[0].conv.weight


def statistics(network):
    buffers = dict(network.named_buffers())
    return {name: buffers[name].clone() for name in buffers if "running" in name}


@torch.no_grad()
def test_batch_statistics_in_eval():
    """The authors' flaw: companions and earlier batches change a score."""
    network = small(batch_statistics_in_eval=True).eval()
    assert not network.base.training
    assert all(part.training for part in network.branches.modules())
    x, before = faces(), statistics(network)
    first = network(x).branches
    assert (network(x[:2]).branches - first[:2]).abs().max() > 1e-3
    after = statistics(network)
    for name in before:
        moved = not torch.equal(before[name], after[name])
        assert moved == name.startswith("branches."), name


def test_flaw_changes_evaluation_only():
    x = faces()
    flawed, sound = small(batch_statistics_in_eval=True), small()
    assert torch.equal(flawed.train()(x).branches, sound.train()(x).branches)
    different = flawed.eval()(x).branches - sound.eval()(x).branches
    assert different.abs().max() > 1e-3


@pytest.mark.parametrize("cbam", [True, False])
def test_gradients_reach_every_parameter(cbam):
    network = small(cbam=cbam).eval()  # biases before a norm in training: zero
    for module in network.modules():
        if isinstance(module, CBAM):  # at width 8 some hidden units are dead
            nn.init.ones_(module.mlp[0].bias)
    branches = network(faces()).branches
    sum(F.cross_entropy(branches[:, i], torch.arange(4)) for i in range(3)).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"input_size": 53}, "input_size is 53, expected 54 or more"),
        ({"branches": 0}, "branches is 0, expected 1 or more"),
        ({"width": 0}, "width is 0, expected 1 or more"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(FerError, match=words):
        DiversifiedESR(**options)
