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
    lacks_attention,
    last_blocks,
    region_weights,
    sampled_windows,
    sampling_window,
    window_area,
)
from fer_lib.explain.masking import masking
from fer_lib.explain.placing import mean_on_boxes, unwarped
from fer_lib.explain.shapley import FACIAL_PARTS, facial_parts
from fer_lib.models.cbam import CBAM
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


def test_other_networks_have_none():
    network = Linear([[1.0, 2.0]])
    assert lacks_attention(network) == "it has none"
    with pytest.raises(FerError, match="linear: no attention"):
        of(network, size=6)


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


def test_manet_has_four_patches():
    network = smoke("diversified_manet").eval()
    seen = {}
    hooks = [
        block.register_forward_pre_hook(
            lambda module, inputs, name=name: seen.update({name: inputs[0].clone()})
        )
        for name, (block, _) in last_blocks(network).items()
    ]
    found = cbam_attention(network, FACES)
    for hook in hooks:
        hook.remove()
    assert found.names == ("upper left", "upper right", "lower left", "lower right")
    assert found.places[1] == (0.5, 0, 1, 0.5)
    for i, (block, _) in enumerate(last_blocks(network).values()):
        inside = [m for m in network.patches[i].modules() if isinstance(m, CBAM)]
        assert block is inside[-1]
        with torch.no_grad():
            said = block.attend(seen[found.names[i]])
        np.testing.assert_allclose(found.channel[i], said.channel, rtol=1e-5)
        np.testing.assert_allclose(found.spatial[i], said.spatial[:, 0], rtol=1e-5)


def test_planted_gates():
    """Nothing but biases: the same everywhere, a half for no preference."""
    network = smoke("diversified_manet").eval()
    block, _ = last_blocks(network)["lower left"]
    with torch.no_grad():
        for weights in block.parameters():
            weights.zero_()
        block.bn.running_mean.zero_()
        block.bn.bias.fill_(1.5)
    found = cbam_attention(network, FACES)
    np.testing.assert_allclose(found.channel[2], 0.5)
    np.testing.assert_allclose(found.spatial[2], 1 / (1 + np.exp(-1.5)), rtol=1e-6)
    assert found.channel[0].std() > 0


@pytest.mark.parametrize(
    ("name", "variant"),
    [("diversified_esr", "plain"), ("deep_emotion", "default")],
)
def test_refuses_networks_without_attention(name, variant):
    network = smoke(name, variant)
    with pytest.raises(FerError, match="has no CBAM"):
        cbam_attention(network, FACES)


def test_listens_no_longer_after_a_failure():
    network = smoke("diversified_esr")
    with left_as_found(network), pytest.raises(FerError):
        cbam_attention(network, some_faces(0))
    for module in network.modules():
        assert not isinstance(module, CBAM) or "attend" not in vars(module)


def answering(scores):
    """A network whose attention sees these numbers, face by face."""
    network = smoke("ramn")
    features = network.backbone.out_features
    with torch.no_grad():
        network.attention.fc.weight.zero_()
        network.attention.fc.bias.zero_()
        network.attention.fc.weight[0, 0] = 1
    network.region_features = lambda x: torch.cat(
        [scores[: len(x), :, None], torch.zeros(len(x), scores.shape[1], features - 1)],
        2,
    )
    return network


def test_planted_weights():
    scores = torch.zeros(4, 6)
    scores[1, 3] = 2.0  # the second face: its lower left
    network = answering(scores)
    found = region_weights(network, SMALL)
    assert found.names[3] == "lower left"
    expected = np.full((4, 6), 0.5)
    expected[1, 3] = 1 / (1 + np.exp(-2))
    np.testing.assert_allclose(found.weights, expected, rtol=1e-6)
    shares = expected / expected.sum(1, keepdims=True)
    np.testing.assert_allclose(found.shares, shares, rtol=1e-6)


@pytest.mark.parametrize("variant", ["default", "softmax", "crops_10", "whole_face"])
def test_is_what_the_network_says(variant):
    network = smoke("ramn", variant)
    with left_as_found(network):
        found = region_weights(network, SMALL)
    with torch.no_grad():
        said = network.eval()(network.input(SMALL))
    np.testing.assert_allclose(found.weights, said.weights, rtol=1e-4)
    assert found.predicted.tolist() == said.logits.argmax(1).tolist()
    np.testing.assert_allclose(found.shares.sum(1), 1, rtol=1e-5)
    assert found.names == crop_names(len(found.boxes) - 1)
    np.testing.assert_allclose(found.boxes * 48, network.boxes, atol=1e-9)


@pytest.mark.parametrize("align_corners", [True, False])
def test_corners_equal_the_grid(align_corners):
    torch.manual_seed(0)
    theta = torch.eye(2, 3)[None] + 0.2 * torch.randn(3, 2, 3)
    size = 21
    # An image of its own coordinates, sampled: what the network gets there.
    # 61 is wide enough to hold the largest of these windows.
    corners = sampling_window(theta, size, align_corners)
    grid = F.affine_grid(theta, [3, 1, size, size], align_corners=True)
    x = grid[:, [0, 0, -1, -1], [0, -1, -1, 0]]
    scale = (size - 1) / 2 if align_corners else size / 2
    assert np.allclose(corners, (x * scale + (size - 1) / 2).numpy(), atol=1e-4)


def test_identity_is_the_whole_face():
    corners = sampling_window(torch.eye(2, 3)[None], 48)
    assert corners[0].tolist() == [[0, 0], [47, 0], [47, 47], [0, 47]]


def test_area_equals_the_polygon():
    torch.manual_seed(1)
    theta = torch.eye(2, 3)[None] + 0.2 * torch.randn(5, 2, 3)
    x, y = np.moveaxis(sampling_window(theta, 48), -1, 0)
    polygon = 0.5 * abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1))
    assert np.allclose(window_area(theta), polygon / 47**2, atol=1e-5)


def test_an_untrained_transformer_takes_the_whole_face():
    network, faces = smoke("deep_emotion"), some_faces(3)
    with left_as_found(network):
        found = sampled_windows(network, faces)
    np.testing.assert_allclose(found.warped, faces / 255, atol=1e-5)
    np.testing.assert_allclose(found.areas, 1)
    corners = np.array([[0.5, 0.5], [47.5, 0.5], [47.5, 47.5], [0.5, 47.5]]) / 48
    np.testing.assert_allclose(found.corners, corners[None].repeat(3, 0), atol=1e-6)


def test_a_window_moved_by_whole_pixels():
    """Twelve pixels to the right; grey, the networks' zero, from outside."""
    network, faces = smoke("deep_emotion"), some_faces(2)
    set_window(network, [[1.0, 0, 24 / 47], [0, 1, 0]])
    found = sampled_windows(network, faces)
    expected = np.full((2, 1, 48, 48), 0.5)
    expected[..., :36] = faces[..., 12:] / 255
    np.testing.assert_allclose(found.warped, expected, atol=1e-4)
    np.testing.assert_allclose(found.corners[:, 0], 2 * [[12.5 / 48, 0.5 / 48]], 1e-5)


def test_faces_of_another_size():
    network = smoke("deep_emotion", "feature_warp")
    set_window(network, [[0.5, 0, 0], [0, 0.5, 0]])
    found = sampled_windows(network, some_faces(2, 96, 3))
    assert found.warped.shape == (2, 1, 48, 48)
    np.testing.assert_allclose(found.areas, 0.25)


def test_refuses_a_network_without_transformer():
    network = smoke("deep_emotion", "no_transformer")
    with pytest.raises(FerError, match="no theta"):
        sampled_windows(network, some_faces(1))
