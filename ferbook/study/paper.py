"""What the report in ``book/paper`` says, from the records alone.

    python -m ferbook.study.paper
    typst compile book/paper/report.typ

The first command writes ``results.json``, which the second one sets; no number is
typed into the report.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fer_lib.files import atomic_path
from ferbook.runs.paths import repository_root
from ferbook.study.analysis import DRAWS, Records, answers
from ferbook.study.cell import RIVALS
from ferbook.study.networks import NAMES
from ferbook.study.plan import PRIMARY_SCORES, plan_hash
from ferbook.study.record import records_folder
from ferbook.study.report import LABELS, open_records
from ferbook.study.settings import FAIR, SIZES, Settings
from ferbook.study.standing import places

PLACE = "book/paper/results.json"


def results(records: Records, settings: Settings, draws: int = DRAWS) -> dict:
    """Everything that the report names, as JSON can hold it."""
    able, auc = records.learned[FAIR], records.auc[FAIR]
    told = answers(records, draws)
    return {
        "plan": plan_hash(settings),
        "settings": asdict(settings) | {"tasks": list(settings.tasks)},
        "rivals": [LABELS[name].removeprefix("decoy: ") for name in RIVALS],
        "learned": {"of": int(np.isfinite(auc).sum()), "number": int(able.sum())},
        "networks": [
            {
                "name": NAMES[name],
                "learned": int(able[:, k].sum()),
                "auc": round(float(np.nanmean(auc[:, k])), 3),
            }
            for k, name in enumerate(records.networks)
            if np.isfinite(auc[:, k]).any()
        ],
        "answers": [
            {
                "key": one.hypothesis.key,
                "says": one.hypothesis.says,
                "mean": round(one.found.mean, 3),
                "low": round(one.found.low, 3),
                "high": round(one.found.high, 3),
                "p": round(one.adjusted, 4),
                "word": one.word,
                "against": LABELS.get(one.against, ""),
            }
            for one in told
        ],
        "places": {
            score: [
                {
                    "row": LABELS[one.row],
                    "mean": round(one.mean, 3),
                    "low": round(one.low, 3),
                    "high": round(one.high, 3),
                    "ranks": [round(float(x)) for x in (one.best, one.worst)],
                    "n": one.n,
                }
                for one in places(records, score, draws)
            ]
            for score in PRIMARY_SCORES
        },
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--records", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=repository_root() / PLACE)
    options = parser.parse_args()
    settings = SIZES[options.size]
    records = open_records(options.records or records_folder(), settings)
    told = results(records, settings)
    with atomic_path(options.out) as temporary:
        temporary.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
