"""RAMN against the counts, the equation and the readings of the paper."""

import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from fer_lib.crops import crop_boxes, crop_names
from fer_lib.errors import FerError
from fer_lib.models.ramn import RAMN

SMOKE = RAMN.PRESETS["smoke"]
VGG16_CONVOLUTIONS = 14_714_688
HEADS = {  # attention, branches, classifier by embedding and d
    ("gap", 64): 513 + 229_824 + 3_143,
    ("gap", 128): 513 + 459_648 + 6_279,
    ("gap", 512): 513 + 1_838_592 + 25_095,
    ("fc7", 128): 4_097 + 3_670_912 + 6_279,
    ("fc7", 512): 4_097 + 14_683_648 + 25_095,
}


def smoke(**options) -> RAMN:
    torch.manual_seed(0)
    return RAMN(**SMOKE, **options).eval()


def faces(count: int, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, 48, 48, generator=generator)


def on_meta(**options) -> RAMN:
    with torch.device("meta"):
        return RAMN(**options)


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("embedding", "d", "total"),
    [
        ("gap", 64, 14_948_168),
        ("gap", 128, 15_181_128),
        ("gap", 512, 16_578_888),
        ("fc7", 128, 137_941_832),
        ("fc7", 512, 148_973_384),
    ],
)
def test_parameter_counts(embedding, d, total):
    network = on_meta(embedding=embedding, branch_features=d)
    assert count(network) == total
    assert count(network.backbone.features) == VGG16_CONVOLUTIONS
    hidden = 119_545_856 if embedding == "fc7" else 0
    assert count(network.backbone) == VGG16_CONVOLUTIONS + hidden
    heads = total - count(network.backbone)
    assert heads == HEADS[embedding, d]


def test_batch_norm_adds_its_own():
    assert count(on_meta(batch_norm=True).backbone) == 14_723_136


def test_sum_needs_a_shorter_classifier():
    assert count(on_meta(combine="sum").classifier) == 128 * 7 + 7


@pytest.mark.parametrize("crops", [0, 4, 5, 7, 9, 10])
def test_cost_is_one_trunk_a_region(crops):
    """15.35 G multiply-accumulates a region, 92.1 for the six of m = 5."""
    network = on_meta(crops=crops)
    counter = FlopCounterMode(display=False)
    with counter:
        network(torch.empty(2, 3, 224, 224, device="meta"))
    trunk, regions = 15_346_630_656, crops + 1
    heads = regions * 512 + 512 * 7 * 128 + 7 * 128 * 7
    assert counter.get_total_flops() == 2 * 2 * (regions * trunk + heads)
    if crops == 5:
        assert round(regions * trunk / 1e9, 1) == 92.1


def test_output_of_the_paper_size():
    out = on_meta()(torch.empty(2, 3, 224, 224, device="meta"))
    assert out.logits.shape == (2, 7)
    assert out.weights.shape == (2, 6)
    assert out.expressions.shape == (2, 7, 128)
    assert out.shared.shape == (2, 512)


def test_one_pass_equals_region_by_region():
    network, x = smoke(crops=9), faces(3)
    together = network.region_features(x)
    for r in range(10):
        region = network.regions(x)[:, r]
        alone = network.backbone(region)
        torch.testing.assert_close(together[:, r], alone, atol=1e-5, rtol=1e-4)


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


def test_second_stage_is_linear():
    """As described, branches and classifier together are one linear map."""
    network = smoke()
    shared = torch.randn(2, 8 * SMOKE["width"])

    def scores(feature):
        return network.classifier(network.combined(network.expressions(feature)))

    middle = scores(shared.mean(0, keepdim=True))
    torch.testing.assert_close(middle, scores(shared).mean(0, keepdim=True))


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


def test_random_crop_follows_its_seed():
    boxes = [smoke(crops=10, crop_seed=seed).boxes for seed in (3, 3, 4)]
    assert torch.equal(boxes[0], boxes[1])
    assert not torch.equal(boxes[0], boxes[2])
    assert set(smoke().state_dict()) == set(smoke(crops=10).state_dict())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"attention": "tanh"}, "activation is 'tanh', expected one of sigmoid"),
        ({"embedding": "fc6"}, "embedding is 'fc6'"),
        ({"combine": "max"}, "combine is 'max'"),
        ({"crops": 6}, "count is 6"),
        ({"crop_scale": 2.0}, "scale is 2.0"),
        ({"input_size": 31}, "input_size is 31, expected 32"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(FerError, match=words):
        on_meta(**options)
