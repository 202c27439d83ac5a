"""68 landmarks as data sets store them, and the square around a face."""

from pathlib import Path

import numpy as np

from fer_lib.errors import FerError

POINTS = 68


def read_landmarks(file: Path) -> np.ndarray:
    """Landmarks of a text file with one point a line, ``float32 [68, 2]``.

    Args:
        file: 68 lines of x and y in pixels, as CK+ has them.

    Raises:
        FerError: when the file is missing, or not as described.
    """
    try:
        words = file.read_text(encoding="ascii").split()
    except OSError as error:
        raise FerError(
            f"{file}: cannot be read ({error.strerror}), expected {POINTS} "
            "landmarks; get the landmarks again."
        ) from error
    except UnicodeDecodeError:
        words = ["bytes", "that are no text"]
    return as_landmarks(words, str(file))


def as_landmarks(numbers, where: str) -> np.ndarray:
    """Landmarks of 136 numbers or words x, y, x, y, ..., ``float32 [68, 2]``.

    Args:
        numbers: words, or an array.
        where: the file, or file and row, that an error names.

    Raises:
        FerError: when they are not 136 finite numbers.
    """
    try:
        points = np.asarray(numbers).astype(np.float64).ravel()
    except ValueError:
        points = np.full(len(numbers), np.nan)
    if len(points) != 2 * POINTS or not np.isfinite(points).all():
        raise FerError(
            f"{where}: found {len(points)} values, {np.isfinite(points).sum()} "
            f"of them numbers, expected {POINTS} landmarks of x and y; get it "
            "again."
        )
    return points.reshape(POINTS, 2).astype(np.float32)


def box_around(points: np.ndarray, margin: float) -> tuple[int, int, int, int]:
    """The square around landmarks, in whole pixels.

    Args:
        points: ``[N, 2]``, x and y in pixels.
        margin: room on every side, as a share of the longer extent.

    Returns:
        Left, top, right and bottom, right and bottom excluded; parts may
        lie outside the image.
    """
    low, high = points.min(0), points.max(0)
    half = (0.5 + margin) * float((high - low).max())
    left, top = np.floor((low + high) / 2 - half).astype(int).tolist()
    side = max(1, int(np.ceil(2 * half)) + 1)
    return left, top, left + side, top + side
