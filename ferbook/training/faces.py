"""Batches of training faces on the device, held there or streamed to it."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from fer_lib.data.faceset import FaceSet
from fer_lib.data.mapped import MappedImages, in_parts, memory_limit
from fer_lib.errors import FerError
from fer_lib.preprocessing import Preprocessing
from ferbook.training.plan import Batch, Stage

AHEAD = 3  # batches read before they are asked for


def shrunk(images: Tensor, wanted: Preprocessing) -> Tensor:
    """The same faces as bytes, no larger than what the network sees.

    Small faces are enlarged batch by batch instead, which takes less memory
    and next to no time.  Only training rounds: ``predict`` resizes without,
    and sees pixels that differ by half a grey level at most.  To round in
    neither would change what recorded runs learned from.
    """
    if images[0].numel() <= _input_bytes(wanted):
        return images
    return (wanted.to_unit(images) * 255).round().byte()


class Images:
    """The pixels of a face set, for batches on a device.

    They are held there as bytes, or, where they would take more than half
    of what a GPU has left or a mapped set more than the memory limit, read
    batch by batch by a thread that keeps :data:`AHEAD` batches ready.

    Args:
        images: ``uint8 [N, C, H, W]``, an array or mapped.
        wanted: what the network expects.
        device: where the network is.
    """

    def __init__(
        self,
        images: np.ndarray | MappedImages,
        wanted: Preprocessing,
        device: torch.device,
    ):
        self.source, self.wanted, self.device = images, wanted, device
        size = len(images) * min(int(np.prod(images.shape[1:])), _input_bytes(wanted))
        self.streamed = size > _room(images, device)
        self.held = None if self.streamed else self._hold()

    def batches(self, order: Tensor, size: int) -> Iterator[Tensor]:
        """Bytes ``[B, C, H, W]`` on the device, of rows ``int64 [m]``.

        Args:
            order: rows of the set, on the CPU.
            size: B; the last batch may have fewer.
        """
        if self.held is not None:
            for rows in order.to(self.device).split(size):
                yield self.held[rows]
            return
        with ThreadPoolExecutor(1) as reader:
            waiting = deque()
            for rows in order.split(size):
                waiting.append(reader.submit(self._read, rows.numpy()))
                if len(waiting) > AHEAD:
                    yield self._moved(waiting.popleft().result())
            while waiting:
                yield self._moved(waiting.popleft().result())

    def _hold(self) -> Tensor:
        parts = (torch.as_tensor(part) for part in in_parts(self.source))
        held, start = None, 0
        for part in map(self._moved, parts):
            if held is None:
                held = part.new_empty(len(self.source), *part.shape[1:])
            held[start : start + len(part)] = part  # to join them would take twice
            start += len(part)
        return held

    def _read(self, rows: np.ndarray) -> Tensor:
        batch = torch.from_numpy(self.source[rows])
        # Only from pinned memory does a copy run beside the computation.
        return batch.pin_memory() if self.device.type == "cuda" else batch

    def _moved(self, images: Tensor) -> Tensor:
        return shrunk(images.to(self.device, non_blocking=True), self.wanted)


class StageFaces:
    """Labels and the other columns that a stage reads, on the device.

    Raises:
        FerError: when the set lacks a column that the stage reads.
    """

    def __init__(
        self, faces: FaceSet, stage: Stage, size: int, device: torch.device
    ) -> None:
        self.labels = torch.as_tensor(faces.labels)
        self._labels = self.labels.to(device)
        self._extra = {
            name: torch.as_tensor(_column(faces, name, stage.name), device=device)
            for name in stage.reads
        }
        self._landmarks = self._extra.pop("landmarks", None)
        if self._landmarks is not None:
            height, width = faces.images.shape[2:]
            scale = self._landmarks.new_tensor([size / width, size / height])
            # Centres of pixels stand at whole numbers.
            self._landmarks = (self._landmarks + 0.5) * scale - 0.5

    def batch(self, rows: Tensor) -> Batch:
        """What is known of the faces at ``rows``, which are on the device."""
        points = self._landmarks
        return Batch(
            self._labels[rows],
            None if points is None else points[rows],
            {name: column[rows] for name, column in self._extra.items()},
        )


def _column(faces: FaceSet, name: str, stage: str) -> np.ndarray:
    columns = faces.columns()
    found = columns.get(name, columns.get(f"extra.{name}"))
    if found is None:
        raise FerError(
            f"{faces.name}: no column '{name}', which the stage '{stage}' learns "
            f"from, found {', '.join(columns)}; add it or choose another recipe."
        )
    return found


def _input_bytes(wanted: Preprocessing) -> int:
    return wanted.channels * wanted.size**2


def _room(images: np.ndarray | MappedImages, device: torch.device) -> float:
    """Bytes of pixels that may be held on the device."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] / 2
    mapped = isinstance(images, MappedImages)
    return memory_limit() if mapped else float("inf")
