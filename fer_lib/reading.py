"""From photographs to what a network reads in their faces, in constant memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.sources.tree import walk
from fer_lib.errors import FerError
from fer_lib.evaluation.calibration import MAJORITY, threshold_of
from fer_lib.evaluation.inference import faces_together, probabilities
from fer_lib.models.network import Network
from fer_lib.photos.detection import Box, NoFace
from fer_lib.photos.faces import FER2013_FRAME, LEAST, RENDERED_FRAME, faces_in
from fer_lib.photos.images import as_picture, read_image
from fer_lib.processes import in_order

TOGETHER = 32  # faces in one pass; more are hardly faster, and come later
FEW = 64  # photographs whose faces are found before a process has started
READ, NO_FACE, NOT_READ = "read", "no face", "not read"


@dataclass(frozen=True, eq=False)
class Reading:
    """What a network reads in one face.

    Attributes:
        source: the photograph's path, or the number of the face.
        face: ``uint8 [C, S, S]``, what the network was shown.
        probabilities: of the classes, calibrated by the network's temperature,
            ``float32 [C]``, sums to 1.
        classes: their names.
        box: left, top, right, bottom in the photograph; None of an array.
        threshold: probability from which on the reading is sure.
    """

    source: str
    face: np.ndarray = field(repr=False)
    probabilities: np.ndarray
    classes: tuple[str, ...]
    box: Box | None = None
    threshold: float = MAJORITY

    @property
    def expression(self) -> str:
        """Name of the most probable class."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def sure(self) -> bool:
        """Whether its probability reaches the threshold.

        See :func:`fer_lib.evaluation.calibration.threshold_of`.
        """
        return bool(self.probabilities.max() >= self.threshold)

    @property
    def answer(self) -> str:
        """Expression and probability in words: ``"not sure (sad 41 %)"``."""
        said = f"{self.expression} {100 * self.probabilities.max():.0f} %"
        return said if self.sure else f"not sure ({said})"

    @property
    def size(self) -> int | None:
        """Width of the face in pixels of the photograph; None of an array."""
        return self.box[2] - self.box[0] if self.box else None

    @property
    def note(self) -> str:
        """What speaks against trusting it, such as a small face; else empty."""
        if not self.box or self.size >= LEAST:
            return ""
        return (
            f"small face: {self.size} pixels wide, expected {LEAST} or more; its "
            "landmarks lie on whole pixels, and its frame by them."
        )

    def __repr__(self) -> str:
        where = f", face at {', '.join(map(str, self.box))}" if self.box else ""
        return f"<{self.source}: {self.answer}{where}>"


class Readings(list[Reading]):
    """What a network reads in the faces of a source.

    Attributes:
        unread: why a photograph of a folder was not read, by its path.
    """

    unread: Mapping[str, str]

    def __init__(self, readings: Iterable[Reading], unread: Mapping[str, str] = {}):
        super().__init__(readings)
        self.unread = dict(unread)

    def __repr__(self) -> str:
        lines = [repr(one) for one in self]
        lines += [f"not read: {why}" for why in self.unread.values()]
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class Photograph:
    """What a network reads in one photograph.

    Attributes:
        path: of its file.
        readings: of its faces, from left to right; empty when there is none.
        state: ``"read"``, ``"no face"`` or ``"not read"``.
        note: why nothing was read; else empty.
    """

    path: Path
    readings: Readings
    state: str = READ
    note: str = ""

    def __repr__(self) -> str:
        return repr(self.readings) or f"<{self.path}: {self.note}>"


def read_photographs(
    network: Network, sources: Iterable[Path | str], workers: int = 1
) -> Iterator[Photograph]:
    """Read photograph by photograph, in constant memory.

    Faces of several photographs go through the network together.  A bar shows the
    progress of eight photographs or more.

    Args:
        network: any here.
        sources: photographs and folders of them, see :func:`photographs`.
        workers: processes that look for faces, which takes most of the time.

    Yields:
        One :class:`Photograph` each, in the order of :func:`photographs`; what
        cannot be read, and what shows no face, is told in its ``note``.
    """
    sources = list(sources)
    count = sum(1 for one in sources for _ in photographs(one))
    paths = (path for one in sources for path in photographs(one))
    frame = RENDERED_FRAME if network.rendered_only else FER2013_FRAME
    look = partial(_seen, side=network.input.size, frame=frame)
    found = in_order(look, paths, min(workers, count // FEW))
    bar = tqdm(found, total=count, unit="photo", leave=False, disable=count < 8)
    wanted = network.input.channels, network.input.size, network.regions_per_face
    most = min(TOGETHER, faces_together(*wanted))
    waiting: list[_Seen] = []
    for seen in bar:
        waiting.append(seen)
        # Photographs without a face must not pile up, either.
        if max(len(waiting), sum(len(one.faces) for one in waiting)) >= most:
            yield from _read(network, waiting)
            waiting = []
    yield from _read(network, waiting)


def photographs(source: Path | str) -> Iterator[Path]:
    """All files of a folder and of the folders inside, or the one file.

    Hidden ones are left out.  Links are followed, but for those to a folder above.  A
    folder that may not be listed or that holds nothing is among the files, so that a
    reader of photographs complains of it.
    """
    source = Path(source).expanduser()
    yield from walk(source) if source.is_dir() else [source]


class _Seen(NamedTuple):
    """A photograph whose faces are found, and not read yet."""

    path: Path
    faces: Sequence[np.ndarray] = ()  # uint8 [3, S, S]
    boxes: Sequence[Box] = ()
    state: str = READ
    note: str = ""


def _seen(path: Path, side: int, frame: tuple[float, float]) -> _Seen:
    try:
        _check_file(path)
        picture = as_picture(read_image(path))
    except FerError as error:
        note = str(error).removeprefix(f"{path}: ")
        return _Seen(path, state=NOT_READ, note=note)
    try:
        found = faces_in(picture)
        faces = [face.framed(side, frame) for face in found]
    except NoFace as error:
        return _Seen(path, state=NO_FACE, note=str(error))
    return _Seen(path, faces, [face.box for face in found])


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise FerError(
            "a folder without files, or one that may not be listed; give a folder of "
            "photographs."
        )
    if not path.exists():
        raise FerError("no such file or folder; give a photograph's path.")


def _read(network: Network, waiting: list[_Seen]) -> Iterator[Photograph]:
    """All that wait, their faces in one pass."""
    faces = [face for one in waiting for face in one.faces]
    # An empty set has no probabilities, and nobody takes any.
    shares = iter(probabilities(network, np.stack(faces)) if faces else ())
    limit = threshold_of(network)
    for path, faces, boxes, state, note in waiting:
        read = [
            Reading(str(path), face, next(shares), network.classes, box, limit)
            for face, box in zip(faces, boxes, strict=True)
        ]
        yield Photograph(path, Readings(read), state, note)
