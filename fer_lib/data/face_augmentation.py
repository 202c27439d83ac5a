"""The papers' augmentations, on the device, moving landmarks along.

kornia does the work; use :func:`fer_lib.data.augment.seeded` around it for
the same changes again.  Faces are ``float [B, C, H, W]`` in 0..1, landmarks
``float [B, 68, 2]`` in pixels, centres of pixels at whole numbers.
"""

import kornia.augmentation as K
import torch
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.landmarks import IBUG_FLIP

FILLS = ("border", "zeros")
Range = tuple[float, float]


class FaceAugmentation(nn.Module):
    """Augmentations of kornia, one after the other.

    Args:
        steps: geometric and intensity augmentations, in this order.
    """

    def __init__(self, *steps: nn.Module):
        super().__init__()
        self.steps = K.AugmentationSequential(*steps, data_keys=["input"])

    def forward(self, images: Tensor, landmarks: Tensor | None = None):
        """Changed faces and, where landmarks are given, these moved along.

        The random numbers are the same with landmarks and without.  In a
        mirrored face, left and right points change their numbers.

        Args:
            images: ``float [B, C, H, W]``, 0..1.
            landmarks: ``float [B, 68, 2]`` in pixels.

        Returns:
            Images, or images and landmarks.  Points may leave the image.
        """
        if not len(self.steps):
            return images if landmarks is None else (images, landmarks)
        if landmarks is None:
            return self.steps(images)
        keys = ["input", "keypoints"]
        images, moved = self.steps(images, landmarks, data_keys=keys)
        return images, _renumbered(moved, self.steps.transform_matrix)


def _renumbered(points: Tensor, matrix: Tensor | None) -> Tensor:
    """Points in iBUG order again, after transformations ``[B, 3, 3]``.

    A transformation that mirrors has a negative determinant.
    """
    if matrix is None:
        return points
    mirrored = torch.det(matrix[:, :2, :2].float()) < 0
    flip = torch.as_tensor(IBUG_FLIP, device=points.device)
    return torch.where(mirrored[:, None, None], points[:, flip], points)


def augmentation(
    *,
    size: int | None = None,
    resized_crop: Range | None = None,
    ratio: Range = (3 / 4, 4 / 3),
    flip: float = 0.0,
    degrees: float = 0.0,
    translate: float = 0.0,
    scale: Range = (1.0, 1.0),
    shear: float = 0.0,
    moved: float = 1.0,
    fill: str = "border",
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    hue: float = 0.0,
    erase: float = 0.0,
    erased_area: Range = (0.02, 0.25),
    erased_value: float = 0.0,
) -> FaceAugmentation:
    """What the papers do to a training face, in the order of the arguments.

    What is left at its default is not done.

    Args:
        size: side of the result of ``resized_crop`` in pixels.
        resized_crop: smallest and largest share of the area that is cut out
            and resized.
        ratio: smallest and largest width by height of that crop.
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
        saturation: so are distances from grey; colour only.
        hue: largest turn of the colours, 0 to 0.5; colour only.
        erase: probability that a rectangle is painted over.
        erased_area: its smallest and largest share of the area.
        erased_value: what it is painted with, 0..1.

    Raises:
        FerError: when an argument is out of range.
    """
    _check_shares(flip=flip, moved=moved, erase=erase, erased_value=erased_value)
    if fill not in FILLS:
        raise FerError(
            f"augmentation: fill is '{fill}', expected one of {', '.join(FILLS)}."
        )
    steps: list[nn.Module] = []
    if resized_crop is not None:
        if size is None:
            raise FerError("augmentation: resized_crop needs the size of its result.")
        steps.append(K.RandomResizedCrop((size, size), resized_crop, ratio))
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
    if brightness or contrast or saturation or hue:
        steps.append(K.ColorJitter(brightness, contrast, saturation, hue, p=1.0))
    if erase:
        steps.append(
            K.RandomErasing(scale=tuple(erased_area), value=erased_value, p=erase)
        )
    return FaceAugmentation(*steps)


def _check_shares(**shares: float) -> None:
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise FerError(f"augmentation: {name} is {value}, expected 0 to 1.")


def ten_crops(images: Tensor, size: int, landmarks: Tensor | None = None):
    """Four corners and the centre of faces, and of their mirror images.

    The order is torchvision's ``TenCrop``: upper left, upper right, lower
    left, lower right, centre; then the same places of the mirror image.

    Args:
        images: ``[B, C, H, W]``.
        size: side of the crops in pixels.
        landmarks: ``[B, 68, 2]`` in pixels of the images.

    Returns:
        ``[B, 10, C, size, size]`` and, where landmarks are given, these in
        pixels of each crop, ``[B, 10, 68, 2]``, renumbered in mirror images.

    Raises:
        FerError: when the crops are larger than the images.
    """
    height, width = images.shape[-2:]
    if not 1 <= size <= min(height, width):
        raise FerError(
            f"ten crops of {size} pixels do not fit faces of {width} x {height}."
        )
    right, low = width - size, height - size
    # round() as torchvision does: halves go to the even number.
    centre = (round(right / 2), round(low / 2))
    corners = [(0, 0), (right, 0), (0, low), (right, low), centre]
    both = (images, images.flip(-1))
    crops = torch.stack(
        [face[..., y : y + size, x : x + size] for face in both for x, y in corners], 1
    )
    if landmarks is None:
        return crops
    mirrored = landmarks[:, torch.as_tensor(IBUG_FLIP, device=landmarks.device)]
    mirrored = torch.stack([width - 1 - mirrored[..., 0], mirrored[..., 1]], -1)
    starts = landmarks.new_tensor(corners)[:, None]
    points = [points[:, None] - starts for points in (landmarks, mirrored)]
    return crops, torch.cat(points, 1)
