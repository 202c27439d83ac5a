"""What the networks' own attention says.

None of it is about a class, but for the branches of the part ensemble.  As
heat maps (:func:`attention`):

* Residual Masking: what the third mask, that of the paper's Figure 1, adds
  to the maps it multiplies, as a share of them.  At 64 pixels it has 4 x 4
  positions; the last one has 2 x 2.
* RAMN: at each pixel the mean weight theta of the regions that hold it, so
  that equal weights give an even map.
* ESR and MA-Net: the spatial attention of the last CBAM, ESR's as the mean
  over branches, MA-Net's as four quadrants.
* Deep-Emotion: the window that the transformer samples, one inside and zero
  outside.  A transformer of the features works on their positions, which
  leave out some pixels at the edges.
* Part ensemble: on the pixels of each part how sure its branch is of the
  class.  The branches see the whole face; that each looks at its part is the
  paper's reading.

:func:`region_weights`, :func:`cbam_attention`, :func:`sampled_windows` and
:mod:`fer_lib.explain.masking` tell everything about one kind.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fer_lib.crops import crop_names
from fer_lib.errors import FerError
from fer_lib.explain.inputs import Images, collected, ready
from fer_lib.explain.placing import (
    Place,
    enlarge,
    esr_place,
    mean_on_boxes,
    unwarped,
)
from fer_lib.explain.shapley import FACIAL_PARTS, known_parts
from fer_lib.models.cbam import CBAM
from fer_lib.models.deep_emotion import DeepEmotion
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.models.diversified_manet import DiversifiedMANet
from fer_lib.models.network import Network
from fer_lib.models.part_ensemble import KINDS, PartEnsemble
from fer_lib.models.ramn import RAMN
from fer_lib.models.residual_masking import MaskingBlock, ResidualMaskingNetwork

FIGURE_1 = 2  # index of the masking block that the paper shows
_QUADRANTS: dict[str, Place] = {
    "upper left": (0, 0, 0.5, 0.5),
    "upper right": (0.5, 0, 1, 0.5),
    "lower left": (0, 0.5, 0.5, 1),
    "lower right": (0.5, 0.5, 1, 1),
}
_WITH_CBAM = (DiversifiedESR, DiversifiedMANet)


def attention(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """The network's own attention on each face, zero or more.

    Called as any :class:`~fer_lib.explain.methods.Method`.
    """
    if reason := lacks_attention(network, landmarks is not None):
        raise FerError(
            f"{network.NAME}: no attention to show, {reason}; choose another way."
        )
    unit, wanted = ready(network, images, targets)
    sides = tuple(unit.shape[-2:])
    match network:
        case ResidualMaskingNetwork():
            found = _added_by_mask(network, unit)
        case RAMN():
            maps = torch.tensor(region_weights(network, unit).weights)
            found = mean_on_boxes(maps[..., None, None], network.boxes.cpu(), sides)
        case DeepEmotion():
            theta = torch.tensor(sampled_windows(network, unit).theta)
            found = unwarped(
                torch.ones(len(unit), *sides), theta, network.align_corners
            )
        case PartEnsemble():
            parts = torch.as_tensor(known_parts(network, images, landmarks))
            found = _sure_branches(network, unit, wanted, parts)
        case _:
            told = cbam_attention(network, unit)
            boxes = (torch.tensor(told.places) * unit.shape[-1]).round().long()
            found = mean_on_boxes(torch.tensor(np.stack(told.spatial, 1)), boxes, sides)
    return found.float().cpu().numpy()


def lacks_attention(network: Network, landmarks: bool = True) -> str | None:
    """Why a network has no attention of its own to show, None if it has.

    ``landmarks`` says whether those of the faces are known.
    """
    match network:
        case ResidualMaskingNetwork():
            if not isinstance(network.masking[FIGURE_1], MaskingBlock):
                return "its masks are the same number everywhere"
        case RAMN():
            if len(network.boxes) == 1:
                return "it has one region alone"
        case DiversifiedESR():
            if network.branches[0].last.cbam is None:
                return "it was built without CBAM"
        case DeepEmotion():
            if network.warp == "none":
                return "it was built without its transformer"
        case PartEnsemble():
            if network.kind != "parts":
                return "its branches do not stand for parts"
            if not landmarks:
                return "parts need landmarks"
        case DiversifiedMANet():
            pass
        case _:
            return "it has none"
    return None


def _added_by_mask(network: ResidualMaskingNetwork, images: Tensor) -> Tensor:
    def read(x: Tensor, rows: slice) -> tuple[Tensor]:
        stage = network.stages(x)[FIGURE_1]
        before, added = stage.before.mean(1), (stage.before * stage.mask).mean(1)
        share = torch.where(before > 0, added / before, 0.0)
        return (enlarge(share, x.shape[-2:]),)

    return collected(network, images, read)[0]


def _sure_branches(
    network: PartEnsemble, images: Tensor, targets: Tensor, parts: Tensor
) -> Tensor:
    def read(x: Tensor, rows: slice) -> tuple[Tensor]:
        branches = network(x).branches.softmax(-1)
        own = targets[rows, None, None].expand(-1, branches.shape[1], 1)
        return (branches.gather(-1, own)[..., 0],)

    [sure] = collected(network, images, read)  # [N, 5], in the order of the branches
    order = [KINDS["parts"].index(part) for part in FACIAL_PARTS[:-1]]
    values = torch.cat([sure[:, order], torch.zeros(len(sure), 1)], 1)
    return values.gather(1, parts.flatten(1)).view(parts.shape)


class RegionWeights(NamedTuple):
    """What :func:`region_weights` returns; N faces, R regions.

    Attributes:
        names: of the regions, the whole face first.
        boxes: ``float64 [R, 4]``: left, top, right, bottom as shares 0..1 of
            the face.
        weights: ``float32 [N, R]``, theta 0..1.
        shares: ``float32 [N, R]``, theta over the sum of a face: what a
            region's feature is multiplied with.  1 / R is no preference.
        predicted: ``int64 [N]``.
    """

    names: tuple[str, ...]
    boxes: np.ndarray
    weights: np.ndarray
    shares: np.ndarray
    predicted: np.ndarray


def region_weights(network: RAMN, images: Images) -> RegionWeights:
    """The attention of every face to every region of RAMN.

    L. Cui, Y. Tian, 2021 (:mod:`fer_lib.models.ramn`): theta of equation (1)
    on the boxes of section III.C.
    """

    def read(x: Tensor, rows: slice) -> tuple[Tensor, Tensor]:
        found = network(x)
        return found.weights.float(), found.logits.argmax(1)

    theta, predicted = collected(network, images, read)
    boxes = network.boxes.cpu().double() / network.input.size
    return RegionWeights(
        crop_names(len(boxes) - 1),
        boxes.numpy(),
        theta.numpy(),
        (theta / theta.sum(1, keepdim=True)).numpy(),
        predicted.numpy(),
    )


def crop_features(
    network: RAMN, images: Images, crops: int, scale: float = 1.0
) -> tuple[RAMN, Tensor]:
    """RAMN with so many boxes, of a scale of Figure 3(b), and its F_k of equation
    (1), ``[N, crops + 1, D]``, whole face first."""
    other = network.with_crops(crops, scale)
    return other, collected(other, images, lambda x, _: (other.region_features(x),))[0]


class CBAMAttention(NamedTuple):
    """What :func:`cbam_attention` returns; N faces, an entry a block.

    Attributes:
        names: of the blocks.
        places: left, top, right, bottom of what a block sees, as shares of
            the face; in ESR the middle, see :mod:`fer_lib.explain.placing`.
        spatial: attention over positions 0..1, ``float32 [N, h, w]``.
        channel: attention over channels 0..1, ``float32 [N, C]``.
    """

    names: tuple[str, ...]
    places: tuple[Place, ...]
    spatial: tuple[np.ndarray, ...]
    channel: tuple[np.ndarray, ...]


def cbam_attention(network: Network, images: Images) -> CBAMAttention:
    """Both attentions of the last CBAM of ESR's branches or MA-Net's patches.

    These are what the classifiers see, and in ESR what the diversity is
    about (N. Heidari, A. Iosifidis, 2022; :mod:`fer_lib.models.cbam`).
    """
    if lacks_attention(network) or not isinstance(network, _WITH_CBAM):
        raise FerError(
            f"{network.NAME}: has no CBAM, expected ESR or MA-Net with attention."
        )
    places, told, hooks = _QUADRANTS, [], []
    if isinstance(network, DiversifiedESR):
        place = esr_place(network.input.size)
        places = {f"branch {i + 1}": place for i in range(network.active)}
    else:  # ESR says it itself

        def note(block: CBAM, inputs: tuple[Tensor]) -> None:
            told.append(block.attend(*inputs))

        blocks = [patch[-1][-1].cbam for patch in network.patches]
        hooks = [block.register_forward_pre_hook(note) for block in blocks]

    def read(x: Tensor, rows: slice) -> tuple[Tensor, ...]:
        told.clear()
        output = network(x)
        if not told:
            side = round(output.spatial.shape[-1] ** 0.5)
            return *output.channel, *output.spatial.unflatten(-1, (side, side))
        return *(one.channel for one in told), *(one.spatial[:, 0] for one in told)

    try:
        found = [values.float().numpy() for values in collected(network, images, read)]
    finally:
        for hook in hooks:
            hook.remove()
    channel, spatial = found[: len(places)], found[len(places) :]
    return CBAMAttention(
        tuple(places), tuple(places.values()), tuple(spatial), tuple(channel)
    )


class Windows(NamedTuple):
    """What :func:`sampled_windows` returns of N faces.

    Attributes:
        theta: ``float32 [N, 2, 3]``, from output to input positions in -1..1.
        corners: ``float64 [N, 4, 2]``, x and y as shares of the face, in the
            order of :func:`sampling_window`.
        areas: ``[N]``, share of the face's area.
        warped: ``float32 [N, C, H, W]``, the faces through their windows,
            pixels in 0..1.
    """

    theta: np.ndarray
    corners: np.ndarray
    areas: np.ndarray
    warped: np.ndarray


def sampled_windows(network: DeepEmotion, images: Images) -> Windows:
    """The window that a transformer samples of every face, and what it shows."""

    def read(x: Tensor, rows: slice) -> tuple[Tensor, Tensor]:
        theta = network.theta(x)
        # As the network does it: zero, where nothing is, is no black.
        zero, one = (network.input.normalise(0 * x[:1] + end) for end in (0, 1))
        return theta, (network.transform(x, theta) - zero) / (one - zero)

    (theta, warped), size = collected(network, images, read), network.input.size
    corners = (sampling_window(theta, size, network.align_corners) + 0.5) / size
    seen = warped.clamp(0, 1).numpy()
    return Windows(theta.numpy(), corners, window_area(theta), seen)


def sampling_window(theta: Tensor, size: int, align_corners: bool = True) -> np.ndarray:
    """Corners of the part of a face that a transformer samples.

    Args:
        theta: ``[N, 2, 3]``, from output to input positions in -1..1.
        size: height and width of the face in pixels.
        align_corners: whether -1 and 1 are the centres of the border pixels
            or their outer edges.

    Returns:
        ``float64 [N, 4, 2]``, x and y in pixels (centres at whole numbers) of
        top left, top right, bottom right and bottom left.
    """
    square = theta.new_tensor([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]])
    corners = torch.einsum("nij,kj->nki", theta, square).double()
    pixels = corners * (size - align_corners) / 2 + (size - 1) / 2
    return pixels.detach().cpu().numpy()


def window_area(theta: Tensor) -> np.ndarray:
    """Area ``[N]`` of each sampled window as a share of the face's."""
    return torch.linalg.det(theta[:, :, :2]).abs().detach().cpu().numpy()
