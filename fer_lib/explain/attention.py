"""What the networks' own attention says, as heat maps.

None of it is about a class, but for the branches of the part ensemble:

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
"""

import numpy as np
import torch
from torch import Tensor

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import batches, evaluating
from fer_lib.explain.calls import ready
from fer_lib.explain.class_maps import on_face
from fer_lib.explain.gates import gates
from fer_lib.explain.grad_cam import enlarge
from fer_lib.explain.parts import PARTS, known_parts
from fer_lib.explain.regions import region_weights
from fer_lib.explain.transformer import sampled_windows, unwarped
from fer_lib.models.deep_emotion import DeepEmotion
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.models.diversified_manet import DiversifiedMANet
from fer_lib.models.network import Network
from fer_lib.models.part_ensemble import KINDS, PartEnsemble
from fer_lib.models.ramn import RAMN
from fer_lib.models.residual_masking import MaskingBlock, ResidualMaskingNetwork

FIGURE_1 = 2  # index of the masking block that the paper shows


def lacks_attention(network: Network, landmarks: bool = True) -> str | None:
    """Why a network has no attention of its own to show, None if it has.

    Args:
        network: any of the book's.
        landmarks: whether landmarks of the faces are known.
    """
    match network:
        case ResidualMaskingNetwork():
            masks = isinstance(network.masking[FIGURE_1], MaskingBlock)
            return None if masks else "its masks are the same number everywhere"
        case RAMN():
            return None if len(network.boxes) > 1 else "it has one region alone"
        case DiversifiedESR():
            cbam = network.branches[0].last.cbam
            return None if cbam is not None else "it was built without CBAM"
        case DiversifiedMANet():
            return None
        case DeepEmotion():
            warps = network.warp != "none"
            return None if warps else "it was built without its transformer"
        case PartEnsemble() if network.kind != "parts":
            return "its branches do not stand for parts"
        case PartEnsemble():
            return None if landmarks else "parts need landmarks"
    return "it has none"


def attention(
    network: Network,
    unit: Tensor,
    targets: np.ndarray,
    landmarks: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """The network's own attention on each face, zero or more.

    Arguments and result are those of :class:`fer_lib.explain.calls.Method`.

    Raises:
        FerError: when the network has none, with the reason.
    """
    reason = lacks_attention(network, landmarks is not None)
    if reason:
        name = getattr(network, "NAME", "network")
        raise FerError(f"{name}: no attention to show, {reason}; choose another way.")
    unit, wanted = ready(network, unit, targets)
    faces = unit.cpu().numpy()
    match network:
        case ResidualMaskingNetwork():
            found = _added_by_mask(network, faces)
        case RAMN():
            weights = region_weights(network, faces).weights
            maps = torch.tensor(weights)[..., None, None]
            found = painted(maps, network.boxes.cpu(), unit.shape[-2:])
        case DeepEmotion():
            theta = torch.tensor(sampled_windows(network, faces).theta)
            whole = torch.ones(len(unit), *unit.shape[-2:])
            found = unwarped(whole, theta, network.align_corners)
        case PartEnsemble():
            parts = known_parts(landmarks, unit)
            found = _sure_branches(network, faces, wanted, parts)
        case _:
            told = gates(network, faces)
            boxes = torch.tensor(told.places) * unit.shape[-1]
            maps = torch.tensor(np.stack(told.spatial, 1))
            found = painted(maps, boxes.round().long(), unit.shape[-2:])
    return found.float().cpu().numpy()


def painted(maps: Tensor, boxes: Tensor, sides: tuple[int, int]) -> Tensor:
    """Mean, at each pixel, of the maps whose boxes hold it.

    Args:
        maps: ``[N, R, h, w]``, enlarged bilinearly over their boxes.
        boxes: ``int64 [R, 4]``: left, top, right, bottom in pixels.
        sides: height and width of the faces in pixels.

    Returns:
        ``[N, H, W]``, zero where no box is.
    """
    held = on_face(torch.ones_like(maps[0]), boxes, tuple(sides))
    return on_face(maps.flatten(0, 1), boxes, tuple(sides)) / held.clamp(min=1)


@torch.inference_mode()
def _added_by_mask(network: ResidualMaskingNetwork, faces: np.ndarray) -> Tensor:
    found = []
    with evaluating(network):
        for _, unit in batches(network, faces):
            stage = network.stages(network.input.normalise(unit))[FIGURE_1]
            before = stage.before.mean(1)
            added = (stage.before * stage.mask).mean(1)
            share = torch.where(before > 0, added / before, 0.0)
            found.append(enlarge(share, tuple(unit.shape[-2:])))
    return torch.cat(found)


@torch.inference_mode()
def _sure_branches(
    network: PartEnsemble,
    faces: np.ndarray,
    targets: Tensor,
    parts: np.ndarray,
) -> Tensor:
    found = []
    with evaluating(network):
        for rows, unit in batches(network, faces):
            branches = network(network.input.normalise(unit)).branches.softmax(-1)
            own = targets[rows, None, None].expand(-1, branches.shape[1], 1)
            found.append(branches.gather(-1, own)[..., 0])
    sure = torch.cat(found).cpu()  # [N, 5], in the order of the branches
    order = [KINDS["parts"].index(part) for part in PARTS[:-1]]
    values = torch.cat([sure[:, order], torch.zeros(len(sure), 1)], 1)
    flat = torch.as_tensor(parts).flatten(1)
    return values.gather(1, flat).view(parts.shape)
