"""Attention: planted weights, what the networks say, places on the face."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from known_networks import Linear, left_as_found, smoke, some_faces
from planted import a_face, set_window

from fer_lib.crops import crop_names
from fer_lib.errors import FerError
from fer_lib.explain.attention import (
    attention,
    cbam_attention,
    region_weights,
    sampled_windows,
    sampling_window,
    window_area,
)
from fer_lib.explain.masking import masking
from fer_lib.explain.placing import mean_on_boxes, unwarped
from fer_lib.explain.shapley import FACIAL_PARTS, facial_parts
from fer_lib.models.deep_emotion import affine_warp

FACES = some_faces(3, 64)
SMALL = some_faces(4)


def of(network, count=2, size=48, landmarks=None, targets=None):
    unit = network.input.to_unit(some_faces(count, size))
    targets = np.arange(count) if targets is None else targets
    return attention(network, unit, targets, landmarks=landmarks), unit


def test_mask_adds_what_the_gain_says():
    network = smoke("residual_masking")
    found, unit = of(network)
    gain = torch.tensor(masking(network, unit).gain[2])
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
    assert unwarped(smooth, 0 * theta).isfinite().all()  # a window without area


def test_sure_branches_on_their_parts():
    network, points = smoke("part_ensemble").eval(), np.repeat(a_face(), 2, 0)
    found, unit = of(network, landmarks=points, targets=np.array([4, 2]))
    with torch.no_grad():
        branches = network(network.input.normalise(unit)).branches.softmax(-1)
    parts = facial_parts(points, (48, 48))
    for i, name in enumerate(("eyebrows", "eyes", "nose", "mouth", "jaw")):
        for face, target in enumerate((4, 2)):
            inside = found[face][parts[face] == FACIAL_PARTS.index(name)]
            np.testing.assert_allclose(inside, branches[face, i, target], rtol=1e-5)
    assert not found[parts == FACIAL_PARTS.index("rest")].any()


def test_means_on_boxes_on_paper():
    boxes = torch.tensor([[0, 0, 4, 4], [0, 0, 2, 4]])
    maps = torch.tensor([1.0, 4.0]).view(1, 2, 1, 1)
    expected = [[[2.5, 2.5, 1, 1]] * 4]
    assert mean_on_boxes(maps, boxes, (4, 4)).tolist() == expected


@pytest.mark.parametrize(
    ("name", "variant", "reason"),
    [
        ("residual_masking", "constant", "same number"),
        ("residual_masking", "no_mask", "same number"),
        ("ramn", "whole_face", "one region"),
        ("diversified_esr", "plain", "without CBAM"),
        ("deep_emotion", "no_transformer", "without its transformer"),
        ("part_ensemble", "baseline", "do not stand for parts"),
        ("part_ensemble", "default", "need landmarks"),
    ],
)
def test_says_why_there_is_none(name, variant, reason):
    network = smoke(name, variant)
    with left_as_found(network), pytest.raises(FerError, match=reason):
        of(network)
    with pytest.raises(FerError, match="linear: no attention to show, it has none"):
        of(Linear([[1.0, 2.0]]), size=6)


def test_esr_says_the_same_itself():
    network = smoke("diversified_esr")
    network.active = 4
    with left_as_found(network):
        found = cbam_attention(network, FACES)
    with torch.no_grad():
        said = network.eval()(network.input(FACES))
    assert found.names == tuple(f"branch {i}" for i in range(1, 5))
    for i in range(4):
        np.testing.assert_allclose(found.channel[i], said.channel[i], rtol=1e-4)
        flat = found.spatial[i].reshape(3, -1)
        np.testing.assert_allclose(flat, said.spatial[i], rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "variant", "faces", "says"),
    [
        ("diversified_esr", "plain", 1, "has no CBAM"),
        ("deep_emotion", "default", 1, "has no CBAM"),
        ("diversified_esr", "default", 0, "found no face"),
    ],
)
def test_refused_and_listens_no_longer(name, variant, faces, says):
    network = smoke(name, variant)
    with left_as_found(network), pytest.raises(FerError, match=says):
        cbam_attention(network, some_faces(faces))


@pytest.mark.parametrize("variant", ["default", "softmax", "crops_10", "whole_face"])
def test_is_what_the_network_says(variant):
    network = smoke("ramn", variant)
    with left_as_found(network):
        found = region_weights(network, SMALL)
    with torch.no_grad():
        said = network.eval()(network.input(SMALL))
    np.testing.assert_allclose(found.weights, said.weights, rtol=1e-4)
    assert found.predicted.tolist() == said.logits.argmax(1).tolist()
    shares = said.weights / said.weights.sum(1, keepdim=True)
    np.testing.assert_allclose(found.shares, shares, rtol=1e-4)
    assert found.names == crop_names(len(found.boxes) - 1)
    np.testing.assert_allclose(found.boxes * 48, network.boxes, atol=1e-9)


@pytest.mark.parametrize("align_corners", [True, False])
def test_corners_equal_the_grid(align_corners):
    torch.manual_seed(0)
    theta = torch.eye(2, 3)[None] + 0.2 * torch.randn(3, 2, 3)
    size = 21
    corners = sampling_window(theta, size, align_corners)
    grid = F.affine_grid(theta, [3, 1, size, size], align_corners=True)
    x = grid[:, [0, 0, -1, -1], [0, -1, -1, 0]]
    scale = (size - 1) / 2 if align_corners else size / 2
    assert np.allclose(corners, (x * scale + (size - 1) / 2).numpy(), atol=1e-4)
    x, y = np.moveaxis(corners, -1, 0)
    polygon = 0.5 * abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1))
    assert np.allclose(window_area(theta), polygon / (2 * scale) ** 2, atol=1e-5)


def test_a_window_moved_by_whole_pixels():
    """Twelve pixels to the right; grey, the networks' zero, from outside."""
    network, faces = smoke("deep_emotion"), some_faces(2)
    set_window(network, [[1.0, 0, 24 / 47], [0, 1, 0]])
    found = sampled_windows(network, faces)
    expected = np.full((2, 1, 48, 48), 0.5)
    expected[..., :36] = faces[..., 12:] / 255
    np.testing.assert_allclose(found.warped, expected, atol=1e-4)
    np.testing.assert_allclose(found.corners[:, 0], 2 * [[12.5 / 48, 0.5 / 48]], 1e-5)


def test_refuses_a_network_without_transformer():
    network = smoke("deep_emotion", "no_transformer")
    with pytest.raises(FerError, match="no theta"):
        sampled_windows(network, some_faces(1))
