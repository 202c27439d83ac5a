"""What moves between localisers and sub-networks, and when."""

import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.models.part_ensemble import KINDS, PartEnsemble
from fer_lib.models.part_network import (
    PARTS,
    Localiser,
    landmark_points,
    landmark_targets,
)

SMOKE = PartEnsemble.PRESETS["smoke"] | {"keep_localisers": True}


def seen(localiser, faces=4):
    """Lets running statistics leave their start."""
    localiser.train()(torch.randn(faces, 3, 48, 48))
    return localiser.eval()


def test_parts_are_those_of_the_68_points():
    """Half-open ranges; the five cover every point once."""
    assert PARTS["eyebrows"] == (17, 27) and PARTS["eyes"] == (36, 48)
    covered = [i for part in KINDS["parts"] for i in range(*PARTS[part])]
    assert sorted(covered) == list(range(68))
    assert PARTS["full"] == (0, 68)


@pytest.mark.parametrize("part", PARTS)
def test_landmark_targets_and_back(part):
    torch.manual_seed(0)
    points = 160 * torch.rand(2, 68, 2)
    targets = landmark_targets(points, part, 160)
    start, end = PARTS[part]
    for i in range(start, end):
        x, y = points[1, i] / 160
        assert targets[1, 2 * (i - start)] == x
        assert targets[1, 2 * (i - start) + 1] == y
    assert targets.shape[1] == 2 * (end - start)
    back = landmark_points(targets, 160)
    torch.testing.assert_close(back, points[:, start:end])


@pytest.mark.parametrize("kind", KINDS)
def test_localisers_belong_to_a_kind(kind):
    torch.manual_seed(0)
    ensemble = PartEnsemble(**SMOKE, kind=kind).eval()
    localisers = [seen(localiser) for localiser in ensemble.originals]
    assert tuple(localiser.part for localiser in localisers) == KINDS[kind]
    ensemble.start_from(localisers)
    x = torch.randn(2, 3, 48, 48)
    for localiser, network in zip(localisers, ensemble.sub_networks, strict=False):
        assert torch.equal(localiser.extractor(x), network.extractor(x))
    extractors = [network.extractor(x) for network in ensemble.sub_networks]
    for i in range(1, 5):  # no two are the same
        assert not torch.equal(extractors[0], extractors[i])


def test_localisers_of_another_kind_are_refused():
    ensemble = PartEnsemble(**SMOKE)
    with pytest.raises(FerError, match="expects eyebrows, eyes, nose"):
        ensemble.start_from(list(ensemble.originals)[::-1])
    baseline = PartEnsemble(**SMOKE, kind="baseline")
    with pytest.raises(FerError, match="'baseline' expects none"):
        baseline.start_from(ensemble.originals)
    with pytest.raises(FerError, match="part is 'chin'"):
        Localiser("chin")


def test_original_head_on_a_tuned_extractor():
    """Figure 10: same head, other features; the originals stay."""
    torch.manual_seed(0)
    ensemble = PartEnsemble(**SMOKE).eval()
    localisers = [seen(localiser) for localiser in ensemble.originals]
    ensemble.start_from(localisers)
    mouth, network = localisers[3], ensemble.sub_networks[3]
    x = torch.randn(2, 3, 48, 48)
    before = mouth(x)
    assert torch.equal(ensemble.tuned()[3](x), before)
    with torch.no_grad():
        network.extractor.blocks[0][0].weight.mul_(1.5)
        network.extractor.blocks[3][4].running_mean.add_(0.1)
    tuned = ensemble.tuned()[3]
    assert not torch.allclose(tuned(x), before)
    assert torch.equal(tuned(x), mouth.head(network.extractor(x)))
    assert torch.equal(mouth(x), before)


def test_frozen_weights_leave_the_head_to_learn():
    """Stage 2: only the classification head gets a gradient."""
    torch.manual_seed(0)
    ensemble = PartEnsemble(**SMOKE)
    ensemble.begin_heads()
    ensemble.train()(torch.randn(2, 3, 48, 48)).branches.sum().backward()
    for name, parameter in ensemble.sub_networks.named_parameters():
        assert (parameter.grad is None) == ("extractor" in name), name
    ensemble.freeze(weights=False, statistics=True)
    tuning = ensemble.sub_networks.parameters()
    assert all(parameter.requires_grad for parameter in tuning)
