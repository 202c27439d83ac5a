"""The part ensemble against the paper's counts and equations."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fer_lib.errors import FerError
from fer_lib.models.network import log_mean_probability
from fer_lib.models.part_ensemble import KINDS, PartEnsemble, branch_cross_entropy
from fer_lib.models.part_network import Extractor, Localiser, SubNetwork

SMOKE = PartEnsemble.PRESETS["smoke"]


def on_meta(build, *arguments, **options):
    with torch.device("meta"):
        return build(*arguments, **options)


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def keras_count(module):
    """With the moving averages of batch normalisation, as Keras counts."""
    moving = (b.numel() for b in module.buffers() if b.is_floating_point())
    return parameters(module) + sum(moving)


def test_extractor_counts():
    """Section III-C1: about 0.29 M."""
    extractor = on_meta(Extractor)
    convolutions = [
        sum(parameters(m) for m in block if isinstance(m, nn.Conv2d))
        for block in extractor.blocks
    ]
    assert convolutions == [2_768, 13_888, 55_424, 221_440]
    assert parameters(extractor) == 294_480
    assert keras_count(extractor) == 295_440


@pytest.mark.parametrize(
    ("part", "outputs", "count"),
    [
        ("nose", 18, 18_834),
        ("eyebrows", 20, 19_092),
        ("eyes", 24, 19_608),
        ("jaw", 34, 20_898),
        ("mouth", 40, 21_672),
        ("full", 136, 34_056),
    ],
)
def test_localisation_head_counts(part, outputs, count):
    localiser = on_meta(Localiser, part)
    assert parameters(localiser.head) == count
    faces = torch.empty(2, 3, 160, 160, device="meta")
    assert localiser(faces).shape == (2, outputs)


def test_printed_localisation_head_counts_points():
    """0.025 M for 136 outputs is a head of 68 outputs, one a point."""
    points = on_meta(nn.Sequential, nn.Linear(128, 128), nn.Linear(128, 68))
    assert parameters(points) == 25_284
    assert round(parameters(points) / 1e6, 3) == 0.025
    assert round(parameters(on_meta(Localiser, "full").head) / 1e6, 3) == 0.034


@pytest.mark.parametrize(("classes", "head"), [(7, 33_927), (8, 34_056)])
def test_expression_head_counts(classes, head):
    assert parameters(on_meta(SubNetwork, num_classes=classes).head) == head


@pytest.mark.parametrize("kind", KINDS)
def test_ensemble_counts(kind):
    """Section IV-E, eight classes: 0.33 M each, 1.65 M in all."""
    ensemble = on_meta(PartEnsemble, num_classes=8, kind=kind)
    member = ensemble.sub_networks[0]
    assert (parameters(member), keras_count(member)) == (328_536, 329_496)
    assert parameters(ensemble) == 1_642_680
    assert keras_count(ensemble) == 1_647_480


def test_printed_storage_counts_five_twice():
    """6.3 MB, printed for one sub-network, is the whole ensemble."""
    ensemble = on_meta(PartEnsemble, num_classes=8)
    mebibytes = 4 * keras_count(ensemble) / 2**20
    assert round(mebibytes, 1) == 6.3
    assert round(mebibytes / 5, 1) == 1.3
    assert 5 * 6.3 == 31.5


@pytest.mark.equation("part_ensemble", 3)
@pytest.mark.equation("part_ensemble", 4)
def test_probabilities_are_summed():
    """Equations (3) and (4) in plain loops; scores up to 1e4 stay finite."""
    torch.manual_seed(0)
    branches = 3 * torch.randn(20, 5, 7, dtype=torch.float64)
    found = log_mean_probability(branches)
    for face, scores in enumerate(branches.tolist()):
        total = [0.0] * 7
        for s in scores:
            shares = [math.exp(v) / sum(map(math.exp, s)) for v in s]
            total = [a + b for a, b in zip(total, shares, strict=True)]
        label = max(range(7), key=total.__getitem__)
        assert found[face].argmax() == label
        assert found[face].exp().tolist() == pytest.approx([v / 5 for v in total])
    summed_scores = branches.sum(1).argmax(1)
    assert not torch.equal(summed_scores, found.argmax(1))  # another rule
    assert log_mean_probability(1e4 * branches).isfinite().all()


@pytest.mark.equation("part_ensemble", 2)
def test_cross_entropy_of_the_branches():
    torch.manual_seed(0)
    branches = torch.randn(4, 5, 7, dtype=torch.float64)
    labels = torch.tensor([0, 6, 3, 3])
    expected = 0.0
    for scores, label in zip(branches.tolist(), labels.tolist(), strict=True):
        for s in scores:
            share = math.exp(s[label]) / sum(map(math.exp, s))
            expected -= math.log(share) / 4
    assert branch_cross_entropy(branches, labels).item() == pytest.approx(expected)


def test_features_are_what_the_last_layer_sees():
    torch.manual_seed(0)
    ensemble = PartEnsemble(**SMOKE).eval()
    x = torch.randn(3, 3, 48, 48)
    features = ensemble.features(x).unflatten(1, (5, -1))
    for i, network in enumerate(ensemble.sub_networks):
        scores = network.head[-1](features[:, i])
        torch.testing.assert_close(scores, ensemble(x).branches[:, i])


def test_gradients_reach_every_parameter():
    torch.manual_seed(0)
    ensemble = PartEnsemble(**SMOKE)
    x, labels = torch.randn(8, 3, 48, 48), torch.arange(8) % 7
    branch_cross_entropy(ensemble(x).branches, labels).backward()
    for name, parameter in ensemble.named_parameters():
        grad = parameter.grad
        assert grad is not None and grad.isfinite().all(), name
        # A normalisation follows, so these biases do not matter.
        if not ("extractor" in name and name.endswith(("0.bias", "3.bias"))):
            assert grad.abs().sum() > 0, name


def test_sum_trains_each_branch_as_if_alone():
    torch.manual_seed(0)
    ensemble = PartEnsemble(**SMOKE)
    x, labels = torch.randn(4, 3, 48, 48), torch.arange(4)
    branch_cross_entropy(ensemble(x).branches, labels).backward()
    member = ensemble.sub_networks[2]
    together = member.head[0].weight.grad.clone()
    ensemble.zero_grad()
    F.cross_entropy(member(x), labels).backward()
    torch.testing.assert_close(together, member.head[0].weight.grad)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "ensemble"}, "kind is 'ensemble'"),
        ({"pooling": "same"}, "pooling is 'same'"),
        ({"input_size": 15}, "input_size is 15"),
        ({"width": 0}, "width 0"),
    ],
)
def test_refused_readings(options, words):
    with pytest.raises(FerError, match=words):
        PartEnsemble(**options)
