"""Landmarks, from which the part ensemble's sub-networks learn to look.

R. Wadhawan, T. K. Gandhi, 2022 (see :mod:`fer_lib.models.part_ensemble`),
sections III-B, III-D2 and IV-B.  Where a data set has landmarks, these are
taken; else dlib's trees fit them, as in the paper.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.files import cache_dir
from fer_lib.losses.landmarks import landmark_l1
from fer_lib.models.part_ensemble import KINDS, PartEnsemble, with_original_head
from fer_lib.models.part_network import landmark_targets
from fer_lib.photos.ert import LANDMARKER
from fer_lib.photos.preparation import Preparation, prepare
from fer_lib.preprocessing import Preprocessing

# dlib's points are whole pixels, too coarse on faces of 48; section III-B
# fits them at 160, where all of the crop is the face's rectangle.
FITTED_ON = Preparation(size=160, detect=False, landmarks="crop")


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


class TransferEnsemble(PartEnsemble):
    """A part ensemble that keeps the localisers from which it started.

    So what fine-tuning did to the landmarks can be told from its weights
    alone (figure 10).  The localisers take no part in ``forward``; only the
    landmark stage trains them, and they do not count as parameters after.

    Attributes:
        originals: one localiser a sub-network; none for the Baseline.
    """

    def __init__(self, **options):
        super().__init__(**options)
        self.originals = Localisers(self.localisers())
        self.originals.requires_grad_(False)

    @property
    def parts(self) -> tuple[str, ...]:
        """What the sub-networks start from, in their order."""
        return KINDS[self.kind]

    @property
    def members(self) -> tuple[str, ...]:
        """Names of the sub-networks: ``mouth``, or ``baseline_1``."""
        return tuple(name.replace(" ", "_") for name in self.cam_layers())

    def begin_landmarks(self) -> None:
        """Stage 1: only the localisers learn."""
        self.originals.requires_grad_(True)

    def begin_heads(self) -> None:
        """Stage 2: the heads learn on what the localisers see."""
        self.originals.requires_grad_(False)
        self.start_from(self.originals)
        self.freeze(weights=True, statistics=True)

    def tuned(self) -> Localisers:
        """The original heads on the extractors as they are now."""
        pairs = zip(self.sub_networks, self.originals, strict=False)
        tuned = Localisers(with_original_head(*pair) for pair in pairs)
        return tuned.train(self.training)


def landmark_loss(
    localisers: Localisers, outputs: list[Tensor], points: Tensor, size: int
) -> Tensor:
    """Equation (1), summed over localisers, which share no parameter.

    Args:
        localisers: their parts say which points are wanted.
        outputs: what they returned, ``[B, z]`` each.
        points: the 68 landmarks ``[B, 68, 2]`` in pixels.
        size: side of the faces in pixels.
    """
    losses = [
        landmark_l1(output, landmark_targets(points, localiser.part, size))
        for localiser, output in zip(localisers, outputs, strict=True)
    ]
    return torch.stack(losses).sum()


def landmarks_seen(faces: FaceSet, size: int) -> Tensor:
    """Landmarks ``[n, 68, 2]`` in pixels of faces resized to ``size``."""
    height, width = faces.images.shape[2:]
    scale = torch.tensor([size / width, size / height])
    # Centres of pixels stand at whole numbers.
    return (torch.as_tensor(faces.landmarks) + 0.5) * scale - 0.5


def annotated(faces: FaceSet) -> FaceSet:
    """The same faces with landmarks: their own, or else those of dlib's trees.

    Fitted ones are kept below ``cache_dir()``.  The trees always answer,
    on pictures without a face too.

    Raises:
        FerError: when they cannot be fitted, or the kept ones are damaged.
    """
    if faces.landmarks is not None:
        return faces
    path = cache_dir() / "landmarks" / f"{faces.sha256[:16]}-{FITTED_ON.size}.npz"
    if path.exists():
        return replace(faces, landmarks=FaceSet.open(path).landmarks)
    found = replace(faces, landmarks=_fitted(faces))
    # The images are in the data set's own file already.
    nothing = np.empty((len(faces), 1, 0, 0), np.uint8)
    replace(found, images=nothing).save(path)
    return found


def _fitted(faces: FaceSet) -> np.ndarray:
    height, width = faces.images.shape[2:]
    scale = np.array([width, height]) / FITTED_ON.size
    points = []
    desc = f"landmarks by {LANDMARKER}"
    for row in tqdm(range(len(faces)), desc=desc, unit="face"):
        fitted = prepare(faces.images[row], FITTED_ON).landmarks
        points.append((fitted + 0.5) * scale - 0.5)
    return np.array(points, np.float32).reshape(-1, 68, 2)


def balanced_rounds(labels: Tensor) -> Tensor:
    """As many of each class in any stretch: rounds of one a class.

    A draw (:mod:`ferbook.training.draws`) of n faces.  A class that is used
    up begins again, in another order; of large ones not all are drawn.
    """
    classes = labels.unique()
    rounds = -(-len(labels) // len(classes))
    drawn = []
    for label in classes:
        rows = (labels == label).nonzero()[:, 0]
        passes = -(-rounds // len(rows))
        shuffled = [rows[torch.randperm(len(rows))] for _ in range(passes)]
        drawn.append(torch.cat(shuffled)[:rounds])
    table = torch.stack(drawn, 1)  # [rounds, classes]
    order = torch.rand(table.shape).argsort(1)
    return table.gather(1, order).flatten()[: len(labels)]
