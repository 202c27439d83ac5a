"""Sums over data sets as they are published, and over Deep-Emotion's layers."""

import numpy as np

from fer_lib.data.sources.published import PUBLISHED
from fer_lib.expressions import EXPRESSIONS
from ferbook.ledger.arithmetic.printed import Working, check
from ferbook.ledger.claims import Claim, Claims

# Faces per class in the order of EXPRESSIONS[:7].  FER+'s are counted in the
# official fer2013new.csv by the most votes of seven expressions: 3,574 faces.
_FER2013 = {
    split: counts[:7]
    for split, counts in PUBLISHED["fer2013"].counts["official"].items()
}
FER2013_ALL = dict(
    zip(EXPRESSIONS[:7], map(sum, zip(*_FER2013.values(), strict=True)), strict=True)
)
PRIVATE_TEST = {
    "FER2013's own labels": _FER2013["PrivateTest"],
    "FER+ votes": (331, 28, 95, 929, 450, 446, 1295),
}


def l1_distance(counts: tuple[int, ...], others: tuple[int, ...]) -> int:
    """Sum of the absolute differences of two lists of counts."""
    return sum(abs(a - b) for a, b in zip(counts, others, strict=True))


def chi_square(counts: tuple[int, ...], others: tuple[int, ...]) -> float:
    """Pearson's statistic of counts against another list's proportions.

    With seven classes it has 6 degrees of freedom: counts drawn from those
    proportions exceed 12.6 in one case of twenty.
    """
    scale = sum(counts) / sum(others)
    expected = [scale * other for other in others]
    return sum((c - e) ** 2 / e for c, e in zip(counts, expected, strict=True))


@check
def label_set(paper: Claims, claim: Claim, *, matrix: str) -> Working:
    """Whose labels have the class counts of the printed matrix?"""
    sums = paper.matrix(matrix).row_sums
    counts = tuple(sums[name] for name in FER2013_ALL)
    distance = {name: l1_distance(counts, n) for name, n in PRIVATE_TEST.items()}
    told = "; ".join(
        f"{name}: {distance[name]:,} images apart, "
        f"chi-square {chi_square(counts, n):,.1f}"
        for name, n in PRIVATE_TEST.items()
    )
    nearest = min(distance, key=distance.get)
    text = f"Row sums against the test split's faces per class by {told} (6 d.f.)"
    return Working(
        nearest == "FER2013's own labels",
        f"{text}. The counts are those of {nearest}.",
    )


@check
def rare_classes(paper: Claims, claim: Claim, *, rare: list) -> Working:
    """Are the classes that the paper calls rare the rarest of FER2013?"""
    by_size = sorted(FER2013_ALL, key=FER2013_ALL.get)
    told = ", ".join(f"{name} {FER2013_ALL[name]:,}" for name in by_size)
    return Working(
        set(by_size[: len(rare)]) == set(rare),
        f"FER2013's classes from the rarest: {told}.",
    )


@check
def frequent_classes(paper: Claims, claim: Claim, *, frequent: list) -> Working:
    """Are the classes that the paper calls frequent those of FER2013?"""
    by_size = sorted(FER2013_ALL, key=FER2013_ALL.get, reverse=True)
    told = ", ".join(f"{name} {FER2013_ALL[name]:,}" for name in by_size)
    return Working(
        set(by_size[: len(frequent)]) == set(frequent),
        f"FER2013's classes from the most frequent: {told}.",
    )


@check
def published_counts(paper: Claims, claim: Claim, *, of: str, told: dict) -> Working:
    """Has a data set the images told of splits, of classes, or of all?"""
    known = PUBLISHED[of]
    counts = next(iter(known.counts.values()))
    splits = {split: int(np.sum(count)) for split, count in counts.items()}
    found = splits | {"all": sum(splits.values())}
    if all(isinstance(count, tuple) for count in counts.values()):
        classes = (sum(each) for each in zip(*counts.values(), strict=True))
        found |= dict(zip(EXPRESSIONS, classes, strict=True))
    text = "; ".join(
        f"{k}: {n:,}, printed {told[k]:,}" for k, n in found.items() if k in told
    )
    same = all(found[name] == n for name, n in told.items())
    return Working(same, f"{known.title} has {text}.")


@check
def most_published(
    paper: Claims, claim: Claim, *, of: str, told: str, split: str = "All"
) -> Working:
    """Is the class that the paper calls most frequent that of a data set?"""
    known = PUBLISHED[of]
    counts = next(iter(known.counts.values()))[split]
    if isinstance(counts, int):
        return Working(None, f"{known.title}'s images per class are not published.")
    by_class = dict(zip(EXPRESSIONS, counts, strict=True))
    by_size = sorted(by_class, key=by_class.get, reverse=True)
    text = ", ".join(f"{name} {by_class[name]:,}" for name in by_size)
    return Working(by_size[0] == told, f"{known.title}'s classes: {text}.")


@check
def layers(paper: Claims, claim: Claim, *, below: int) -> Working:
    """Has the network of figure 3 fewer layers with weights than stated?"""
    main, localisation = 4 + 2, 2 + 2  # convolutions + fully-connected
    return Working(
        main < below,
        f"The main path of Figure 3 has {main} layers with weights; with the "
        f"{localisation} of the localisation network there are "
        f"{main + localisation}, which is no longer fewer than {below}.",
    )


def flat_size(size: int, steps: str, channels: int) -> int:
    """Values left of a square image after valid layers.

    Args:
        size: side of the image in pixels.
        steps: one character a layer: ``p`` is 2 x 2 pooling, a digit the
            side of a convolution's kernel.
        channels: of the last layer.

    >>> flat_size(48, "33p33p", 10)
    810
    """
    for step in steps:
        size = size // 2 if step == "p" else size - int(step) + 1
    return channels * size * size


@check
def flattened(paper: Claims, claim: Claim, *, steps: str, told: int) -> Working:
    """Does a fully-connected layer's input follow from what is before it?"""
    found = flat_size(48, steps, 10)
    path = steps.replace("p", " pool ").replace("3", " 3x3").split()
    return Working(
        found == told,
        f"48 x 48 pixels through {', '.join(path)} leave 10 channels of "
        f"{round((found / 10) ** 0.5)} x {round((found / 10) ** 0.5)}, "
        f"{found:,} values; Figure 3 writes {told:,}.",
    )
