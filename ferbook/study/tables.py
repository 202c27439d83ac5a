"""The cells of a study in arrays, and how they are stored.

Every array has the dimensions that :data:`DIMENSIONS` names.  Where a cell,
a method or a movement is missing, values are not numbers.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.explain.scoring.agreement import map_agreement
from fer_lib.explain.scoring.scores import SCORES
from ferbook.study.cell import ROWS
from ferbook.study.settings import BASE, FAIR, SHUFFLED

LEARNED = 0.7  # accuracy that the interval of a network that learned is above

Cell = tuple[str, str, int]  # task, network, seed
Cells = Mapping[Cell, Mapping[str, np.ndarray]]

LOCALISED = (*SCORES, "changed_auc")
AGREEMENT = ("agreement", "density_agreement")
FAITHFUL = ("deletion", "insertion", "average_drop", "infidelity")
# What every cell has, after the dimensions task, network and seed.
_OF_CELLS = {
    "correct": ("test face",),
    "fall": ("face", "movement"),
    "inside_auc": ("method", "face"),
}
# What is kept of those that learned fair tasks; the rest has no ranking.
_OF_SOME = {
    **dict.fromkeys((*LOCALISED, *AGREEMENT), ("method", "face")),
    **dict.fromkeys(FAITHFUL, ("method", "face")),
    "randomised": ("method", "stage", "face"),
    "randomised_auc": ("method", "face"),
    "sensitivity": ("method", "face"),
    "cue_mass": ("cue", "method", "face"),
    "cue_auc": ("cue", "method", "face"),
    "cue_effect": ("cue", "face"),
    "theta": ("face", "region"),
    "branch_correct": ("branch", "test face"),
    "branch_mass": ("branch", "face"),
    "landmark_error": ("when", "branch", "face"),
    "window": ("face", "share"),
    "untrained_auc": ("face",),
}
_COMPARED = {
    "faces_agree": ("task", "network", "method", "face"),
    "seeds_agree": ("task", "network", "method", "face"),
    "networks_agree": ("task", "method", "face"),
    "shuffled_agree": ("network", "method", "face"),
}
_CELL = ("task", "network", "seed")
_FAIR_ALONE = (*(name for name in LOCALISED if name != "inside_auc"), *AGREEMENT)
DIMENSIONS: dict[str, tuple[str, ...]] = {
    **{name: (*_CELL, *rest) for name, rest in (_OF_CELLS | _OF_SOME).items()},
    **_COMPARED,
}
# Digits after the point that are kept, where they are not two.
DIGITS = {"landmark_error": 4, "theta": 3}


def tabled(
    cells: Cells, tasks: Sequence[str], networks: Sequence[str], seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """All cells as arrays, rounded to two digits or as :data:`DIGITS` says.

    Args:
        cells: those that are finished.
        tasks: in the order of the first dimension.
        networks: in that of the second.
        seeds: in that of the third.
    """
    found = {}
    for name in (*_OF_CELLS, *_OF_SOME):
        known = {
            key: cell[name]
            for key, cell in cells.items()
            if name in cell and (key[0] in FAIR or name not in _FAIR_ALONE)
        }
        if not known:
            continue
        shape = np.shape(next(iter(known.values())))
        whole = np.full((len(tasks), len(networks), len(seeds), *shape), np.nan)
        for (task, network, seed), values in known.items():
            place = tasks.index(task), networks.index(network), seeds.index(seed)
            whole[place] = values
        found[name] = whole
    found |= compared(cells, tasks, networks)
    return {
        name: np.round(values, DIGITS.get(name, 2)) for name, values in found.items()
    }


def compared(
    cells: Cells, tasks: Sequence[str], networks: Sequence[str]
) -> dict[str, np.ndarray]:
    """How far pooled maps agree that should, or should not; see the names.

    ``faces_agree``: of a face and the one before it, by the same network,
    which is what maps share whatever the face; ``seeds_agree``: seeds 0 and
    1; ``networks_agree``: mean over all pairs of networks that learned, of
    seed 0; ``shuffled_agree``: labels as they are and shuffled, from the same
    first weights.
    """
    faces = np.shape(next(iter(cells.values()))["pooled"])[1]
    nothing = np.full((len(ROWS), faces), np.nan)

    def agree(one: Cell, other: Cell, shift: int = 0) -> np.ndarray:
        if one not in cells or other not in cells:
            return nothing
        first, second = (cells[key]["pooled"].astype(float) for key in (one, other))
        pairs = zip(first, np.roll(second, shift, 1), strict=True)
        return np.stack([_agreement(*maps) for maps in pairs])

    def able(task: str) -> list[str]:
        chosen = [n for n in networks if (task, n, 0) in cells]
        return [n for n in chosen if has_learned(cells[task, n, 0]["correct"])]

    others = [[agree((t, n, 0), (t, n, 0), 1) for n in networks] for t in tasks]
    seeds = [[agree((t, n, 0), (t, n, 1)) for n in networks] for t in tasks]
    across = [
        [agree((t, a, 0), (t, b, 0)) for a, b in combinations(able(t), 2)] or [nothing]
        for t in tasks
    ]
    shuffled = [agree((SHUFFLED, n, 0), (BASE, n, 0)) for n in networks]
    return {
        "faces_agree": np.array(others),
        "seeds_agree": np.array(seeds),
        "networks_agree": np.array([_mean(pairs) for pairs in across]),
        "shuffled_agree": np.array(shuffled),
    }


def has_learned(correct: np.ndarray) -> bool:
    """Whether the 95 % interval of the accuracy lies above :data:`LEARNED`.

    Args:
        correct: of every test face, each counted by itself.
    """
    return wilson_interval(int(np.sum(correct)), len(correct))[0] > LEARNED


def _agreement(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of maps ``[N, 16, 16]``; not numbers where one of them is missing."""
    if np.isnan(first).all() or np.isnan(second).all():
        return np.full(len(first), np.nan)
    return map_agreement(first, second)


def _mean(values: Sequence[np.ndarray]) -> np.ndarray:
    """Mean of the values that are numbers."""
    stacked = np.array(values)
    known = ~np.isnan(stacked)
    total, count = np.where(known, stacked, 0).sum(0), known.sum(0)
    return np.where(count > 0, total / count.clip(min=1), np.nan)
