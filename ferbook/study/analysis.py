"""What the records say: hypotheses with Holm's correction, orders, luck.

Movements, networks, seeds and faces are all drawn: a mean is drawn anew with
all four at once (A. B. Owen, "The pigeonhole bootstrap", Ann. Appl. Stat. 1,
2007), seeds within their network.  Eight networks are few, so an interval takes
the standard deviation of these means and Student's quantile with as many
degrees of freedom as the smaller of networks and movements leaves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr
from scipy.stats import rankdata

from fer_lib.errors import FerError
from ferbook.ledger.statistics import Difference, quantile
from ferbook.study.cell import ROWS
from ferbook.study.movements import measured
from ferbook.study.plan import (
    ALPHA,
    DRAWS,
    HYPOTHESES,
    LARGE_PARTS,
    LEARNED,
    SMALL_PARTS,
    Hypothesis,
)
from ferbook.study.settings import FAIR, Cell

METHODS_LAST = ROWS.index("attention_untrained")  # rows before it are methods
EFFECT = "cue_effect"  # has one row: it is no map's
CHUNK = 50  # draws at a time


class Records(NamedTuple):
    """Scores ``float32 [rows, T, N, S, F]`` by condition and name, and axes.

    One row has what a planted cue does to the answer, :data:`EFFECT`.

    Not a number where a pair is not explained, or a fair network has not learned
    the movement.
    """

    values: Mapping[str, Mapping[str, np.ndarray]]
    learned: Mapping[str, np.ndarray]  # bool [T, N, S] by condition
    auc: Mapping[str, np.ndarray]  # float64 [T, N, S]
    tasks: tuple[str, ...]
    networks: tuple[str, ...]
    missing: int = 0  # cells of the plan that are not recorded


@dataclass(frozen=True)
class Answer:
    """What the records say to one hypothesis."""

    hypothesis: Hypothesis
    found: Difference  # of what is asserted to be above zero
    p: float  # one-sided, before correction
    adjusted: float = np.nan  # after Holm's
    against: str = ""  # the rival that decides

    @property
    def word(self) -> str:
        """Confirmed, contradicted or undecided, by Holm and the interval."""
        if self.adjusted < ALPHA:
            return "confirmed"
        return "contradicted" if self.found.high < 0 else "undecided"


def records_of(
    cells: Sequence[tuple[Cell, Mapping, Mapping[str, np.ndarray]]],
    moves: np.ndarray,
) -> Records:
    """Tables of cells; ``moves bool [F, T]`` says what test faces show.

    Those of photographs have corners for movements, and networks and faces of
    their own.
    """
    if not cells:
        raise FerError("study: no record is there; make some with ferbook explain.")
    plans = {told["plan_sha256"] for _, told, _ in cells}
    if len(plans) > 1:
        raise FerError(
            f"study: records of {len(plans)} plans in one folder, expected one; "
            "keep those of one plan together."
        )
    plan = cells[0][1]["plan"]
    tasks, networks = tuple(plan["tasks"]), tuple(plan["settings"]["networks"])
    seeds = max(cell.seed for cell, _, _ in cells) + 1
    shape = (len(tasks), len(networks), seeds)
    values, learned, auc = {}, {}, {}
    for cell, _, arrays in cells:
        if cell.on_photographs:
            own = plan["settings"]["photographs"]
            axes = (len(own["tied"]), len(own["networks"]), 1, own["tested"])
            place = own["networks"].index(cell.network), 0
            _enter(values, cell, arrays, axes, place)
            continue
        place = networks.index(cell.network), cell.seed
        of = auc.setdefault(cell.condition, np.full(shape, np.nan))
        able = learned.setdefault(cell.condition, np.zeros(shape, bool))
        for task in range(len(tasks)):
            of[task, *place], low = area(arrays["scores"][:, task], moves[:, task])
            able[task, *place] = low > LEARNED
        # With a shortcut a network need not learn the movement: that is the point.
        ranked = able[arrays["task"], *place] | (cell.condition != FAIR)
        _enter(values, cell, arrays, (*shape, len(moves)), place, ranked)
    missing = max(0, _planned(plan["settings"]) - len(cells))
    return Records(values, learned, auc, tasks, networks, missing)


def _planned(settings: Mapping) -> int:
    """How many cells a plan has, as its records tell it."""
    own = settings["photographs"]
    conditions = settings["seeds"] + len(settings["shortcuts"]) + 1  # and shuffled
    photographs = len(own["networks"]) * len(own["strengths"])
    return len(settings["networks"]) * conditions + photographs


def _enter(values, cell, arrays, axes, place, ranked=True) -> None:
    """Put a cell's scores into the tables of its condition."""
    tables = values.setdefault(cell.condition, {})
    for name, scores in arrays.items():
        if name == "scores" or (scores.ndim != 2 and name != EFFECT):
            continue
        if name not in tables:
            rows = np.shape(np.atleast_2d(scores))[0]
            tables[name] = np.full((rows, *axes), np.nan, np.float32)
        known = np.where(ranked, scores, np.nan)
        tables[name][:, arrays["task"], *place, arrays["face"]] = known


def area(scores: np.ndarray, moved: np.ndarray) -> tuple[float, float]:
    """AUC of scores ``[F]``, and the lower end of its 95 % interval.

    By J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a
    ROC curve", Radiology 143, 1982; not numbers where one side is empty.
    """
    count, others = int(moved.sum()), int((~moved).sum())
    if not count or not others:
        return np.nan, np.nan
    ranks = rankdata(scores)[moved].sum()
    a = (ranks - count * (count + 1) / 2) / (count * others)
    one, two = a / (2 - a), 2 * a * a / (1 + a)
    spread = a * (1 - a) + (count - 1) * (one - a * a) + (others - 1) * (two - a * a)
    return a, a - quantile(np.inf) * (spread / (count * others)) ** 0.5


def drawn(values: np.ndarray, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Means ``[draws, R]`` of ``[R, T, N, S, F]`` with all four axes drawn anew.

    The same seed draws the same movements, networks, seeds and faces, so that
    means of two tables can be held against each other draw by draw.
    """
    rows, tasks, networks, seeds, faces = values.shape
    rng = np.random.default_rng(seed)

    def held(count: int, times: tuple[int, ...] = ()) -> np.ndarray:
        even = np.full(count, 1 / count)
        return rng.multinomial(count, even, (draws, *times)).astype(np.float32)

    of_task, of_network, of_face = held(tasks), held(networks), held(faces)
    of_seed = held(seeds, (networks,))
    known = ~np.isnan(values)
    flat = np.where(known, values, 0).reshape(-1, faces).astype(np.float32)
    sizes = known.reshape(-1, faces).astype(np.float32)
    found = np.full((draws, rows), np.nan)
    for start in range(0, draws, CHUNK):
        part = slice(start, start + CHUNK)
        weight = np.einsum(
            "dt,dn,dns->dtns", of_task[part], of_network[part], of_seed[part]
        )
        sums, counts = (
            np.einsum(
                "rtnsd,dtns->dr",
                (x @ of_face[part].T).reshape(rows, tasks, networks, seeds, -1),
                weight,
                dtype=float,
            )
            for x in (flat, sizes)
        )
        found[part] = np.where(
            counts > 0, sums / np.where(counts > 0, counts, 1), np.nan
        )
    return found


def interval_of(
    mean: float, means: np.ndarray, values: np.ndarray
) -> tuple[Difference, float]:
    """A mean with its interval, and the one-sided p of being above zero.

    ``means [draws]`` are those of :func:`drawn`, ``values [T, N, S, F]`` what was
    averaged.
    """
    known = ~np.isnan(values)
    levels = [int(known.any(axis).sum()) for axis in ((1, 2, 3), (0, 2, 3))]
    if values.shape[1] == 1:  # of one network alone, which is not drawn
        levels = levels[:1]
    error, df = float(np.nanstd(means, ddof=1)), max(1, min(levels) - 1)
    reach = quantile(df) * error
    p = float(stdtr(df, -mean / error)) if error else float(mean <= 0)
    found = Difference(
        mean, mean - reach, mean + reach, int(known.sum()), error=error, df=df
    )
    return found, p


def answers(records: Records, draws: int = DRAWS) -> list[Answer]:
    """All hypotheses that the records can say something about, corrected."""
    kinds: dict[str, Callable] = {
        "above": _above, "parts": _parts, "orders": _orders, "rises": _rises,
        "foretells": _foretells,
    }  # fmt: skip
    found = []
    for one in HYPOTHESES:
        told = kinds[one.kind](records, one, draws)
        if told is not None:
            difference, p, against = told
            found.append(Answer(one, difference, p, against=against))
    adjusted = holm([one.p for one in found], len(HYPOTHESES))
    return [
        Answer(one.hypothesis, one.found, one.p, float(p), one.against)
        for one, p in zip(found, adjusted, strict=True)
    ]


def holm(values: Sequence[float], tests: int) -> np.ndarray:
    """Holm's adjusted p of values; ``tests`` planned, those missing count as 1."""
    order = np.argsort(values)
    steps = (tests - np.arange(len(order))) * np.asarray(values, float)[order]
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(order) else []
    return adjusted


def _fair(records: Records, score: str) -> np.ndarray | None:
    return records.values.get(FAIR, {}).get(score)


def _margin(table: np.ndarray, row: str, other: str) -> np.ndarray:
    return table[ROWS.index(row)] - table[ROWS.index(other)]


def _above(records: Records, one: Hypothesis, draws: int):
    table = _fair(records, one.score)
    if table is None:
        return None
    told = []
    for other in one.others:
        gap = _margin(table, one.row, other)
        if np.isnan(gap).all():
            return None
        found = interval_of(float(np.nanmean(gap)), drawn(gap[None], draws)[:, 0], gap)
        told.append((*found, other))
    return max(told, key=lambda each: each[1])


def _parts(records: Records, one: Hypothesis, draws: int):
    table = _fair(records, one.score)
    if table is None:
        return None
    gap, region = _margin(table, one.row, one.others[0]), _regions(records.tasks)
    sides = []
    for parts in (SMALL_PARTS, LARGE_PARTS):
        own = np.isin(region, parts)
        sides.append(np.where(own[:, None, None, None], gap, np.nan))
    if any(np.isnan(side).all() for side in sides):
        return None
    mean = float(np.nanmean(sides[0]) - np.nanmean(sides[1]))
    first, second = (drawn(side[None], draws)[:, 0] for side in sides)
    return *interval_of(mean, first - second, gap), ""


def _orders(records: Records, one: Hypothesis, draws: int):
    tables = [_fair(records, score) for score in (one.score, *one.others)]
    if any(table is None for table in tables):
        return None
    first, second = (table[:METHODS_LAST] for table in tables)
    both = ~np.isnan(first) & ~np.isnan(second)
    pair = [np.where(both, table, np.nan) for table in (1 - first, second)]
    rows = both.any((1, 2, 3, 4))
    if rows.sum() < 3:
        return None
    return _same_order(*(table[rows] for table in pair), draws)


def _foretells(records: Records, one: Hypothesis, draws: int):
    rendered = _strongest(records, "tied", one.score)
    photographs = _strongest(records, "photos", one.score)
    if rendered is None or photographs is None:
        return None
    tables = [table[:METHODS_LAST] for table in (rendered, photographs)]
    known = [~np.isnan(table).all((1, 2, 3, 4)) for table in tables]
    rows = known[0] & known[1]
    if rows.sum() < 3:
        return None
    # Nothing of one table belongs to the other: they are drawn apart.
    return _same_order(*(table[rows] for table in tables), draws, seeds=(0, 1))


def _strongest(records: Records, kind: str, score: str) -> np.ndarray | None:
    """The table of the strongest planted condition of a kind."""
    planted = sorted((c for c in records.values if c.startswith(kind)), key=_strength)
    return records.values[planted[-1]].get(score) if planted else None


def _same_order(first: np.ndarray, second: np.ndarray, draws: int, seeds=(0, 0)):
    """Whether two tables order their rows alike, by more than one half."""
    means = [np.array([np.nanmean(x) for x in table]) for table in (first, second)]
    pairs = zip((first, second), seeds, strict=True)
    each = [drawn(table, draws, seed) for table, seed in pairs]
    order = np.array([_spearman(a, b) for a, b in zip(*each, strict=True)]) - 0.5
    # Axes of both are drawn; the second may have fewer of them.
    found, p = interval_of(_spearman(*means) - 0.5, order, second[0])
    # What few networks leave open ends where a correlation does.
    return replace(found, low=max(found.low, -1.5), high=min(found.high, 0.5)), p, ""


def _rises(records: Records, one: Hypothesis, draws: int):
    planted = sorted((c for c in records.values if c.startswith("tied")), key=_strength)
    if len(planted) < 2:
        return None
    row = ROWS.index(one.row)
    low, high = (records.values[c][one.score][row] for c in (planted[0], planted[-1]))
    gap = high - low
    if np.isnan(gap).all():
        return None
    return *interval_of(float(np.nanmean(gap)), drawn(gap[None], draws)[:, 0], gap), ""


def _strength(condition: str) -> int:
    return int(condition.removeprefix("tied").removeprefix("photos"))


def _regions(tasks: Sequence[str]) -> np.ndarray:
    known = {one.unit: one.region for one in measured()}
    return np.array([known[task] for task in tasks])


def _spearman(first: np.ndarray, second: np.ndarray) -> float:
    known = ~(np.isnan(first) | np.isnan(second))
    ranks = rankdata(first[known]), rankdata(second[known])
    if any(np.ptp(one) == 0 if one.size else True for one in ranks):
        return np.nan  # without an order
    return float(np.corrcoef(*ranks)[0, 1])
