"""What comes between a face and its picture: background, things in front,
blur, noise and compression."""

from io import BytesIO

import numpy as np
from PIL import Image

from fer_lib.errors import optional
from fer_lib.landmarks import interocular
from fer_lib.rendered.surface import smoothstep


def _ndimage():
    return optional("scipy.ndimage", "rendered")


def background(side: int, rng: np.random.Generator) -> np.ndarray:
    """A blurred room ``[side, side]``: a gradient, blobs, an edge or two."""
    y, x = np.mgrid[0:side, 0:side] / side - 0.5
    turn = rng.uniform(0, 2 * np.pi)
    grey = rng.uniform(0.15, 0.8) + rng.uniform(0, 0.4) * (
        x * np.cos(turn) + y * np.sin(turn)
    )
    coarse = rng.normal(0, rng.uniform(0.01, 0.15), (5, 5))
    grey += _ndimage().zoom(coarse, side / 5, order=1, grid_mode=True, mode="nearest")
    for _ in range(rng.integers(0, 4)):
        turn, place = rng.uniform(0, np.pi), rng.uniform(-0.6, 0.6)
        across = x * np.cos(turn) + y * np.sin(turn) - place
        width = rng.uniform(0.03, 0.3)
        band = smoothstep(width, width - 0.02, np.abs(across))
        grey += band * rng.uniform(-0.25, 0.25)
    return np.clip(grey, 0.02, 1)


def capsule(size: int, start, end, radius: float) -> np.ndarray:
    """Coverage ``[size, size]`` of a thick round line, pixels, 0-1."""
    y, x = np.mgrid[0:size, 0:size].astype(float)
    along = np.subtract(end, start)
    part = (x - start[0]) * along[0] + (y - start[1]) * along[1]
    part = np.clip(part / max(along @ along, 1e-9), 0, 1)
    away = np.hypot(x - start[0] - part * along[0], y - start[1] - part * along[1])
    return smoothstep(radius + 0.5, radius - 0.5, away)


def _spectacles(size: int, points: np.ndarray, rng) -> tuple:
    """Round frames, one in three with dark glasses."""
    scale = interocular(points)
    eyes = [points[36:42].mean(0), points[42:48].mean(0)]
    radius, width = rng.uniform(0.24, 0.32) * scale, 0.028 * scale
    frame, glass = np.zeros((2, size, size))
    y, x = np.mgrid[0:size, 0:size].astype(float)
    for eye in eyes:
        away = np.hypot((x - eye[0]) * 0.9, (y - eye[1]) * 1.15)
        edge = np.abs(away - radius)
        frame = np.maximum(frame, smoothstep(width + 0.5, width - 0.5, edge))
        glass = np.maximum(glass, smoothstep(radius + 0.5, radius, away))
    bridge = capsule(size, points[39], points[42], width)
    cover = np.maximum(frame, bridge * (1 - glass))
    if rng.random() < 1 / 3:
        cover = np.maximum(cover, 0.93 * glass)
    return cover, rng.uniform(0.02, 0.25)


def _hand(size: int, points: np.ndarray, rng) -> tuple:
    """Three fingers that come from below and end near mouth or cheek."""
    scale = interocular(points)
    goal = points[rng.choice([3, 5, 11, 13, 48, 54, 57])]
    turn = rng.uniform(-0.5, 0.5)
    along = np.array([np.sin(turn), np.cos(turn)])
    across = np.array([along[1], -along[0]])
    cover = np.zeros((size, size))
    for k in (-1, 0, 1):
        tip = goal + across * k * 0.2 * scale + along * abs(k) * 0.08 * scale
        finger = capsule(size, tip, tip + along * 2 * size, 0.095 * scale)
        cover = np.maximum(cover, finger)
    return cover, rng.uniform(0.2, 0.75)


def _strip(size: int, points: np.ndarray, rng) -> tuple:
    """Something straight before a random part: an edge, a strand, a pole."""
    through = points[rng.integers(68)]
    turn = rng.uniform(0, np.pi)
    along = np.array([np.cos(turn), np.sin(turn)]) * 2 * size
    width = rng.uniform(0.03, 0.12) * interocular(points)
    line = capsule(size, through - along, through + along, width)
    return line, rng.uniform(0.05, 0.6)


OCCLUDERS = (_spectacles, _spectacles, _hand, _strip)


def occlude(
    image: np.ndarray, points: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Put something before the face with the landmarks ``[68, 2]``.

    Returns:
        The image ``[S, S]``, and where it is covered, ``bool [S, S]``.
    """
    kind = OCCLUDERS[rng.integers(len(OCCLUDERS))]
    cover, grey = kind(len(image), points, rng)
    noise = rng.normal(0, 1, image.shape)
    smooth = _ndimage().gaussian_filter(noise, len(image) / 24)
    shaded = grey + 0.08 * smooth * len(image) / 8
    return image + cover * (np.clip(shaded, 0, 1) - image), cover > 0.5


def develop(
    image: np.ndarray, rng, blur: float, exposure: float, grain: tuple[float, float]
) -> np.ndarray:
    """Lens and film: blur, contrast, brightness and noise on grey ``[S, S]``, 0-1.

    Options as of :class:`~fer_lib.rendered.conditions.Conditions`.
    """
    scale = len(image) / 48
    image = _ndimage().gaussian_filter(image, rng.uniform(0, blur) * scale)
    contrast = rng.uniform(1 - 0.25 * exposure, 1 + 0.25 * exposure)
    brightness = rng.normal(0, 0.05 * exposure)
    image = 0.5 + contrast * (image - 0.5) + brightness
    noise = rng.normal(0, rng.uniform(*grain), image.shape)
    return np.clip(image + noise, 0, 1)


def compress(image: np.ndarray, quality: int) -> np.ndarray:
    """What JPEG of a quality from 1 to 95 leaves of ``uint8 [S, S]``."""
    stored = BytesIO()
    Image.fromarray(image).save(stored, "JPEG", quality=quality)
    return np.asarray(Image.open(stored))
