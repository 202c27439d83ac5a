"""Images that stay in a file, so that a large set needs little memory."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from fer_lib.errors import FerError
from fer_lib.files import atomic_path

_DEFAULT_LIMIT = 1 << 30
_PART = 1 << 24  # bytes read at a time


def memory_limit() -> int:
    """Bytes of pixels held in memory at most: ``FER_MEMORY_LIMIT``, or 1 GiB."""
    named = os.environ.get("FER_MEMORY_LIMIT", "")
    if named and not named.isdecimal():
        raise FerError(
            f"FER_MEMORY_LIMIT is {named!r}, expected a number of bytes such "
            f"as {_DEFAULT_LIMIT}; correct or unset it."
        )
    return int(named) if named else _DEFAULT_LIMIT


class MappedImages:
    """Images ``uint8 [N, C, H, W]`` of a ``.npy`` file, read when indexed.

    ``images[rows]`` reads these rows into an ordinary array, so training
    code that indexes batches needs no more memory than a batch.
    :meth:`select` keeps a choice of rows without reading them.  ``np.asarray``
    serves up to :func:`memory_limit` and refuses above it; torch would read
    row by row, so hand it ``images[rows]`` instead.
    """

    ndim = 4
    dtype = np.dtype(np.uint8)

    def __init__(self, path: Path | str):
        self.path = Path(path)
        try:
            stored = np.lib.format.open_memmap(self.path, mode="r")
            if stored.ndim != self.ndim or stored.dtype != self.dtype:
                raise ValueError(f"found {stored.dtype} {list(stored.shape)}")
        except (OSError, ValueError, EOFError) as error:
            raise FerError(
                f"{self.path}: cannot be mapped ({error}), expected images uint8 "
                "[N, C, H, W]; delete the file, it is made again."
            ) from error
        self._stored = stored.view(np.ndarray)
        self._rows = np.arange(len(stored))

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self._rows), *self._stored.shape[1:])

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape))

    @property
    def whole(self) -> bool:
        """Whether these are all images of the file, in its order."""
        n = len(self._stored)
        return len(self._rows) == n and bool((self._rows == np.arange(n)).all())

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index) -> np.ndarray:
        """A copy of one image or of several, as of an array's first axis."""
        return np.array(self._stored[self._rows[index]])

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if self.nbytes > memory_limit():
            raise FerError(
                f"{self.path}: {self.nbytes:,} bytes of images are more than "
                f"the {memory_limit():,} that are held in memory; read parts "
                "as images[rows], or raise FER_MEMORY_LIMIT."
            )
        return self[:] if dtype is None else self[:].astype(dtype)

    def select(self, rows: np.ndarray) -> "MappedImages":
        """The images at ``rows`` (indices or a mask), still unread."""
        chosen = object.__new__(MappedImages)
        chosen.path, chosen._stored = self.path, self._stored
        chosen._rows = self._rows[rows]
        return chosen


def in_parts(array: np.ndarray | MappedImages) -> Iterator[np.ndarray]:
    """An array in consecutive parts of a few megabytes, at least a row."""
    row = array.nbytes // max(len(array), 1)
    step = max(1, _PART // max(row, 1))
    for start in range(0, len(array), step):
        yield array[start : start + step]


def write_parts(
    path: Path | str, shape: tuple[int, ...], parts: Iterable[np.ndarray]
) -> None:
    """Write consecutive parts ``uint8 [n, C, H, W]`` of all images, atomically."""
    header = {"descr": "|u1", "fortran_order": False, "shape": tuple(shape)}
    with atomic_path(path) as temporary, temporary.open("wb") as output:
        np.lib.format.write_array_header_1_0(output, header)
        for part in parts:
            output.write(np.ascontiguousarray(part, np.uint8).data)
