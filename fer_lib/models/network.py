"""What every network here has in common."""

import difflib
import math
from collections.abc import Iterable
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.losses.inputs import full_precision
from fer_lib.preprocessing import Preprocessing

RENDERED_ONLY = "rendered faces only"  # how such a provenance begins


class Stated(NamedTuple):
    """What a paper prints about the size of a network; None for nothing."""

    parameters: float | None
    gflops: float | None  #: 2 x multiply-accumulates of one face, in 1e9
    where: str  #: the place in the paper


class Network(nn.Module):
    """Base of the papers' networks.

    A subclass sets :attr:`input`, and gives ``forward``, which returns class
    scores ``[B, num_classes]``, or a named tuple whose field ``logits`` they
    are; see :func:`logits_of`.

    Attributes:
        NAME: what messages call it.
        PRESETS: options of the constructor, by preset (``smoke``,
            ``student``, ``reduced``, ``paper``); they change sizes only.
        VARIANTS: options by variant, ``default`` first.
        STATED: the paper's own figures, by variant.
        input: what it expects of faces.
        options: with which it was made, and ``build(name, **options)`` makes
            it again.
        classes: names of its scores, in their order.
        provenance: what it was trained on, ``"untrained"`` at first.
        about: what a file that it was loaded from tells besides.
        temperature: its class scores are divided by it where they become
            probabilities that are shown; 1 until it is fitted, see
            :func:`fer_lib.evaluation.calibration.temperature`.  ``forward``
            knows nothing of it.
        regions_per_face: pictures of that size that it makes of one face.
    """

    NAME: ClassVar[str]
    PRESETS: ClassVar[dict[str, dict]]
    VARIANTS: ClassVar[dict[str, dict]] = {"default": {}}
    STATED: ClassVar[dict[str, Stated]] = {}
    input: Preprocessing
    regions_per_face = 1
    options: dict
    classes: tuple[str, ...]
    provenance: str
    about: dict
    temperature: float = 1.0

    def __new__(cls, *args, **options):
        network = super().__new__(cls)
        count = options.get("num_classes", 7)
        known = EXPRESSIONS if count <= len(EXPRESSIONS) else map(str, range(count))
        network.__dict__ |= {
            "options": options,
            "classes": tuple(known)[:count],
            "provenance": "untrained",
            "about": {},
        }
        return network

    @property
    def rendered_only(self) -> bool:
        """Whether it was trained on rendered faces alone."""
        return self.provenance.startswith(RENDERED_ONLY)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer sees, ``[B, D]``, of faces ``[B, C, H, W]``."""
        raise NotImplementedError

    def cam_layers(self) -> dict[str, nn.Module]:
        """Where Grad-CAM should look: layers by what they look at.

        Their outputs are maps ``[B, C, h, w]``.  One entry for most
        networks, one a branch or part for ensembles.
        """
        raise NotImplementedError

    def check_faces(self, x: Tensor) -> None:
        """Refuse what is not ``[B, channels, size, size]``."""
        size, channels = self.input.size, self.input.channels
        if x.ndim != 4 or x.shape[1:] != (channels, size, size):
            raise FerError(
                f"{self.NAME} takes [B, {channels}, {size}, {size}], found "
                f"{list(x.shape)}; resize first."
            )


def logits_of(output: Tensor | tuple) -> Tensor:
    """Class scores ``[B, num_classes]`` of what a network returned."""
    return output if isinstance(output, Tensor) else output.logits


def memory_format(
    device: torch.device, precision: str = "float32"
) -> torch.memory_format:
    """How the weights of a network and its faces had best lie in memory."""
    # On CPUs channels_last takes 0.4 to 1.0 of the time of contiguous maps, in
    # float32 and bf16.  GPUs want it for tensor cores, which do not take float32.
    if device.type == "cuda" and precision == "float32":
        return torch.contiguous_format
    return torch.channels_last


def log_mean_probability(branches: Tensor) -> Tensor:
    """One score for several learners: the mean of their probabilities.

    Args:
        branches: class scores of M learners, ``[B, M, num_classes]``.

    Returns:
        ``[B, num_classes]``, logarithms of probabilities that sum to one;
        their arg-max is that of the summed softmax vectors.
    """
    shares = full_precision(branches).log_softmax(-1)
    return shares.logsumexp(1) - math.log(branches.shape[1])


class Scores(nn.Module):
    """A network that returns its class scores and nothing else.

    For what expects a tensor: captum, most tools.

    Example:
        >>> import torch
        >>> from fer_lib.models import build
        >>> network = Scores(build("ramn", preset="smoke").eval())
        >>> network(torch.zeros(2, 3, 48, 48)).shape
        torch.Size([2, 7])
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, faces: Tensor) -> Tensor:
        """Class scores ``[B, classes]`` of faces ``[B, C, H, W]``."""
        return logits_of(self.network(faces))


def check_choice(network: str, name: str, value: object, known: Iterable) -> None:
    """Refuse a value that is none of the known ones."""
    if value not in known:
        names = list(map(str, known))
        near = difflib.get_close_matches(str(value), names, 1)
        raise FerError(
            f"{network}: {name} is '{value}', expected one of {', '.join(names)}"
            + (f"; did you mean '{near[0]}'?" if near else ".")
        )
