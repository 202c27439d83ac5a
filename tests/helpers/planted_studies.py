"""A study whose scores are drawn around means that are known."""

from dataclasses import asdict

import numpy as np

from ferbook.study.cell import ROWS
from ferbook.study.faces import MOVEMENTS
from ferbook.study.record import Study
from ferbook.study.settings import FAIR, PLANTED, SHUFFLED, Settings
from ferbook.study.summary import ABOUT

TASKS = (*FAIR, *PLANTED, SHUFFLED)
NETWORKS = ("deep_emotion", "ramn", "part_ensemble")
MEANS = {
    "saliency": 0.8, "occlusion": 0.7, "grad_cam": 0.6, "smooth_grad": 0.5,
    "attention": 0.4, "centre_blob": 0.55, "noise": 0.3,
}  # fmt: skip
FACES, SEEDS, STAGES = 6, (0, 1), 3


def planted_study(spread=0.02, **changes) -> Study:
    """Methods in the order of :data:`MEANS` by every score; the rest gets 0.2.

    The network ``ramn`` did not learn ``eyes``; planted and shuffled tasks
    have seed 0 alone.  Of scores of which less is better, it is one minus.
    """
    rng = np.random.default_rng(0)
    shape = (len(TASKS), len(NETWORKS), len(SEEDS))
    level = np.array([MEANS.get(name, 0.2) for name in ROWS])
    arrays = {}
    for name, about in ABOUT.items():
        noise = spread * rng.standard_normal((*shape, len(ROWS), FACES))
        values = level[:, None] + noise
        arrays[name] = values if about.rising else 1 - values
    arrays["correct"] = np.ones((*shape, 60))
    arrays["correct"][TASKS.index("eyes"), 1, :, 30:] = 0
    arrays["correct"][len(FAIR) :, :, 1] = np.nan
    arrays["fall"] = rng.normal(0, 0.1, (*shape, FACES, len(MOVEMENTS)))
    arrays["fall"][0, ..., MOVEMENTS.index("AU12")] = 3.0
    cues = (*shape, 4)
    arrays["cue_effect"] = rng.normal(0, 0.05, (*cues, FACES))
    arrays["cue_mass"] = 0.1 + 0.01 * rng.standard_normal((*cues, len(ROWS), FACES))
    for cue in ("mark", "light"):  # three networks take the first, one the second
        place = PLANTED.index(cue)
        took = slice(3) if cue == "mark" else slice(1)
        arrays["cue_effect"][TASKS.index(cue), took, :, place] += 4
        row = ROWS.index("saliency")
        arrays["cue_mass"][TASKS.index(cue), took, :, place, row] += 0.5
    arrays["randomised"] = np.full((*shape, len(ROWS), STAGES, FACES), np.nan)
    falling = np.array([0.9, 0.5, 0.1])[:, None] + 0 * np.zeros(FACES)
    arrays["randomised"][0, :, 0, ROWS.index("saliency")] = falling
    arrays["randomised_auc"] = np.full((*shape, len(ROWS), FACES), np.nan)
    arrays["randomised_auc"][0, :, 0, ROWS.index("saliency")] = 0.5
    arrays["untrained_auc"] = np.full((*shape, FACES), 0.5)
    arrays["theta"] = np.full((*shape, FACES, 6), np.nan)
    arrays["theta"][:, 1] = np.array([0.5, 0.5, 0.5, 0.5, 1.0, 0.5])
    arrays["branch_mass"] = np.full((*shape, 5, FACES), np.nan)
    arrays["branch_mass"][:, 2] = 0.2
    arrays["branch_correct"] = np.full((*shape, 5, 60), np.nan)
    arrays["branch_correct"][:, 2] = 1
    arrays["landmark_error"] = np.full((*shape, 2, 5, FACES), np.nan)
    arrays["landmark_error"][:, 2, :, 0] = 0.02
    arrays["landmark_error"][:, 2, :, 1] = 0.05
    arrays["window"] = np.full((*shape, FACES, 2), np.nan)
    few = (len(TASKS), len(ROWS), FACES)
    arrays["networks_agree"] = np.full(few, 0.2)
    arrays["seeds_agree"] = np.full((few[0], len(NETWORKS), *few[1:]), 0.4)
    arrays["faces_agree"] = np.full((few[0], len(NETWORKS), *few[1:]), 0.3)
    arrays["shuffled_agree"] = np.full((len(NETWORKS), *few[1:]), 0.1)
    content = {
        "settings": asdict(Settings()), "tasks": TASKS, "networks": NETWORKS,
        "seeds": SEEDS,
        "methods": ROWS, "people": [50, 51, 52, 53, 50, 51],
        "labels": [0, 1, 0, 1, 1, 0], "code": {},
        "movements": MOVEMENTS, "written": "2026-01-01",
        "cpu_seconds": {"mouth/ramn/0": 3600.0, "jaw/ramn/0": 3600.0},
    }  # fmt: skip
    return Study(content | changes, arrays)


def column(table, name):
    """Cells of a column by the first cell's main line."""
    place = table.header.index(name)
    return {row[0].split("\n")[0]: row[place] for row in table.rows}
