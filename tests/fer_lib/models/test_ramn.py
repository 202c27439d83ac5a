"""RAMN against the counts, the equation and the readings of the paper."""

import pytest
import torch
import torch.nn.functional as F

from fer_lib.crops import crop_boxes, crop_names
from fer_lib.models.ramn import RAMN

SMOKE = RAMN.PRESETS["smoke"]


def smoke(**options) -> RAMN:
    torch.manual_seed(0)
    return RAMN(**SMOKE, **options).eval()


def faces(count: int, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, 48, 48, generator=generator)


def on_meta(**options) -> RAMN:
    with torch.device("meta"):
        return RAMN(**options)


def test_whole_face_comes_first():
    network, x = smoke(), faces(2)
    assert torch.equal(network.regions(x)[:, 0], x)
    assert torch.equal(network.boxes, crop_boxes(5, 48))
    alone = smoke(crops=0)
    alone.load_state_dict(network.state_dict())
    face = network.region_features(x)[:, 0]
    torch.testing.assert_close(alone(x).shared, face, atol=1e-6, rtol=1e-4)


def test_order_of_crops_is_free():
    """Other order: weights move along, scores stay."""
    network, x = smoke(), faces(2)
    before = network(x)
    order = torch.tensor([0, 4, 1, 5, 3, 2])
    network.boxes = network.boxes[order]
    after = network(x)
    torch.testing.assert_close(after.weights, before.weights[:, order])
    torch.testing.assert_close(after.logits, before.logits, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("combine", ["concat", "sum"])
def test_branches_by_loop(combine):
    """One linear layer for each expression, then the classifier."""
    network, x = smoke(combine=combine, branch_features=5), faces(2)
    out = network(x)
    branches = zip(
        network.branches.weight.split(5), network.branches.bias.split(5), strict=True
    )
    features = [F.linear(out.shared, weight, bias) for weight, bias in branches]
    assert len(features) == 7
    for i, feature in enumerate(features):
        torch.testing.assert_close(out.expressions[:, i], feature)
    joined = torch.cat(features, 1) if combine == "concat" else sum(features)
    torch.testing.assert_close(network.features(x), joined)
    torch.testing.assert_close(out.logits, network.classifier(joined))


def test_grad_cam_layer_sees_regions():
    """Maps [B R, C, h, w]: a pixel of the second face changes its own only."""
    network, x = smoke(), faces(2)
    maps = []
    layer = network.cam_layers()["regions"]
    layer.register_forward_hook(lambda *call: maps.append(call[2].clone()))
    network(x)
    x[1, :, 47, 47] += 10  # lower right corner: outside other crops
    network(x)
    before, after = (m.unflatten(0, (-1, 6)) for m in maps)
    assert before.shape == (2, 6, 8 * SMOKE["width"], 3, 3)
    changed = (before != after).flatten(2).any(2)
    assert not changed[0].any()
    seen = [n for n, c in zip(crop_names(5), changed[1], strict=True) if c]
    assert seen == ["whole face", "lower right"]
