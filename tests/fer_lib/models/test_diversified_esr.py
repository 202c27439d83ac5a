"""ESR-9 and ESR-15 against the counts, sizes and flaw of the papers."""

import pytest
import torch

from fer_lib.errors import FerError
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
