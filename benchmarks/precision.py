"""Does a lower precision cost accuracy?  The same recipe in both, on FER2013.

    python benchmarks/precision.py --root DIR --low bf16

Trains Deep-Emotion (``student``) and Residual Masking (``small``) by the
recipe ``modern`` on FER+'s labels, three seeds in float32 and in the lower
precision: about three hours of one core in all.  What has been recorded below
``--out`` is not trained again, so the same command goes on where it stopped.
Prints accuracies of the last epoch on PublicTest, their difference with its
95 % interval over seeds and faces, and the processor's time.

    python benchmarks/precision.py --root DIR --papers deep_emotion --preset paper \\
        --recipe paper --protocol official --epochs 20 > book/precision_table.md

asks the same of the first epochs of the paper's own training, in half an hour, for
the page on speed.  The second table there, of whole trainings, is added by

    python benchmarks/precision.py --root DIR --papers part_ensemble --preset small \\
        --recipe paper --protocol official --out book/runs >> book/precision_table.md
"""

import argparse
from pathlib import Path

import numpy as np
from pairs import machine, table, title

from fer_lib.device import DTYPES, choose_device
from ferbook.ledger.statistics import crossed
from ferbook.papers import PAPERS
from ferbook.runs.key import RunKey
from ferbook.runs.make import reproduce
from ferbook.runs.records import Record, records_of
from ferbook.runs.settings import parsed_settings

RUNS = {"deep_emotion": "student", "residual_masking": "small"}
SPLIT = "PublicTest"


def size(asked: argparse.Namespace, paper: str) -> str:
    """The preset of a paper's runs."""
    return asked.preset or RUNS.get(paper, "small")


def recorded(asked: argparse.Namespace, paper: str, precision: str) -> list[Record]:
    """A run of each seed, read or made."""
    words = [f"precision={precision}"]
    words += [f"epochs={asked.epochs}"] if asked.epochs else []
    changes, found = parsed_settings(paper, asked.recipe, words), []
    for seed in range(asked.seeds):
        key = RunKey(
            paper,
            "fer2013",
            asked.protocol,
            size(asked, paper),
            asked.recipe,
            seed=seed,
            changes=changes,
        )
        there = records_of(asked.out, key)
        found += there[:1] or [reproduce(key, folder=asked.out, root=asked.root).record]
    return found


def right(records: list[Record]) -> np.ndarray:
    """``[seeds, n]``, which faces the last weights read correctly."""
    return np.array([record.correct("last", SPLIT) for record in records], float)


def row(asked: argparse.Namespace, paper: str) -> list[str]:
    """Both precisions of one paper."""
    runs = [recorded(asked, paper, one) for one in ("float32", asked.low)]
    full, low = map(right, runs)
    found = crossed(low, full)
    mean, least, most = (100 * x for x in (found.mean, found.low, found.high))
    minutes = [np.mean([r.cpu_seconds for r in some]) / 60 for some in runs]
    return [
        f"{title(paper)}, {size(asked, paper)}",
        f"{100 * full.mean():.2f}",
        f"{100 * low.mean():.2f}",
        f"{mean:+.2f} ({least:+.2f} to {most:+.2f})",
        f"{found.n:,}",
        " and ".join(f"{one:.1f}" for one in minutes),
    ]


def main() -> None:
    """Train what is lacking, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, help="folder of FER2013 and FER+")
    parser.add_argument("--out", type=Path, default=Path("_build/precision"))
    parser.add_argument("--low", choices=DTYPES, default="bf16")
    parser.add_argument("--papers", nargs="+", choices=PAPERS, default=list(RUNS))
    parser.add_argument("--preset", help="other than the script's own or small")
    parser.add_argument("--recipe", default="modern")
    parser.add_argument("--protocol", default="ferplus_argmax7")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="fewer, to try it")
    asked = parser.parse_args()
    head = [
        "Run",
        "float32, %",
        f"{asked.low}, %",
        "Second less first, points",
        "Faces",
    ]
    head += ["Processor minutes a run"]
    print(table(head, [row(asked, paper) for paper in asked.papers]))
    epochs = f"{asked.epochs} epochs" if asked.epochs else "all epochs"
    print(f"\n{asked.seeds} seeds each, recipe {asked.recipe}, labels of the protocol")
    print(f"{asked.protocol}; {SPLIT} after {epochs}; 95 % interval over both.")
    print(f"{machine(choose_device('auto'))}.")


if __name__ == "__main__":
    main()
