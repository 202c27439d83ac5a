"""Face sets of noise with the structure of rendered ones, made in no time."""

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.expressions import FERPLUS_TO_BOOK

PEAKS = (0, 1, 2, 3, 4, 5, 7)


def recordings(people: int = 10, frames: int = 4) -> FaceSet:
    """Each person with seven recordings from neutral to a peak, as in CK+."""
    count = people * 7 * frames
    number = np.arange(count)
    frame, peak = number % frames, np.take(PEAKS, number // frames % 7)
    return FaceSet(
        name="rendered_lab",
        images=noise(count, 16),
        labels=np.where(frame == 0, 6, peak),
        splits=np.full(count, "All"),
        provenance="Noise.",
        rendered=True,
        subjects=number // (7 * frames),
        sequences=number // frames,
        extra={"frame": frame + 1, "from_end": frames - 1 - frame},
    )


def web_faces(count: int = 210) -> FaceSet:
    """Three splits as in FER2013, with raters who agree with the labels."""
    labels = np.arange(count) % 7
    votes = np.zeros((count, 10), int)
    votes[np.arange(count), np.argsort(FERPLUS_TO_BOOK)[labels]] = 10
    return FaceSet(
        name="rendered",
        images=noise(count, 48),
        labels=labels,
        splits=np.repeat(["Training", "PublicTest", "PrivateTest"], count // 3),
        provenance="Noise.",
        rendered=True,
        votes=votes,
        subjects=np.arange(count) // 7,
        extra={"expression": labels},
    )


def noise(count: int, size: int) -> np.ndarray:
    """Pictures ``uint8 [count, 1, size, size]`` without any face."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 1, size, size), dtype=np.uint8)
