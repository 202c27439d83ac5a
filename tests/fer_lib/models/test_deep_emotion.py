"""Deep-Emotion against the counts and readings of the paper."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F

from fer_lib.errors import FerError
from fer_lib.models import build, count_parameters
from fer_lib.models.deep_emotion import LOCALISATIONS, WARPS


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 66_857),
        ({"batch_norm": True}, 66_877),
        ({"localisation": "kernels_3_3"}, 76_777),
        ({"localisation": "pooled_to_90"}, 47_657),
        ({"localisation": "resized_to_28"}, 49_257),
        ({"localisation": "on_features", "warp": "features"}, 48_305),
        ({"warp": "none"}, 2_830 + 40_907),
    ],
)
def test_parameter_counts(options, count):
    assert count_parameters(build("deep_emotion", **options)) == count


def test_figure_3_shapes():
    """48 pixels give 810 features, and FC layers 810-50-7 and 640-32-6."""
    network = build("deep_emotion")
    assert network.maps(torch.rand(2, 1, 48, 48)).shape == (2, 10, 18, 18)
    linear = [m for m in network.modules() if isinstance(m, torch.nn.Linear)]
    sizes = {(m.in_features, m.out_features) for m in linear}
    assert sizes == {(810, 50), (50, 7), (640, 32), (32, 6)}


@pytest.mark.parametrize("warp", ["input", "features"])
def test_identity_transform_changes_nothing(warp):
    """At the start the transformer samples the whole face."""
    torch.manual_seed(0)
    network = build("deep_emotion", warp=warp).eval()
    plain = build("deep_emotion", warp="none").eval()
    plain.load_state_dict(network.state_dict(), strict=False)
    x = torch.rand(3, 1, 48, 48)
    assert torch.equal(network.theta(x)[1], torch.eye(3)[:2])
    torch.testing.assert_close(network(x), plain(x), atol=1e-5, rtol=0)


def test_transform_shifts_by_whole_pixels():
    """A shift by two pixels, written by hand, is what the grid samples."""
    network = build("deep_emotion")
    x = torch.rand(1, 1, 48, 48)
    shift = 2 * 2 / 47  # two of the 47 steps between the outer centres
    theta = torch.tensor([[[1.0, 0, shift], [0, 1, 0]]])
    moved = network.transform(x, theta)
    torch.testing.assert_close(moved[..., :46], x[..., 2:], atol=1e-4, rtol=0)
    assert torch.all(moved[..., 46:].abs() < 1e-4)  # zeros come from outside


# All readings but the impossible one, whose refusal is tested below.
READINGS = set(product(WARPS, LOCALISATIONS)) - {("input", "on_features")}


@pytest.mark.parametrize(("warp", "localisation"), sorted(READINGS))
def test_every_reading_trains(warp, localisation):
    """Gradients reach every parameter, the localisation network included."""
    torch.manual_seed(0)
    network = build("deep_emotion", warp=warp, localisation=localisation)
    if warp != "none":  # at the identity its own gradient stops there
        network.localisation[-1].weight.data.normal_(std=0.01)
    x = torch.rand(4, 1, 48, 48)
    F.cross_entropy(network(x), torch.tensor([0, 1, 2, 3])).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_evaluation_has_no_dropout():
    """The re-implementation forgets this: dropout stays on in eval()."""
    network = build("deep_emotion", dropout=0.9).eval()
    x = torch.rand(2, 1, 48, 48)
    assert torch.equal(network(x), network(x))
    network.train()
    assert not torch.equal(network(x), network(x))


def test_gaussian_start():
    """Weights start at the paper's standard deviation, biases at zero."""
    torch.manual_seed(0)
    network = build("deep_emotion", variant="paper_start")
    weight = network.fc1.weight
    assert weight.std().item() == pytest.approx(0.05, rel=0.02)
    assert not network.fc1.bias.any()


def test_features_are_what_the_last_layer_sees():
    network = build("deep_emotion").eval()
    x = torch.rand(2, 1, 48, 48)
    torch.testing.assert_close(network.fc2(network.features(x)), network(x))


def test_larger_faces():
    assert build("deep_emotion", input_size=96)(torch.rand(1, 1, 96, 96)).shape == (
        1,
        7,
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"warp": "both"}, "warp is 'both'"),
        ({"localisation": "5_5"}, "localisation is '5_5'"),
        ({"localisation": "on_features"}, "cannot warp the input"),
        ({"input_size": 32}, "input_size is 32"),
        ({"widht": 10}, "widht"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(FerError, match=words):
        build("deep_emotion", **options)
