"""Part ensemble: five small networks that first learn facial landmarks.

R. Wadhawan, T. K. Gandhi, "Landmark-Aware and Part-based Ensemble Transfer
Learning Network for Facial Expression Recognition from Static images", IEEE
Transactions on Artificial Intelligence, 2022, doi:10.1109/TAI.2022.3172272,
arXiv:2104.11274.  Implements Section III-C and equations (2), (3) and (4);
the layers are in :mod:`fer_lib.models.part_network`.  Equation (1) is
:func:`fer_lib.losses.landmark_l1`, (5) and (6) are in
:mod:`fer_lib.explain.grad_cam`, (7) to (9) in :mod:`ferbook.ledger.arithmetic.flops`.

Where the paper, the authors' notebook (the one repository of that title,
github.com/rohan598) and this file differ:

* The paper prints no widths; the notebook's 16, 32, 64 and 128 give the
  printed 0.29 M, 0.33 M and 1.65 M (the latter two with the moving averages
  of batch normalisation, as Keras counts).
* ``head_relu``: the paper names no activation between the dense layers of a
  head; the notebook has none, so that a head is one affine map.
* ``pooling``: the paper gives neither window nor padding; the notebook pools
  3 x 3 by 2 with Keras' ``same`` padding.  torch's usual padding by one
  shifts every window by a pixel.
* Of batch normalisation in fine-tuning the paper says nothing; the notebook
  keeps its statistics: :meth:`PartEnsemble.freeze`.
* The printed 0.025 M for a localisation head of 136 outputs is 34,056;
  25,284 would be 68 outputs, one a point.  The printed 6.3 MB of a
  sub-network are those of all five, and 31.5 MB counts them twice.
* ``logits`` are the logarithm of the mean probability, where equation (4)
  has the sum: the same label, and a distribution.
* Classes are in the book's order; the paper's is alphabetical.
"""

import copy
from collections.abc import Iterable
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.models.network import Network, Stated, check_choice, log_mean_probability
from fer_lib.models.part_network import Localiser, SubNetwork
from fer_lib.preprocessing import Preprocessing

# What the localisers learned from which the five sub-networks start.
KINDS = {
    "parts": ("eyebrows", "eyes", "nose", "mouth", "jaw"),
    "full_transfer": ("full",) * 5,
    "baseline": (),
}
MEMBERS = 5


class EnsembleOutput(NamedTuple):
    """What the ensemble returns.

    Attributes:
        logits: logarithm of the mean probability, ``[B, num_classes]``.
        branches: scores of the sub-networks, ``[B, 5, num_classes]``.
    """

    logits: Tensor
    branches: Tensor


class Localisers(nn.ModuleList):
    """Networks of landmarks that see the same faces."""

    regions_per_face = 1

    @property
    def input(self) -> Preprocessing:
        """What all of them expect of faces."""
        return self[0].input

    def forward(self, x: Tensor) -> list[Tensor]:
        """The outputs ``[B, z]`` of each for faces ``[B, 3, size, size]``."""
        return [localiser(x) for localiser in self]


class PartEnsemble(Network):
    """Five sub-networks that see the whole face and add their probabilities.

    Args:
        num_classes: number of expressions (CK+: 8, JAFFE and SFEW: 7).
        input_size: height and width of faces in pixels, 16 or more.
        width: channels of the first block; heads have eight times as many.
        kind: one of :data:`KINDS`: the part ensemble, the Full Transfer
            Learning network or the Baseline network.  Their layers agree;
            what their extractors start from does not.
        head_relu: whether ReLU follows the heads' dense layers but the last.
        pooling: ``"keras"`` or ``"symmetric"``; see
            :class:`~fer_lib.models.part_network.MaxPool`.
        keep_localisers: whether it keeps the localisers from which it starts,
            so that what fine-tuning did to the landmarks can be told from its
            weights alone (figure 10).

    Attributes:
        originals: the localisers, one a sub-network; none for the Baseline,
            or unless kept.  They take no part in ``forward``, and count as
            parameters only while the landmark stage trains them.
        parts: what the sub-networks start from, in their order.
        members: names of the sub-networks: ``mouth``, or ``baseline_1``.

    Raises:
        FerError: for an unknown reading or an impossible size.
    """

    NAME = "part ensemble"
    PRESETS: ClassVar = {
        "smoke": {"input_size": 48, "width": 4},
        "small": {"input_size": 48, "width": 8},
        "student": {"input_size": 80, "width": 8},
        "reduced": {"input_size": 96},
        "paper": {},
    }
    VARIANTS: ClassVar = {
        "default": {},
        "full_transfer": {"kind": "full_transfer"},
        "baseline": {"kind": "baseline"},
        "relu_heads": {"head_relu": True},
        "symmetric_pooling": {"pooling": "symmetric"},
    }
    STATED: ClassVar = {
        "default": Stated(1.65e6, 2.775, "Section IV-E, eight classes"),
    }

    def __init__(
        self,
        *,
        num_classes: int = 7,
        input_size: int = 160,
        width: int = 16,
        kind: str = "parts",
        head_relu: bool = False,
        pooling: str = "keras",
        keep_localisers: bool = False,
    ):
        super().__init__()
        check_choice(self.NAME, "kind", kind, KINDS)
        self.kind, self.parts = kind, KINDS[kind]
        part = {
            "input_size": input_size,
            "width": width,
            "head_relu": head_relu,
            "pooling": pooling,
        }
        self.sub_networks = nn.ModuleList(
            SubNetwork(num_classes=num_classes, **part) for _ in range(MEMBERS)
        )
        self.input = self.sub_networks[0].input
        kept = self.parts if keep_localisers else ()
        self.originals = Localisers(Localiser(name, **part) for name in kept)
        self.originals.requires_grad_(False)
        self.members = tuple(name.replace(" ", "_") for name in self.cam_layers())

    def forward(self, x: Tensor) -> EnsembleOutput:
        """Scores of faces ``[B, 3, size, size]``."""
        self.check_faces(x)
        scores = [network(x) for network in self.sub_networks]
        branches = torch.stack(scores, 1)  # [B, 5, num_classes]
        return EnsembleOutput(log_mean_probability(branches), branches)

    def features(self, x: Tensor) -> Tensor:
        """``[B, 5 * 8 width]``: the features of the sub-networks in a row."""
        return torch.cat([network.features(x) for network in self.sub_networks], 1)

    def cam_layers(self) -> dict[str, nn.Module]:
        """The last block of each sub-network, by part or by number.

        The paper's maps are gradients of the sub-network's own score: give
        a member of ``sub_networks`` to Grad-CAM.  Through the ensemble's
        logits a gradient also weighs how sure the five are.
        """
        names = KINDS["parts"]
        if self.kind != "parts":
            names = [f"{self.kind} {i + 1}" for i in range(len(names))]
        layers = [n.cam_layers()["last block"] for n in self.sub_networks]
        return dict(zip(names, layers, strict=True))

    def begin_landmarks(self) -> None:
        """Stage 1 of section III-D: only the localisers learn."""
        self.originals.requires_grad_(True)

    def begin_heads(self) -> None:
        """Stage 2: the heads learn on what the localisers see."""
        self.originals.requires_grad_(False)
        self.start_from(self.originals)
        self.freeze(weights=True, statistics=True)

    def start_from(self, localisers: Iterable[Localiser]) -> None:
        """Let every sub-network start from the extractor of its localiser.

        Raises:
            FerError: when parts or order are not those of this ensemble.
        """
        localisers = list(localisers)
        found = tuple(localiser.part for localiser in localisers)
        if found != self.parts:
            raise FerError(
                f"{self.NAME}: localisers of {_listed(found)}, kind "
                f"'{self.kind}' expects {_listed(self.parts)}."
            )
        # There are none for the Baseline.
        for localiser, network in zip(localisers, self.sub_networks, strict=False):
            network.extractor.load_state_dict(localiser.extractor.state_dict())

    def freeze(self, *, weights: bool, statistics: bool) -> None:
        """As :meth:`.part_network.Extractor.freeze`, all extractors."""
        for network in self.sub_networks:
            network.extractor.freeze(weights=weights, statistics=statistics)

    def tuned(self) -> Localisers:
        """The original heads on the extractors as they are now.

        Figure 10 compares their landmarks with those of ``originals``.
        """
        tuned = copy.deepcopy(self.originals)
        for localiser, network in zip(tuned, self.sub_networks, strict=False):
            localiser.extractor.load_state_dict(network.extractor.state_dict())
        return tuned.train(self.training)


def branch_cross_entropy(branches: Tensor, labels: Tensor) -> Tensor:
    """Equation (2) of the paper, mean over faces, summed over sub-networks.

    The sub-networks share no parameter, so the gradient of the sum trains
    each as if it were alone.

    Args:
        branches: scores of the sub-networks, ``[B, M, num_classes]``.
        labels: ``int64 [B]``.

    Returns:
        A scalar, zero or more.
    """
    pairs = labels[:, None].expand(branches.shape[:2])  # [B, M]
    mean = F.cross_entropy(branches.flatten(0, 1), pairs.flatten())
    return mean * branches.shape[1]


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts) or "none"
