"""Heat maps from the gradient of a class score by the pixels.

A pixel's light moves all its channels together, so its channels are added: a
grey face in three channels gets the gradient by its one grey value.

References:

1. K. Simonyan, A. Vedaldi, A. Zisserman, "Deep Inside Convolutional Networks:
   Visualising Image Classification Models and Saliency Maps", ICLR workshop
   2014, arXiv:1312.6034.
2. M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep
   Networks", ICML 2017, arXiv:1703.01365, equation (1).
3. D. Smilkov, N. Thorat, B. Kim, F. Viégas, M. Wattenberg, "SmoothGrad:
   Removing Noise by Adding Noise", 2017, arXiv:1706.03825.
4. J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller, "Striving for
   Simplicity: The All Convolutional Net", ICLR workshop 2015,
   arXiv:1412.6806.
5. R. R. Selvaraju et al., "Grad-CAM", ICCV 2017: guided Grad-CAM.
"""

from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from fer_lib.explain.grad_cam import grad_cam
from fer_lib.explain.inputs import Images, from_pixels, passes, ready, together
from fer_lib.explain.occlusion import filling
from fer_lib.models.network import Network


def saliency(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """How strongly a class score answers to the light of a pixel; [1].

    Called as any :class:`~fer_lib.explain.methods.Method`.
    """
    return (
        input_gradient(network, *ready(network, images, targets)).sum(1).abs().numpy()
    )


def guided_grad_cam(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """Grad-CAM times the guided gradient of the network's own score; [5].

    Called as any :class:`~fer_lib.explain.methods.Method`.
    """
    unit, wanted = ready(network, images, targets)
    fine = input_gradient(network, unit, wanted, guided=True)
    return grad_cam(network, unit, wanted) * fine.sum(1).numpy()


def smooth_grad(
    network: Network,
    images: Images,
    targets: np.ndarray | None = None,
    *,
    landmarks: np.ndarray | None = None,
    seed: int = 0,
    samples: int = 16,
    noise: float = 0.1,
) -> np.ndarray:
    """Saliency of the mean gradient over noisy copies of a face; [3].

    All faces get the same noise.

    Args:
        network: and so on, as of :class:`~fer_lib.explain.methods.Method`.
        samples: noisy copies of each face (paper: more than 50 hardly help).
        noise: standard deviation as a share of the range between a face's
            darkest and brightest pixel (paper: 0.1 to 0.2).
    """
    unit, wanted = ready(network, images, targets)
    generator = torch.Generator().manual_seed(seed)
    shape = (samples, 1, *unit.shape[-2:])  # light alone, no colour
    fields = torch.randn(shape, generator=generator).to(unit)
    spread = unit.amax((1, 2, 3), keepdim=True) - unit.amin((1, 2, 3), keepdim=True)
    total = torch.zeros(unit.shape)
    for field in fields:
        total += input_gradient(network, unit + noise * spread * field, wanted)
    return (total.sum(1) / samples).abs().numpy()


def integrated_gradients(
    network: Network,
    images: Images,
    targets: np.ndarray | None = None,
    *,
    landmarks: np.ndarray | None = None,
    seed: int = 0,
    baseline: float | str | tuple[float | str, ...] = "mean",
    steps: int = 24,
) -> np.ndarray:
    """What each pixel adds on the way from a baseline to the face; [2].

    Signed; a map adds up to the score of the face less that of its baseline,
    but for the error of the steps (captum's Gauss-Legendre rule).

    Args:
        network: and so on, as of :class:`fer_lib.explain.methods.Method`.
        baseline: a fill of :func:`~fer_lib.explain.occlusion.filling`;
            ``"zero"`` is the paper's black, for which no black pixel counts.
            Of several the mean map, each with its share of the steps.
        steps: points on the straight line between both.
    """
    from captum.attr import IntegratedGradients  # takes a second

    unit, wanted = ready(network, images, targets)
    explain = IntegratedGradients(from_pixels(network)).attribute
    several = baseline if isinstance(baseline, tuple) else (baseline,)
    each = max(1, steps // len(several))
    count = max(1, together(network, unit) // each)
    total = torch.zeros(unit.shape)
    for one in several:
        grounds = filling(unit, one, unit.shape[-1] // 4)
        parts = (values.split(count) for values in (unit, grounds, wanted))
        found = [
            explain(x, ground, target, n_steps=each).detach()
            for x, ground, target in zip(*parts, strict=True)
        ]
        total += torch.cat(found).float().cpu()
    return (total / len(several)).sum(1).numpy()


def input_gradient(
    network: Network, unit: Tensor, wanted: Tensor, guided: bool = False
) -> Tensor:
    """Gradient ``[N, C, H, W]`` of each face's class score by its pixels.

    Faces and classes are those of :func:`~fer_lib.explain.inputs.ready`; if
    ``guided``, every ReLU lets only gradients above zero back; [4].
    """
    scores, found = from_pixels(network), []
    with torch.enable_grad():
        for x, target in passes(network, unit, wanted):
            x = x.detach().requires_grad_()
            with GuidedReLU() if guided else nullcontext():
                said = scores(x)
            own = said.gather(1, target[:, None]).sum()
            found.append(torch.autograd.grad(own, x)[0].float().cpu())
    return torch.cat(found)


class GuidedReLU(TorchFunctionMode):
    """Inside, every ReLU passes back only gradients above zero; [4].

    Captum's guided backpropagation reaches the ReLUs that are modules; some
    networks here call the function.
    """

    RELUS = (torch.relu, torch.relu_, torch.Tensor.relu, torch.Tensor.relu_)
    RELUS += (torch.nn.functional.relu, torch.nn.functional.relu_)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in self.RELUS:
            return _Guided.apply(args[0] if args else kwargs["input"])
        return func(*args, **(kwargs or {}))


class _Guided(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        [x] = ctx.saved_tensors
        return gradient.clamp(min=0) * (x > 0)
