"""Records of RAMN's sweeps whose answers and measures a test says."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from fer_lib.expressions import EXPRESSIONS
from ferbook.papers.ramn import make_config
from ferbook.runs.records import Record
from ferbook.widgets.sweep_runs import VARIED

N = 140
SCORES = 5 * np.eye(7, dtype=np.float16)


def run_of(
    variant,
    right,
    *,
    seed=0,
    lead=None,
    plane=None,
    n=N,
    dataset="rendered",
    preset="smoke",
    **changes,
):
    """A run in memory.

    Args:
        variant: of RAMN.
        right: ``bool [n]``, or how many of the first faces are read rightly.
        seed: of the run.
        lead: of the best sub-image, ``[n]``; None for a run without measures.
        plane: ``[n, 2]``; zeros if None.
        n: test faces.
        dataset: what it was trained on.
        preset: of RAMN.
        **changes: of its configuration.
    """
    labels = (np.arange(n) % 7).astype(np.int8)
    correct = np.arange(n) < right if np.ndim(right) == 0 else right
    predictions = {
        "PrivateTest/labels": labels,
        "selected/PrivateTest/single/logits": SCORES[
            np.where(correct, labels, (labels + 1) % 7)
        ],
    }
    if lead is not None:
        kept = {"attention.whole": np.full(n, 0.5), "attention.best_crop": 0.5 + lead}
        first, second = np.zeros((2, n)) if plane is None else np.transpose(plane)
        kept |= {"feature.first": first, "feature.second": second}
        predictions |= {
            f"PrivateTest/measures/{name}": np.asarray(values, np.float16)
            for name, values in kept.items()
        }
    config = asdict(make_config(preset, variant)) | changes
    content = {
        "paper": "ramn",
        "dataset": dataset,
        "protocol": "official",
        "preset": preset,
        "recipe": "paper",
        "variant": variant,
        "seed": seed,
        "config": config,
        "epochs": config["epochs"],
        "data": {
            "rendered": dataset == "rendered",
            "sha256": f"of {dataset}",
            "classes": list(EXPRESSIONS[:7]),
        },
        "results": {"selected": {"PrivateTest": {"single": {}}}},
    }
    return Record(Path(f"{variant}-seed{seed}.json"), content, predictions)


def both_sweeps(seeds=(0,), n=N, **settings):
    """Every variant of both sweeps; accuracies and spreads grow from run to run."""
    draw = np.random.default_rng(0)
    variants = [v for one in VARIED.values() for v in (one.control, *one.values)]
    return [
        run_of(
            variant,
            draw.random(n) < 0.3 + 0.06 * place,
            seed=seed,
            lead=draw.normal(0.02, 0.01 + 0.02 * place, n),
            plane=draw.normal(size=(n, 2)),
            n=n,
            **settings,
        )
        for place, variant in enumerate(dict.fromkeys(variants))
        for seed in seeds
    ]
