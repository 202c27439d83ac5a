"""Does a recipe learn?  Tried on training faces that are held out, before a freeze.

python -m ferbook.study.pilot small_vit --epochs 20 --rate 0.001
"""

import argparse
import time

import numpy as np

from ferbook.study.analysis import area
from ferbook.study.faces import movement_set
from ferbook.study.learning import RECIPES, gaps, train
from ferbook.study.networks import make_network
from ferbook.study.settings import NETWORKS, SIZES, Settings

HELD_OUT = 0.1  # share of the training faces


def pilot(
    network: str, recipe: tuple[int, float], settings: Settings = SIZES["full"]
) -> dict[str, float]:
    """AUC of each movement on held-out training faces, after the rest was learned.

    ``recipe``: epochs and the highest rate.  No test face is looked at.
    """
    faces = movement_set("Training", 0.5, settings)
    first = round((1 - HELD_OUT) * len(faces))
    learned, held = (
        faces.select(np.arange(first)),
        faces.select(np.arange(first, len(faces))),
    )
    found = make_network(network, settings.movements, 0, settings.size)
    train(found, recipe, learned, learned.extra["moves"], 0, settings)
    told = gaps(found, held.images)
    columns = zip(settings.tasks, told.T, held.extra["moves"].T, strict=True)
    return {task: area(scores, moved)[0] for task, scores, moved in columns}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--rate", type=float)
    options = parser.parse_args()
    epochs, rate = RECIPES[options.network]
    recipe = (options.epochs or epochs, options.rate or rate)
    begun = time.process_time()
    found = pilot(options.network, recipe)
    for task, auc in found.items():
        print(f"{task:20} {auc:.2f}")
    spent = time.process_time() - begun
    print(f"mean AUC {np.nanmean(list(found.values())):.3f}, {spent:.0f} s of a core")


if __name__ == "__main__":
    main()
