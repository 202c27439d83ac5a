"""Backbones against their published counts, names and shapes."""

import pytest
import torch
import torch.nn.functional as F

from fer_lib.models.resnet import BasicBlock, ResNet
from fer_lib.models.vgg import VGG16


def on_meta(make, *args, **options):
    with torch.device("meta"):
        return make(*args, **options)


def test_resnet_has_torchvision_names():
    names = set(on_meta(ResNet, (3, 4, 6, 3), num_classes=7).state_dict())
    assert len(names) == 218  # entries of torchvision's resnet34 file
    assert {
        "conv1.weight",
        "bn1.running_var",
        "layer1.2.bn2.bias",
        "layer2.0.downsample.0.weight",
        "layer2.0.downsample.1.running_mean",
        "layer3.5.conv2.weight",
        "fc.bias",
    } <= names
    assert "layer1.0.downsample.0.weight" not in names


def test_resnet_computes_what_another_library_does():
    """pytorchcv's ResNet-18, its tensors in the same order, same scores."""
    other = pytest.importorskip(
        "pytorchcv.models.resnet", reason="needs the extra 'comparison'"
    )
    torch.manual_seed(0)
    ours = ResNet((2, 2, 2, 2), num_classes=7).eval()
    theirs = other.resnet18(num_classes=7).eval()
    by_unit = {}
    for name, tensor in theirs.state_dict().items():
        if "num_batches" not in name:
            by_unit[_torchvision_name(name)] = tensor
    missing, surplus = ours.load_state_dict(by_unit, strict=False)
    assert all("num_batches" in name for name in missing) and not surplus
    x = torch.rand(2, 3, 224, 224)  # theirs pools 7 x 7
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-4)


def _torchvision_name(name: str) -> str:
    """Their ``features.stage2.unit1.body.conv1.bn.bias`` in ours."""
    kind = {"conv": "conv", "bn": "bn"}
    parts = name.split(".")
    if parts[0] == "output":
        return f"fc.{parts[1]}"
    if parts[1] == "init_block":
        return f"{kind[parts[3]]}1.{parts[4]}"
    layer, block = parts[1][len("stage") :], int(parts[2][len("unit") :]) - 1
    where = f"layer{layer}.{block}"
    if parts[3] == "identity_conv":
        return f"{where}.downsample.{('conv', 'bn').index(parts[4])}.{parts[5]}"
    return f"{where}.{parts[5]}{parts[4][-1]}.{parts[6]}"


def test_vgg_equals_the_layers_of_table_1():
    """Column D written as plain calls."""
    torch.manual_seed(0)
    network = VGG16(width=4).eval()
    x = torch.rand(2, 3, 64, 64)
    convolutions = iter(m for m in network.modules() if isinstance(m, torch.nn.Conv2d))
    out = x
    for count in (2, 2, 3, 3, 3):
        for _ in range(count):
            layer = next(convolutions)
            out = F.relu(F.conv2d(out, layer.weight, layer.bias, padding=1))
        out = F.max_pool2d(out, 2)
    torch.testing.assert_close(network(x), out.mean((2, 3)))
    assert next(convolutions, None) is None


def test_basic_block_adds_its_shortcut():
    """With a last normalisation of zero, only the shortcut is left."""
    torch.manual_seed(0)
    block = BasicBlock(4, 4).eval()
    torch.nn.init.zeros_(block.bn2.weight)
    x = torch.randn(2, 4, 6, 6)
    torch.testing.assert_close(block(x), x.relu())
    wider = BasicBlock(4, 8, 2).eval()
    torch.nn.init.zeros_(wider.bn2.weight)
    torch.testing.assert_close(wider(x), wider.downsample(x).relu())


def test_starts():
    """He's by fan-out; VGG's biases zero, its hidden layers at 0.01."""
    torch.manual_seed(0)
    weight = ResNet((2, 2)).layer2[0].conv2.weight
    assert weight.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.02)
    network = VGG16(width=16, hidden=64)
    assert not any(m.bias.any() for m in network.features if hasattr(m, "bias"))
    hidden = network.classifier[0].weight
    assert hidden.std().item() == pytest.approx(0.01, rel=0.02)
