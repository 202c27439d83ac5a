"""What a method must beat: decoys, its own maps spoilt, and other weights.

Decoys never ask the network; a method that does not beat them tells nothing
about it.  They are called like the methods (see
:class:`fer_lib.explain.methods.Method`), with faces of the network's size.  A
network whose weights were drawn anew must get another map, and a map that was
broken on purpose must score lower.

Reference:

1. J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt, B. Kim, "Sanity
   Checks for Saliency Maps", NeurIPS 2018, arXiv:1810.03292: cascading
   randomisation.  There layers get the values that training would start
   from; here values of the size that training gave them.
"""

import copy
import re
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fer_lib.errors import FerError
from fer_lib.evaluation.inference import device_of
from fer_lib.explain.inputs import Images
from fer_lib.explain.methods import Method
from fer_lib.models.network import Network

BROKEN = ("shift", "flip", "shuffle")
SPREAD = 0.2  # standard deviation of the blob, as a share of the side
# Members that work beside each other: the same layer of all is one.
_BESIDE = re.compile(r"\b(branches|sub_networks|patches)\.\d+")
Layers = dict[str, list[nn.Module]]


def edges(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """Sobel's gradient of each face's light."""
    from kornia.filters import sobel  # takes half a second

    return sobel(_light(images)[:, None], eps=0.0)[:, 0].numpy()


def mean_face(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """How far a face's light is from the mean of all given faces.

    It depends on the other faces, and is zero for one face alone.
    """
    light = _light(images)
    return (light - light.mean(0)).abs().numpy()


def centre_blob(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """A Gaussian in the middle of the picture, the same for all faces."""
    height, width = images.shape[-2:]
    rows, columns = np.mgrid[:height, :width]
    away = ((rows + 0.5) / height - 0.5) ** 2 + ((columns + 0.5) / width - 0.5) ** 2
    blob = np.exp(-away / (2 * SPREAD**2)).astype(np.float32)
    return np.repeat(blob[None], len(images), 0)


def noise(
    network: Network, images: Images, targets=None, *, landmarks=None, seed: int = 0
) -> np.ndarray:
    """Even noise 0..1 from the seed: chance."""
    shape = (len(images), *images.shape[-2:])
    return np.random.default_rng(seed).random(shape, np.float32)


def _light(images: Images) -> Tensor:
    """Mean of the channels, ``[N, H, W]``."""
    return torch.as_tensor(images).float().cpu().mean(1)


DECOYS: dict[str, Method] = {
    "edges": edges,
    "mean_face": mean_face,
    "centre_blob": centre_blob,
    "noise": noise,
}


def broken(maps: np.ndarray, how: str, *, pixels: int = 10) -> np.ndarray:
    """Maps ``[N, H, W]`` spoilt on purpose, with the values of each as they were.

    Args:
        maps: of any method.
        how: ``"shift"``, to the right and down, what leaves on one side coming
            in on the other; ``"flip"``, left to right, which spares what is
            symmetric; ``"shuffle"``, all maps in the same drawn order.
        pixels: of the shift.
    """
    if how == "shift":
        return np.roll(maps, (pixels, pixels), (1, 2))
    if how == "flip":
        return maps[:, :, ::-1].copy()
    if how == "shuffle":
        order = np.random.default_rng(0).permutation(maps[0].size)
        return maps.reshape(len(maps), -1)[:, order].reshape(maps.shape)
    raise FerError(f"broken: '{how}', expected one of {', '.join(BROKEN)}.")


def randomised(
    network: Network,
    seed: int = 0,
    faces: Tensor | None = None,
    *,
    stages: int = 8,
) -> Iterator[tuple[str, Network]]:
    """The network with its last layers drawn anew, then ever more; [1].

    Every weight comes from a normal distribution with the root mean square
    of its own tensor, so that signals keep their size.  Normalisations start
    from scale one and shift zero, and measure their mean and variance again
    on ``faces``, as those of other weights would fit nothing.

    Args:
        network: left as it was.
        seed: of the weights.
        faces: ``[B, C, H, W]`` in 0..1, two or more; 16 of even noise if None.
        stages: how many steps there are at most: the last layer, then the
            others in groups of about as many.

    Yields:
        Name of the layer down to which weights are new, and a copy of the
        network, in evaluation mode.  Layers that take no part in a prediction
        stay as they are.
    """
    if stages < 2:
        raise FerError(f"randomisation: {stages} stages, expected two or more.")
    working = copy.deepcopy(network).eval()
    generator = torch.Generator().manual_seed(seed)
    size, channels = network.input.size, network.input.channels
    if faces is None:
        faces = torch.rand(16, channels, size, size, generator=generator)
    x = network.input.normalise(faces.to(device_of(working)))
    layers = executed_layers(working, x[:2])
    last, *before = list(layers)[::-1]
    groups = np.array_split(before, max(1, min(stages - 1, len(before))))
    drawn: list[nn.Module] = []
    for part in [[last], *(group for group in groups if len(group))]:
        for name in part:
            for module in layers[name]:
                _draw(module, generator)
            drawn += layers[name]
        _measure(working, drawn, x)
        yield str(part[-1]), copy.deepcopy(working)


@torch.no_grad()
def executed_layers(network: nn.Module, x: Tensor) -> Layers:
    """Modules with weights of their own, in the order in which they start.

    A layer of members that work beside each other is one entry, with ``*`` in
    place of their number.
    """
    found: Layers = {}

    def note(name: str):
        def started(module: nn.Module, inputs: tuple) -> None:
            beside = found.setdefault(_BESIDE.sub(r"\1.*", name) or "network", [])
            if module not in beside:
                beside.append(module)

        return started

    hooks = [
        module.register_forward_pre_hook(note(name))
        for name, module in network.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    ]
    try:
        network(x)
    finally:
        for hook in hooks:
            hook.remove()
    return found


@torch.no_grad()
def _draw(module: nn.Module, generator: torch.Generator) -> None:
    if isinstance(module, _BatchNorm):
        module.reset_parameters()
        return
    for weights in module.parameters(recurse=False):
        size = weights.square().mean().sqrt()
        # On the CPU, so that a seed means the same on every device.
        fresh = torch.randn(weights.shape, generator=generator)
        weights.copy_(fresh.to(weights) * size)


@torch.no_grad()
def _measure(network: nn.Module, drawn: list[nn.Module], x: Tensor) -> None:
    norms = [module for module in drawn if isinstance(module, _BatchNorm)]
    momenta = [module.momentum for module in norms]
    for module in norms:
        module.reset_running_stats()
        module.train()
        module.momentum = None  # what the pass measures, and nothing before
    network(x)
    for module, momentum in zip(norms, momenta, strict=True):
        module.eval()
        module.momentum = momentum
