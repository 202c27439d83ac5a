"""DeepLIFT: what each pixel adds, by differences instead of slopes.

A. Shrikumar, P. Greenside, A. Kundaje, "Learning Important Features Through
Propagating Activation Differences", ICML 2017, arXiv:1704.02685: the rescale
rule.  Captum's DeepLift needs every nonlinearity to be a module of its own
that is used once; the networks here call functions and use a ReLU twice.  As
there, products of two signals (gates, attention) have no rule and pass on
their gradient, so that a map of such a network does not add up.
"""

from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from fer_lib.explain.inputs import Images, from_pixels, passes, ready
from fer_lib.explain.occlusion import filling
from fer_lib.models.network import Network

_NEAR = 1e-6  # differences below which the slope itself is taken
_F = torch.nn.functional
_CURVES = (
    {torch.relu, torch.relu_, Tensor.relu, Tensor.relu_, _F.relu, _F.relu_}
    | {torch.sigmoid, Tensor.sigmoid, torch.tanh, Tensor.tanh}
    | {_F.gelu, _F.softplus, _F.elu, _F.leaky_relu}
)


def deeplift(
    network: Network,
    images: Images,
    targets=None,
    *,
    landmarks=None,
    seed: int = 0,
    baseline: float | str = "mean",
) -> np.ndarray:
    """What each pixel adds to the score, against a baseline face; signed.

    Called as any :class:`~fer_lib.explain.methods.Method`; ``baseline`` is a
    fill of :func:`~fer_lib.explain.occlusion.filling`.
    """
    unit, wanted = ready(network, images, targets)
    scores, found = from_pixels(network), []
    grounds = filling(unit, baseline, unit.shape[-1] // 4)
    with torch.enable_grad():
        for x, ground, target in passes(network, unit, grounds, wanted):
            x = x.detach().requires_grad_()
            with Rescaled():
                said = scores(torch.cat([x, ground.detach()]))[: len(x)]
            own = said.gather(1, target[:, None]).sum()
            slope = torch.autograd.grad(own, x)[0]
            found.append((slope * (x - ground)).detach().float().cpu())
    return torch.cat(found).sum(1).numpy()


class Rescaled(TorchFunctionMode):
    """Inside, curves of faces, and of as many baselines after them, pass back
    the ratio of their differences in place of their slope."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func not in _CURVES:
            return func(*args, **kwargs)
        options = {k: v for k, v in kwargs.items() if k not in ("inplace", "input")}
        x = args[0] if args else kwargs["input"]
        plain = {torch.relu_: torch.relu, _F.relu_: torch.relu}
        plain |= {Tensor.relu_: torch.relu, _F.relu: torch.relu}
        rest = () if func in plain else args[1:]
        return _Rescaled.apply(x, partial(_call, plain.get(func, func), rest, options))


def _call(func, rest: tuple, options: dict, x: Tensor) -> Tensor:
    return func(x, *rest, **options)


class _Rescaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, curve):
        with torch.enable_grad():
            own = x.detach().clone().requires_grad_()
            out = curve(own)
            [slope] = torch.autograd.grad(out.sum(), own)
        ctx.save_for_backward(x.clone(), out.detach(), slope)
        return out.detach()

    @staticmethod
    def backward(ctx, gradient):
        x, out, slope = ctx.saved_tensors
        away, change = (one[: len(one) // 2] - one[len(one) // 2 :] for one in (x, out))
        near = away.abs() < _NEAR
        ratio = torch.where(near, 0.0, change) / torch.where(near, 1.0, away)
        ratio = torch.where(near, slope[: len(away)], ratio)
        return gradient * torch.cat([ratio, ratio]), None
