"""What a study comes to: means with intervals, orders, and how sure they are.

Tasks and networks are crossed: every network learned every task, and a decoy
has one value a task, whatever the network.  Drawing their pairs as if each
were a witness of its own would feign a certainty that is not there, so tasks
are drawn by themselves and networks by themselves, with all faces and seeds
of a pair together.  The same faces are in every cell: no interval speaks of
other faces.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata, t

from fer_lib.errors import FerError
from fer_lib.explain.scoring.agreement import ENDS, MeanInterval, correlate
from fer_lib.explain.scoring.controls import DECOYS
from ferbook.study.evidence import CONTRASTS
from ferbook.study.record import Study

FEWEST = 3  # groups, below which an interval says nothing


class About(NamedTuple):
    """A score in a word or two, at length, and whether more is better."""

    short: str
    long: str
    rising: bool = True


ABOUT = {
    "relevance_mass": About("mass", "share of the map on what moves"),
    "relevance_rank": About("rank", "share of the top pixels on what moves"),
    "pointing_game": About("pointing", "top pixel on what moves"),
    "inside_auc": About("AUC", "pixels that move above the others"),
    "changed_auc": About("AUC, grey", "pixels that change above the others"),
    "agreement": About("re-rendering", "order of movements as the score's"),
    "density_agreement": About("the same per pixel", "likewise, by means"),
    "deletion": About("deletion", "score without the top pixels", False),
    "insertion": About("insertion", "score with the top pixels alone"),
    "average_drop": About("drop", "loss when only the map shows", False),
    "infidelity": About("infidelity", "error about covered squares", False),
}
RERENDERED = ("agreement", "density_agreement")


class Standing(NamedTuple):
    """The order of M methods, and how much of it may be luck."""

    means: np.ndarray  # [M], over the maps that all have, more is better
    ranks: np.ndarray  # [M], 1 for the largest mean; ties share theirs
    low: np.ndarray  # [M], lower (better) end of a rank's 95 % interval
    high: np.ndarray  # [M], upper end
    first: np.ndarray  # [M], share of the draws in which it came first
    n: int  # number of these maps


class Ranking(NamedTuple):
    """Methods by one score, the best first."""

    methods: tuple[str, ...]
    intervals: tuple[MeanInterval, ...]  # of each over all of its own maps
    standing: Standing
    tasks: int  # how many were drawn from
    networks: int


def drawn_means(
    values: np.ndarray, pairs: np.ndarray, networks: int, count: int = 2000
) -> np.ndarray:
    """Means ``[count, M]`` when tasks and networks are drawn with replacement.

    Of values ``[M, X]``; ``pairs [X]`` is the number of a value's task times that
    of all ``networks``, plus that of its network.
    """
    values = np.asarray(values, float)
    sides = [np.unique(one, return_inverse=True)[1] for one in divmod(pairs, networks)]
    shape = [int(one.max()) + 1 for one in sides]
    known = ~np.isnan(values)
    sums, sizes = np.zeros((2, len(values), *shape))
    place = (slice(None), *sides)
    np.add.at(sums, place, np.where(known, values, 0))
    np.add.at(sizes, place, known)
    rng = np.random.default_rng(0)
    held = [rng.multinomial(n, np.full(n, 1 / n), count).astype(float) for n in shape]
    total, size = (np.einsum("ct,cn,mtn->cm", *held, x) for x in (sums, sizes))
    return np.where(size > 0, total / np.where(size > 0, size, 1), np.nan)


def crossed_interval(
    values: np.ndarray, pairs: np.ndarray, networks: int
) -> MeanInterval:
    """Mean of ``[X]`` with its 95 % interval; none of one pair alone."""
    known = ~np.isnan(values)
    if not known.any():
        return MeanInterval(np.nan, np.nan, np.nan, 0)
    values, pairs = values[known], pairs[known]
    ends = (np.nan, np.nan)
    if np.ptp(pairs):
        ends = np.nanpercentile(drawn_means(values[None], pairs, networks), ENDS)
    return MeanInterval(float(values.mean()), *map(float, ends), int(known.sum()))


def crossed_standing(values: np.ndarray, pairs: np.ndarray, networks: int) -> Standing:
    """The order of methods ``[M, X]`` by mean over the maps that all have."""
    known = ~np.isnan(values).any(0)
    if not known.any():
        raise FerError("study: no face has a map of every method; leave out methods.")
    shared, pairs = values[:, known], pairs[known]
    drawn = drawn_means(shared, pairs, networks)
    ranks = rankdata(-drawn[~np.isnan(drawn).any(1)], axis=1)
    means, ends = shared.mean(1), np.percentile(ranks, ENDS, axis=0)
    first = (ranks == ranks.min(1, keepdims=True)).mean(0)
    return Standing(means, rankdata(-means), *ends, first, int(known.sum()))


def over_groups(values: np.ndarray, groups: np.ndarray) -> MeanInterval:
    """Mean of the groups' means with the 95 % interval of Student's t.

    Drawing two to five groups anew would cover far less than it says.  ``n``
    counts groups; fewer than three have no interval.
    """
    values, groups = np.asarray(values, float), np.asarray(groups)
    known = ~np.isnan(values)
    means = [values[known & (groups == one)].mean() for one in np.unique(groups[known])]
    n, mean = len(means), float(np.mean(means)) if means else np.nan
    if n < FEWEST:
        return MeanInterval(mean, np.nan, np.nan, n)
    half = float(t.ppf(0.975, n - 1) * np.std(means, ddof=1) / np.sqrt(n))
    return MeanInterval(mean, mean - half, mean + half, n)


def oriented(study: Study, score: str, **where) -> tuple[np.ndarray, np.ndarray]:
    """:func:`scored`, turned so that more is better: one less the score."""
    if score not in ABOUT:
        raise FerError(f"score '{score}', expected one of {', '.join(ABOUT)}.")
    values, pairs = scored(study, score, **where)
    if not values.shape[1]:
        raise FerError("study: no network learned here, so no map is ranked.")
    return (values if ABOUT[score].rising else 1 - values), pairs


def scored(study: Study, score: str, **where) -> tuple[np.ndarray, np.ndarray]:
    """A score ``[methods, X]`` as stored, where it says something, and pairs ``[X]``.

    Of one ``task`` or ``network`` alone where it is named.  A map without any
    relevance has no mass on the evidence: zero.  Re-rendering says nothing of
    a face at rest, as it has no movement that could be left out.
    """
    values, pairs = study.values(score, **where)
    if score == "relevance_mass":
        exists = ~np.isnan(study.values("inside_auc", **where)[0])
        values = np.where(np.isnan(values) & exists, 0, values)
    if score in RERENDERED:
        values = np.where(_at_rest(study, pairs), np.nan, values)
    return values, pairs


def _at_rest(study: Study, pairs: np.ndarray) -> np.ndarray:
    tasks = [study.tasks[k] for k in pairs // len(study.networks)]
    labels = np.tile(study.content["labels"], len(pairs) // len(study.people))
    sides = zip(tasks, labels.tolist(), strict=True)
    return np.array([not CONTRASTS[task][label] for task, label in sides], bool)


def ranking(study: Study, score: str, decoys: bool = True, **where) -> Ranking:
    """The order of methods, and decoys, by a score of :data:`ABOUT`."""
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
        tuple(study.methods[row] for row in chosen),
        tuple(crossed_interval(values[row], pairs, count) for row in chosen),
        standing,
        *(len(set(side.tolist())) for side in divmod(pairs, count)),
    )


def means(study: Study, score: str, **where) -> dict[str, MeanInterval]:
    """Mean and interval of every method that has a value, as stored."""
    values, pairs = scored(study, score, **where)
    found = {
        name: crossed_interval(row, pairs, len(study.networks))
        for name, row in zip(study.methods, values, strict=True)
    }
    return {name: told for name, told in found.items() if told.n}


def chance(study: Study, score: str, **where) -> float:
    """What even noise gets; of some scores the mean area of the truth."""
    return means(study, score, **where)["noise"].mean


def margins(study: Study, score: str, **where) -> tuple[str, dict[str, MeanInterval]]:
    """The decoy with the largest mean, and each method's paired margin above it."""
    values, pairs = oriented(study, score, **where)
    decoy = {name: values[study.methods.index(name)] for name in DECOYS}
    best = max(decoy, key=lambda name: np.nanmean(decoy[name]))
    found = {
        name: crossed_interval(row - decoy[best], pairs, len(study.networks))
        for name, row in zip(study.methods, values, strict=True)
        if name not in DECOYS
    }
    return best, {name: told for name, told in found.items() if told.n}


def _asking(study: Study) -> list[int]:
    return [k for k, name in enumerate(study.methods) if name not in DECOYS]


def score_correlations(study: Study) -> np.ndarray:
    """Rank correlations ``[scores, scores]`` over methods, decoys left out."""
    rows = _asking(study)
    means = [np.nanmean(oriented(study, s)[0][rows], 1) for s in ABOUT]
    return np.array([[correlate(a, b) for b in means] for a in means])


def middle_correlation(study: Study, count: int = 500) -> MeanInterval:
    """The median rank correlation of two different scores, with its interval.

    Of two scores that ask the same of another truth, one stays.
    """
    rows = _asking(study)
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
    ranks = rankdata(table[~np.isnan(table).any(1)], axis=0)
    return np.corrcoef(ranks.T)
