"""What the report in ``book/paper`` says, from the records alone.

    python -m ferbook.study.paper
    typst compile --root . book/paper/report.typ

The first command writes ``results.json``, which the second one sets; no number is
typed into the report.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fer_lib.files import atomic_path
from ferbook.runs.paths import repository_root
from ferbook.study.analysis import DRAWS, Answer, Records, answers
from ferbook.study.cell import METHOD_ROWS, RIVALS
from ferbook.study.movements import REGIONS, measured
from ferbook.study.networks import NAMES
from ferbook.study.plan import HYPOTHESES, PRIMARY_SCORES, RANK, plan_hash
from ferbook.study.record import digest, recorded, records_folder
from ferbook.study.report import LABELS, bare, open_records
from ferbook.study.settings import FAIR, SIZES, Settings
from ferbook.study.standing import Place, places, row_means, standings

PLACE = "book/paper/results.json"


def results(
    records: Records,
    settings: Settings,
    draws: int = DRAWS,
    cost: tuple[int, float] = (0, 0.0),
) -> dict:
    """Everything that the report names, as JSON can hold it.

    ``cost``: how many cells are recorded, and seconds of a processor core.
    """
    able, auc = records.learned[FAIR], records.auc[FAIR]
    cells = len(settings.cells()) + len(settings.cells_on_photographs())
    return {
        "plan": plan_hash(settings),
        "settings": asdict(settings) | {"tasks": list(settings.tasks)},
        "cells": {"planned": cells, "recorded": cost[0]},
        "hours": round(cost[1] / 3600, 1),
        "rivals": [bare(name) for name in RIVALS],
        "methods": [LABELS[name] for name in METHOD_ROWS],
        "hypotheses": len(HYPOTHESES),
        "learned": {"of": int(np.isfinite(auc).sum()), "number": int(able.sum())},
        "networks": [
            {
                "name": NAMES[name],
                "learned": int(able[:, k].sum()),
                "of": int(np.isfinite(auc[:, k]).sum()),
                "auc": round(float(np.nanmean(auc[:, k])), 3),
            }
            for k, name in enumerate(records.networks)
            if np.isfinite(auc[:, k]).any()
        ],
        "answers": [_answer(one) for one in answers(records, draws)],
        "places": {
            score: [_place(one) for one in places(records, score, draws)]
            for score in PRIMARY_SCORES
        },
        "parts": list(_parts(records, draws)),
        "controls": list(_controls(records)),
    }


def _answer(one: Answer) -> dict:
    return {
        "key": one.hypothesis.key,
        "says": one.hypothesis.says,
        "mean": round(one.found.mean, 3),
        "low": round(one.found.low, 3),
        "high": round(one.found.high, 3),
        "p": round(one.adjusted, 4),
        "word": one.word,
        "against": bare(one.against) if one.against else "",
    }


def _place(one: Place) -> dict:
    return {
        "row": LABELS[one.row],
        "kind": "method" if one.row in METHOD_ROWS else "other",
        "mean": round(one.mean, 3),
        "low": round(one.low, 3),
        "high": round(one.high, 3),
        "ranks": [round(float(x)) for x in (one.best, one.worst)],
        "n": one.n,
    }


def _parts(records: Records, draws: int) -> Iterator[dict]:
    """The best method of each part of the face, beside the hardest decoy."""
    region = {one.unit: one.region for one in measured()}
    for part in REGIONS:
        tasks = [task for task in records.tasks if region[task] == part]
        told = standings(records, RANK, METHOD_ROWS, tasks=tasks, draws=draws)
        if not told:
            continue
        best = max(told, key=lambda row: told[row].found.mean)
        one = told[best]
        yield {
            "part": part,
            "n": one.found.n,
            "best": LABELS[best],
            "mean": round(one.found.mean, 2),
            "rival": bare(one.rival),
            "decoy": round(one.found.mean - one.margin.mean, 2),
            "above": sum(each.word == "above it" for each in told.values()),
            "of": len(told),
        }


def _controls(records: Records) -> Iterator[dict]:
    """Mass on planted cues, weights drawn anew and another seed, row by row."""
    columns = {
        "tied": row_means(records, "cue_mass", condition="tied100"),
        "photos": row_means(records, "cue_mass", condition="photos100"),
        "anew": row_means(records, "randomised", condition="photos50"),
        "seeds": row_means(records, "seeds", condition="photos50"),
    }
    for row in (*METHOD_ROWS, *RIVALS, "noise"):
        told = {k: round(v[row], 2) for k, v in columns.items() if row in v}
        if told:
            yield {"row": LABELS[row]} | told


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--records", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=repository_root() / PLACE)
    options = parser.parse_args()
    settings = SIZES[options.size]
    folder = options.records or records_folder()
    spent = [about["cpu_seconds"] for _, about, _ in recorded(folder)]
    records = open_records(folder, settings)
    told = results(records, settings, cost=(len(spent), sum(spent)))
    told["records"] = digest(folder)  # which the PDF names, too
    with atomic_path(options.out) as temporary:
        temporary.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
