"""How much of what a study says may be luck: tasks and networks drawn anew.

Tasks and networks are crossed: every network learned every task, and a decoy
has one value a task, whatever the network.  Drawing their pairs as if each
were a witness of its own would feign a certainty that is not there, so tasks
are drawn by themselves and networks by themselves, with all faces and seeds
of a pair together.  The same faces are in every cell: no interval speaks of
other faces.
"""

import numpy as np
from scipy.stats import rankdata, t

from fer_lib.errors import FerError
from fer_lib.explain.scoring.agreement import ENDS, MeanInterval, Standing

FEWEST = 3  # groups, below which an interval says nothing


def drawn_means(
    values: np.ndarray, pairs: np.ndarray, networks: int, count: int = 2000
) -> np.ndarray:
    """Means of rows when tasks and networks are drawn with replacement.

    Args:
        values: ``[M, X]``; what is not a number is left out.
        pairs: ``[X]``, the number of a value's task times ``networks``, plus
            that of its network.
        networks: how many there are.
        count: draws, the same for all calls about the same tasks and networks.

    Returns:
        ``float64 [count, M]``; not a number where a draw has no value.
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
    """Mean ``[X]`` with its 95 % interval over tasks and networks.

    Arguments are as of :func:`drawn_means`.  No interval, so not a number,
    where there is one pair alone.
    """
    known = ~np.isnan(values)
    if not known.any():
        return MeanInterval(np.nan, np.nan, np.nan, 0)
    values, pairs = values[known], pairs[known]
    ends = (np.nan, np.nan)
    if np.ptp(pairs):
        ends = np.nanpercentile(drawn_means(values[None], pairs, networks), ENDS)
    return MeanInterval(float(values.mean()), *map(float, ends), int(known.sum()))


def crossed_standing(values: np.ndarray, pairs: np.ndarray, networks: int) -> Standing:
    """The order of methods ``[M, X]`` by mean, more is better.

    Over the maps that all methods have; arguments are as of
    :func:`drawn_means`.

    Raises:
        FerError: when there is none.
    """
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

    For the few tasks of one network: drawing two to five groups anew covers
    far less than it says.

    Args:
        values: ``[X]``; what is not a number is left out.
        groups: ``[X]``.

    Returns:
        ``n`` counts groups; no interval for fewer than three.
    """
    values, groups = np.asarray(values, float), np.asarray(groups)
    known = ~np.isnan(values)
    means = [values[known & (groups == one)].mean() for one in np.unique(groups[known])]
    n, mean = len(means), float(np.mean(means)) if means else np.nan
    if n < FEWEST:
        return MeanInterval(mean, np.nan, np.nan, n)
    half = float(t.ppf(0.975, n - 1) * np.std(means, ddof=1) / np.sqrt(n))
    return MeanInterval(mean, mean - half, mean + half, n)
