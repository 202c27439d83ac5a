"""Records of the study whose scores are drawn around means that are known."""

import numpy as np

from ferbook.study.analysis import records_of
from ferbook.study.cell import ROWS
from ferbook.study.plan import frozen, plan_hash
from ferbook.study.settings import Cell, Settings

SETTINGS = Settings(movements=6, networks=("ramn", "plain_resnet", "small_vit"))
TEST = 40


def made(
    effects=None, seeds=3, conditions=("fair",), learned=True, seed=0, photographs=()
):
    """Records of networks that learned; rows shifted by ``effects``."""
    rng = np.random.default_rng(seed)
    moves = rng.random((TEST, 6)) < 0.4
    told = {"plan_sha256": plan_hash(SETTINGS), "plan": frozen(SETTINGS)}
    shift = np.zeros(len(ROWS))
    for row, value in (effects or {}).items():
        shift[ROWS.index(row)] = value
    face, task = np.nonzero(moves)
    cells = []
    for condition in conditions:
        for network in SETTINGS.networks:
            for number in range(seeds):
                noise = rng.normal(size=(TEST, 6))
                scores = noise + 4 * moves if learned else noise
                own = rng.normal(0, 0.05, (len(ROWS), len(face)))
                table = 0.5 + shift[:, None] + own
                arrays = {"scores": scores, "task": task, "face": face}
                arrays |= {"relevance_rank@0.25": table, "unit_deletion": table}
                if condition.startswith("tied"):
                    rise = 0.002 * int(condition[4:])
                    arrays["cue_mass"] = table + rise
                    arrays["cue_effect"] = np.full(len(face), 2.5)
                cells.append((Cell(condition, network, number), told, arrays))
    cells += [(cell, told, arrays) for cell, arrays in photographs]
    return records_of(cells, moves)


def on_photographs(order):
    """Cells whose rows have a cue mass of ``order``, and some noise."""
    own, rng = SETTINGS.photographs, np.random.default_rng(3)
    for network in own.networks:
        noise = rng.normal(0, 0.002, (len(ROWS), own.tested))
        table = np.asarray(order)[:, None] + noise
        corner = np.arange(own.tested) % len(own.tied)
        arrays = {"cue_mass": table, "task": corner, "face": np.arange(own.tested)}
        yield Cell("photos100", network, 0), arrays
