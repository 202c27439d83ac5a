"""One cell of the study: a network explained and scored, task by task.

Every pair of a face and a movement that it shows is asked about: "why does
this move?".  Truth is what that movement shifts; the other movements of the
face are distractors that only a map of this one question leaves alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch

from fer_lib.data.faceset import FaceSet
from fer_lib.explain.benchmark import covered, maps_of, resized, scored
from fer_lib.explain.methods import METHODS, Method, available
from fer_lib.explain.scoring.agreement import rank_agreement
from fer_lib.explain.scoring.controls import BROKEN, broken, randomised
from fer_lib.explain.scoring.localisation import relevance_mass
from fer_lib.explain.scoring.rerendering import unit_effects
from fer_lib.explain.scoring.rivals import CEILING, FLOORS, fitted_decoys
from fer_lib.landmarks import interocular
from fer_lib.models.network import Network
from fer_lib.rendered.cues import CUES
from fer_lib.rendered.known import KnownFaces
from ferbook.study.learning import Learned
from ferbook.study.movements import REGIONS, measured
from ferbook.study.networks import MOVED, two_way
from ferbook.study.settings import FAIR, Cell, Settings

UNTRAINED = "attention_untrained"  # the network's own, before it learned
NAMED = "named_part"  # a rival that reads the question, but sees no face
BROKEN_OF = "saliency"  # whose maps are broken on purpose
ROWS = (
    *METHODS,
    UNTRAINED,
    CEILING,
    NAMED,
    *FLOORS,
    "fitted_blob",
    "mean_parts",
    *(f"broken_{how}" for how in BROKEN),
)
METHOD_ROWS = tuple(METHODS)
# Decoys that a method must beat, each of them: none has seen the question.
RIVALS = ("edges", "mean_face", "centre_blob", "fitted_blob", "mean_parts")
# Landmarks of the part that a movement is named after.
_PARTS = {
    "brow": slice(17, 27),
    "eye": slice(36, 48),
    "nose": slice(27, 36),
    "mouth": slice(48, 68),
    "jaw": slice(3, 14),
    "cheek": slice(0, 0),  # its middle has no landmark, see below
}


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of the test faces, and which are asked about."""

    known: KnownFaces
    asked: Mapping[str, np.ndarray]  # rows of the faces, by movement
    training: np.ndarray  # landmarks [n, 68, 2] of training faces
    # By cue, pixels bool [N, S, S] in which it shows, and pictures with it
    # switched, uint8 [N, 1, S, S]; set, bool [N, 4], says which are set.
    cues: Mapping[str, tuple[np.ndarray, np.ndarray]]
    set: np.ndarray


def measured_cell(
    cell: Cell, learned: Learned, truth: Truth, settings: Settings
) -> dict[str, np.ndarray]:
    """Everything that is kept of a cell, by name; P pairs in the order of tasks.

    ``scores``, ``[N, movements]``, what the network says of the test faces;
    ``task`` and ``face``, ``[P]``; every score ``[rows, P]``.  Of a network with
    planted shortcuts ``cue_mass``, ``[rows, P]``, and ``cue_effect``, ``[P]``, of
    the cue that is tied to the pair's movement; other movements are left out.
    """
    tasks = [t for t in settings.tasks if not cell.tied or t in settings.tied.values()]
    parts = [
        _of_task(cell, learned, truth, settings, task)
        for task in tasks
        if len(truth.asked[task])
    ]
    names = dict.fromkeys(name for part in parts for name in part)
    found = {"scores": learned.scores, "losses": np.array(learned.losses)}
    for name in names:
        found[name] = np.concatenate([part[name] for part in parts], -1)
    return found


def _of_task(
    cell: Cell, learned: Learned, truth: Truth, settings: Settings, task: str
) -> dict[str, np.ndarray]:
    rows, place = truth.asked[task], settings.tasks.index(task)
    faces = truth.known.asked(task, rows)
    network, untrained = (
        two_way(one, place) for one in (learned.network, learned.untrained)
    )
    targets = np.full(len(rows), MOVED)
    effects = unit_effects(network, faces, targets)
    named = {NAMED: named_part(task, truth.training, faces.images.shape[-1])}
    asked = (network, faces, targets, truth.training, faces.shift)
    maps = all_maps(*asked, untrained=untrained, rivals=named)
    asked = (network, faces, targets)
    scores = {
        name: scored(one, *asked, effects, pixels=False) for name, one in maps.items()
    }
    found = {"task": np.full(len(rows), place), "face": rows}
    found |= table(scores, len(rows))
    own = faces.unit == task
    found["own_deletion"] = effects.deletion[own]
    found["own_insertion"] = effects.insertion[own]
    if cell.condition == FAIR and cell.seed == 0:
        found |= _costly(network, faces, maps, settings)
    if cell.tied:
        cue = next(c for c, tied in settings.tied.items() if tied == task)
        found |= _on_cue(network, truth, rows, cue, maps)
    return found


def all_maps(
    network: Network,
    faces: KnownFaces | FaceSet,
    targets: np.ndarray,
    training: np.ndarray,
    truth: np.ndarray,
    *,
    untrained: Network | None = None,
    rivals: Mapping[str, Method] = MappingProxyType({}),
) -> dict[str, np.ndarray]:
    """Maps of every method, decoy and broken method that there is, by row.

    ``faces`` have landmarks; ``training``, ``[n, 68, 2]``, are those that decoys
    know; ``truth``, ``float32 [N, S, S]``, is the ceiling's map.
    """
    decoys = {**FLOORS, **fitted_decoys(training, faces.images.shape[-1]), **rivals}
    methods = {name: METHODS[name] for name in available(network)}
    found = {
        name: maps_of(one, network, faces, targets)
        for name, one in {**methods, **decoys}.items()
    }
    if "attention" in methods and untrained is not None:
        found[UNTRAINED] = maps_of(METHODS["attention"], untrained, faces, targets)
    found[CEILING] = truth
    good = found[BROKEN_OF]
    far = {"pixels": good.shape[-1] // 3}  # away from what it marks
    return found | {f"broken_{how}": broken(good, how, **far) for how in BROKEN}


def named_part(task: str, training: np.ndarray, size: int) -> Method:
    """A spot on the part, and side, that a movement is named after.

    A rival of its own kind: it knows the question and where parts of a mean
    face are, and has seen neither the face nor the network.  What beats it
    tells more than the name does.
    """
    about = next(one for one in measured() if one.unit == task)
    mean = training.mean(0)
    points = mean[_PARTS[about.region]]
    if about.region == REGIONS[2]:  # cheeks, between eye, nose and corner of the mouth
        right = mean[[36, 31, 48]].mean(0)
        points = np.stack([right, mean[[45, 35, 54]].mean(0)])
    middle = mean[27:31, 0].mean()
    if about.side:  # the subject's left is the image's right
        own = points[:, 0] > middle if about.side == "Left" else points[:, 0] < middle
        points = points[own]
    reach = 0.2 * interocular(mean[None])[0] / size

    def decoy(network, images, targets=None, *, landmarks=None, seed=0):
        height, width = images.shape[-2:]
        rows, columns = np.mgrid[:height, :width] + 0.5
        pixels = np.stack([columns / width, rows / height], -1)
        away = np.linalg.norm(pixels[:, :, None] - (points + 0.5) / size, axis=-1)
        spot = np.exp(-0.5 * (away / reach) ** 2).max(-1).astype(np.float32)
        return np.repeat(spot[None], len(images), 0)

    return decoy


def _costly(
    network: Network, faces: KnownFaces, maps: dict, settings: Settings
) -> dict[str, np.ndarray]:
    """Scores by covered pixels, and maps of weights drawn anew, of a few faces."""
    few = np.arange(min(settings.costly, len(faces)))
    part, targets = faces.select(few), np.full(len(few), MOVED)
    pixels = {k: covered(m[few], network, part, targets) for k, m in maps.items()}
    found = table(pixels, len(few))
    own = {name: one[few] for name, one in maps.items()}
    asked = (network, part, targets, own, settings.stages)
    found |= table(of_weights_anew(*asked, like=faces.images), len(few))
    rest = len(faces) - len(few)
    return {
        k: np.pad(v, ((0, 0), (0, rest)), constant_values=np.nan)
        for k, v in found.items()
    }


def of_weights_anew(
    network: Network,
    faces: KnownFaces | FaceSet,
    targets: np.ndarray,
    maps: Mapping[str, np.ndarray],
    stages: int,
    like: np.ndarray,
) -> dict[str, dict[str, np.ndarray]]:
    """How far methods' maps agree with those of weights drawn anew, by row.

    ``like``: pictures ``uint8 [N, C, S, S]`` that normalisations measure again.
    """
    unit = network.input.to_unit(torch.as_tensor(like[:16]))
    anew = unit if len(unit) > 1 else None
    *_, (_, last) = randomised(network, 0, anew, stages=stages)
    return {
        name: {
            "randomised": rank_agreement(
                maps[name], maps_of(METHODS[name], last, faces, targets)
            )
        }
        for name in available(network)
    }


def _on_cue(
    network: Network, truth: Truth, rows: np.ndarray, cue: str, maps: dict
) -> dict[str, np.ndarray]:
    where, switched = (one[rows] for one in truth.cues[cue])
    size = where.shape[-1]
    masses = {
        name: {"cue_mass": relevance_mass(resized(one, size), where)}
        for name, one in maps.items()
    }
    said = [_gap(network, images) for images in (truth.known.images[rows], switched)]
    is_set = truth.set[rows, CUES.index(cue)]
    effect = np.where(is_set, said[0] - said[1], said[1] - said[0])
    return table(masses, len(rows)) | {"cue_effect": effect, "cue_set": is_set}


@torch.inference_mode()
def _gap(network: Network, images: np.ndarray) -> np.ndarray:
    from fer_lib.evaluation.inference import predict

    return np.diff(predict(network, images).astype(float))[:, 0]


def table(scores: Mapping[str, Mapping[str, np.ndarray]], count: int) -> dict:
    """Scores ``[rows, count]`` by name, not numbers where a row has none."""
    names = dict.fromkeys(name for one in scores.values() for name in one)
    nothing = np.full(count, np.nan)
    return {
        name: np.stack([scores.get(row, {}).get(name, nothing) for row in ROWS])
        for name in names
    }
