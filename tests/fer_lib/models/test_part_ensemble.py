"""The part ensemble against counts, equations, windows, and what its stages move."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fer_lib.errors import FerError
from fer_lib.models.network import log_mean_probability
from fer_lib.models.part_ensemble import KINDS, PartEnsemble, branch_cross_entropy
from fer_lib.models.part_network import (
    PARTS,
    Extractor,
    Localiser,
    MaxPool,
    SubNetwork,
    landmark_points,
    landmark_targets,
)

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


@pytest.mark.parametrize("kind", KINDS)
def test_ensemble_counts(kind):
    """Section IV-E, eight classes: 0.33 M each, 1.65 M in all."""
    ensemble = on_meta(PartEnsemble, num_classes=8, kind=kind)
    member = ensemble.sub_networks[0]
    assert (parameters(member), keras_count(member)) == (328_536, 329_496)
    assert parameters(ensemble) == 1_642_680
    assert keras_count(ensemble) == 1_647_480


@pytest.mark.equation("part_ensemble", 3)
@pytest.mark.equation("part_ensemble", 4)
def test_probabilities_are_summed():
    """Equations (3) and (4); scores up to 1e4 stay finite."""
    torch.manual_seed(0)
    branches = 3 * torch.randn(20, 5, 7, dtype=torch.float64)
    found = log_mean_probability(branches)
    torch.testing.assert_close(found.exp(), branches.softmax(-1).sum(1) / 5)
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


def keras_same(image, kernel=3, stride=2):
    """Maxima over TensorFlow's windows for padding 'same', in loops."""
    height, width = len(image), len(image[0])

    def starts(side):
        count = -(-side // stride)
        total = max((count - 1) * stride + kernel - side, 0)
        return [i * stride - total // 2 for i in range(count)]

    return [
        [
            max(
                image[y][x]
                for y in range(max(top, 0), min(top + kernel, height))
                for x in range(max(left, 0), min(left + kernel, width))
            )
            for left in starts(width)
        ]
        for top in starts(height)
    ]


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 7), (6, 9), (2, 3), (1, 4)])
def test_pooling_windows_are_those_of_keras(height, width):
    torch.manual_seed(0)
    x = torch.randn(2, 3, height, width) - 5  # a zero outside would win
    found = MaxPool("keras")(x)
    for face in range(2):
        for channel in range(3):
            expected = keras_same(x[face, channel].tolist())
            assert found[face, channel].tolist() == expected


def test_pooling_readings_differ_on_even_sides_alone():
    torch.manual_seed(0)
    for side in range(3, 10):
        x = torch.randn(1, 1, side, side)
        keras, symmetric = MaxPool("keras")(x), MaxPool("symmetric")(x)
        assert torch.equal(keras, symmetric) == (side % 2 == 1)
        assert torch.equal(symmetric, F.max_pool2d(x, 3, 2, 1))


def test_start():
    """He-uniform convolutions, Glorot-uniform dense layers, no biases."""
    torch.manual_seed(0)
    network = SubNetwork()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            bound = math.sqrt(6 / (9 * module.in_channels))
        elif isinstance(module, nn.Linear):
            bound = math.sqrt(6 / (module.in_features + module.out_features))
        else:
            continue
        largest = module.weight.abs().max().item()
        assert 0.97 * bound < largest <= bound * (1 + 1e-6)
        assert not module.bias.any()
    norm = network.extractor.blocks[0][1]
    assert (norm.eps, norm.momentum) == (1e-3, 0.01)


def statistics(extractor):
    return {k: v.clone() for k, v in extractor.state_dict().items() if "running" in k}


def test_frozen_statistics_hold_in_training_mode():
    torch.manual_seed(0)
    extractor = Extractor(width=4)
    x = torch.randn(4, 3, 32, 32)
    extractor.freeze(weights=False, statistics=True)
    before = statistics(extractor)
    trained = extractor.train()(x)
    assert torch.equal(trained, extractor.eval()(x))  # and no batch statistics
    for name, value in statistics(extractor).items():
        assert torch.equal(value, before[name]), name
    trained.sum().backward()  # scale and shift still learn
    assert extractor.blocks[0][1].weight.grad.abs().sum() > 0

    extractor.train().freeze(weights=False, statistics=False)
    assert not torch.allclose(extractor(x), trained)
    moved = statistics(extractor)
    assert all(not torch.equal(moved[name], before[name]) for name in before)


KEPT = PartEnsemble.PRESETS["smoke"] | {"keep_localisers": True}


def seen(localiser, faces=4):
    """Lets running statistics leave their start."""
    localiser.train()(torch.randn(faces, 3, 48, 48))
    return localiser.eval()


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
    ensemble = PartEnsemble(**KEPT, kind=kind).eval()
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
    ensemble = PartEnsemble(**KEPT)
    with pytest.raises(FerError, match="expects eyebrows, eyes, nose"):
        ensemble.start_from(list(ensemble.originals)[::-1])
    baseline = PartEnsemble(**KEPT, kind="baseline")
    with pytest.raises(FerError, match="'baseline' expects none"):
        baseline.start_from(ensemble.originals)
    with pytest.raises(FerError, match="part is 'chin'"):
        Localiser("chin")
