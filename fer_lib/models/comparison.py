"""The networks that Table II of the Residual Masking paper compares with.

L. Pham, T. H. Vu, T. A. Tran, "Facial Expression Recognition Using Residual
Masking Network", 25th International Conference on Pattern Recognition, 2020,
doi:10.1109/ICPR48806.2021.9411919.  None of them is ours: they come from the
optional package pytorchcv, with fresh weights, behind the interface of the
other networks here.

* GoogLeNet (5.6 million parameters, 71.97 %) is left out: pytorchcv lacks it.
* All take faces of one size (paper: 224 pixels).  Their last pooling, of
  fixed size in pytorchcv, is adaptive here, which changes nothing at the size
  that they were designed for, and lets other sizes in.
* Inception-v3 needs 96 pixels or more.  The printed 25.1 million are its
  21,799,911 and the 3,326,696 of the auxiliary classifier with 1000 classes
  in torchvision's version; pytorchcv's has none.
* ResAttNet-56 (printed 29.0 million, here 29.78) and CBAM-ResNet-50 (28.5,
  26.05) are not what the paper counted; nothing tells where it differs.
* ``width`` does not exist: pytorchcv fixes it.
"""

import importlib
from collections import OrderedDict
from typing import NamedTuple

from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.models.network import Network, Stated, check_choice
from fer_lib.preprocessing import Preprocessing


class Source(NamedTuple):
    """Where pytorchcv keeps a network, and what Table II prints of it."""

    module: str  # below pytorchcv.models
    function: str  # that makes it
    millions: float  # of parameters
    row: str  # its name in the table


ARCHITECTURES = {  # in the order of Table II, but the default first
    "resnet34": Source("resnet", "resnet34", 21.2, "Resnet34"),
    "vgg19": Source("vgg", "vgg19", 139.5, "VGG19"),
    "efficientnet_b2b": Source(
        "efficientnet", "efficientnet_b2b", 7.7, "Efficientnet_b2b"
    ),
    "resattnet56": Source("resattnet", "resattnet56", 29.0, "ResAttNet56"),
    "inception_v3": Source("inceptionv3", "inceptionv3", 25.1, "Inception_v3"),
    "bam_resnet50": Source("bamresnet", "bam_resnet50", 23.8, "Bam_resnet50"),
    "densenet121": Source("densenet", "densenet121", 6.9, "Densenet121"),
    "resnet152": Source("resnet", "resnet152", 58.1, "Resnet152"),
    "cbam_resnet50": Source("cbamresnet", "cbam_resnet50", 28.5, "Cbam_resnet50"),
}


def _variant(architecture: str) -> str:
    return "default" if architecture == "resnet34" else architecture


class Comparison(Network):
    """One of the compared networks, from faces to class scores.

    Args:
        num_classes: number of expressions.
        input_size: height and width of the faces in pixels, a multiple of
            32 from 64 up; from 96 up for Inception-v3.
        architecture: one of :data:`ARCHITECTURES`.

    Raises:
        FerError: for an unknown architecture, an impossible size, or without
            pytorchcv.
    """

    NAME = "comparison network"
    PRESETS = {
        "smoke": {"input_size": 96},
        "student": {"input_size": 96},
        "reduced": {"input_size": 96},
        "paper": {},
    }
    VARIANTS = {_variant(name): {"architecture": name} for name in ARCHITECTURES}
    STATED = {
        _variant(name): Stated(source.millions * 1e6, None, f"Table II, {source.row}")
        for name, source in ARCHITECTURES.items()
    }

    def __init__(
        self,
        *,
        num_classes: int = 7,
        input_size: int = 224,
        architecture: str = "resnet34",
    ):
        super().__init__()
        check_choice(self.NAME, "architecture", architecture, ARCHITECTURES)
        least = 96 if architecture == "inception_v3" else 64
        if input_size % 32 or input_size < least:
            raise FerError(
                f"{self.NAME}: input_size is {input_size}, expected a multiple "
                f"of 32 from {least} up for {architecture}."
            )
        # Grey faces in 0..1, as the paper's code gives them to every network.
        self.input = Preprocessing(size=input_size, channels=3, mean=0.0, std=1.0)
        made = _load(ARCHITECTURES[architecture])(num_classes=num_classes)
        self.trunk = made.features
        has_pool = hasattr(self.trunk, "final_pool")
        self.trunk.final_pool = nn.AdaptiveAvgPool2d(1 if has_pool else (7, 7))
        before = OrderedDict(made.output.named_children())
        self.fc = before.popitem()[1] if before else made.output
        self.head = nn.Sequential(before)  # dropout, or VGG's two layers

    @property
    def backbone(self) -> nn.Module:
        """What a file of pytorchcv fills, by its names there."""
        return nn.ModuleDict({"features": self.trunk, "output": self.head})

    def cam_layers(self) -> dict[str, nn.Module]:
        """The last maps before the pooling, ``[B, D, h, w]``."""
        *_, (name, last), _ = self.trunk.named_children()
        return {name: last}

    def features(self, x: Tensor) -> Tensor:
        """What the classifier sees, ``[B, D]``, of faces ``[B, 3, H, W]``."""
        self.check_faces(x)
        return self.head(self.trunk(x).flatten(1))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores ``[B, num_classes]`` of faces ``[B, 3, H, W]``."""
        return self.fc(self.features(x))


def imagenet_sha1(architecture: str) -> str:
    """SHA-1 of pytorchcv's weights of ImageNet; empty where it has none."""
    _load(ARCHITECTURES[architecture])
    store = importlib.import_module("pytorchcv.models.common.model_store")
    try:
        found = store.get_model_name_suffix_data(ARCHITECTURES[architecture].function)
    except ValueError:
        return ""
    return found[1]


def _load(source: Source):
    """The function of pytorchcv that makes a network."""
    try:
        module = importlib.import_module(f"pytorchcv.models.{source.module}")
    except ImportError as error:
        raise FerError(
            "comparison networks need pytorchcv, which is not installed; run "
            "pip install --no-deps pytorchcv==0.0.74."
        ) from error
    return getattr(module, source.function)
