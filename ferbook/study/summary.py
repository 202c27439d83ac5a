"""What a study comes to: means with intervals, orders, and how sure they are.

What is drawn again for an interval are tasks and networks, each by itself;
see :mod:`ferbook.study.luck`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from fer_lib.errors import FerError
from fer_lib.explain.scoring.agreement import (
    ENDS,
    MeanInterval,
    Standing,
    rank_correlation,
)
from fer_lib.explain.scoring.controls import DECOYS
from fer_lib.rendered.evidence import CONTRASTS
from ferbook.study.luck import crossed_interval, crossed_standing, drawn_means
from ferbook.study.record import Study


@dataclass(frozen=True)
class About:
    """A score in words.

    Attributes:
        short: a word or two.
        long: what it measures.
        kind: ``"truth"``: where the evidence is; ``"network"``: what the
            network does without it.
        rising: whether more is better.
    """

    short: str
    long: str
    kind: str
    rising: bool = True


ABOUT = {
    "relevance_mass": About("mass", "share of the map on what moves", "truth"),
    "relevance_rank": About("rank", "share of the top pixels on what moves", "truth"),
    "pointing_game": About("pointing", "top pixel on what moves", "truth"),
    "inside_auc": About("AUC", "pixels that move above the others", "truth"),
    "changed_auc": About("AUC, grey", "pixels that change above the others", "truth"),
    "agreement": About("re-rendering", "order of movements as the score's", "network"),
    "density_agreement": About("the same a pixel", "likewise, by means", "network"),
    "deletion": About("deletion", "score without the top pixels", "network", False),
    "insertion": About("insertion", "score with the top pixels alone", "network"),
    "average_drop": About("drop", "loss when only the map shows", "network", False),
    "infidelity": About("infidelity", "error about covered squares", "network", False),
}


RERENDERED = ("agreement", "density_agreement")


@dataclass(frozen=True, eq=False)
class Ranking:
    """Methods by one score, the best first.

    Attributes:
        score: its name.
        methods: their names.
        means: over the maps that all methods have, more is better.
        intervals: of each method over all of its own maps.
        standing: ranks with intervals, in the order of ``methods``.
        tasks: how many were drawn from.
        networks: likewise.
    """

    score: str
    methods: tuple[str, ...]
    intervals: tuple[MeanInterval, ...]
    standing: Standing
    tasks: int
    networks: int


def oriented(study: Study, score: str, **where) -> tuple[np.ndarray, np.ndarray]:
    """A score of every method, turned so that more is better.

    Args:
        study: that was recorded.
        score: a name of :data:`ABOUT`.
        where: ``task`` or ``network``, to look at one alone.

    Returns:
        ``[methods, X]``, and the pair of task and network of each map,
        ``[X]``.  A score of which less is better is subtracted from one.

    Raises:
        FerError: when the score is unknown, or nothing learned.
    """
    if score not in ABOUT:
        raise FerError(f"score '{score}', expected one of {', '.join(ABOUT)}.")
    values, pairs = scored(study, score, **where)
    if not values.shape[1]:
        raise FerError("study: no network learned here, so no map is ranked.")
    return (values if ABOUT[score].rising else 1 - values), pairs


def scored(study: Study, score: str, **where) -> tuple[np.ndarray, np.ndarray]:
    """A score of every method as stored, where it says something.

    A map without any relevance has no mass where the evidence is, and counts
    as zero.  Re-rendering says nothing of a face at rest: it has no movement
    that could be left out.

    Args:
        study: that was recorded.
        score: of any array of methods and faces.
        where: ``task`` or ``network``.

    Returns:
        ``[methods, X]``, and the pair of each map, ``[X]``.
    """
    values, _, pairs = study.values(score, **where)
    if score == "relevance_mass":
        exists = ~np.isnan(study.values("inside_auc", **where)[0])
        values = np.where(np.isnan(values) & exists, 0, values)
    if score in RERENDERED:
        values = np.where(_at_rest(study, pairs), np.nan, values)
    return values, pairs


def _at_rest(study: Study, pairs: np.ndarray) -> np.ndarray:
    """Which maps are of a face without the movement of its task."""
    tasks = [study.tasks[k] for k in pairs // len(study.networks)]
    labels = np.tile(study.content["labels"], len(pairs) // len(study.people))
    sides = zip(tasks, labels.tolist(), strict=True)
    return np.array([not CONTRASTS[task][label] for task, label in sides], bool)


def ranking(study: Study, score: str, decoys: bool = True, **where) -> Ranking:
    """The order of methods by a score, and how much of it may be luck.

    Args:
        study: that was recorded.
        score: a name of :data:`ABOUT`.
        decoys: whether they take part.
        where: as of :func:`oriented`.
    """
    values, pairs = oriented(study, score, **where)
    rows = [
        row
        for row, name in enumerate(study.methods)
        if (decoys or name not in DECOYS) and not np.isnan(values[row]).all()
    ]
    count = len(study.networks)
    found = crossed_standing(values[rows], pairs, count)
    order = np.argsort(-found.means, kind="stable")
    per_method = ("means", "ranks", "low", "high", "first")
    standing = found._replace(**{k: getattr(found, k)[order] for k in per_method})
    chosen = [rows[place] for place in order]
    return Ranking(
        score,
        tuple(study.methods[row] for row in chosen),
        tuple(crossed_interval(values[row], pairs, count) for row in chosen),
        standing,
        *(len(set(side.tolist())) for side in divmod(pairs, count)),
    )


def means(study: Study, score: str, **where) -> dict[str, MeanInterval]:
    """Mean and interval of every method that has a value, as stored.

    Args:
        study: that was recorded.
        score: a name of :data:`ABOUT`, or of any array of methods and faces.
        where: ``task`` or ``network``.
    """
    values, pairs = scored(study, score, **where)
    found = {
        name: crossed_interval(row, pairs, len(study.networks))
        for name, row in zip(study.methods, values, strict=True)
    }
    return {name: told for name, told in found.items() if told.n}


def chance(study: Study, score: str, **where) -> float:
    """What even noise gets; of some scores the mean area of the truth."""
    return means(study, score, **where)["noise"].mean


def margins(study: Study, score: str, **where) -> dict[str, MeanInterval]:
    """By how much each method is above the best decoy, map by map.

    The best decoy is that with the largest mean; the interval is of the
    paired difference.
    """
    values, pairs = oriented(study, score, **where)
    decoy = {name: values[study.methods.index(name)] for name in DECOYS}
    best = max(decoy, key=lambda name: np.nanmean(decoy[name]))
    found = {
        name: crossed_interval(row - decoy[best], pairs, len(study.networks))
        for name, row in zip(study.methods, values, strict=True)
        if name not in DECOYS
    }
    return {name: told for name, told in found.items() if told.n}


def best_decoy(study: Study, score: str, **where) -> str:
    """The decoy with the largest mean."""
    values, _ = oriented(study, score, **where)
    return max(DECOYS, key=lambda name: np.nanmean(values[study.methods.index(name)]))


def score_correlations(study: Study, kind: str = "spearman") -> np.ndarray:
    """How far the scores of :data:`ABOUT` agree on the order of methods.

    Returns:
        ``[scores, scores]`` rank correlations over methods, decoys left out.
    """
    rows = [k for k, name in enumerate(study.methods) if name not in DECOYS]
    table = np.stack([np.nanmean(oriented(study, s)[0][rows], 1) for s in ABOUT], 1)
    return rank_correlation(table, kind)


def middle_correlation(study: Study, count: int = 500) -> MeanInterval:
    """The median rank correlation of two different scores, with its interval.

    Of two scores that ask the same of another truth, one stays.
    """
    rows = [k for k, name in enumerate(study.methods) if name not in DECOYS]
    names = [s for s in ABOUT if s not in ("changed_auc", "density_agreement")]
    whole, drawn = [], []
    for score in names:
        values, pairs = oriented(study, score)
        whole.append(np.nanmean(values[rows], 1))
        drawn.append(drawn_means(values[rows], pairs, len(study.networks), count))
    upper = np.triu_indices(len(names), 1)
    middles = [np.median(_spearman(table)[upper]) for table in np.stack(drawn, 2)]
    told = np.median(_spearman(np.stack(whole, 1))[upper])
    ends = np.nanpercentile(middles, ENDS)
    return MeanInterval(float(told), *map(float, ends), len(upper[0]))


def _spearman(table: np.ndarray) -> np.ndarray:
    """Of all pairs of columns at once, over the rows that are whole."""
    ranks = rankdata(table[~np.isnan(table).any(1)], axis=0)
    return np.corrcoef(ranks.T)
