"""ESR-9 and ESR-15 with attention: branches that share their first layers.

N. Heidari, A. Iosifidis, "Learning Diversified Feature Representations for
Facial Expression Recognition in the Wild", arXiv:2210.09381, 2022; Figures 1
and 2.  Its ensemble with shared representations is that of H. Siqueira,
S. Magg, S. Wermter, "Efficient Facial Feature Learning with Wide Ensemble-
Based Convolutional Neural Networks", AAAI 2020, doi:10.1609/aaai.v34i04.6037;
Figure 3, bottom, and Algorithm 1.  Equations (1) to (4), similarity,
diversity and loss, are in :mod:`fer_lib.losses`; they take what
``forward`` returns.

Papers and public code (github.com/negarhdr/Diversified-Facial-Expression-
Recognition, commit 808a02a, built on Siqueira's) against this file:

* Where attention stands is only in the code: after every ReLU, and after the
  pooling where there is one.
* The code keeps the branches in a plain list, which ``eval()`` does not
  reach: evaluated branches normalise by the statistics of the batch, and go
  on adapting their running ones.  Here a module list holds them;
  ``batch_statistics_in_eval=True`` brings the flaw back.
* Algorithm 1 appends a branch when its turn comes.  Here all exist from the
  start and ``active`` says how many work, so that weights and an optimiser's
  groups keep their names and shapes and a checkpoint of any epoch fits.
* The papers' branches vote.  ``logits`` are the logarithm of their mean
  probability instead, which has a gradient; votes are those of ``branches``.
* Siqueira's second linear layer, for valence and arousal, is left out.
* Without attention, diversity would look at pooled maps, as in Figure 1.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.models.cbam import CBAM, Attended
from fer_lib.models.network import Network, Stated, log_mean_probability
from fer_lib.preprocessing import Preprocessing

SMALLEST_INPUT = 54  # pixels; leaves the branches one position


class Layer(nn.Module):
    """Convolution, normalisation, ReLU, then pooling and CBAM if asked."""

    def __init__(self, inputs, outputs, kernel=3, *, cbam, pool=False, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=padding)
        self.bn = nn.BatchNorm2d(outputs)
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()
        self.cbam = CBAM(outputs) if cbam else None

    def convolve(self, x: Tensor) -> Tensor:
        """The layer without its attention."""
        return self.pool(F.relu(self.bn(self.conv(x))))

    def attend(self, x: Tensor) -> Attended:
        """Maps and both attentions, or the means of maps without CBAM."""
        x = self.convolve(x)
        if self.cbam is None:
            return Attended(x, x.mean((2, 3)), x.mean(1, keepdim=True))
        return self.cbam.attend(x)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` to ``[B, outputs, h, w]``."""
        x = self.convolve(x)
        return x if self.cbam is None else self.cbam(x)


def shared_base(width: int, cbam: bool) -> nn.Sequential:
    """Four layers for all branches: 96 pixels to ``[B, 2 width, 20, 20]``."""
    return nn.Sequential(
        Layer(3, width, 5, cbam=cbam),
        Layer(width, 2 * width, pool=True, cbam=cbam),
        Layer(2 * width, 2 * width, cbam=cbam),
        Layer(2 * width, 2 * width, pool=True, cbam=cbam),
    )


class BranchOutput(NamedTuple):
    """What one branch says of ``B`` faces."""

    logits: Tensor  # [B, K]
    features: Tensor  # what the scores are made from, [B, 8 width]
    channel: Tensor  # attention over channels, [B, 8 width]
    spatial: Tensor  # attention over positions, [B, h * w]


class Branch(nn.Module):
    """One learner of the ensemble: four layers and a classifier."""

    def __init__(self, width: int, num_classes: int, cbam: bool):
        super().__init__()
        self.layers = nn.Sequential(
            Layer(2 * width, 2 * width, cbam=cbam),
            Layer(2 * width, 4 * width, pool=True, cbam=cbam),
            Layer(4 * width, 4 * width, cbam=cbam),
        )
        self.last = Layer(4 * width, 8 * width, padding=1, cbam=cbam)
        self.maps = nn.Identity()  # a place for Grad-CAM to look at
        self.fc = nn.Linear(8 * width, num_classes)

    def forward(self, shared: Tensor) -> BranchOutput:
        """Scores, features and attention from ``[B, 2 width, 20, 20]``."""
        maps, channel, spatial = self.last.attend(self.layers(shared))
        features = self.maps(maps).mean((2, 3))
        return BranchOutput(self.fc(features), features, channel, spatial.flatten(1))


class ESROutput(NamedTuple):
    """What :class:`DiversifiedESR` returns; n branches, K classes.

    Attributes:
        logits: logarithm of the branches' mean probability, ``[B, K]``.
        branches: class scores of each branch, ``[B, n, K]``.
        channel: last attention over channels, ``[n, B, 8 width]``; without
            CBAM the mean of the last maps over positions.
        spatial: last attention over positions, ``[n, B, h * w]``, 36 at 96
            pixels; without CBAM the mean of the last maps over channels.
    """

    logits: Tensor
    branches: Tensor
    channel: Tensor
    spatial: Tensor


class DiversifiedESR(Network):
    """Ensemble of branches on a shared base, with CBAM after every layer.

    Args:
        num_classes: number of expressions.
        input_size: height and width of the colour faces in pixels, 54 or
            more (paper: 96); values 0 to 1, not normalised further.
        width: channels of the first layer (paper: 64); up to 8 times as
            many follow.
        branches: learners of the ensemble (paper: 9 and 15).
        cbam: whether attention follows every layer of base and branches.
        batch_statistics_in_eval: the flaw of the authors' code, see above.

    Raises:
        FerError: for too small faces.
    """

    NAME = "ESR"
    PRESETS = {
        "smoke": {"input_size": 64, "width": 4},
        "small": {"input_size": 64, "width": 8},
        "student": {"input_size": 64, "width": 32},
        "reduced": {"input_size": 96},
        "paper": {},
    }
    VARIANTS = {
        "default": {},  # ESR-9 with CBAM
        "esr15": {"branches": 15},
        "plain": {"cbam": False},
        "esr15_plain": {"branches": 15, "cbam": False},
        "batch_statistics": {"batch_statistics_in_eval": True},
    }
    STATED = {"plain": Stated(20e6, None, "Siqueira et al., evaluation, about 20 M")}

    def __init__(
        self,
        *,
        num_classes: int = 7,
        input_size: int = 96,
        width: int = 64,
        branches: int = 9,
        cbam: bool = True,
        batch_statistics_in_eval: bool = False,
    ):
        super().__init__()
        if input_size < SMALLEST_INPUT:
            raise FerError(
                f"{self.NAME}: input_size is {input_size}, expected {SMALLEST_INPUT} "
                "or more."
            )
        self.input = Preprocessing(input_size, 3, 0.0, 1.0)
        self.batch_statistics_in_eval = batch_statistics_in_eval
        self.base = shared_base(width, cbam)
        self.branches = nn.ModuleList(
            Branch(width, num_classes, cbam) for _ in range(branches)
        )
        self.active = branches

    @property
    def active(self) -> int:
        """How many branches work, the first ones; 1 to all of them."""
        return self._active

    @active.setter
    def active(self, count: int) -> None:
        if not 1 <= count <= len(self.branches):
            raise FerError(
                f"{self.NAME}: active is {count}, expected 1 to "
                f"{len(self.branches)}, the branches it was built with."
            )
        self._active = count

    def train(self, mode: bool = True) -> "DiversifiedESR":
        """As in torch, but for the flaw that can be asked for."""
        super().train(mode)
        if self.batch_statistics_in_eval:
            self.branches.train()
        return self

    def run_branches(self, x: Tensor) -> list[BranchOutput]:
        """What each active branch says of faces ``[B, 3, H, W]``."""
        self.check_faces(x)
        shared = self.base(x)
        return [self.branches[i](shared) for i in range(self.active)]

    def forward(self, x: Tensor) -> ESROutput:
        """Scores and attentions of faces ``[B, 3, H, W]``."""
        logits, _, channel, spatial = zip(*self.run_branches(x), strict=True)
        branches = torch.stack(logits, 1)
        together = log_mean_probability(branches)
        return ESROutput(together, branches, torch.stack(channel), torch.stack(spatial))

    def features(self, x: Tensor) -> Tensor:
        """Features of the active branches, ``[B, active * 8 width]``."""
        return torch.cat([one.features for one in self.run_branches(x)], 1)

    def cam_layers(self) -> dict[str, nn.Module]:
        """Last maps of each active branch, 6 x 6 at 96 pixels."""
        numbers = range(self.active)
        return {f"branch {i + 1}": self.branches[i].maps for i in numbers}
