"""What a study comes to: means with intervals, orders, and how sure they are.

What is drawn again for an interval are pairs of a task and a network, with
all faces and seeds of a pair together: maps of one network resemble each
other, so that as many faces would feign a certainty that is not there.
"""

from dataclasses import dataclass

import numpy as np

from fer_lib.errors import FerError
from fer_lib.explain.agreement import (
    MeanInterval,
    Standing,
    mean_with_interval,
    rank_correlation,
    standings,
)
from fer_lib.explain.controls import DECOYS
from fer_lib.study.record import Study


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


@dataclass(frozen=True, eq=False)
class Ranking:
    """Methods by one score, the best first.

    Attributes:
        score: its name.
        methods: their names.
        means: over the maps that all methods have, more is better.
        intervals: of each method over all of its own maps.
        standing: ranks with intervals, in the order of ``methods``.
        groups: pairs of a task and a network that were drawn from.
    """

    score: str
    methods: tuple[str, ...]
    intervals: tuple[MeanInterval, ...]
    standing: Standing
    groups: int


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
    values, _, pairs = study.values(score, **where)
    if not values.shape[1]:
        raise FerError("study: no network learned here, so no map is ranked.")
    return (values if ABOUT[score].rising else 1 - values), pairs


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
    found = standings(values[rows], groups=pairs)
    order = np.argsort(-found.means, kind="stable")
    per_method = ("means", "ranks", "low", "high", "first")
    standing = found._replace(**{k: getattr(found, k)[order] for k in per_method})
    chosen = [rows[place] for place in order]
    return Ranking(
        score,
        tuple(study.methods[row] for row in chosen),
        tuple(mean_with_interval(values[row], groups=pairs) for row in chosen),
        standing,
        len(set(pairs.tolist())),
    )


def means(study: Study, score: str, **where) -> dict[str, MeanInterval]:
    """Mean and interval of every method that has a value, as stored.

    Args:
        study: that was recorded.
        score: a name of :data:`ABOUT`, or of any array of methods and faces.
        where: ``task`` or ``network``.
    """
    values, _, pairs = study.values(score, **where)
    found = {
        name: mean_with_interval(row, groups=pairs)
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
        name: mean_with_interval(row - decoy[best], groups=pairs)
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
