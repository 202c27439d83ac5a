"""Random changes of the training faces, on the device that trains.

kornia does the work.  Its random numbers come from torch's global
generator, so :func:`seeded` fences each use off from everything else.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import kornia.augmentation as K
import torch
from torch import nn


def flip_rotate_distort(
    *, flip: float, degrees: float, translate: float, scale: float, shear: float
) -> nn.Module:
    """Mirror, rotate and distort faces ``float [B, C, H, W]``.

    Args:
        flip: probability of a mirror image, 0 to 1.
        degrees: largest rotation, either way.
        translate: largest shift, as a share of the side.
        scale: largest change of size, as a share (0.1: 0.9 to 1.1).
        shear: largest shear in degrees, either way.

    Pixels that come from outside repeat the border, so that no black edge
    tells how far a face was turned.
    """
    return K.AugmentationSequential(
        K.RandomHorizontalFlip(p=flip),
        K.RandomAffine(
            degrees=degrees,
            translate=(translate, translate),
            scale=(1 - scale, 1 + scale),
            shear=shear,
            padding_mode="border",
            p=1.0,
        ),
        data_keys=["input"],
    )


@contextmanager
def seeded(*numbers: int) -> Iterator[None]:
    """Run a block on its own stream of random numbers.

    The stream depends on ``numbers`` alone; the global generators, of the
    CPU and of CUDA devices, go on afterwards as if nothing had happened.
    """
    seed = 0
    for number in numbers:
        # A fixed mixing step (FNV-1a), the same on every machine.
        seed = ((seed ^ (number + 1)) * 0x100000001B3) % 2**63
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
