"""Blobs drawn at the landmarks go where the moved landmarks say."""

import pytest
import torch

from fer_lib.data.augment import augmentation, seeded
from fer_lib.errors import FerError
from fer_lib.landmarks import IBUG_FLIP

SIDE, BLUR = 96, 1.5

# What the papers and their authors' codes do, one entry a kind.
PAPERS = {
    "residual masking": {"flip": 0.5, "degrees": 30, "fill": "zeros"},
    "ESR": {"flip": 0.5, "degrees": 30, "translate": 0.1, "scale": (1.0, 1.25)},
    "MA-Net": {"size": SIDE, "resized_crop": (0.3, 1.0), "flip": 0.5},
    "part ensemble": {"flip": 0.5, "degrees": 15, "translate": 0.05, "shear": 0.05},
    # Blobs that the crop cuts through must not be shifted back inside.
    "plain VGG": {"size": 48, "resized_crop": (0.8, 1.0), "flip": 0.5},
    "strong shear": {"flip": 0.5, "shear": 20},
}


def drawn(points):
    """A channel with one blob for each point ``[B, P, 2]``."""
    grid = torch.arange(SIDE).float()
    x, y = ((grid - points[..., axis, None]) ** 2 for axis in (0, 1))
    return torch.exp(-(x[..., None, :] + y[..., :, None]) / (2 * BLUR**2))


def centres(images):
    """Centre of mass ``[B, P, 2]`` of each channel."""
    mass = images.sum((-2, -1))
    height, width = images.shape[-2:]
    x = (images.sum(-2) * torch.arange(width)).sum(-1) / mass
    y = (images.sum(-1) * torch.arange(height)).sum(-1) / mass
    return torch.stack([x, y], -1)


def turn(points):
    """Above 0 where the first three points ``[B, P, 2]`` turn clockwise."""
    a, b = points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def inside(points, side, rim=7):
    return ((points > rim) & (points < side - 1 - rim)).all(-1)


@pytest.fixture
def points():
    generator = torch.Generator().manual_seed(3)
    spread = torch.rand(24, 68, 2, generator=generator)
    return SIDE * (0.15 + 0.7 * spread)


@pytest.mark.parametrize("paper", PAPERS)
def test_points_follow_the_pixels(paper, points):
    with seeded(1):
        changed, moved = augmentation(**PAPERS[paper])(drawn(points), points)
    found = centres(changed)
    # Channel k still holds the blob of what was point k.
    same = (found - moved).norm(dim=-1).nan_to_num(SIDE)  # nothing left of it
    swapped = (found[:, IBUG_FLIP] - moved).norm(dim=-1).nan_to_num(SIDE)
    whole = inside(moved, changed.shape[-1])
    assert whole.float().mean() > 0.3
    error = torch.stack([
        torch.where(whole, same, 0).amax(1),
        torch.where(whole, swapped, 0).amax(1),
    ])  # fmt: skip
    assert error.amin(0).max() < 0.1
    mirrored = error[1] < error[0]
    assert mirrored.any() and not mirrored.all(), "half of the faces are mirrored"
    unswapped = torch.where(mirrored[:, None, None], moved[:, IBUG_FLIP], moved)
    assert torch.equal(turn(points) * turn(unswapped) < 0, mirrored)


@pytest.mark.parametrize("paper", PAPERS)
def test_the_same_with_landmarks_and_without(paper, points):
    images = torch.rand(24, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    change = augmentation(**PAPERS[paper], erase=0.5)
    with seeded(5, 2):
        alone = change(images)
    with seeded(5, 2):
        together, _ = change(images, points)
    assert torch.equal(alone, together)
    with seeded(5, 3):
        assert not torch.equal(change(images), alone)


def test_brightness_and_contrast_are_torchvisions():
    grey = torch.full((400, 1, 4, 4), 0.4)
    with seeded(0):
        factor = augmentation(brightness=0.5)(grey).mean((1, 2, 3)) / 0.4
    assert 0.5 <= factor.min() < 0.52 and 1.48 < factor.max() <= 1.5
    waves = 0.4 + 0.1 * torch.randn(400, 1, 16, 16).clamp(-2, 2)
    changed = augmentation(contrast=0.5)(waves)
    torch.testing.assert_close(changed.mean((1, 2, 3)), waves.mean((1, 2, 3)))
    factor = changed.std((1, 2, 3)) / waves.std((1, 2, 3))
    assert 0.499 <= factor.min() < 0.53 and 1.47 < factor.max() <= 1.501


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"flip": 1.5}, "flip is 1.5, expected 0 to 1"),
        ({"erase": -1}, "erase is -1, expected 0 to 1"),
        ({"fill": "mirror"}, "fill is 'mirror', expected one of border, zeros"),
        ({"resized_crop": (0.5, 1)}, "needs the size"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(FerError, match=message):
        augmentation(**options)
