"""Residual Masking Network: a ResNet-34 whose layers are followed by masks.

L. Pham, T. H. Vu, T. A. Tran, "Facial Expression Recognition Using Residual
Masking Network", 25th International Conference on Pattern Recognition, 2020,
doi:10.1109/ICPR48806.2021.9411919.  Implements Table I, Figure 2 and
equation (1); the ensemble of section III.C is in
:mod:`fer_lib.evaluation.ensembles`.

Where text, table and the authors' code (github.com/phamquiluan/
ResidualMaskingNetwork, network ``resmasking_dropout1``) disagree:

* The stem is 7 x 7 and the first pooling 3 x 3, as in Table I and the code;
  the text's 3 x 3 and 2 x 2 would not fit ResNet-34's weights.
* ``mask``: the text wants values in 0..1; the code takes a softmax over
  channels (default here), so the mean of a mask is exactly 1 / channels.
  ``"sigmoid"`` stands commented out in the code; as it follows a ReLU, such
  a mask lies in 0.5..1, never below.
* ``"constant"`` (1 / channels everywhere, nothing to learn) and ``"none"``
  (the ResNet-34 itself) are controls of ours.
* Depths 4, 3, 2, 1 of the masking blocks, zero start of their blocks' last
  scales, and dropout 0.4 before the classifier are the code's alone.
* Table II prints 142.9 million parameters.  The code registers the projection
  shortcuts of the masks twice, and 142,943,431 counts both entries; there are
  137,796,423 (:func:`parameters_as_registered`).
* Input is 0..1 as it is, as in the code.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.models.network import Network, Stated, check_choice
from fer_lib.models.resnet import BasicBlock, ResNet, start_fan_out
from fer_lib.preprocessing import Preprocessing

ACTIVATIONS = ("softmax", "sigmoid")
MASKS = (*ACTIVATIONS, "constant", "none")
DEPTHS = (4, 3, 2, 1)  # of the masks: at 224 pixels each ends at 7 x 7


def refine(maps: Tensor, mask: Tensor | float) -> Tensor:
    """Maps plus maps times mask, of their shape ``[B, C, H, W]``.

    Equation (1) of Pham et al. (2020).
    """
    return maps + maps * mask


class MaskingBlock(nn.Module):
    """U-Net that scores and refines the maps of any backbone; Figure 2b.

    Keeps their shape ``[B, C, H, W]``, with H and W multiples of
    ``2 ** (depth - 1)``.

    Args:
        channels: C of the maps; the bottleneck has ``channels * 2**depth``.
        depth: blocks on the way down, 1 or more, with poolings between.
        activation: one of :data:`ACTIVATIONS`.

    Raises:
        FerError: for a depth below 1 or an unknown activation.
    """

    def __init__(self, channels: int, depth: int, *, activation: str = "softmax"):
        super().__init__()
        check_choice("masking block", "activation", activation, ACTIVATIONS)
        if depth < 1:
            raise FerError(f"masking block: depth is {depth}, expected 1 or more.")
        self.activation = activation
        steps = [(channels * 2**k, channels * 2 ** (k + 1)) for k in range(depth)]
        self.down = nn.ModuleList(BasicBlock(few, many) for few, many in steps)
        self.up = nn.ModuleList(_enlarge(many, few) for few, many in steps[:0:-1])
        # A block after each enlargement, and one back to the channels.
        self.join = nn.ModuleList(BasicBlock(many, few) for few, many in steps[::-1])
        start_fan_out(self)
        for block in (*self.down, *self.join):  # starts as its shortcut
            nn.init.zeros_(block.bn2.weight)

    def mask(self, x: Tensor) -> Tensor:
        """Scores 0..1 of maps, both ``[B, C, H, W]``."""
        self._check_sides(x)
        skips = []
        for i, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if i else x)
            skips.append(x)
        x = skips.pop()
        for enlarge, block in zip(self.up, self.join[:-1], strict=True):
            x = block(torch.cat([enlarge(x), skips.pop()], 1))
        x = self.join[-1](x)
        return x.softmax(1) if self.activation == "softmax" else x.sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Refined maps, of the shape of ``x``."""
        return refine(x, self.mask(x))

    def _check_sides(self, x: Tensor) -> None:
        unit = 2 ** (len(self.down) - 1)
        if x.shape[-2] % unit or x.shape[-1] % unit:
            raise FerError(
                f"masking block of depth {len(self.down)}: maps are {x.shape[-2]} x "
                f"{x.shape[-1]}, expected multiples of {unit}; make it less deep."
            )


def _enlarge(inputs: int, outputs: int) -> nn.Sequential:
    """Twice the height and width."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 2, stride=2),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class ConstantMask(nn.Module):
    """The control: every score is the same number."""

    def __init__(self, value: float):
        super().__init__()
        self.value = value

    def mask(self, x: Tensor) -> Tensor:
        """That number in the shape of ``x``."""
        return torch.full_like(x, self.value)

    def forward(self, x: Tensor) -> Tensor:
        """Refined maps, of the shape of ``x``."""
        return refine(x, self.value)


class Stage(NamedTuple):
    """What happens after one layer of the trunk; each ``[B, C, h, w]``.

    Attributes:
        before: maps of the layer (Figure 1, third column, for layer 3).
        mask: their scores, 0..1.
        after: refined maps (Figure 1, fourth column).
    """

    before: Tensor
    mask: Tensor
    after: Tensor


class ResidualMaskingNetwork(Network):
    """The network of Table I, from faces to class scores.

    Args:
        num_classes: number of expressions.
        input_size: height and width of the faces in pixels, a multiple of
            32 from 64 up.
        width: channels of the first layer (paper: 64).
        mask: one of :data:`MASKS`.
        dropout: rate before the classifier, 0 to 1.

    Raises:
        FerError: for an unknown mask or an impossible size.
    """

    NAME = "Residual Masking Network"
    PRESETS = {
        "smoke": {"input_size": 64, "width": 2},
        "small": {"input_size": 64, "width": 8},
        "student": {"input_size": 64, "width": 32},
        "reduced": {"input_size": 96},
        "paper": {},
    }
    VARIANTS = {
        "default": {},
        "sigmoid": {"mask": "sigmoid"},
        "constant": {"mask": "constant"},
        "no_mask": {"mask": "none"},
    }
    STATED = {"default": Stated(142.9e6, None, "Table II")}

    def __init__(
        self,
        *,
        num_classes: int = 7,
        input_size: int = 224,
        width: int = 64,
        mask: str = "softmax",
        dropout: float = 0.4,
    ):
        super().__init__()
        check_choice(self.NAME, "mask", mask, MASKS)
        if input_size % 32 or input_size < 64:
            raise FerError(
                f"{self.NAME}: input_size is {input_size}, expected a multiple of 32 "
                "from 64 up, because trunk and masks halve it five times."
            )
        self.input = Preprocessing(size=input_size, channels=3, mean=0.0, std=1.0)
        self.backbone = ResNet((3, 4, 6, 3), width=width)
        channels = self.backbone.stage_channels
        self.masking = nn.ModuleList(
            MaskingBlock(count, depth, activation=mask)
            if mask in ACTIVATIONS
            else ConstantMask(1 / count if mask == "constant" else 0.0)
            for count, depth in zip(channels, DEPTHS, strict=True)
        )
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels[-1], num_classes)

    def stages(self, x: Tensor) -> list[Stage]:
        """Maps before and after each mask, layers 1 to 4, of faces."""
        self.check_faces(x)
        x, found = self.backbone.stem(x), []
        for layer, masking in zip(self.backbone.layers(), self.masking, strict=True):
            before = layer(x)
            mask = masking.mask(before)
            x = refine(before, mask)
            found.append(Stage(before, mask, x))
        return found

    def masks(self, x: Tensor) -> list[Tensor]:
        """Masks of layers 1 to 4, each ``[B, C, h, w]`` with values 0..1."""
        return [stage.mask for stage in self.stages(x)]

    def cam_layers(self) -> dict[str, nn.Module]:
        """The last refined maps: ``[B, 512, 7, 7]`` at 224 pixels."""
        return {"mask4": self.masking[-1]}

    def features(self, x: Tensor) -> Tensor:
        """``[B, 512]``, the pooled last maps, of faces ``[B, 3, H, W]``."""
        self.check_faces(x)
        return self.backbone.maps(x, self.masking).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores ``[B, num_classes]`` of faces ``[B, 3, H, W]``."""
        return self.fc(self.dropout(self.features(x)))


def parameters_as_registered(module: nn.Module) -> int:
    """Parameters with the projection shortcuts of masks counted twice.

    The authors' masks hold each by two names, inside its block and beside it.
    """
    total = sum(p.numel() for p in module.parameters())
    for masking in module.modules():
        if isinstance(masking, MaskingBlock):
            for block in (*masking.down, *masking.join):
                total += sum(p.numel() for p in block.downsample.parameters())
    return total
