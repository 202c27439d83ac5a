"""What most users need, in five functions: :mod:`fer_lib` has them at its root.

A *source* of faces is the path of a photograph or of a folder of photographs, a list
of such paths, a :class:`~fer_lib.data.faceset.FaceSet`, or an array of faces that are
cut out already, ``uint8 [N, C, H, W]`` or floats in 0..1.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.evaluation.calibration import threshold_of
from fer_lib.evaluation.inference import predict as scores_of
from fer_lib.evaluation.inference import probabilities
from fer_lib.models import build
from fer_lib.models.network import Network
from fer_lib.models.saved import load
from fer_lib.reading import Reading, Readings, read_photographs

__all__ = ["Evaluation", "Explanation", "Reading", "Readings"]
__all__ += ["build", "evaluate", "explain", "load", "predict"]

Source = str | Path | Sequence[str | Path] | np.ndarray | FaceSet


def predict(network: Network, source: Source) -> Readings:
    """Read the expressions of all faces of a source.

    Args:
        network: of :func:`load` or :func:`build`; see ``network.provenance`` for
            what it learned from, and ``network.temperature`` for its calibration.
        source: a photograph, a folder of them, a list of such paths, a face set or
            an array of faces.
            In photographs faces are found and their eyes put level (extra
            ``photos``); the folders inside a folder are read, too.

    Returns:
        One :class:`Reading` per face; what a folder holds besides is in ``unread``.
        For more than memory holds there is
        :func:`fer_lib.reading.read_photographs`.

    Raises:
        FerError: when no photograph can be read or shows a face.
    """
    if paths := _paths(source):
        found = list(read_photographs(network, paths))
        unread = {str(one.path): f"{one.path}: {one.note}" for one in found if one.note}
        read = [reading for one in found for reading in one.readings]
        if not read:
            raise FerError(next(iter(unread.values())))
        return Readings(read, unread)
    faces = np.asarray(source.images if isinstance(source, FaceSet) else source)
    if not faces.size:
        raise FerError("the source is empty; give a photograph or a face at least.")
    if faces.ndim != 4:
        raise FerError(
            f"faces are {list(faces.shape)}, expected [N, C, H, W] with C 1 or 3; "
            "add the missing axes, for example faces[None]."
        )
    limit = threshold_of(network)
    return Readings(
        Reading(f"face {i}", face, shares, network.classes, None, limit)
        for i, (face, shares) in enumerate(
            zip(faces, probabilities(network, faces), strict=True)
        )
    )


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
    source: Source | Readings,
    method: str | Callable = "grad_cam",
    target: str | None = None,
) -> Explanation:
    """Where in a face a network finds what speaks for a class.

    Which methods can be believed, and for what, is chapter 11 of the book.

    Args:
        network: any here.
        source: as of :func:`predict`, or what that returned.
        method: a name in ``fer_lib.explain.METHODS``, or a function called
            like these.  Those about facial parts need a face set with landmarks.
        target: the class that is explained; what the network reads if None.

    Raises:
        FerError: when method or target is unknown.
    """
    from fer_lib.explain import explain as maps_of
    from fer_lib.models.network import check_choice

    readings = source if isinstance(source, Readings) else predict(network, source)
    if target is not None:
        check_choice(network.NAME, "target", target, network.classes)
    wanted = tuple(target or one.expression for one in readings)
    labels = np.array([network.classes.index(name) for name in wanted])
    faces = np.stack([one.face for one in readings])
    landmarks = source.landmarks if isinstance(source, FaceSet) else None
    maps = maps_of(network, faces, method, labels, landmarks=landmarks)
    name = method if isinstance(method, str) else method.__name__
    return Explanation(name, readings, wanted, maps)


def _paths(source: Source) -> list[str | Path]:
    """Those of a source that is one or more of them, else none."""
    named = [source] if isinstance(source, str | Path) else source
    if isinstance(named, list | tuple) and all(
        isinstance(p, str | Path) for p in named
    ):
        return list(named)
    return []


def _grey(face: np.ndarray, size: int) -> np.ndarray:
    """A face ``[C, S, S]`` as grey ``[size, size]`` in 0..1."""
    from fer_lib.preprocessing import Preprocessing

    unit = Preprocessing(size=size, channels=1).to_unit(face[None])
    return unit[0, 0].numpy()
