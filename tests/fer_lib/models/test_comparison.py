"""The networks of Table II of the Residual Masking paper."""

import importlib
import sys
from importlib.util import find_spec

import pytest
import torch

from fer_lib.errors import FerError
from fer_lib.models import comparison
from fer_lib.models.comparison import ARCHITECTURES, Comparison, imagenet_sha1
from fer_lib.models.cost import count_parameters
from fer_lib.models.pretrained import load_backbone

needs_pytorchcv = pytest.mark.skipif(
    find_spec("pytorchcv") is None, reason="needs pytorchcv"
)

COUNTED = {  # parameters for seven classes
    "vgg19": 139_598_919,
    "efficientnet_b2b": 7_710_857,
    "resnet34": 21_288_263,
    "resattnet56": 29_776_071,
    "inception_v3": 21_799_911,
    "bam_resnet50": 23_880_442,
    "densenet121": 6_961_031,
    "resnet152": 58_158_151,
    "cbam_resnet50": 26_054_967,
}


def on_meta(architecture, **options):
    with torch.device("meta"):
        return Comparison(architecture=architecture, **options).eval()


@needs_pytorchcv
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_file_of_pytorchcv_has_every_tensor_of_the_backbone(architecture):
    with torch.device("meta"):
        original = comparison._load(ARCHITECTURES[architecture])()
    found = {k: v.shape for k, v in original.state_dict().items()}
    backbone = on_meta(architecture).backbone.state_dict()
    assert (
        backbone and {k: v.shape for k, v in backbone.items()}.items() <= found.items()
    )
    # All but the classifier of a thousand classes.
    left = {k.rsplit(".", 1)[0] for k in found.keys() - backbone.keys()}
    assert len(left) == 1


@needs_pytorchcv
def test_features_are_those_of_the_file(tmp_path):
    architecture, path = "efficientnet_b2b", tmp_path / "weights.pth"
    original = comparison._load(ARCHITECTURES[architecture])().eval()
    torch.save(original.state_dict(), path)
    network = Comparison(architecture=architecture).eval()
    load_backbone(network, path)
    faces = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        maps = original.features[:-1](faces)
        torch.testing.assert_close(network.trunk[:-1](faces), maps)


@needs_pytorchcv
def test_published_weights_are_known_by_their_hash():
    known = {name for name in ARCHITECTURES if len(imagenet_sha1(name)) == 40}
    assert known == ARCHITECTURES.keys() - {"resattnet56"}


def as_printed(count):
    """Table II cuts millions after the first decimal."""
    return count // 100_000 / 10


@needs_pytorchcv
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_counts_and_shapes(architecture):
    """At the smallest size: parameters do not depend on it."""
    size = 96 if architecture == "inception_v3" else 64
    network, maps = on_meta(architecture, input_size=size), []
    assert count_parameters(network) == COUNTED[architecture]
    (layer,) = network.cam_layers().values()
    layer.register_forward_hook(lambda m, i, out: maps.append(out))
    faces = torch.empty(2, 3, size, size, device="meta")
    assert network(faces).shape == (2, 7)
    assert network.features(faces).shape == (2, network.fc.in_features)
    assert maps[0].ndim == 4 and maps[0].shape[-1] <= 3


@pytest.mark.parametrize(
    "architecture",
    sorted(ARCHITECTURES.keys() - {"resattnet56", "cbam_resnet50", "inception_v3"}),
)
def test_six_rows_agree_with_table_2(architecture):
    printed = ARCHITECTURES[architecture].millions
    assert as_printed(COUNTED[architecture]) == printed


def test_inception_was_counted_with_its_auxiliary_classifier():
    """1 x 1 to 128, 5 x 5 to 768, both normalised, and 1000 classes."""
    auxiliary = 768 * 128 + 2 * 128 + 128 * 768 * 25 + 2 * 768 + 769 * 1000
    assert auxiliary == 3_326_696
    count = COUNTED["inception_v3"]
    assert as_printed(count + auxiliary) == ARCHITECTURES["inception_v3"].millions
    assert as_printed(count) == 21.7


@needs_pytorchcv
@pytest.mark.parametrize("architecture", ["resnet34", "efficientnet_b2b"])
def test_is_pytorchcv_s_network(architecture):
    """At 224 pixels, the adaptive pooling changes nothing."""
    module, function, *_ = ARCHITECTURES[architecture]
    made = importlib.import_module(f"pytorchcv.models.{module}")
    torch.manual_seed(0)
    plain = getattr(made, function)(num_classes=7).eval()
    torch.manual_seed(0)
    network = Comparison(architecture=architecture).eval()
    x = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(network(x), plain(x), atol=1e-5, rtol=1e-4)


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorchcv.models.resnet", None)
    with pytest.raises(FerError, match="pip install --no-deps pytorchcv==0"):
        Comparison()
