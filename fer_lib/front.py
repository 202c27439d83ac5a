"""What most users need, in five functions: :mod:`fer_lib` has them at its root.

A *source* of faces is the path of a photograph, of a folder of photographs, a
:class:`~fer_lib.data.faceset.FaceSet`, or an array of faces that are cut out
already, ``uint8 [N, C, H, W]`` or floats in 0..1.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.models import build
from fer_lib.models.network import Network
from fer_lib.models.saved import load

__all__ = ["Evaluation", "Explanation", "Reading", "Readings"]
__all__ += ["build", "evaluate", "explain", "load", "predict"]

Source = str | Path | np.ndarray | FaceSet


@dataclass(frozen=True, eq=False)
class Reading:
    """What a network reads in one face.

    Attributes:
        source: the photograph's path, or the number of the face.
        face: ``uint8 [C, S, S]``, what the network was shown.
        probabilities: of the classes, ``float32 [C]``, sums to 1.
        classes: their names.
        box: left, top, right, bottom in the photograph; None of an array.
    """

    source: str
    face: np.ndarray = field(repr=False)
    probabilities: np.ndarray
    classes: tuple[str, ...]
    box: tuple[int, int, int, int] | None = None

    @property
    def expression(self) -> str:
        """Name of the most probable class."""
        return self.classes[int(self.probabilities.argmax())]

    def __repr__(self) -> str:
        share = 100 * self.probabilities.max()
        where = f", face at {', '.join(map(str, self.box))}" if self.box else ""
        return f"<{self.source}: {self.expression} {share:.0f} %{where}>"


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


def predict(network: Network, source: Source) -> Readings:
    """Read the expressions of all faces of a source.

    Args:
        network: of :func:`load` or :func:`build`; see ``network.provenance`` for
            what it learned from.
        source: a photograph, a folder of them, a face set or an array of faces.
            In photographs faces are found and their eyes put level (extra
            ``photos``); pictures in folders inside the folder are not read.

    Returns:
        One :class:`Reading` per face; what a folder holds besides is in ``unread``.

    Raises:
        FerError: when no photograph can be read or shows a face.
    """
    from fer_lib.evaluation.inference import probabilities

    names, faces, boxes, unread = _faces(source, network)
    shares = probabilities(network, faces)
    rows = zip(names, faces, shares, boxes, strict=True)
    read = [Reading(n, f, p, network.classes, b) for n, f, p, b in rows]
    return Readings(read, unread)


@dataclass(frozen=True)
class Evaluation:
    """How well a network reads labelled faces.

    Attributes:
        name: of the face set.
        classes: their names.
        metrics: of :func:`fer_lib.evaluation.metrics.summarize`.
    """

    name: str
    classes: tuple[str, ...]
    metrics: Mapping

    @property
    def accuracy(self) -> float:
        """Share of the faces that are classified correctly, 0..1."""
        return self.metrics["accuracy"]

    def __repr__(self) -> str:
        low, high = (100 * end for end in self.metrics["accuracy_ci95"])
        confusion = np.asarray(self.metrics["confusion"])
        lines = [
            f"{self.name}: accuracy {100 * self.accuracy:.1f} % "
            f"(95 % interval {low:.1f} to {high:.1f}, n = {self.metrics['n']:,})"
        ]
        for label, row in enumerate(confusion):
            n, worst = int(row.sum()), row.copy()
            worst[label] = -1
            if not n:
                continue
            text = f"  {self.classes[label]:10} {100 * row[label] / n:5.1f} % of {n:,}"
            if worst.max() > 0:
                text += f", most often taken for {self.classes[int(worst.argmax())]}"
            lines.append(text)
        return "\n".join(lines)


def evaluate(
    network: Network, faces: str | Path | FaceSet, *, split: str | None = None
) -> Evaluation:
    """Test a network on labelled faces.

    Args:
        network: any here.
        faces: a face set, or a folder with one folder of images per class,
            ``folder/happy/1.png`` or ``folder/test/happy/1.png``.
        split: of the face set; all faces if None.

    Raises:
        FerError: when a label is none of the network's classes.
    """
    from fer_lib.data import load as load_faces
    from fer_lib.evaluation.inference import predict as scores_of
    from fer_lib.evaluation.metrics import summarize

    if not isinstance(faces, FaceSet):
        faces = load_faces("folder", root=faces, size=network.input.size)
    if split is not None:
        faces = faces.split(split)
    if (top := int(faces.labels.max())) >= len(network.classes):
        raise FerError(
            f"{faces.name}: label {top}, but the network knows {len(network.classes)} "
            f"classes, {', '.join(network.classes)}; leave the other faces out, or "
            "take a network that knows them."
        )
    found = summarize(scores_of(network, faces.images), faces.labels)
    return Evaluation(faces.name, network.classes, found)


@dataclass(frozen=True, eq=False)
class Explanation:
    """A heat map of each face, and what it is about.

    Attributes:
        method: name of the method.
        readings: what the network reads in the faces.
        targets: names of the classes that are explained, one per face.
        maps: ``float32 [N, H, W]``, larger where a pixel speaks more for the class.
    """

    method: str
    readings: Readings
    targets: tuple[str, ...]
    maps: np.ndarray

    def draw(self):
        """Faces above, maps below: a matplotlib figure; ``.savefig(path)`` keeps it."""
        from fer_lib.explain.drawing.maps import draw_maps

        size = self.maps.shape[-1]
        grey = [_grey(one.face, size) for one in self.readings]
        titles = [
            f"{target} {100 * one.probabilities[one.classes.index(target)]:.0f} %"
            for one, target in zip(self.readings, self.targets, strict=True)
        ]
        label = self.method.replace("_", " ")
        signed = bool((self.maps < 0).any())
        return draw_maps(np.stack(grey), self.maps, titles, label=label, signed=signed)


def explain(
    network: Network,
    source: Source,
    method: str | Callable = "grad_cam",
    target: str | None = None,
) -> Explanation:
    """Where in a face a network finds what speaks for a class.

    Which methods can be believed, and for what, is chapter 11 of the book.

    Args:
        network: any here.
        source: as of :func:`predict`.
        method: a name in ``fer_lib.explain.METHODS``, or a function called
            like these.
        target: the class that is explained; what the network reads if None.

    Raises:
        FerError: when method or target is unknown.
    """
    from fer_lib.explain import explain as maps_of
    from fer_lib.models.network import check_choice

    readings = predict(network, source)
    if target is not None:
        check_choice(network.NAME, "target", target, network.classes)
    wanted = tuple(target or one.expression for one in readings)
    labels = np.array([network.classes.index(name) for name in wanted])
    faces = np.stack([one.face for one in readings])
    maps = maps_of(network, faces, method, labels)
    name = method if isinstance(method, str) else method.__name__
    return Explanation(name, readings, wanted, maps)


def _faces(
    source: Source, network: Network
) -> tuple[list[str], np.ndarray, list, dict]:
    """Names, faces ``[N, C, H, W]`` and boxes of a source, and what was not read."""
    if isinstance(source, FaceSet):
        source = source.images
    if not isinstance(source, str | Path):
        faces = np.asarray(source)
        if faces.ndim != 4:
            raise FerError(
                f"faces are {list(faces.shape)}, expected [N, C, H, W] with C 1 or 3; "
                "add the missing axes, for example faces[None]."
            )
        return [f"face {i}" for i in range(len(faces))], faces, [None] * len(faces), {}
    from fer_lib.photos.faces import FER2013_FRAME, RENDERED_FRAME, faces_in
    from fer_lib.photos.images import as_picture, read_image

    frame = RENDERED_FRAME if network.rendered_only else FER2013_FRAME
    names, faces, boxes, unread = [], [], [], {}
    for path in _photographs(Path(source).expanduser()):
        try:
            found = faces_in(as_picture(read_image(path)))
        except FerError as error:
            unread[str(path)] = f"{path}: {str(error).removeprefix(f'{path}: ')}"
            continue
        for face in found:
            names.append(str(path))
            faces.append(face.framed(network.input.size, frame))
            boxes.append(face.box)
    if not faces:
        raise FerError(next(iter(unread.values())))
    return names, np.stack(faces), boxes, unread


def _photographs(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FerError(f"{path}: no such file or folder; give a photograph's path.")
    found = [p for p in sorted(path.iterdir()) if p.is_file() and p.name[0] != "."]
    if not found:
        raise FerError(f"{path}: the folder holds no file, expected photographs.")
    return found


def _grey(face: np.ndarray, size: int) -> np.ndarray:
    """A face ``[C, S, S]`` as grey ``[size, size]`` in 0..1."""
    from fer_lib.preprocessing import Preprocessing

    unit = Preprocessing(size=size, channels=1).to_unit(face[None])
    return unit[0, 0].numpy()
