"""Diversity by two formulas, to be tried out; the module computes it itself."""

from collections.abc import Sequence

from fer_lib.losses.diversified import MEASURES
from fer_lib.losses.diversity import AUTHORS_GAMMA, GAMMA_TIMES_SIZE, equally_alike
from ferbook.show.tables import Table
from ferbook.widgets.base import Widget

MOST_BRANCHES = 9  # ESR-9; the determinants of more would be slow to drag
# Features of a branch's last attention, of faces of the paper's 96 pixels.
SIZES = {"channels": 512, "positions": 36}
_ALT = (
    "Diversity explorer. Sliders set the number of branches, how far apart they "
    "are and how far the last one is moved away; a choice sets gamma. The "
    "similarity matrix follows, with the determinant by the paper's formula and "
    "by the authors' code, and which way training pulls."
)


def diversity_explorer(shares: Sequence[float] = (0.2, 0.5, 0.8)) -> Widget:
    """Equations (1) and (2) of 2 to 9 branches, with either diagonal.

    Args:
        shares: similarities of the table for print, 0 to 1.
    """
    ours = {name: GAMMA_TIMES_SIZE / size for name, size in SIZES.items()}
    named = {
        gamma: f"{gamma:.3g}: ours, {SIZES[name]} {name}"
        for name, gamma in ours.items()
    } | {AUTHORS_GAMMA: f"{AUTHORS_GAMMA:g}: the authors' code"}
    gammas = {gamma: f"{gamma:g}" for gamma in (0.01, 0.1, 1)} | named
    data = {
        "most": MOST_BRANCHES,
        "gamma": ours["channels"],
        "gammas": sorted(gammas.items()),
    }
    return Widget("diversity", data, _ALT, _table(shares))


def _table(shares: Sequence[float]) -> Table:
    rows = []
    for count in range(2, MOST_BRANCHES + 1):
        cells = []
        for share in shares:
            learners = equally_alike(count, share)
            found = [float(measure(learners, 1.0)) for measure in MEASURES.values()]
            cells.append("; ".join(f"{value:+.3f}" for value in found))
        rows.append((str(count), *cells))
    header = ("Branches", *(f"all {share:g} alike" for share in shares))
    caption = "Diversity by the paper's formula; by the authors' code"
    return Table(caption, header, tuple(rows))
