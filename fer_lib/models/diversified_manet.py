"""MA-Net: four quadrants of the face, and the whole face at many scales.

N. Heidari, A. Iosifidis, "Learning Diversified Feature Representations for
Facial Expression Recognition in the Wild", arXiv:2210.09381, 2022; Figures 1
and 3.  The network is that of Z. Zhao, Q. Liu, S. Wang, "Learning Deep Global
Multi-Scale and Local Attention Features for Facial Expression Recognition in
the Wild", IEEE Transactions on Image Processing 30:6544-6556, 2021,
doi:10.1109/TIP.2021.3093397.  Equation (5), the loss, is in
:mod:`fer_lib.losses.diversified`; it takes what ``forward`` returns.

Papers and public code (github.com/zengqunzhao/MA-Net, commit 923fa6c, and
github.com/negarhdr/Diversified-Facial-Expression-Recognition, 808a02a)
against this file:

* The second path through the channel groups of a multi-scale block goes from
  the last group to the first in Zhao's code, and from the first to the last,
  like the first path, in the diversified code.  Parameters are the same, the
  function is not: ``path_b="original"`` and ``path_b="fork"``.
* Each patch has layers of its own, as in the code; they hold 42 of the 50.5
  million parameters.
* ``forward`` also fuses the branches' scores and pools what equation (5)
  compares; the code does both in its training scripts.
* Colours are not normalised, as in the code but for its RAF-DB script.
"""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.models.cbam import CBAM
from fer_lib.models.network import Network, Stated, check_choice
from fer_lib.models.resnet import (
    BasicBlock,
    ResNet,
    conv3x3,
    layer,
    projection,
    start_fan_out,
)
from fer_lib.preprocessing import Preprocessing

PATHS_B = ("original", "fork")
SCALES = 4  # channel groups of a multi-scale block


class AttentionBlock(BasicBlock):
    """Basic block with CBAM before the shortcut is added."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__(inputs, outputs, stride)
        self.cbam = CBAM(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` to ``[B, outputs, H/stride, W/stride]``."""
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.cbam(self.bn2(self.conv2(out))) + shortcut)


class ScalePath(nn.Module):
    """Groups of channels one after another, each seeing the one before.

    Each group has a convolution of its own, whatever the order.
    """

    def __init__(self, channels: int, order: tuple[int, ...]):
        super().__init__()
        self.order = order
        self.steps = nn.ModuleList(
            nn.Sequential(conv3x3(channels, channels), nn.BatchNorm2d(channels))
            for _ in order
        )

    def forward(self, groups: tuple[Tensor, ...]) -> Tensor:
        """Four ``[B, channels, H, W]`` to ``[B, 4 channels, H, W]``."""
        outputs = list(groups)
        before = None
        for i in self.order:
            seen = groups[i] if before is None else groups[i] + before.relu()
            before = outputs[i] = self.steps[i](seen)
        return torch.cat(outputs, 1)


class MultiScaleBlock(nn.Module):
    """Convolution, then two paths through its channel groups, summed.

    ``outputs`` is a multiple of four, ``path_b`` one of :data:`PATHS_B`.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int = 1, *, path_b: str = "original"
    ):
        super().__init__()
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        forwards = tuple(range(SCALES))
        order = forwards[::-1] if path_b == "original" else forwards
        self.path_a = ScalePath(outputs // SCALES, forwards)
        self.path_b = ScalePath(outputs // SCALES, order)
        self.downsample = projection(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` to ``[B, outputs, H/stride, W/stride]``."""
        shortcut = x if self.downsample is None else self.downsample(x)
        groups = self.relu(self.bn1(self.conv1(x))).chunk(SCALES, 1)
        return self.relu(self.path_a(groups) + self.path_b(groups) + shortcut)


def quadrants(x: Tensor) -> list[Tensor]:
    """Upper left, upper right, lower left, lower right of ``[B, C, H, W]``."""
    return [part for half in x.chunk(2, 2) for part in half.chunk(2, 3)]


def tile(parts: list[Tensor]) -> Tensor:
    """The map whose :func:`quadrants` are these four."""
    upper, lower = torch.cat(parts[:2], 3), torch.cat(parts[2:], 3)
    return torch.cat([upper, lower], 2)


class MANetOutput(NamedTuple):
    """What :class:`DiversifiedMANet` returns; K classes.

    Attributes:
        logits: ``lambda_ * local + (1 - lambda_) * global_``, ``[B, K]``.
        local: class scores of the branch of patches, ``[B, K]``.
        global_: class scores of the branch of the whole face, ``[B, K]``.
        spatial: mean of each patch's maps over channels, ``[4, B, h * w]``,
            49 at 224 pixels.
        channel: their mean over positions, ``[4, B, 8 width]``.
        branch: what the two classifiers see, ``[2, B, 8 width]``.
    """

    logits: Tensor
    local: Tensor
    global_: Tensor
    spatial: Tensor
    channel: Tensor
    branch: Tensor


class DiversifiedMANet(Network):
    """ResNet-18 up to its second layer, then a local and a global branch.

    Args:
        num_classes: number of expressions.
        input_size: height and width of the colour faces in pixels, a
            multiple of 16 from 32 up (paper: 224); values 0 to 1, not
            normalised further.
        width: channels of the first layer (paper: 64).
        path_b: order of each second path, one of :data:`PATHS_B`.
        lambda_: weight of the local branch, 0 to 1 (paper: 0.6).

    Raises:
        FerError: for an unknown order, or sizes and weights that cannot be.
    """

    NAME = "MA-Net"
    PRESETS = {
        "smoke": {"input_size": 64, "width": 4},
        "small": {"input_size": 64, "width": 8},
        "student": {"input_size": 64, "width": 32},
        "reduced": {"input_size": 96},
        "paper": {},
    }
    VARIANTS = {"default": {}, "fork": {"path_b": "fork"}}
    STATED = {"default": Stated(50.54e6, None, "Section 2, 50.54 M")}

    def __init__(
        self,
        *,
        num_classes: int = 7,
        input_size: int = 224,
        width: int = 64,
        path_b: str = "original",
        lambda_: float = 0.6,
    ):
        super().__init__()
        check_choice(self.NAME, "path_b", path_b, PATHS_B)
        if input_size < 32 or input_size % 16:
            raise FerError(
                f"MA-Net: input_size is {input_size}, expected a multiple of 16 "
                "from 32 up, whose maps have even quadrants."
            )
        if not 0 <= lambda_ <= 1:
            raise FerError(f"MA-Net: lambda_ is {lambda_}, expected 0 to 1.")
        self.input = Preprocessing(input_size, 3, 0.0, 1.0)
        self.lambda_ = lambda_
        self.backbone = ResNet((2, 2), width=width)
        self.patches = nn.ModuleList(
            _last_layers(AttentionBlock, width, last_stride=1) for _ in range(4)
        )
        block = partial(MultiScaleBlock, path_b=path_b)
        self.whole = _last_layers(block, width, last_stride=2)
        self.tiled = nn.Identity()  # a place for Grad-CAM to look at
        self.fc_local = nn.Linear(8 * width, num_classes)
        self.fc_global = nn.Linear(8 * width, num_classes)
        start_fan_out(self)

    def patch_maps(self, x: Tensor) -> list[Tensor]:
        """Four maps ``[B, 8 width, H/4, W/4]`` of ``[B, 2 width, H, W]``."""
        pairs = zip(self.patches, quadrants(x), strict=True)
        return [path(part) for path, part in pairs]

    def pooled(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Local and global features ``[B, 8 width]``, and the patches' maps."""
        self.check_faces(x)
        x = self.backbone.maps(x)
        patches = self.patch_maps(x)
        maps = (self.tiled(tile(patches)), self.whole(x))
        return [one.mean((2, 3)) for one in maps], patches

    def forward(self, x: Tensor) -> MANetOutput:
        """Scores and pooled features of faces ``[B, 3, H, W]``."""
        pooled, patches = self.pooled(x)
        local, whole = self.fc_local(pooled[0]), self.fc_global(pooled[1])
        return MANetOutput(
            self.lambda_ * local + (1 - self.lambda_) * whole,
            local,
            whole,
            torch.stack([maps.mean(1).flatten(1) for maps in patches]),
            torch.stack([maps.mean((2, 3)) for maps in patches]),
            torch.stack(pooled),
        )

    def features(self, x: Tensor) -> Tensor:
        """Local, then global features, ``[B, 16 width]``."""
        return torch.cat(self.pooled(x)[0], 1)

    def cam_layers(self) -> dict[str, nn.Module]:
        """Tiled maps of the patches, and maps of the whole face."""
        return {"local": self.tiled, "global": self.whole}


def _last_layers(block, width: int, *, last_stride: int) -> nn.Sequential:
    """Layers 3 and 4 of ResNet-18, of other blocks."""
    return nn.Sequential(
        layer(block, 2 * width, 4 * width, 2, 2),
        layer(block, 4 * width, 8 * width, 2, last_stride),
    )
