"""What the figures of the chapters on ESR and MA-Net show, in computed sentences."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from scipy.stats import spearmanr
from torch import Tensor

from fer_lib.explain.attention import CBAMAttention
from ferbook.chapters.diversified.diversity import LEARNERS
from ferbook.chapters.diversified.manet import PATCHES, Gated, fused_accuracies
from ferbook.show.tables import Sentence

_LITTLE = 0.02  # of a similarity or a correlation, 0 to 1: called no difference
_POINT = 0.01  # of an accuracy: weights within it are called as good as the best
# Pairs of patches that a mirror exchanges.
_MIRRORED = {("upper left", "upper right"), ("lower left", "lower right")}


def steps(starts: Mapping[str, Mapping[str, np.ndarray]], without: str) -> Sentence:
    """Where ``first_steps`` ended by each way, beside the way ``without`` the term."""
    told = []
    for kind, base in starts[without].items():
        ways = [f"{LEARNERS[kind]}: {base[-1]:.2f} without the term"]
        for way, found in starts.items():
            if way != without:
                moved = _moved(found[kind][-1] - base[-1])
                ways.append(f"{way}: {found[kind][-1]:.2f}, {moved}")
        told.append("; ".join(ways))
    return Sentence(
        f"How alike two learners are after {len(base)} steps. {'. '.join(told)}."
    )


def _moved(change: float) -> str:
    if abs(change) < _LITTLE:
        return "hardly moved"
    return "parted" if change < 0 else "drawn together"


def answers(same: Tensor, attention: Mapping[str, Tensor]) -> Sentence:
    """Whether branches that attend alike answer alike.

    Args:
        same: share of equal answers ``[L, L]`` of L branches.
        attention: similarities ``[L, L]``, by what is compared.
    """
    pairs = np.triu_indices(len(same), 1)
    equal = same.numpy()[pairs]
    ranks = {
        name: float(spearmanr(matrix.numpy()[pairs], equal).statistic)
        for name, matrix in attention.items()
    }
    least = 1.96 / np.sqrt(max(len(equal) - 1, 1))
    linked = [name for name, rank in ranks.items() if abs(rank) >= least]
    figures = ", ".join(f"{rank:+.2f} for {name}" for name, rank in ranks.items())
    says = (
        f"does so for {' and '.join(linked)}" if linked else "says nothing about that"
    )
    return Sentence(
        f"Two branches give the same answer to {100 * equal.min():.0f} to "
        f"{100 * equal.max():.0f} % of the faces, {100 * equal.mean():.0f} % on "
        "average. If attention alike went with equal answers, their ranks over the "
        f"{len(equal)} pairs would agree; here attention {says} (rank correlation "
        f"{figures}; below {least:.2f} it cannot be told from none)."
    )


def gates(found: CBAMAttention) -> Sentence:
    """How much gates over positions vary within a face, and from face to face."""
    inside = float(np.mean([gate.std((1, 2)).mean() for gate in found.spatial]))
    faces = float(np.mean([gate.std(0).mean() for gate in found.spatial]))
    if faces < inside / 4:
        says = "they are mostly fixed masks, the same for every face"
    elif faces < inside:
        says = "they vary more from place to place than from face to face"
    else:
        says = "they follow the face at hand"
    return Sentence(
        f"Over all {len(found.spatial[0])} test faces the gates' standard deviation is "
        f"{inside:.3f} over the positions of a face and {faces:.3f} over the faces at "
        f"a position: {says}."
    )


def patches(similarities: Mapping[str, Tensor]) -> Sentence:
    """Whether left and right quarters are the twins that zeros would reward."""
    told = []
    for name, matrix in similarities.items():
        mirrored, others = [], []
        for i, j in combinations(range(len(PATCHES)), 2):
            pair = (PATCHES[i], PATCHES[j]) in _MIRRORED
            (mirrored if pair else others).append(float(matrix[i, j]))
        gap = np.mean(mirrored) - np.mean(others)
        says = "stand out" if gap > _LITTLE else "do not stand out"
        told.append(
            f"over {name} left and right quarters {says} ({np.mean(mirrored):.2f}, "
            f"all other pairs {np.mean(others):.2f})"
        )
    words = "; ".join(told)
    return Sentence(f"{words[0].upper()}{words[1:]}.")


def change(found: Gated) -> Sentence:
    """What the gates leave of the maps' size, and how alike the maps stay."""
    before, after = (x.reshape(len(x), -1) for x in (found.before, found.after))
    alike = np.nanmean(
        [np.corrcoef(*pair)[0, 1] for pair in zip(before, after, strict=True)]
    )
    says = "select little" if alike > 0.9 else "change the pattern"
    return Sentence(
        f"The gates {says}: before and after correlate by {alike:.2f} over the "
        f"positions of a face, and {100 * after.mean() / before.mean():.0f} % of the "
        "maps' size passes."
    )


def weights(
    parts: Mapping[str, tuple[Tensor, Tensor, np.ndarray]], lambdas: Sequence[float]
) -> Sentence:
    """Which weights of the local branch are as good as the best, on each split."""
    told = []
    for name, part in parts.items():
        found = fused_accuracies(*part, lambdas)
        good = np.asarray(lambdas)[found >= found.max() - _POINT]
        told.append(f"{good.min():.2f} to {good.max():.2f} on {name}")
    return Sentence(
        f"Within {100 * _POINT:.0f} point of the best lie the weights "
        f"{' and '.join(told)}."
    )
