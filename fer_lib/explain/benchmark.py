"""How good are the maps of a method?  Scored where the truth is known.

Faces are rendered, so it is known which pixels show the evidence, and each
movement can be taken out of a face and put into one.  The primary scores are
``unit_deletion`` and ``unit_insertion``, what the network itself answers to
faces made again, and ``relevance_rank@0.25``, the truth at its middle
threshold.  A method is worth reading about where it is above the floors, by
as much as the ceiling leaves room for.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from fer_lib.explain.inputs import Images
from fer_lib.explain.placing import enlarge
from fer_lib.explain.scoring.faithfulness import (
    average_drop,
    deletion,
    infidelity,
    insertion,
)
from fer_lib.explain.scoring.localisation import SCORES, relevance_mass, weighted_auc
from fer_lib.explain.scoring.rerendering import Effects, unit_effects, unit_order
from fer_lib.explain.scoring.rivals import CEILING, FLOORS, fitted_decoys
from fer_lib.models.network import Network
from fer_lib.rendered.known import KnownFaces, expression_faces

Simple = Callable[[Network, Images, np.ndarray], np.ndarray]
# Pixels of a picture of 48 by which a point must be shifted to be evidence.
THRESHOLDS = (0.125, 0.25, 0.5)
PRIMARY = ("unit_deletion", "unit_insertion", "relevance_rank@0.25")
FALLING = ("deletion", "average_drop", "infidelity")  # less is better
STEPS = 12  # of deletion and insertion by pixels
PEOPLE_TO_FIT = 24


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Scores ``float64 [N]`` of every row on the same N faces, by row and name.

    Rows are the method, ``truth``, a map made of the truth and so a ceiling, and
    the floors; not numbers where a score says nothing of a face.
    """

    rows: Mapping[str, Mapping[str, np.ndarray]]

    def means(self, row: str) -> dict[str, float]:
        """Mean over faces of every score of a row."""
        known = {k: v[~np.isnan(v)] for k, v in self.rows[row].items()}
        return {k: float(v.mean()) if len(v) else np.nan for k, v in known.items()}

    def ranking(self, score: str) -> tuple[str, ...]:
        """Rows by a score, the best first; those that have no value come last."""
        sign = -1 if score in FALLING else 1
        told = {row: sign * self.means(row)[score] for row in self.rows}
        return tuple(sorted(told, key=lambda r: -np.nan_to_num(told[r], nan=-np.inf)))

    def __str__(self) -> str:
        named = f"{'':16}" + "".join(f"{score:>22}" for score in PRIMARY)
        lines = [named]
        for row in self.ranking(PRIMARY[-1]):
            told = self.means(row)
            lines.append(f"{row:16}" + "".join(f"{told[s]:22.3f}" for s in PRIMARY))
        return "\n".join(lines)


def benchmark(
    method: Simple,
    network: Network,
    faces: KnownFaces | None = None,
    targets: np.ndarray | None = None,
    *,
    name: str = "yours",
    pixels: bool = True,
) -> Benchmark:
    """Score a method against the truth, the network, a ceiling and floors.

    Args:
        method: called as ``method(network, images, targets)``; any of
            :data:`fer_lib.explain.methods.METHODS`, or your own, which gives
            ``[N, H, W]``, larger where a pixel speaks more for the class.  A
            keyword ``landmarks`` is given where it is asked for.
        network: that is explained.  It should read such faces: see what it
            gets right before you believe its row.
        faces: with their truth; 24 with expressions if None.
        targets: ``int64 [N]``, the classes that are explained; the faces'
            labels if None.
        name: of the method's row.
        pixels: whether to score by covering pixels, too, which takes longest.

    Example:
        >>> from fer_lib.models import build
        >>> from fer_lib.rendered.known import expression_faces
        >>> def brightest(network, images, targets):
        ...     return network.input.to_unit(images).mean(1).numpy()
        >>> network, faces = build("ramn", preset="smoke"), expression_faces(2, 48)
        >>> found = benchmark(brightest, network, faces, pixels=False)
        >>> found.ranking("relevance_rank@0.25")[0]
        'truth'
        >>> 0 <= found.means("yours")["unit_deletion"] <= 1
        True
    """
    faces = expression_faces() if faces is None else faces
    targets = faces.labels if targets is None else np.asarray(targets)
    effects = unit_effects(network, faces, targets)
    size = faces.images.shape[-1]
    methods = {name: method, **FLOORS, **fitted_decoys(_training_points(size), size)}
    maps = {row: maps_of(one, network, faces, targets) for row, one in methods.items()}
    maps[CEILING] = faces.shift
    asked = (network, faces, targets, effects)
    return Benchmark({row: scored(m, *asked, pixels=pixels) for row, m in maps.items()})


def maps_of(
    method: Simple, network: Network, faces: KnownFaces, targets: np.ndarray
) -> np.ndarray:
    """Maps ``float32 [N, size, size]`` of a method, of either kind."""
    given = {"landmarks": faces.landmarks} if _takes_landmarks(method) else {}
    unit = network.input.to_unit(faces.images)
    if given:  # they are in pixels of what is explained
        scale = unit.shape[-1] / faces.images.shape[-1]
        given["landmarks"] = (faces.landmarks + 0.5) * scale - 0.5
    return np.asarray(method(network, unit, targets, **given), np.float32)


def scored(
    maps: np.ndarray,
    network: Network,
    faces: KnownFaces,
    targets: np.ndarray,
    effects: Effects,
    *,
    pixels: bool = True,
) -> dict[str, np.ndarray]:
    """All scores of maps ``[N, H, W]``, by name, ``float64 [N]`` each.

    ``effects`` are those of :func:`~.scoring.rerendering.unit_effects`; maps of
    another size than the faces' are enlarged to it.
    """
    large = resized(maps, faces.images.shape[-1])
    found = {
        "unit_deletion": unit_order(large, faces, effects.deletion),
        "unit_insertion": unit_order(large, faces, effects.insertion),
        "weighted_auc": weighted_auc(large, faces.shift),
    }
    for threshold in THRESHOLDS:
        truth = faces.thresholded(threshold)
        found |= {f"{k}@{threshold}": one(large, truth) for k, one in SCORES.items()}
    # A map without any relevance has none on the evidence.
    for name in (f"{relevance_mass.__name__}@{t}" for t in THRESHOLDS):
        known = ~np.isnan(found[name.replace("mass", "rank")])
        found[name] = np.where(known, np.nan_to_num(found[name]), np.nan)
    return found | (covered(maps, network, faces, targets) if pixels else {})


def covered(
    maps: np.ndarray, network: Network, faces: KnownFaces, targets: np.ndarray
) -> dict[str, np.ndarray]:
    """What the network says of maps when pixels are covered, ``[N]`` each."""
    own = resized(maps, network.input.size)
    asked = (network, faces.images, targets, own)
    blurred = {"fill": "blur", "steps": STEPS}
    return {
        "deletion": deletion(*asked, **blurred).area,
        "insertion": insertion(*asked, **blurred).area,
        "average_drop": average_drop(*asked),
        "infidelity": infidelity(*asked),
    }


def resized(maps: np.ndarray, size: int) -> np.ndarray:
    """Maps ``[N, H, W]`` as ``[N, size, size]``, bilinearly."""
    maps = np.asarray(maps, np.float32)
    if maps.shape[-2:] == (size, size):
        return maps
    return enlarge(torch.as_tensor(maps), (size, size)).numpy()


def _takes_landmarks(method: Callable) -> bool:
    return "landmarks" in inspect.signature(method).parameters


@lru_cache(maxsize=4)
def _training_points(size: int) -> np.ndarray:
    """Landmarks of people who are in no benchmark, ``[24, 68, 2]``."""
    from fer_lib.rendered.moved_faces import moved_face

    people = range(900_000, 900_000 + PEOPLE_TO_FIT)
    return np.stack(
        [moved_face(k, (), size, 0, k).scene.landmarks()[0] for k in people]
    )
