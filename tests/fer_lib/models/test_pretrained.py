"""Backbones started from files with torchvision's names."""

import pytest
import safetensors.torch
import torch

from fer_lib.errors import FerError
from fer_lib.models import build
from fer_lib.models.pretrained import load_backbone, read_weights
from fer_lib.models.resnet import ResNet
from fer_lib.models.saved import read_network, save
from fer_lib.models.vgg import VGG16

WITH_BACKBONE = {  # network and a whole ImageNet network of its kind
    "residual_masking": lambda: ResNet((3, 4, 6, 3), width=8, num_classes=1000),
    "diversified_manet": lambda: ResNet((2, 2, 2, 2), width=8, num_classes=1000),
    "ramn": lambda: VGG16(width=8),
}


@pytest.mark.parametrize("name", WITH_BACKBONE)
@pytest.mark.parametrize("kind", ["pth", "safetensors"])
def test_a_published_file_fits(name, kind, tmp_path):
    """Whatever the file has is there afterwards; the rest is named."""
    source = WITH_BACKBONE[name]()
    path = tmp_path / f"weights.{kind}"
    if kind == "pth":
        torch.save(source.state_dict(), path)
    else:
        safetensors.torch.save_file(source.state_dict(), path)
    network = build(name, preset="smoke", width=8)
    surplus = load_backbone(network, path)
    expected = source.state_dict()
    for key, tensor in network.backbone.state_dict().items():
        assert torch.equal(tensor, expected[key])
    assert set(surplus) == expected.keys() - network.backbone.state_dict().keys()


def test_the_trunk_of_a_saved_network_begins_another(tmp_path):
    """Of the same trunk; what stands on it stays as it was."""
    whole = build("ramn", preset="smoke", variant="whole_face")
    save(whole, tmp_path / "whole.safetensors.gz")
    stored, _ = read_network(tmp_path / "whole.safetensors.gz")
    network = build("ramn", preset="smoke")
    before = network.classifier.weight.clone()
    surplus = load_backbone(network, tmp_path / "whole.safetensors.gz")
    assert "classifier.weight" in surplus
    for key, tensor in network.backbone.state_dict().items():
        assert torch.equal(tensor, stored[f"backbone.{key}"].float())
    assert torch.equal(network.classifier.weight, before)


def test_wrapped_files(tmp_path):
    """Data-parallel training and training loops wrap the tensors."""
    state = ResNet((2, 2), width=8).state_dict()
    wrapped = {"state_dict": {f"module.{k}": v for k, v in state.items()}}
    torch.save(wrapped, tmp_path / "wrapped.pth")
    assert read_weights(tmp_path / "wrapped.pth").keys() == state.keys()


def test_refusals(tmp_path):
    network = build("diversified_manet", preset="smoke", width=8)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    with pytest.raises(FerError, match="no such weight file"):
        load_backbone(network, tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(FerError, match="cannot be read as weights"):
        load_backbone(network, tmp_path / "text.pth")
    torch.save({"conv1.weight": torch.nn.Conv2d}, tmp_path / "code.pth")
    with pytest.raises(FerError, match="cannot be read as weights"):
        load_backbone(network, tmp_path / "code.pth")
    torch.save(VGG16(width=8).state_dict(), tmp_path / "vgg.pth")
    with pytest.raises(FerError, match=r"no tensor 'conv1\.weight'"):
        load_backbone(network, tmp_path / "vgg.pth")
    torch.save(ResNet((2, 2), width=16).state_dict(), tmp_path / "wide.pth")
    with pytest.raises(FerError, match=r"\[16, 3, 7, 7\], expected \[8, 3, 7, 7\]"):
        load_backbone(network, tmp_path / "wide.pth")
    for key, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[key])
    with pytest.raises(FerError, match="no backbone"):
        load_backbone(build("deep_emotion"), tmp_path / "wide.pth")
