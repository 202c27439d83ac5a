"""Score-CAM: maps of a layer, each weighted by what it shows of the face.

H. Wang et al., "Score-CAM: Score-Weighted Visual Explanations for
Convolutional Neural Networks", CVPR workshop 2020, arXiv:1910.01279.  As
there, a channel's map in 0..1 lets the face through, and the softmax over the
channels of what the class score then is weights them.  Here only the channels
that vary most are asked, what is hidden is the face's mean colour rather than
black, and learners are united as in :mod:`fer_lib.explain.grad_cam`.
"""

import numpy as np
import torch
from torch import Tensor, nn

from fer_lib.evaluation.inference import evaluating
from fer_lib.explain.grad_cam import Scores, learners, union
from fer_lib.explain.inputs import Images, passes, ready
from fer_lib.explain.occlusion import filling
from fer_lib.explain.placing import on_boxes, on_input
from fer_lib.models.network import Network

CHANNELS = 16  # that are asked, of each learner


@torch.inference_mode()
def score_cam(
    network: Network,
    images: Images,
    targets=None,
    *,
    landmarks=None,
    seed: int = 0,
    channels: int = CHANNELS,
) -> np.ndarray:
    """Union of the learners' Score-CAM, 0..1; no gradient is needed.

    Called as any :class:`~fer_lib.explain.methods.Method`; ``channels`` of each
    learner's layer are asked, those whose maps of a face vary most.
    """
    unit, wanted = ready(network, images, targets)
    asked, found = learners(network), []
    with evaluating(network):
        for part, target in passes(network, unit, wanted):
            maps = [_of_learner(network, one, part, target, channels)
                    for one in asked.values()]  # fmt: skip
            found.append(union(maps).cpu())
    return torch.cat(found).float().numpy()


def _of_learner(
    network: Network,
    learner: tuple[Scores, nn.Module],
    unit: Tensor,
    target: Tensor,
    channels: int,
) -> Tensor:
    scores, layer = learner
    x = network.input.normalise(unit)
    maps = _on_face(network, _output(scores, layer, x), x)  # [B, C, H, W]
    count = min(channels, maps.shape[1])
    vary = maps.flatten(2).var(2).topk(count, 1).indices
    maps = maps.gather(1, vary[:, :, None, None].expand(-1, -1, *maps.shape[2:]))
    low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
    maps = (maps - low) / torch.where(high > low, high - low, 1.0)
    hidden, told = filling(unit, "mean", 1), []
    for one in maps.unbind(1):
        shown = hidden + one[:, None] * (unit - hidden)
        said = scores(network.input.normalise(shown))
        told.append(said.gather(1, target[:, None])[:, 0])
    weights = torch.stack(told, 1).softmax(1)
    return (weights[..., None, None] * maps).sum(1)


def _output(scores: Scores, layer: nn.Module, x: Tensor) -> Tensor:
    told: list[Tensor] = []
    hook = layer.register_forward_hook(lambda module, given, out: told.append(out))
    try:
        scores(x)
    finally:
        hook.remove()
    return told[0]


def _on_face(network: Network, maps: Tensor, x: Tensor) -> Tensor:
    """Maps of a layer ``[B, C, h, w]`` as ``[B, C, H, W]``, where its cells lie."""
    if not hasattr(network, "boxes"):
        return torch.stack([on_input(one, network, x) for one in maps.unbind(1)], 1)
    boxes, sides = network.boxes, tuple(x.shape[-2:])
    return torch.stack([on_boxes(one, boxes, sides) for one in maps.unbind(1)], 1)
