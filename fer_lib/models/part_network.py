"""Extractor, localiser and sub-network of the part ensemble.

Section III-C1 and Figure 6 of the paper of
:mod:`fer_lib.models.part_ensemble`, which lists the departures.
"""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.landmarks import FIVE_PARTS
from fer_lib.models.network import Network, check_choice
from fer_lib.preprocessing import Preprocessing

# Half-open ranges of the 68 landmarks, in the order of equation (4).
PARTS = {
    **{part: FIVE_PARTS[part] for part in ("eyebrows", "eyes", "nose", "mouth", "jaw")},
    "full": (0, 68),
}
POOLINGS = ("keras", "symmetric")
BLOCKS = 4


class MaxPool(nn.MaxPool2d):
    """3 x 3 maximum by steps of 2: ``[B, C, H, W]`` to half, rounded up.

    Args:
        pooling: ``"keras"``, as TensorFlow pads ``same``: at the right and
            bottom of even sides, at both ends of odd ones; ``"symmetric"``:
            always at both ends.
    """

    def __init__(self, pooling: str = "keras"):
        super().__init__(3, stride=2, padding=1)
        check_choice("part ensemble", "pooling", pooling, POOLINGS)
        self.pooling = pooling

    def forward(self, x: Tensor) -> Tensor:
        """Maxima; what lies outside the map never wins."""
        if self.pooling == "symmetric":
            return super().forward(x)
        # With ceil_mode the last window of an even side hangs over by one.
        # Numbers also where a tracer follows, to which a side is a tensor.
        padding = [int(side) % 2 for side in x.shape[-2:]]
        return F.max_pool2d(x, 3, 2, padding, ceil_mode=True)


class Extractor(nn.Module):
    """Four blocks, each with its pooling, then the mean over positions.

    Args:
        width: channels of the first block; each next one doubles them.
        pooling: one of :data:`POOLINGS`.
    """

    def __init__(self, *, width: int = 16, pooling: str = "keras"):
        super().__init__()
        channels = [3, *(width * 2**i for i in range(BLOCKS))]
        self.blocks = nn.ModuleList(_block(*pair) for pair in pairwise(channels))
        self.pool = MaxPool(pooling)
        self.out_features = channels[-1]
        self.frozen_statistics = False

    def forward(self, x: Tensor) -> Tensor:
        """Features ``[B, 8 width]`` of faces ``[B, 3, H, W]``."""
        for block in self.blocks:
            x = self.pool(block(x))
        return x.mean((2, 3))

    def freeze(self, *, weights: bool, statistics: bool) -> None:
        """What training leaves alone until the next call.

        Nothing in stage 1 of the paper, both in stage 2, and in stage 3, as
        the notebook builds its model, ``statistics`` alone.

        Args:
            weights: whether parameters get no gradient.
            statistics: whether batch normalisation uses and keeps its
                running mean and variance in training mode too.
        """
        self.requires_grad_(not weights)
        self.frozen_statistics = statistics
        self.train(self.training)

    def train(self, mode: bool = True) -> "Extractor":
        """As torch's, but frozen normalisations stay in evaluation mode."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d) and self.frozen_statistics:
                module.eval()
        return self


class HeadedExtractor(Network):
    """An extractor, and a head of dense layers that ends in ``outputs``.

    Args:
        depth: dense layers of the head.
        outputs: neurons of the last one.
        input_size: as for :class:`~fer_lib.models.part_ensemble.PartEnsemble`,
            and so the rest, with its errors.
    """

    NAME = "part ensemble"

    def __init__(
        self,
        depth: int,
        outputs: int,
        *,
        input_size: int = 160,
        width: int = 16,
        head_relu: bool = False,
        pooling: str = "keras",
    ):
        super().__init__()
        if input_size < 2**BLOCKS:
            raise FerError(
                f"{self.NAME}: input_size is {input_size}, expected {2**BLOCKS} "
                "pixels or more."
            )
        self.input = Preprocessing(input_size, 3, mean=0.5, std=0.5)
        self.extractor = Extractor(width=width, pooling=pooling)
        hidden = self.extractor.out_features
        self.head = _head([*[hidden] * depth, outputs], head_relu)

    def features(self, x: Tensor) -> Tensor:
        """``[B, 8 width]``, what the last dense layer sees of faces."""
        self.check_faces(x)
        return self.head[:-1](self.extractor(x))

    def forward(self, x: Tensor) -> Tensor:
        """``[B, outputs]`` of faces ``[B, 3, size, size]``."""
        return self.head[-1](self.features(x))

    def cam_layers(self) -> dict[str, nn.Module]:
        """The last block: ``[B, 8 width, 20, 20]`` at 160 pixels.

        The paper says "last convolutional layer"; these are its maps after
        batch normalisation and ReLU, before the pooling.
        """
        return {"last block": self.extractor.blocks[-1]}


class Localiser(HeadedExtractor):
    """Landmarks of one part; it returns coordinates, not class scores.

    ``forward`` gives ``[B, z]`` as :func:`landmark_targets` has them; ``part``
    is one of :data:`PARTS`.
    """

    def __init__(self, part: str = "full", **options):
        check_choice(self.NAME, "part", part, PARTS)
        start, end = PARTS[part]
        super().__init__(2, 2 * (end - start), **options)
        self.part = part


class SubNetwork(HeadedExtractor):
    """One member of the ensemble: faces to scores ``[B, num_classes]``."""

    def __init__(self, *, num_classes: int = 7, **options):
        super().__init__(3, num_classes, **options)


def landmark_targets(points: Tensor, part: str, size: int) -> Tensor:
    """What a localiser should return.

    Args:
        points: the 68 landmarks ``[B, 68, 2]``, x and y in pixels.
        part: one of :data:`PARTS`.
        size: side of the faces in pixels.

    Returns:
        ``[B, z]``: x0, y0, x1, y1, ..., in 0..1 for points on the face; z is
        20, 24, 18, 40, 34 or 136.
    """
    check_choice("part ensemble", "part", part, PARTS)
    start, end = PARTS[part]
    return points[:, start:end].flatten(1) / size


def landmark_points(outputs: Tensor, size: int) -> Tensor:
    """Pixel positions ``[B, z / 2, 2]`` of a localiser's ``[B, z]``."""
    return outputs.unflatten(1, (-1, 2)) * size


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """Two convolutions that keep the size, with Keras' normalisation."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        convolution = nn.Conv2d(channels, outputs, 3, padding=1)
        nn.init.kaiming_uniform_(convolution.weight, nonlinearity="relu")
        nn.init.zeros_(convolution.bias)
        norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)
        layers += [convolution, norm, nn.ReLU()]
    return nn.Sequential(*layers)


def _head(sizes: list[int], relu: bool) -> nn.Sequential:
    """Dense layers of these sizes, the last one without activation."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layer = nn.Linear(inputs, outputs)
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.ReLU()] if relu else [layer]
    return nn.Sequential(*(layers[:-1] if relu else layers))
