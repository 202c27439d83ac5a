"""RAMN: regional attention and multi-task learning on a shared VGG16.

L. Cui, Y. Tian, "Facial Expression Recognition by Regional Attention and
Multi-task Learning", Engineering Letters 29(3), 2021.  Implements Figure 1
and section III; equation (1) is :mod:`fer_lib.models.region_attention`, the
sub-images of section III.C are :mod:`fer_lib.crops`, and the losses,
equations (2) to (6), stand in :mod:`fer_lib.losses`.

The authors published no code and print no sizes.  What they leave open:

* ``embedding``: what a region's feature vector is.  The mean of the last
  maps (512 numbers) or VGG16's second fully connected layer (4,096).
* ``branch_features``: length of an expression's features; 128 is ours.
* ``combine``: the expression features "are combined": concatenated or added.
* Nothing is said to stand between branches and classifier, so that both
  together are linear in the shared feature; no ReLU here either.
* ``attention``: a sigmoid as the text says, or the softmax of RAN's code.
* Regions are resized to the size of the face, as in RAN; one layer weighs
  them all.  The whole face counts as a region, k = 0 in equation (1).
* ``crop_seed``: the tenth sub-image is one random box, the same for all
  faces, so that a prediction never depends on the batch.
* The trunk's CASIA-WebFace weights are not public.  Faces are normalised as
  ImageNet's VGG16 wants them, whose weight files fit.
* ``batch_norm`` and ``crops=0``, the whole face alone, are ours.
"""

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from fer_lib.crops import crop_boxes, crop_regions
from fer_lib.errors import FerError
from fer_lib.models.network import Network, check_choice
from fer_lib.models.region_attention import RegionAttention
from fer_lib.models.vgg import VGG16
from fer_lib.preprocessing import Preprocessing

EMBEDDINGS = ("gap", "fc7")
COMBINATIONS = ("concat", "sum")
IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


class RAMNOutput(NamedTuple):
    """What :class:`RAMN` returns.

    Attributes:
        logits: class scores ``[B, num_classes]``.
        weights: theta of equation (1), ``[B, R]``, the whole face first.
        expressions: features of the expressions, ``[B, num_classes, d]``,
            the x of equations (3) and (4).
        shared: F_G of equation (1), ``[B, D]``.
    """

    logits: Tensor
    weights: Tensor
    expressions: Tensor
    shared: Tensor


class RAMN(Network):
    """The network of Figure 1, from faces to class scores.

    Args:
        num_classes: number of expressions, one branch for each.
        input_size: height and width of the faces in pixels, 32 or more.
        width: channels of the trunk's first stage (VGG16: 64).
        crops: number of sub-images, one of :data:`fer_lib.crops.COUNTS`.
            With 0 there is nothing to weigh, and the region loss has no use.
        crop_scale: multiplier of Figure 3(b), see
            :func:`fer_lib.crops.crop_boxes`.
        crop_seed: draws the tenth sub-image.
        attention: ``"sigmoid"`` or ``"softmax"``.
        embedding: ``"gap"``, 8 x width features, or ``"fc7"``, 64 x width.
        branch_features: length d of an expression's features.
        combine: ``"concat"`` or ``"sum"`` of the expression features.
        batch_norm: whether the trunk's convolutions are normalised.

    Attributes:
        boxes: the regions in pixels, ``[R, 4]``, the whole face first, named
            by :func:`fer_lib.crops.crop_names`.

    Raises:
        FerError: for an unknown or impossible reading, or too small faces.
    """

    NAME = "RAMN"
    PRESETS = {
        "smoke": {"input_size": 48, "width": 4},
        "small": {"input_size": 48, "width": 8},
        "student": {"input_size": 48, "width": 16},
        "reduced": {"input_size": 96},
        "paper": {},
    }
    VARIANTS = {
        "default": {},
        "softmax": {"attention": "softmax"},
        "fc7": {"embedding": "fc7"},
        "sum": {"combine": "sum"},
        "batch_norm": {"batch_norm": True},
        "whole_face": {"crops": 0},
        # Figure 3: numbers and scales of the sub-images.
        **{f"crops_{m}": {"crops": m} for m in (4, 7, 9, 10)},
        **{f"scale_{p}": {"crop_scale": p / 100} for p in (70, 80, 90, 110, 120)},
    }

    def __init__(
        self,
        *,
        num_classes: int = 7,
        input_size: int = 224,
        width: int = 64,
        crops: int = 5,
        crop_scale: float = 1.0,
        crop_seed: int = 0,
        attention: str = "sigmoid",
        embedding: str = "gap",
        branch_features: int = 128,
        combine: str = "concat",
        batch_norm: bool = False,
    ):
        super().__init__()
        check_choice(self.NAME, "embedding", embedding, EMBEDDINGS)
        check_choice(self.NAME, "combine", combine, COMBINATIONS)
        if input_size < 32:
            raise FerError(
                f"RAMN: input_size is {input_size}, expected 32 pixels or "
                "more, or the five poolings of VGG16 leave nothing."
            )
        self.input = Preprocessing(size=input_size, channels=3, **IMAGENET)
        self.num_classes, self.combine = num_classes, combine
        self.crop_seed = crop_seed
        boxes = self._boxes(crops, crop_scale)
        # Not in the state: they follow from the options, for any input size.
        self.register_buffer("boxes", boxes, persistent=False)
        hidden = 64 * width if embedding == "fc7" else None
        self.backbone = VGG16(width=width, batch_norm=batch_norm, hidden=hidden)
        features = self.backbone.out_features
        self.attention = RegionAttention(features, activation=attention)
        # The parallel layers as one: rows i d to (i + 1) d are branch i.
        self.branches = nn.Linear(features, num_classes * branch_features)
        count = num_classes if combine == "concat" else 1
        self.classifier = nn.Linear(count * branch_features, num_classes)

    def _boxes(self, crops: int, scale: float) -> Tensor:
        seeded = torch.Generator("cpu").manual_seed(self.crop_seed)
        return crop_boxes(crops, self.input.size, scale=scale, generator=seeded)

    def with_crops(self, crops: int, scale: float = 1.0) -> "RAMN":
        """A copy with the same weights and other sub-images.

        Args:
            crops: number of sub-images, see :func:`fer_lib.crops.crop_boxes`.
            scale: of their sides, Figure 3(b).
        """
        other = copy.deepcopy(self)
        other.boxes = self._boxes(crops, scale).to(self.boxes.device)
        return other

    @property
    def regions_per_face(self) -> int:
        """The whole face, and the sub-images."""
        return len(self.boxes)

    def regions(self, x: Tensor) -> Tensor:
        """What the trunk sees of faces ``[B, 3, H, W]``: ``[B, R, 3, H, W]``."""
        self.check_faces(x)
        return crop_regions(x, self.boxes, self.input.size)

    def region_features(self, x: Tensor) -> Tensor:
        """F_k of equation (1), ``[B, R, D]``, in one pass of the trunk."""
        features = self.backbone(self.regions(x).flatten(0, 1))  # [B R, D]
        return features.unflatten(0, (-1, len(self.boxes)))

    def expressions(self, shared: Tensor) -> Tensor:
        """Features of each expression, ``[B, num_classes, d]``, of F_G."""
        return self.branches(shared).unflatten(1, (self.num_classes, -1))

    def combined(self, expressions: Tensor) -> Tensor:
        """What the classifier sees: features concatenated or added."""
        if self.combine == "concat":
            return expressions.flatten(1)
        return expressions.sum(1)

    def forward(self, x: Tensor) -> RAMNOutput:
        """Scores, weights and features of faces ``[B, 3, H, W]``."""
        shared, weights = self.attention(self.region_features(x))
        expressions = self.expressions(shared)
        logits = self.classifier(self.combined(expressions))
        return RAMNOutput(logits, weights, expressions, shared)

    def features(self, x: Tensor) -> Tensor:
        """What the classifier sees, ``[B, num_classes d]`` or ``[B, d]``."""
        shared, _ = self.attention(self.region_features(x))
        return self.combined(self.expressions(shared))

    def cam_layers(self) -> dict[str, nn.Module]:
        """The last ReLU of the trunk, before its pooling.

        It sees regions, not faces: maps ``[B R, C, h, w]``, all regions of
        the first face first.  ``maps.unflatten(0, (-1, len(self.boxes)))``
        gives ``[B, R, C, h, w]``, and ``self.boxes[r]`` says which part of
        the face the map of region r covers.
        """
        return {"regions": self.backbone.features[-2]}
