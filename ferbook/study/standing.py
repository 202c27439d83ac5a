"""How rows stand by a score, and beside decoys: exploratory, and said to be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from fer_lib.errors import FerError
from ferbook.ledger.statistics import Difference
from ferbook.study.analysis import Records, drawn, interval_of
from ferbook.study.cell import RIVALS, ROWS
from ferbook.study.plan import DRAWS, RANK, UNITS
from ferbook.study.settings import FAIR

# Between which values a score's mean can lie, whatever few networks leave open.
ENDS = {RANK: (0, 1), UNITS: (0, 1), "cue_mass": (0, 1)}
ENDS |= dict.fromkeys(("randomised", "seeds"), (-1, 1))  # correlations
BEATEN = {1: "above it", 0: "not told apart", -1: "below it"}


class Place(NamedTuple):
    """A row's place by one score, and how much of it is luck."""

    row: str
    mean: float
    low: float  # ends of the 95 % interval of the mean
    high: float
    best: float  # ends of the 95 % of its ranks in the draws
    worst: float
    without: tuple[int, int]  # its ranks when a task or a network is left out
    n: int


def places(
    records: Records, score: str, draws: int = DRAWS, *, condition: str = FAIR
) -> list[Place]:
    """All rows by a score under a condition, the best first; exploratory."""
    table = records.values.get(condition, {}).get(score)
    if table is None:
        raise FerError(f"study: no record of '{condition}' has the score '{score}'.")
    rows = np.flatnonzero(~np.isnan(table).all((1, 2, 3, 4)))
    table = table[rows]
    sign = -1 if score in ("deletion", "average_drop", "infidelity") else 1
    means = np.array([np.nanmean(one) for one in table])
    each = drawn(table, draws)
    ranks = rankdata(-sign * each, axis=1)
    ends = np.nanpercentile(ranks, (2.5, 97.5), axis=0)
    left = np.array([rankdata(-sign * one) for one in _without(table)])
    found = []
    for k in np.argsort(-sign * means, kind="stable"):
        told = _within(score, interval_of(float(means[k]), each[:, k], table[k])[0])
        reach = (int(left[:, k].min()), int(left[:, k].max()))
        found.append(
            Place(
                ROWS[rows[k]],
                told.mean,
                told.low,
                told.high,
                *ends[:, k],
                reach,
                told.n,
            )
        )
    return found


@dataclass(frozen=True)
class Standing:
    """What a row gets by a score, and beside the decoy that is hardest to beat."""

    found: Difference
    rival: str = ""  # of RIVALS, that with the largest mean on the same maps
    margin: Difference | None = None  # above it, on the same maps

    @property
    def word(self) -> str:
        """Above or below that decoy, by the interval, or not told apart."""
        if self.margin is None:
            return ""
        return BEATEN[self.margin.sign()]


def standings(
    records: Records,
    score: str,
    rows: Sequence[str] = ROWS,
    *,
    condition: str = FAIR,
    network: str | None = None,
    tasks: Sequence[str] | None = None,
    draws: int = DRAWS,
) -> dict[str, Standing]:
    """Rows by a score where more is better, those that have any; exploratory.

    Of one network, or of some movements, alone where they are named.  Rivals
    have no rival.
    """
    table, found = _part(records, score, condition, network, tasks), {}
    if table is None:
        return {}
    for row in rows:
        own = table[ROWS.index(row)]
        known = ~np.isnan(own)
        if not known.any():
            continue
        levels = {r: _mean(table[ROWS.index(r)][known]) for r in RIVALS}
        best = max(RIVALS, key=lambda r: np.nan_to_num(levels[r], nan=-np.inf))
        gap = own - table[ROWS.index(best)]
        whole = np.stack([own, gap])
        means = drawn(whole, draws)
        told = _within(score, interval_of(_mean(own), means[:, 0], own)[0])
        if row in RIVALS or np.isnan(gap).all():
            found[row] = Standing(told)
            continue
        found[row] = Standing(told, best, interval_of(_mean(gap), means[:, 1], gap)[0])
    return found


def _within(score: str, found: Difference) -> Difference:
    low, high = ENDS.get(score, (-np.inf, np.inf))
    return replace(found, low=max(found.low, low), high=min(found.high, high))


def row_means(
    records: Records,
    score: str,
    rows: Sequence[str] = ROWS,
    *,
    condition: str = FAIR,
    network: str | None = None,
    tasks: Sequence[str] | None = None,
) -> dict[str, float]:
    """Means of :func:`standings` alone, which take no draws."""
    table = _part(records, score, condition, network, tasks)
    if table is None:
        return {}
    found = {row: _mean(table[ROWS.index(row)]) for row in rows}
    return {row: mean for row, mean in found.items() if not np.isnan(mean)}


def _part(records, score, condition, network, tasks) -> np.ndarray | None:
    table = records.values.get(condition, {}).get(score)
    if table is not None and network is not None:
        table = table[:, :, [records.networks.index(network)]]
    if table is not None and tasks is not None:
        table = table[:, np.isin(records.tasks, tasks)]
    return table


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan


def _without(table: np.ndarray) -> list[np.ndarray]:
    """Means of the rows with each movement, and each network, left out."""
    found = []
    for axis in (1, 2):
        for one in range(table.shape[axis]):
            rest = np.delete(table, one, axis)
            if rest.size and not np.isnan(rest).all((1, 2, 3, 4)).any():
                found.append(np.array([np.nanmean(row) for row in rest]))
    return found or [np.array([np.nanmean(row) for row in table])]
