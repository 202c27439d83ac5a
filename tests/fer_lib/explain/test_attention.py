"""The networks' own attention, put where it belongs on the face."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from known_networks import Linear, left_as_found, smoke, some_faces
from planted import a_face, set_window

from fer_lib.errors import FerError
from fer_lib.explain.attention import attention, lacks_attention, painted
from fer_lib.explain.masking import masking
from fer_lib.explain.parts import PARTS, facial_parts
from fer_lib.explain.transformer import unwarped
from fer_lib.models.spatial_transformer import affine_warp


def of(network, count=2, size=48, landmarks=None, targets=None):
    unit = network.input.to_unit(some_faces(count, size))
    targets = np.arange(count) if targets is None else targets
    return attention(network, unit, targets, landmarks), unit


def test_mask_adds_what_the_gain_says():
    network = smoke("residual_masking")
    found, unit = of(network)
    gain = torch.tensor(masking(network, unit.numpy()).gain[2])
    sides = {"size": (64, 64), "mode": "bilinear"}
    expected = F.interpolate(gain[:, None] - 1, **sides)[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.std() > 0


def test_regions_are_weighed_where_they_lie():
    network = smoke("ramn", variant="crops_4").eval()
    found, unit = of(network)
    with torch.no_grad():
        weights = network(network.input.normalise(unit)).weights.numpy()
    boxes = network.boxes.numpy()
    for row, column in [(0, 0), (0, 47), (47, 0), (24, 24), (5, 30)]:
        held = [a <= column < c and b <= row < d for a, b, c, d in boxes]
        expected = weights[:, held].mean(1)
        np.testing.assert_allclose(found[:, row, column], expected, rtol=1e-5)


def test_equal_weights_give_an_even_map():
    """Though the middle lies in more regions than the corners."""
    network = smoke("ramn", variant="crops_9")
    with torch.no_grad():
        network.attention.fc.weight.zero_()
    found, _ = of(network)
    np.testing.assert_allclose(found, found[0, 0, 0], rtol=1e-5)


def test_branches_of_esr_in_the_mean():
    network = smoke("diversified_esr").eval()
    network.active = 3
    found, unit = of(network)
    with torch.no_grad():
        spatial = network(network.input.normalise(unit)).spatial  # [3, 2, h w]
    side = int(spatial.shape[-1] ** 0.5)
    maps = spatial.unflatten(-1, (side, side)).mean(0)[:, None]
    # Two cells of eight pixels, whose middles are at 26.5 and 34.5.
    expected = F.interpolate(maps, size=(16, 16), mode="bilinear")[:, 0]
    np.testing.assert_allclose(found[:, 23:39, 23:39], expected, rtol=1e-4)
    assert np.count_nonzero(found) == expected.numel()


def test_patches_of_manet_lie_in_their_quadrants():
    network = smoke("diversified_manet").eval()
    plain, _ = of(network)
    last = network.patches[1][-1][-1].cbam.bn  # the upper right
    with torch.no_grad():
        last.weight.zero_()
        last.bias.fill_(3)
    found, _ = of(network)
    np.testing.assert_allclose(found[:, :32, 32:], torch.tensor(3.0).sigmoid())
    elsewhere = np.ones((64, 64), bool)
    elsewhere[:32, 32:] = False
    np.testing.assert_allclose(found[:, elsewhere], plain[:, elsewhere])


@pytest.mark.parametrize("align_corners", [True, False])
def test_window_of_the_transformer(align_corners):
    """Half as wide and high, moved to the lower right."""
    network = smoke("deep_emotion", align_corners=align_corners)
    set_window(network, [[0.5, 0.0, 0.5], [0.0, 0.5, 0.5]])
    found, _ = of(network)
    assert found[:, 26:46, 26:46].min() > 0.99
    outside = np.ones((48, 48), bool)
    outside[22:, 22:] = False
    assert not found[:, outside].any()


def test_unwarped_undoes_the_warp():
    rows, columns = np.mgrid[:48, :48]
    smooth = torch.tensor(np.sin(rows / 9) + np.cos(columns / 7)).float()[None]
    theta = torch.tensor([[[0.6, 0.2, 0.1], [-0.3, 0.7, -0.1]]])
    for align in (True, False):
        warped = affine_warp(smooth[:, None], theta, align_corners=align)[:, 0]
        back = unwarped(warped, theta, align)
        seen = unwarped(torch.ones_like(warped), theta, align) > 0.999
        assert 0.3 < seen.float().mean() < 0.7
        assert (back - smooth)[seen].abs().max() < 0.1
        assert (back - smooth)[seen].abs().mean() < 0.003
        assert not back[unwarped(torch.ones_like(warped), theta, align) == 0].any()


def test_identity_and_windows_without_area():
    maps = torch.rand(2, 9, 9)
    same = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]]).expand(2, 2, 3)
    torch.testing.assert_close(unwarped(maps, same), maps, atol=1e-5, rtol=1e-5)
    assert unwarped(maps, 0 * same).isfinite().all()


def test_sure_branches_on_their_parts():
    network, points = smoke("part_ensemble").eval(), np.repeat(a_face(), 2, 0)
    found, unit = of(network, landmarks=points, targets=np.array([4, 2]))
    with torch.no_grad():
        branches = network(network.input.normalise(unit)).branches.softmax(-1)
    parts = facial_parts(points, (48, 48))
    for i, name in enumerate(("eyebrows", "eyes", "nose", "mouth", "jaw")):
        for face, target in enumerate((4, 2)):
            inside = found[face][parts[face] == PARTS.index(name)]
            np.testing.assert_allclose(inside, branches[face, i, target], rtol=1e-5)
    assert not found[parts == PARTS.index("rest")].any()


def test_painted_on_paper():
    boxes = torch.tensor([[0, 0, 4, 4], [0, 0, 2, 4]])
    maps = torch.tensor([1.0, 4.0]).view(1, 2, 1, 1)
    expected = [[[2.5, 2.5, 1, 1]] * 4]
    assert painted(maps, boxes, (4, 4)).tolist() == expected


@pytest.mark.parametrize(
    ("name", "variant", "reason"),
    [
        ("residual_masking", "constant", "same number"),
        ("residual_masking", "no_mask", "same number"),
        ("ramn", "whole_face", "one region"),
        ("diversified_esr", "esr9_plain", "without CBAM"),
        ("deep_emotion", "no_transformer", "without its transformer"),
        ("part_ensemble", "baseline", "do not stand for parts"),
        ("part_ensemble", "default", "need landmarks"),
    ],
)
def test_says_why_there_is_none(name, variant, reason):
    network = smoke(name, variant)
    with left_as_found(network), pytest.raises(FerError, match=reason):
        of(network)


def test_other_networks_have_none():
    network = Linear([[1.0, 2.0]])
    assert lacks_attention(network) == "it has none"
    with pytest.raises(FerError, match="linear: no attention"):
        of(network, size=6)
