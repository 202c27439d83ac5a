"""How much of an accuracy is the recipe: runs that differ in it alone."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ferbook.ledger.statistics import Difference, paired_difference
from ferbook.runs.records import Record

_SAME = ("paper", "dataset", "protocol", "preset", "variant")


@dataclass(frozen=True)
class Gain:
    """What another recipe adds to a paper's own, on the same test faces.

    Attributes:
        paper: nickname of the network.
        dataset: what was trained on.
        protocol: split and labels.
        preset: sizes.
        variant: of the network.
        recipe: the other one.
        seeds: that both recipes were run with.
        epochs: of the paper's recipe, and of the other.
        difference: the other's accuracy less that of the paper's recipe.
        spread: standard deviation of the difference over seeds; None for one.
        rendered: whether the faces are computer graphics.
    """

    paper: str
    dataset: str
    protocol: str
    preset: str
    variant: str
    recipe: str
    seeds: tuple[int, ...]
    epochs: tuple[int, int]
    difference: Difference
    spread: float | None
    rendered: bool


def recipe_gains(records: Iterable[Record], view: str = "single") -> tuple[Gain, ...]:
    """Every pair of recipes that were run with the same seeds.

    Args:
        records: any runs.
        view: ``"single"`` or ``"flip"``.
    """
    groups: dict[tuple, dict[str, dict[int, Record]]] = {}
    for record in records:
        place = tuple(getattr(record, name) for name in _SAME)
        groups.setdefault(place, {}).setdefault(record.recipe, {})[record.seed] = record
    found = []
    for place, recipes in sorted(groups.items()):
        own = recipes.pop("paper", {})
        for recipe, others in sorted(recipes.items()):
            seeds = tuple(sorted(own.keys() & others.keys()))
            if seeds:
                pairs = [(others[seed], own[seed]) for seed in seeds]
                found.append(Gain(*place, recipe, seeds, *_compared(pairs, view)))
    return tuple(found)


def _compared(pairs: list[tuple[Record, Record]], view: str) -> tuple:
    split = next(iter(pairs[0][0].results["selected"]))
    right = [[r.correct("selected", split, view) for r in pair] for pair in pairs]
    first, second = np.mean(right, axis=0)
    gaps = [one.mean() - other.mean() for one, other in right]
    spread = float(np.std(gaps, ddof=1)) if len(gaps) > 1 else None
    other, own = pairs[0]
    epochs = (own.epochs, other.epochs)
    return epochs, paired_difference(first, second), spread, own.rendered
