"""The networks of the study: the papers' at ``small``, and two plain ones.

Each has a pair of scores for every movement, "rest" and "moved".  A movement is
asked about by :func:`two_way`: the same network with that pair alone, so that
everything in :mod:`fer_lib.explain` can take it as a network of two classes.

References of the plain ones:

1. K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image
   Recognition", CVPR 2016, arXiv:1512.03385.
2. A. Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for
   Image Recognition at Scale", ICLR 2021, arXiv:2010.11929; here small, and
   with the mean of the patches in place of a class token.
"""

import copy
import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.models import NETWORKS as OF_PAPERS
from fer_lib.models.network import Network, logits_of
from fer_lib.models.resnet import ResNet
from fer_lib.preprocessing import Preprocessing

ANSWERS = ("rest", "moved")
MOVED = 1  # place of its score in a pair
# What the papers' networks are built with, beside their size.
CHANGES = {
    "deep_emotion": {},  # it has one size
    "residual_masking": {"dropout": 0.0},  # which its small size cannot do with
    "part_ensemble": {"keep_localisers": True},  # it starts from landmarks
}
# Layers that give the scores.
HEADS = re.compile(
    r"(fc2|fc|fc_local|fc_global|classifier|branches\.\d+\.fc"
    r"|sub_networks\.\d+\.head\.\d+)"
)


class PlainResNet(Network):
    """Three layers of two basic blocks; faces ``[B, 3, S, S]``."""

    NAME = "plain ResNet"

    def __init__(self, *, num_classes: int = 7, input_size: int = 64, width: int = 24):
        super().__init__()
        self.input = Preprocessing(size=input_size, channels=3)
        self.trunk = ResNet((2, 2, 2), width=width)
        self.fc = nn.Linear(self.trunk.stage_channels[-1], num_classes)

    def features(self, x: Tensor) -> Tensor:
        """``[B, 4 width]``, means of the last maps."""
        return self.trunk(x).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores ``[B, num_classes]``."""
        self.check_faces(x)
        return self.fc(self.features(x))

    def cam_layers(self) -> dict[str, nn.Module]:
        """The last layer, 4 x 4 of 64 pixels."""
        return {"layer 3": self.trunk.layer3}


class Attending(nn.Module):
    """A transformer's block: attention between patches, then two dense layers."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asked, self.told = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.first, self.second = (
            nn.Linear(width, 2 * width),
            nn.Linear(2 * width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``[B, P, width]`` to the same."""
        whole = self.asked(self.before(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = whole.permute(2, 0, 3, 1, 4)  # [B, heads, P, width / heads]
        told = F.scaled_dot_product_attention(query, key, value)
        x = x + self.told(told.transpose(1, 2).flatten(2))
        return x + self.second(F.gelu(self.first(self.between(x))))


class SmallViT(Network):
    """A vision transformer on patches of 8 pixels; faces ``[B, 3, S, S]``."""

    NAME = "small ViT"

    def __init__(
        self,
        *,
        num_classes: int = 7,
        input_size: int = 64,
        width: int = 96,
        depth: int = 4,
        heads: int = 4,
        patch: int = 8,
    ):
        super().__init__()
        if input_size % patch or width % heads:
            raise FerError(
                f"{self.NAME}: patches of {patch} and {heads} heads do not fit "
                f"{input_size} pixels and a width of {width}; both must divide."
            )
        self.input = Preprocessing(size=input_size, channels=3)
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        count = (input_size // patch) ** 2
        self.places = nn.Parameter(0.02 * torch.randn(1, count, width))
        self.blocks = nn.Sequential(*(Attending(width, heads) for _ in range(depth)))
        self.last = nn.LayerNorm(width)
        self.maps = nn.Identity()  # a place for Grad-CAM to look at
        self.fc = nn.Linear(width, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """``[B, width]``, the mean of the patches."""
        cut = self.patches(x)
        told = self.last(self.blocks(cut.flatten(2).mT + self.places))
        return self.maps(told.mT.unflatten(-1, cut.shape[-2:])).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores ``[B, num_classes]``."""
        self.check_faces(x)
        return self.fc(self.features(x))

    def cam_layers(self) -> dict[str, nn.Module]:
        """What the last block says of each patch, 8 x 8 of 64 pixels."""
        return {"patches": self.maps}


PLAIN = {"plain_resnet": PlainResNet, "small_vit": SmallViT}
NAMES = {n: one.NAME for n, one in (OF_PAPERS | PLAIN).items()}


def make_network(name: str, movements: int, seed: int, size: int = 64) -> Network:
    """A network with random weights and a pair of scores for each movement.

    The papers' networks are of their preset ``small``, which sets the size of
    their faces; ``size`` is that of the plain ones.
    """
    torch.manual_seed(seed)
    if name in PLAIN:
        return PLAIN[name](num_classes=2 * movements, input_size=size)
    chosen = OF_PAPERS[name].PRESETS.get("small", {}) | CHANGES.get(name, {})
    return OF_PAPERS[name](num_classes=2 * movements, **chosen)


def pairs(output: Tensor | tuple) -> Tensor:
    """Scores ``[B, learners, movements, 2]`` of what a network returned.

    Ensembles learn, and are asked, learner by learner: the logarithm of the
    mean of their probabilities is over all scores, not over a pair.
    """
    return learners(output).unflatten(-1, (-1, 2))


def learners(output: Tensor | tuple) -> Tensor:
    """Scores ``[B, learners, K]`` of what a network returned; one learner of most."""
    scores = getattr(output, "branches", None)
    return logits_of(output)[:, None] if scores is None else scores


def two_way(network: Network, movement: int) -> Network:
    """A copy of the network that knows one movement, as two classes."""
    found = copy.deepcopy(network)
    heads = [name for name, _ in found.named_modules() if HEADS.fullmatch(name)]
    kept = slice(2 * movement, 2 * movement + 2)
    for name in heads:
        layer = found.get_submodule(name)
        if layer.out_features != len(network.classes):
            continue
        small = nn.Linear(layer.in_features, 2).to(layer.weight)
        with torch.no_grad():
            small.weight.copy_(layer.weight[kept])
            small.bias.copy_(layer.bias[kept])
        found.set_submodule(name, small)
    found.classes = ANSWERS
    return found.train(network.training)
