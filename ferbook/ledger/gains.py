"""How much of an accuracy is the recipe: runs that differ in it alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ferbook.ledger.comparing import Comparison, Look, compare
from ferbook.runs.key import RunKey
from ferbook.runs.records import Record


@dataclass(frozen=True)
class Gain:
    """What another recipe adds to a paper's own, on the same test faces.

    Attributes:
        key: of the other recipe's runs, with any seed.
        comparison: the other's accuracy less that of the paper's recipe.
        epochs: of the paper's recipe, and of the other.
        rendered: whether the faces are computer graphics.
    """

    key: RunKey
    comparison: Comparison
    epochs: tuple[int, int]
    rendered: bool


def recipe_gains(records: Iterable[Record], view: str = "single") -> tuple[Gain, ...]:
    """Every pair of recipes that were run with the same seeds.

    Args:
        records: any runs.
        view: ``"single"`` or ``"flip"``.
    """
    runs: dict[RunKey, dict[int, Record]] = {}
    for record in records:
        if not record.superseded:
            runs.setdefault(record.key.any_seed, {})[record.seed] = record
    found = []
    for key in sorted(runs, key=str):
        own = runs.get(replace(key, recipe="paper"), {})
        seeds = sorted(own.keys() & runs[key].keys())
        if key.recipe != "paper" and seeds:
            sides = [[(side[seed],) for seed in seeds] for side in (runs[key], own)]
            other, paper = (side[0][0] for side in sides)
            epochs = (paper.epochs, other.epochs)
            told = compare(*sides, Look(view=view))
            found.append(Gain(key, told, epochs, other.rendered))
    return tuple(found)
