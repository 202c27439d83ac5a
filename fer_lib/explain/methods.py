"""Ways to explain a network, all called alike.

Every heat map is ``float32 [N, H, W]`` in the size that the network takes,
larger where a pixel speaks more for the class.  What each measures:

========================== ====================================== ======
method                     a pixel's value                        signs
========================== ====================================== ======
grad_cam                   weighted maps of a late layer [1]      0..1
guided_grad_cam            grad_cam times guided gradient [1]     both
occlusion                  fall of the score under a square       both
label_flip                 share of squares that mislead [2]      0..1
saliency                   absolute gradient                      0..
integrated_gradients       gradient on the way from mean colour   both
integrated_gradients_black the same on the way from black         both
smooth_grad                saliency of noisy copies               0..
shapley_parts              share of its facial part               both
attention                  what the network itself weighs         0..
========================== ====================================== ======

References:

1. R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh, D. Batra,
   "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
   Localization", ICCV 2017, arXiv:1610.02391.
2. S. Minaee, M. Minaei, A. Abdolrashidi, "Deep-Emotion", Sensors 21(9), 2021,
   section 4.4, after M. D. Zeiler, R. Fergus, "Visualizing and Understanding
   Convolutional Networks", ECCV 2014.

Those of the others are in their modules: :mod:`fer_lib.explain.gradients`,
:mod:`fer_lib.explain.parts`, :mod:`fer_lib.explain.attention`.
"""

from functools import partial

import numpy as np
from torch import Tensor

from fer_lib.explain.attention import attention, lacks_attention
from fer_lib.explain.calls import Method, ready
from fer_lib.explain.class_maps import class_maps
from fer_lib.explain.gradients import (
    by_light,
    input_gradient,
    integrated_gradients,
    saliency,
    smooth_grad,
)
from fer_lib.explain.occlusion_maps import OcclusionMaps, occlude
from fer_lib.explain.parts import shapley_parts
from fer_lib.models.network import Network

WINDOW, STRIDE = 1 / 6, 1 / 12  # of the square, as shares of the side


def grad_cam(
    network: Network,
    unit: Tensor,
    targets: np.ndarray,
    landmarks: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Union of the learners' Grad-CAM, as of :func:`.class_maps.class_maps`.

    Each learner's map is divided by its maximum.
    Arguments and result are those of :class:`fer_lib.explain.calls.Method`.
    """
    unit, wanted = ready(network, unit, targets)
    faces, wanted = unit.cpu().numpy(), wanted.cpu().numpy()
    return class_maps(network, faces, wanted).united


def guided_grad_cam(
    network: Network,
    unit: Tensor,
    targets: np.ndarray,
    landmarks: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Grad-CAM times the guided gradient of the network's own score; [1].

    RAMN and the ensembles need nothing else: their gradient reaches the
    pixels through every region or member.  Arguments and result are those of
    :class:`fer_lib.explain.calls.Method`.
    """
    coarse = grad_cam(network, unit, targets)
    fine = input_gradient(network, unit, targets, guided=True)
    return coarse * by_light(fine).numpy()


def occlusion(
    network: Network,
    unit: Tensor,
    targets: np.ndarray,
    landmarks: np.ndarray | None = None,
    seed: int = 0,
    *,
    window: float = WINDOW,
    stride: float = STRIDE,
    fill: float | str = "mean",
) -> np.ndarray:
    """How far the score falls under the squares over a pixel, on average.

    Args:
        network: and so on, as of :class:`fer_lib.explain.calls.Method`.
        window: side of the square as a share of the face's.
        stride: step between squares, likewise.
        fill: of the squares: each face's mean colour, or another of
            :func:`fer_lib.explain.covering.filling`.
    """
    options = {"window": window, "stride": stride, "fill": fill}
    return _occluded(network, unit, targets, **options).drops


def label_flip(
    network: Network,
    unit: Tensor,
    targets: np.ndarray,
    landmarks: np.ndarray | None = None,
    seed: int = 0,
    *,
    window: float = WINDOW,
    stride: float = STRIDE,
    fill: float | str = "zero",
) -> np.ndarray:
    """Share of the squares over a pixel that turn the prediction; [2].

    One everywhere where the network errs even when nothing is covered.
    Arguments are those of :func:`occlusion`; the paper fills with black.
    """
    options = {"window": window, "stride": stride, "fill": fill}
    return _occluded(network, unit, targets, **options).misled


def _occluded(
    network: Network,
    unit: Tensor,
    targets: np.ndarray,
    *,
    window: float,
    stride: float,
    fill: float | str,
) -> OcclusionMaps:
    unit, wanted = ready(network, unit, targets)
    side = unit.shape[-1]
    pixels = {
        "window": max(1, round(window * side)),
        "stride": max(1, round(stride * side)),
    }
    return occlude(network, unit, wanted, fill=fill, **pixels)


METHODS: dict[str, Method] = {
    "grad_cam": grad_cam,
    "guided_grad_cam": guided_grad_cam,
    "occlusion": occlusion,
    "label_flip": label_flip,
    "saliency": saliency,
    "integrated_gradients": integrated_gradients,
    "integrated_gradients_black": partial(integrated_gradients, baseline="zero"),
    "smooth_grad": smooth_grad,
    "shapley_parts": shapley_parts,
    "attention": attention,
}
ON_LAYERS = {"grad_cam", "guided_grad_cam"}


def available(network: Network, landmarks: bool = True) -> tuple[str, ...]:
    """Which of the :data:`METHODS` a network can be explained by.

    Args:
        network: one of the book's.
        landmarks: whether landmarks of the faces are known.
    """
    left_out = set()
    if type(network).cam_layers is Network.cam_layers:  # names no layer
        left_out |= ON_LAYERS
    if not landmarks:
        left_out.add("shapley_parts")
    if lacks_attention(network, landmarks):
        left_out.add("attention")
    return tuple(name for name in METHODS if name not in left_out)
