"""Random changes of the training faces, on the device that trains.

kornia does the work.  Its random numbers come from torch's global
generator, so :func:`seeded` fences each use off from everything else.  Faces
are ``float [B, C, H, W]`` in 0..1, landmarks ``float [B, 68, 2]`` in pixels,
centres of pixels at whole numbers.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import kornia.augmentation as K
import torch
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.landmarks import IBUG_FLIP

FILLS = ("border", "zeros")
Range = tuple[float, float]


def flip_rotate_distort(
    *, flip: float, degrees: float, translate: float, scale: float, shear: float
) -> nn.Module:
    """Mirror, rotate, shift, scale and shear faces ``float [B, C, H, W]``.

    ``flip`` is a probability, ``degrees`` and ``shear`` are the largest angles
    either way, ``translate`` and ``scale`` the largest changes as shares of the
    side and of the size.  Pixels that come from outside repeat the border, so
    that no black edge tells how far a face was turned.
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


class FaceAugmentation(nn.Module):
    """Augmentations of kornia, one after the other."""

    def __init__(self, *steps: nn.Module):
        super().__init__()
        self.steps = K.AugmentationSequential(*steps, data_keys=["input"])

    def forward(self, images: Tensor, landmarks: Tensor | None = None):
        """Changed faces and, where landmarks are given, these moved along.

        The random numbers are the same with landmarks and without.  In a
        mirrored face, left and right points change their numbers.

        Points may leave the image.
        """
        if not len(self.steps):
            return images if landmarks is None else (images, landmarks)
        if landmarks is None:
            return self.steps(images)
        keys = ["input", "keypoints"]
        images, moved = self.steps(images, landmarks, data_keys=keys)
        return images, _renumbered(moved, self.steps.transform_matrix)


def _renumbered(points: Tensor, matrix: Tensor | None) -> Tensor:
    """Points in iBUG order again, after transformations ``[B, 3, 3]``."""
    if matrix is None:
        return points
    # What mirrors has a negative determinant.
    mirrored = torch.det(matrix[:, :2, :2].float()) < 0
    flip = torch.as_tensor(IBUG_FLIP, device=points.device)
    return torch.where(mirrored[:, None, None], points[:, flip], points)


def augmentation(
    *,
    size: int | None = None,
    resized_crop: Range | None = None,
    flip: float = 0.0,
    degrees: float = 0.0,
    translate: float = 0.0,
    scale: Range = (1.0, 1.0),
    shear: float = 0.0,
    moved: float = 1.0,
    fill: str = "border",
    brightness: float = 0.0,
    contrast: float = 0.0,
    erase: float = 0.0,
    erased_area: Range = (0.02, 0.25),
    erased_value: float = 0.0,
) -> FaceAugmentation:
    """What the papers do to a training face, in the order of the arguments.

    What is left at its default is not done.

    Args:
        size: side of the result of ``resized_crop`` in pixels.
        resized_crop: smallest and largest share of the area that is cut out
            and resized; its sides are as 3 to 4 at most.
        flip: probability of a mirror image.
        degrees: largest rotation, either way.
        translate: largest shift, either way, as a share of the side.
        scale: smallest and largest magnification.
        shear: largest shear in degrees, either way.
        moved: probability of these four, which are one transformation.
        fill: what they show from outside: the ``"border"`` repeated, or
            ``"zeros"``, black.
        brightness: pixels are multiplied by 1 - this to 1 + this.
        contrast: so are their distances from the image's mean.
        erase: probability that a rectangle is painted over.
        erased_area: its smallest and largest share of the area.
        erased_value: what it is painted with, 0..1.

    Raises:
        FerError: when an argument is out of range.
    """
    shares = {"flip": flip, "moved": moved, "erase": erase}
    for name, value in (shares | {"erased_value": erased_value}).items():
        if not 0 <= value <= 1:
            raise FerError(f"augmentation: {name} is {value}, expected 0 to 1.")
    if fill not in FILLS:
        raise FerError(
            f"augmentation: fill is '{fill}', expected one of {', '.join(FILLS)}."
        )
    steps: list[nn.Module] = []
    if resized_crop is not None:
        if size is None:
            raise FerError("augmentation: resized_crop needs the size of its result.")
        steps.append(K.RandomResizedCrop((size, size), resized_crop))
    if flip:
        steps.append(K.RandomHorizontalFlip(p=flip))
    if degrees or translate or shear or tuple(scale) != (1, 1):
        steps.append(
            K.RandomAffine(
                degrees=degrees,
                translate=(translate, translate),
                scale=tuple(scale),
                shear=shear,
                padding_mode=fill,
                align_corners=True,
                p=moved,
            )
        )
    if brightness or contrast:
        steps.append(K.ColorJitter(brightness, contrast, p=1.0))
    if erase:
        steps.append(
            K.RandomErasing(scale=tuple(erased_area), value=erased_value, p=erase)
        )
    return FaceAugmentation(*steps)
