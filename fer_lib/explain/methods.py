"""Ways to explain a network, all called alike.

Every heat map is ``float32 [N, H, W]`` in the size that the network takes,
larger where a pixel speaks more for the class.  What each measures:

========================== ====================================== ======
method                     a pixel's value                        signs
========================== ====================================== ======
grad_cam                   weighted maps of a late layer          0..1
score_cam                  the same, weighted by trying them      0..1
guided_grad_cam            grad_cam times guided gradient         both
occlusion                  fall of the score under a square       both
label_flip                 share of squares that change the label 0..1
saliency                   absolute gradient                      0..
integrated_gradients       gradient on the way from mean colour   both
integrated_gradients_black the same on the way from black         both
integrated_gradients_blur  the same on the way from a blurred one both
integrated_gradients_mixed mean over four baselines               both
deeplift                   differences from mean colour           both
smooth_grad                saliency of noisy copies               0..
part_ablation              fall of the score without its part     both
shapley_parts              share of its facial part               both
attention                  what the network itself weighs         0..
========================== ====================================== ======

Their papers are named in their modules.
"""

from difflib import get_close_matches
from functools import partial
from typing import Protocol

import numpy as np

from fer_lib.errors import FerError
from fer_lib.explain.attention import attention, lacks_attention
from fer_lib.explain.deeplift import deeplift
from fer_lib.explain.grad_cam import grad_cam
from fer_lib.explain.gradients import (
    guided_grad_cam,
    integrated_gradients,
    saliency,
    smooth_grad,
)
from fer_lib.explain.inputs import Images
from fer_lib.explain.occlusion import label_flip, occlusion
from fer_lib.explain.part_ablation import part_ablation
from fer_lib.explain.score_cam import score_cam
from fer_lib.explain.shapley import shapley_parts
from fer_lib.models.network import Network


class Method(Protocol):
    """A heat map a face, larger where a pixel speaks more for the class."""

    def __call__(
        self,
        network: Network,
        images: Images,
        targets: np.ndarray | None = None,
        *,
        landmarks: np.ndarray | None = None,
        seed: int = 0,
    ) -> np.ndarray:
        """As :func:`fer_lib.explain.explain`, ``float32 [N, size, size]``.

        Raises:
            FerError: when the network or the landmarks lack what the method
                needs, or targets do not fit the faces.
        """
        ...


_BASELINES = ("mean", "zero", 1.0, "blur")

METHODS: dict[str, Method] = {
    "grad_cam": grad_cam,
    "score_cam": score_cam,
    "guided_grad_cam": guided_grad_cam,
    "occlusion": occlusion,
    "label_flip": label_flip,
    "saliency": saliency,
    "integrated_gradients": integrated_gradients,
    "integrated_gradients_black": partial(integrated_gradients, baseline="zero"),
    "integrated_gradients_blur": partial(integrated_gradients, baseline="blur"),
    "integrated_gradients_mixed": partial(integrated_gradients, baseline=_BASELINES),
    "deeplift": deeplift,
    "smooth_grad": smooth_grad,
    "part_ablation": part_ablation,
    "shapley_parts": shapley_parts,
    "attention": attention,
}


def method_named(name: str) -> Method:
    """One of the :data:`METHODS`, in any case, with ``-`` or space for ``_``."""
    key = name.lower().replace("-", "_").replace(" ", "_")
    if key not in METHODS:
        known = get_close_matches(key, METHODS, cutoff=0.4) or METHODS
        raise FerError(
            f"explanation method '{name}' is unknown, did you mean "
            f"{' or '.join(known)}?"
        )
    return METHODS[key]


def available(network: Network) -> tuple[str, ...]:
    """Which of the :data:`METHODS` fit a network, where landmarks are known."""
    left_out = {"attention"} if lacks_attention(network) else set()
    if type(network).cam_layers is Network.cam_layers:  # names no layer
        left_out |= {"grad_cam", "guided_grad_cam", "score_cam"}
    return tuple(name for name in METHODS if name not in left_out)
