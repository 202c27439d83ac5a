"""One cell of a study: one network on one task, explained and scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from fer_lib.evaluation.inference import predict
from fer_lib.explain.attention import attention, lacks_attention, region_weights
from fer_lib.explain.grad_cam import class_maps
from fer_lib.explain.methods import METHODS, Method, available
from fer_lib.explain.scoring.agreement import rank_agreement
from fer_lib.explain.scoring.controls import DECOYS, randomised
from fer_lib.explain.scoring.faithfulness import (
    average_drop,
    deletion,
    infidelity,
    insertion,
    sensitivity_max,
)
from fer_lib.explain.scoring.localisation import SCORES, inside_auc, relevance_mass
from fer_lib.models.deep_emotion import DeepEmotion
from fer_lib.models.part_ensemble import PartEnsemble
from fer_lib.models.ramn import RAMN
from fer_lib.rendered.cues import CUES
from ferbook.papers.part_measures import landmark_errors, member_scores
from ferbook.study.faces import SEEN, Known
from ferbook.study.settings import BASE, FAIR, TASKS, Settings
from ferbook.study.training import Learned

# The methods of the first edition, in the order of its record.
EXPLAINED: dict[str, Method] = {
    name: METHODS[name]
    for name in (
        "grad_cam",
        "guided_grad_cam",
        "occlusion",
        "label_flip",
        "saliency",
        "integrated_gradients",
        "integrated_gradients_black",
        "smooth_grad",
        "shapley_parts",
        "attention",
    )
}
ROWS = (*EXPLAINED, *DECOYS)  # of every table of methods
POOLED = 16  # side to which maps of different sizes are brought
STEPS = 12  # of deletion and insertion
COPIES = 4  # changed ones of each face, for sensitivity
# As costly as another method that is controlled.
UNCONTROLLED = ("label_flip", "integrated_gradients_black")


class Explained(NamedTuple):
    """A network's maps of some faces."""

    unit: Tensor  # float32 [N, C, S, S], pixels in 0..1
    landmarks: np.ndarray  # float64 [N, 68, 2] in pixels of unit
    targets: np.ndarray  # int64 [N], the classes that the network says
    maps: dict[str, np.ndarray]  # by method or decoy, float32 [N, S, S]


def explained(
    learned: Learned, known: Known, methods: Mapping[str, Method]
) -> Explained:
    """Maps of every method, by name, that the network can be explained by."""
    network, faces = learned.network, known.faces
    unit = network.input.to_unit(faces.images)
    targets = learned.scores[: len(faces)].argmax(1)
    can = {*available(network), *DECOYS}
    maps = {
        name: method(network, unit, targets, landmarks=faces.landmarks)
        for name, method in methods.items()
        if name in can
    }
    return Explained(unit, faces.landmarks, targets, maps)


def measured(
    learned: Learned, known: Known, task: str, seed: int, settings: Settings
) -> dict[str, np.ndarray]:
    """Everything that a study keeps of one network on one task, by name.

    Of methods there is a row for each of :data:`ROWS`, not a number where a
    method is none for this network.  More is measured of seed 0.
    """
    told = explained(learned, known, {**EXPLAINED, **DECOYS})
    fall = falls(learned, known, told.targets)
    found = {"correct": learned.correct, "fall": fall}
    found |= localised(told.maps, known)
    masses = {"agreement": known.mass_by_movement}
    masses["density_agreement"] = known.density_by_movement
    for name, by_movement in masses.items():
        found[name] = _rows(
            told.maps, lambda m, f=by_movement: rank_agreement(f(m), fall)
        )
    found["pooled"] = _rows(told.maps, pooled)
    asked = CUES if task == BASE else (TASKS[task].tied,)
    if seed == 0 and any(asked):
        found |= on_cues(learned, known, told.maps, asked)
    if seed == 0 and task in FAIR:
        found |= faithful(learned, told)
    if seed == 0 and task == BASE:
        found |= control(learned, known, told, settings.stages)
    return found | own_parts(learned, known, told)


def localised(maps: Mapping[str, np.ndarray], known: Known) -> dict[str, np.ndarray]:
    """Scores against the truth, ``[rows, N]`` each.

    Those of ``SCORES`` by their names, on the pixels that move; and
    ``changed_auc``, on the pixels whose grey changes visibly.
    """
    asked = {name: (score, known.moved) for name, score in SCORES.items()}
    asked["changed_auc"] = (inside_auc, known.grey > SEEN)
    return {
        name: _rows(maps, lambda m, score=score, truth=truth: score(m, truth))
        for name, (score, truth) in asked.items()
    }


def falls(learned: Learned, known: Known, targets: np.ndarray) -> np.ndarray:
    """How far the explained score falls without each, ``[N, movements]``."""
    rows = known.less.extra["row"]
    whole = learned.scores[rows, targets[rows]]
    less = predict(learned.network, known.less.images)
    return known.by_movement(whole - less[np.arange(len(rows)), targets[rows]])


def on_cues(
    learned: Learned,
    known: Known,
    maps: Mapping[str, np.ndarray],
    cues: Sequence[str],
) -> dict[str, np.ndarray]:
    """What maps and network make of cues, which are not the label's evidence.

    ``cue_mass``, ``[4, rows, N]``, on the pixels of a cue; ``cue_effect``,
    ``[4, N]``: by how much the score of class 1, less that of class 0, rises
    when a cue is set.  Not numbers for cues that are not asked about.
    """
    mass = np.full((len(CUES), len(ROWS), len(known.faces)), np.nan)
    effect = np.full((len(CUES), len(known.faces)), np.nan)
    whole = learned.scores[: len(known.faces)]
    for cue in cues:
        place, (where, images) = CUES.index(cue), known.cues[cue]
        mass[place] = _rows(maps, lambda m, w=where: relevance_mass(m, w))
        other = predict(learned.network, images)
        rise = np.diff(whole)[:, 0] - np.diff(other)[:, 0]
        is_set = known.faces.extra["cues"][:, place]
        effect[place] = np.where(is_set, rise, -rise)
    return {"cue_mass": mass, "cue_effect": effect}


def faithful(learned: Learned, told: Explained) -> dict[str, np.ndarray]:
    """What the network itself says about the maps, ``[rows, N]`` each."""
    asked = (learned.network, told.unit, told.targets)
    blurred = {"fill": "blur", "steps": STEPS}
    scores = {
        "deletion": lambda m: deletion(*asked, m, **blurred).area,
        "insertion": lambda m: insertion(*asked, m, **blurred).area,
        "average_drop": lambda m: average_drop(*asked, m),
        "infidelity": lambda m: infidelity(*asked, m),
    }
    return {name: _rows(told.maps, score) for name, score in scores.items()}


def control(
    learned: Learned, known: Known, told: Explained, stages: int
) -> dict[str, np.ndarray]:
    """How far maps outlive weights that are drawn anew, from the last layer.

    ``randomised``, ``[rows, stages, N]``, agreement with the map of the
    network as it is; ``randomised_auc``, ``[rows, N]``, with the truth when
    all weights are new; ``sensitivity``, ``[rows, N]``, how far a map moves
    when the pixels hardly do.
    """
    methods = {name: m for name, m in EXPLAINED.items() if name not in UNCONTROLLED}
    steps = randomised(learned.network, 0, told.unit[:16], stages=stages)
    agreement = np.full((len(ROWS), stages, len(known.faces)), np.nan)
    for stage, (_, network) in enumerate(steps):
        other = replace(learned, network=network)
        maps = explained(other, known, methods).maps
        for name, one in maps.items():
            agreement[ROWS.index(name), stage] = rank_agreement(told.maps[name], one)
    auc = _rows(maps, lambda m: inside_auc(m, known.moved))
    asked = (learned.network, told.unit, told.targets)
    options = {"landmarks": told.landmarks, "samples": COPIES}
    steady = {name: sensitivity_max(methods[name], *asked, **options) for name in maps}
    return {
        "randomised": agreement,
        "randomised_auc": auc,
        "sensitivity": _rows(steady, lambda values: values),
    }


def own_parts(learned: Learned, known: Known, told: Explained) -> dict[str, np.ndarray]:
    """What the network's own parts do, by name; few have any.

    ``theta``, ``[N, 6]``: RAMN's weights, the whole face first.
    ``branch_correct``, ``[5, n]``: whether each branch of the part ensemble
    alone is right, of all test faces; ``branch_mass``, ``[5, N]``: mass of
    its Grad-CAM on the truth; ``landmark_error``, ``[2, 5, N]``: mean error
    of a coordinate as a share of the side, before and after tuning.
    ``window``, ``[N, 2]``: shares of the truth, and of the picture, that the
    transformer samples.  ``untrained_auc``, ``[N]``: attention before
    training, scored as all maps are.
    """
    network, faces, found = learned.network, known.faces, {}
    if isinstance(network, RAMN):
        found["theta"] = region_weights(network, faces.images).weights
    if isinstance(network, DeepEmotion):
        inside = told.maps["attention"] > 0.5
        held = (inside & known.moved).sum((1, 2))
        share = held / known.moved.sum((1, 2)).clip(min=1)
        found["window"] = np.stack([share, inside.mean((1, 2))], 1)
    if isinstance(network, PartEnsemble):
        said = member_scores(network, learned.test.images).argmax(2).numpy()
        maps = class_maps(network, faces.images, told.targets).maps
        found["branch_correct"] = (said == learned.test.labels[:, None]).T
        found["branch_mass"] = np.stack([relevance_mass(m, known.moved) for m in maps])
        localisers = (network.originals, network.tuned())
        errors = [landmark_errors(one, faces).T for one in localisers]
        found["landmark_error"] = np.stack(errors)
    if lacks_attention(learned.untrained) is None:
        before = attention(learned.untrained, told.unit, landmarks=told.landmarks)
        found["untrained_auc"] = inside_auc(before, known.moved)
    return found


def pooled(maps: np.ndarray) -> np.ndarray:
    """Maps ``[N, S, S]`` as ``[N, 16, 16]``, means of their pixels."""
    side = (POOLED, POOLED)
    return nn.functional.adaptive_avg_pool2d(torch.as_tensor(maps), side).numpy()


def _rows(maps: Mapping[str, np.ndarray], score: Callable) -> np.ndarray:
    """A score of each map, in the order of :data:`ROWS`."""
    values = {name: np.asarray(score(one), float) for name, one in maps.items()}
    lacking = np.full_like(next(iter(values.values())), np.nan)
    return np.stack([values.get(name, lacking) for name in ROWS])
