"""What each paper's network alone can be asked, face by face.

Every function gives values ``[N, ...]`` by name: one number a face, a row of
numbers with the names of its columns, or maps (two dimensions or more).  A
value that is not a number leaves a face out of its mean.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.explain.attention import (
    cbam_attention,
    lacks_attention,
    region_weights,
    sampled_windows,
)
from fer_lib.explain.inputs import collected
from fer_lib.explain.landmarks import landmark_drift, landmark_errors
from fer_lib.explain.masking import masking
from fer_lib.models.deep_emotion import DeepEmotion
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.models.diversified_manet import DiversifiedMANet
from fer_lib.models.network import Network
from fer_lib.models.part_ensemble import PartEnsemble
from fer_lib.models.part_network import PARTS
from fer_lib.models.ramn import RAMN
from fer_lib.models.residual_masking import MaskingBlock, ResidualMaskingNetwork
from ferbook.analysis.maps import BATCH, alike, between

UNTRAINED = ".untrained"  # ends the name of what the control says
TRANSFORM = ("width", "height", "shear", "rotation", "right", "down")
CORNERS = ("upper left", "upper right", "lower right", "lower left")
MASKS = ("over channels", "over positions", "near 1 / C", "entropy")


@dataclass
class Own:
    """What a network was asked.

    Attributes:
        values: ``[N, ...]`` by name.
        columns: names of the columns of values ``[N, K]``.
        sentences: why something could not be asked.
    """

    values: dict[str, np.ndarray] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)

    def add(self, values: Mapping[str, np.ndarray], columns: tuple[str, ...]) -> None:
        """Take values with columns of these names."""
        self.values |= values
        self.columns |= dict.fromkeys(values, columns)


class Subject(NamedTuple):
    """Who is asked about what.

    Attributes:
        network: to ask.
        untrained: one of the same shape, the control.
        faces: N with landmarks, labelled by the network's classes.
        trusted: ``bool [N]``, faces whose landmarks count.
        control: rows of the faces that the untrained one is asked about.
        bar: is told of every pass of a face.
    """

    network: Network
    untrained: Network
    faces: FaceSet
    trusted: np.ndarray
    control: np.ndarray
    bar: tqdm

    def of_both(self, read: Callable[[Network, np.ndarray], dict]) -> dict:
        """What is read of both networks' pictures, ``[N, ...]`` by name.

        Names of what the untrained one says end in :data:`UNTRAINED`; of faces
        that it was not asked about, it is not a number.
        """
        found = self.read(self.network, self.faces.images, read)
        told = self.read(self.untrained, self.faces.images[self.control], read)
        ends = {
            name + UNTRAINED: self.scattered(v, self.control)
            for name, v in told.items()
        }
        return found | ends

    def read(self, network: Network, images: np.ndarray, read: Callable) -> dict:
        """What is read of pictures, a few at a time."""
        found: dict[str, list] = {}
        for start in range(0, len(images), BATCH):
            part = images[start : start + BATCH]
            for name, values in read(network, part).items():
                found.setdefault(name, []).append(values)
            self.bar.update(len(part))
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def scattered(self, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Values of some faces as values of all, not a number for the others."""
        found = np.full((len(self.faces), *values.shape[1:]), np.nan)
        found[rows] = values
        return found


def asked(subject: Subject) -> Own:
    """Everything that a network of this kind can be asked."""
    own = Own()
    if ask := _ASKED.get(type(subject.network)):
        ask(own, subject)
    return own


def masks(own: Own, subject: Subject) -> None:
    """Maps around each masking block, and how far its mask is from constant.

    ``masking.before.K``, ``.after.K`` and ``.gain.K`` are maps of layer K, means
    over channels; ``masking.mask.K`` are :func:`mask_statistics`; and
    ``masking.same_without`` is whether 1 / C in place of every mask changes
    nothing in what is read.
    """
    if not all(isinstance(one, MaskingBlock) for one in subject.network.masking):
        own.sentences.append("Its masks are the same number everywhere.")
        return

    def maps(network: ResidualMaskingNetwork, images: np.ndarray) -> dict:
        told = masking(network, images)
        found = {"masking.same_without": told.predicted == told.control}
        for kind in ("before", "after", "gain"):
            layers = zip(told.names, getattr(told, kind), strict=True)
            found |= {f"masking.{kind}.{name}": values for name, values in layers}
        return found

    def statistics(network: ResidualMaskingNetwork, images: np.ndarray) -> dict:
        def read(x: Tensor, rows: slice) -> tuple[Tensor, ...]:
            return tuple(mask_statistics(one) for one in network.masks(x))

        told = collected(network, images, read)
        return {f"masking.mask.layer {k}": v.numpy() for k, v in enumerate(told, 1)}

    own.values |= subject.read(subject.network, subject.faces.images, maps)
    own.add(subject.of_both(statistics), MASKS)


def mask_statistics(mask: Tensor) -> Tensor:
    """How far masks ``[B, C, h, w]`` are from 1 / C everywhere, ``[B, 4]``.

    As :data:`MASKS` names them: the standard deviation over channels, in
    multiples of the mean of a position, and over positions, likewise of a
    channel, both means; the share of values between half of 1 / C and twice
    that; and the entropy over channels as a share of the largest, for which a
    position's values are scaled to a sum of one.
    """
    shares = mask / mask.sum(1, keepdim=True)
    multiples = shares * mask.shape[1]
    entropy = torch.special.entr(shares).sum(1) / np.log(mask.shape[1])
    over_positions = mask.flatten(2).std(2, correction=0) / mask.mean((2, 3))
    near = (multiples >= 0.5) & (multiples <= 2)
    return torch.stack(
        [
            multiples.std(1, correction=0).mean((1, 2)),
            over_positions.mean(1),
            near.float().mean((1, 2, 3)),
            entropy.mean((1, 2)),
        ],
        1,
    )


def regions(own: Own, subject: Subject) -> None:
    """RAMN's theta, ``regions.theta``, 0 to 1, and ``regions.whole_first``:
    whether the whole face has the largest."""
    if len(subject.network.boxes) == 1:
        own.sentences.append("It has one region alone, so there is none to prefer.")
        return

    def theta(network: RAMN, images: np.ndarray) -> dict:
        return {"regions.theta": region_weights(network, images).weights}

    told = subject.of_both(theta)
    own.add(told, region_weights(subject.network, subject.faces.images[:1]).names)
    first = (told["regions.theta"].argmax(1) == 0).astype(float)
    own.values["regions.whole_first"] = first


def window(own: Own, subject: Subject) -> None:
    """Deep-Emotion's window: ``window.transform`` as of :data:`TRANSFORM`,
    ``window.corners`` as shares of the side, ``window.area`` of the face's.

    There is no control: untrained, the window is the whole face, as it starts.
    """
    if subject.network.warp == "none":
        own.sentences.append("It was built without its transformer.")
        return

    def read(network: DeepEmotion, images: np.ndarray) -> dict:
        told = sampled_windows(network, images)
        corners = told.corners.reshape(len(images), -1)
        return {"theta": told.theta, "corners": corners, "area": told.areas}

    told = subject.read(subject.network, subject.faces.images, read)
    corners = tuple(f"{place}, {axis}" for place in CORNERS for axis in "xy")
    own.add({"window.transform": transforms(told["theta"])}, TRANSFORM)
    own.add({"window.corners": told["corners"]}, corners)
    own.values["window.area"] = told["area"]


def transforms(theta: np.ndarray) -> np.ndarray:
    """Affine transforms ``[N, 2, 3]`` taken apart, ``[N, 6]`` as of :data:`TRANSFORM`.

    A window is scaled (1: as the face), sheared, turned (degrees, clockwise as
    seen) and moved (shares of the face's side), in that order: the 2 x 2 part is
    a rotation times ``[[width, shear], [0, height]]``.  Not a number where the
    window has no width.
    """
    (a, b), (c, d) = np.moveaxis(theta[:, :, :2].astype(np.float64), 0, -1)
    width = np.hypot(a, c)
    with np.errstate(divide="ignore", invalid="ignore"):
        shear, height = (a * b + c * d) / width, (a * d - b * c) / width
    rotation = np.where(width > 0, np.degrees(np.arctan2(c, a)), np.nan)
    right, down = theta[:, :, 2].T / 2  # a side is two long
    return np.stack([width, height, shear, rotation, right, down], 1)


def branches(own: Own, subject: Subject) -> None:
    """``branches.correct``: whether each branch by itself is right.

    Where ESR has attention, its branches' maps of it as :func:`agreements` as
    ``attention`` compares them.
    """
    network, faces = subject.network, subject.faces

    def said(network: Network, images: np.ndarray) -> dict:
        return {"said": _branch_scores(network, images).argmax(-1)}

    told = subject.read(network, faces.images, said)["said"]
    right = (told == faces.labels[:, None]).astype(float)
    own.add({"branches.correct": right}, tuple(network.cam_layers()))
    if not isinstance(network, DiversifiedESR) or lacks_attention(network):
        return

    def spatial(network: DiversifiedESR, images: np.ndarray) -> dict:
        return {"": np.stack(cbam_attention(network, images).spatial, 1)}

    for end, maps in subject.of_both(spatial).items():
        own.values |= agreements("attention", maps, end)


def _branch_scores(network: Network, images: np.ndarray) -> np.ndarray:
    """Class scores of each branch, ``[N, L, classes]``."""

    def read(x: Tensor, rows: slice) -> tuple[Tensor]:
        output = network(x)
        if isinstance(network, DiversifiedMANet):
            return (torch.stack([output.local, output.global_], 1),)
        return (output.branches,)

    return collected(network, images, read)[0].numpy()


def agreements(name: str, maps: np.ndarray, end: str = "") -> dict[str, np.ndarray]:
    """Correlation of the maps ``[N, L, h, w]`` of two learners, mean over pairs.

    ``<name>.agreement``, and ``<name>.agreement.other_face`` where the second
    map of a pair is that of the face before: what maps that do not depend on the
    face would agree by.
    """
    before = np.roll(maps, 1, 0)
    return {
        f"{name}.agreement{end}": between(alike(maps)),
        f"{name}.agreement.other_face{end}": between(alike(maps, before)),
    }


def landmarks(own: Own, subject: Subject) -> None:
    """Errors of each part's landmarks, shares of the side (equation 1).

    ``landmarks.before`` and ``landmarks.after`` fine-tuning by the same heads,
    ``landmarks.rise`` their difference, and ``landmarks.mean_face`` of points
    that are the mean of all faces.  Of faces whose landmarks count.
    """
    rows = np.flatnonzero(subject.trusted)
    if not len(subject.network.originals):
        own.sentences.append(
            "It was saved without its localisers, so what fine-tuning did to the "
            "landmarks cannot be told."
        )
        return
    if not len(rows):
        own.sentences.append("No face was found in any photograph, so no landmark.")
        return
    drift = landmark_drift(subject.network, subject.faces.select(rows))
    mean = np.broadcast_to(drift.truth.mean(0), drift.truth.shape)
    still = [mean[:, slice(*PARTS[part])] for part in drift.parts]
    before, after = drift.errors_before.absolute, drift.errors_after.absolute
    told = {
        "before": before,
        "after": after,
        "rise": after - before,
        "mean_face": landmark_errors(still, drift.parts, drift.truth).absolute,
    }
    for name, errors in told.items():
        values = subject.scattered(errors, rows)
        own.add({f"landmarks.{name}": values}, drift.names)


def parts(own: Own, subject: Subject) -> None:
    """:func:`branches` and :func:`landmarks`."""
    branches(own, subject)
    landmarks(own, subject)


_ASKED: dict[type[Network], Callable[[Own, Subject], None]] = {
    ResidualMaskingNetwork: masks,
    RAMN: regions,
    DeepEmotion: window,
    DiversifiedESR: branches,
    DiversifiedMANet: branches,
    PartEnsemble: parts,
}
