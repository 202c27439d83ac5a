"""Traps of splits, each as an experiment of seconds on rendered faces.

``x`` are the features ``[N, D]`` of the faces throughout.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from scipy.stats import t
from tqdm.auto import tqdm

from fer_lib.data.audit.duplicates import NEAR, leaked
from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import fold_names
from fer_lib.expressions import EXPRESSIONS
from fer_lib.rendered.photo import compress
from ferbook.chapters.faces.corpora import TEST, TRAIN, membership, share
from ferbook.kit.quick_classifier import features, nearest, one_hot, ridge
from ferbook.ledger.statistics import Difference, crossed
from ferbook.show.figures import percent

CLASSES = len(EXPRESSIONS)
Classifier = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

# For each corpus: as papers split it, and by person.
COMPARED: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "lab": (fold_names("ckplus_last3_leaky"), fold_names("ckplus_last3")),
    "shots": (("jaffe_deep_emotion",), fold_names("jaffe_subjects")),
    "stylised": (("ferg_deep_emotion",), fold_names("ferg_characters")),
}
CLASSIFIERS: dict[str, Classifier] = {"ridge": ridge, "nearest face": nearest}


def points(gap: Difference) -> str:
    """A difference in points with its 95 % interval and n."""
    mean, low, high = (100 * x for x in (gap.mean, gap.low, gap.high))
    return f"{mean:+.1f} points ({low:+.1f} to {high:+.1f}), n = {gap.n:,}"


def tested(
    faces: FaceSet, x: np.ndarray, protocols: Sequence[str], classify: Classifier
) -> tuple[np.ndarray, np.ndarray]:
    """Train and test under each protocol, all test faces together.

    Args:
        faces: the corpus.
        protocols: names, such as those of all folds.
        classify: scores from known features, their targets and new features.

    Returns:
        Rows ``int [n]`` that were tested, and whether correctly ``bool [n]``.
    """
    rows, right = [], []
    for name in protocols:
        uses = membership(faces, name)
        known, asked = (np.flatnonzero(uses == use) for use in (TRAIN, TEST))
        targets = one_hot(faces.labels[known], CLASSES)
        found = classify(x[known], targets, x[asked]).argmax(1)
        rows.append(asked)
        right.append(found == faces.labels[asked])
    return np.concatenate(rows), np.concatenate(right)


def panels(
    corpora: Mapping[str, FaceSet],
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The compared protocols as pictures, for ``plot_membership``.

    As papers split a corpus on the left, by person on the right; below, two
    protocols of ``wild``, whose splits share nobody.
    """
    sides = [(corpus, names) for corpus, two in COMPARED.items() for names in two]
    sides += [("wild", ("official",)), ("wild", ("ferplus_majority7",))]
    return {
        f"{corpus}: {names[0].split('-fold')[0]}": (
            np.array([membership(corpora[corpus], name) for name in names]),
            corpora[corpus].subjects,
        )
        for corpus, names in sides
    }


def over_people(right: np.ndarray, people: np.ndarray) -> dict:
    """Accuracy with an interval over people, for ``percent``.

    Pictures of one person are no independent trials: who reads one of them
    reads the next.  The variance is that of a ratio whose sampling units are
    people, the quantile Student's (W. G. Cochran, "Sampling Techniques",
    1977, section 9A).

    Args:
        right: ``bool [n]``.
        people: ``int [n]``, who is shown; two or more.
    """
    _, which, sizes = np.unique(people, return_inverse=True, return_counts=True)
    count, accuracy = len(sizes), float(right.mean())
    missed = np.bincount(which, right) - accuracy * sizes
    error = sqrt(count / (count - 1) * (missed**2).sum()) / len(right)
    spread = error * t.ppf(0.975, count - 1)
    limits = np.clip([accuracy - spread, accuracy + spread], 0, 1)
    return {
        "n": len(right),
        "accuracy": accuracy,
        "accuracy_ci95": limits.tolist(),
        "people": count,
    }


def people_rows(
    corpora: Mapping[str, FaceSet], described: Mapping[str, np.ndarray]
) -> list[dict]:
    """Accuracy when people are on both sides, and when nobody is.

    Args:
        corpora: with those of ``COMPARED``.
        described: features ``[N, D]`` of each.
    """
    rows = []
    for corpus, sides in COMPARED.items():
        faces = corpora[corpus]
        for name, classify in CLASSIFIERS.items():
            cells = {}
            for title, protocols in zip(_SIDES, sides, strict=True):
                asked, right = tested(faces, described[corpus], protocols, classify)
                found = over_people(right, faces.subjects[asked])
                cells[title] = f"{percent(found)}, {found['people']} people"
            rows.append({"corpus": corpus, "classifier": name} | cells)
    return rows


_SIDES = ("people on both sides", "by person")


@dataclass(frozen=True, eq=False)
class Tries:
    """K networks that differ in their seed alone.

    Attributes:
        right: ``bool [K, n]``, on the faces outside Training.
        splits: ``str [n]``, of these faces.
        people: ``int [n]``, who they show.
    """

    right: np.ndarray
    splits: np.ndarray
    people: np.ndarray

    def accuracy(self, part: str) -> np.ndarray:
        """Accuracy of each on a split, ``[K]``."""
        return self.right[:, self.splits == part].mean(1)


def tries(
    faces: FaceSet, x: np.ndarray, count: int = 64, width: int = 128, seed: int = 0
) -> Tries:
    """Train networks with one random hidden layer each.

    Args:
        faces: with the splits of ``wild``.
        count: number of networks.
        width: hidden units.
    """
    learnt = faces.splits == "Training"
    targets = one_hot(faces.labels[learnt], CLASSES)
    centred = (x - x[learnt].mean(0)) / sqrt(x[learnt].var(0).sum())
    right = []
    for number in tqdm(range(count), desc="training", unit="network"):
        rng = np.random.default_rng([seed, number])
        hidden = centred @ rng.normal(size=(x.shape[1], width))
        hidden = np.maximum(hidden + rng.normal(size=width) / 2, 0)
        scores = ridge(hidden[learnt], targets, hidden[~learnt], strength=0.01)
        right.append(scores.argmax(1) == faces.labels[~learnt])
    return Tries(np.array(right), faces.splits[~learnt], faces.subjects[~learnt])


def choice_rows(made: Tries) -> list[dict]:
    """Accuracy on PrivateTest of networks that were chosen in three ways."""
    test = made.splits == "PrivateTest"
    chosen = {
        "nothing: the first seed": 0,
        "PublicTest": int(made.accuracy("PublicTest").argmax()),
        "PrivateTest itself (a warning)": int(made.accuracy("PrivateTest").argmax()),
    }
    honest = made.right[chosen["PublicTest"], test]
    return [
        {
            "chosen on": name,
            "accuracy on PrivateTest": percent(share(made.right[k, test])),
            "against PublicTest's choice": "-"
            if name == "PublicTest"
            else points(crossed(made.right[k, test], honest)),
        }
        for name, k in chosen.items()
    ]


def optimism(
    right: np.ndarray,
    people: np.ndarray,
    counts: Sequence[int],
    draws: int = 300,
    seed: int = 0,
) -> np.ndarray:
    """How much better the best of K looks where it was chosen than elsewhere.

    Again and again, half of the people choose among K networks, and the
    choice is measured on them and on the other half.

    Args:
        right: ``bool [networks, n]``.
        people: ``int [n]``.
        counts: values of K, at most the number of networks.
        draws: of people and of networks, for each K.

    Returns:
        ``float [len(counts), draws]``, accuracy here minus accuracy there.
    """
    rng = np.random.default_rng(seed)
    everyone = np.unique(people)
    gaps = np.empty((len(counts), draws))
    for place in np.ndindex(gaps.shape):
        half = rng.permutation(everyone)[: len(everyone) // 2]
        here = np.isin(people, half)
        some = rng.permutation(len(right))[: counts[place[0]]]
        best = right[some[right[some][:, here].mean(1).argmax()]]
        gaps[place] = best[here].mean() - best[~here].mean()
    return gaps


def _brighter(images: np.ndarray) -> np.ndarray:
    return np.clip(images.astype(int) + 12, 0, 255).astype(np.uint8)


def _compressed(images: np.ndarray) -> np.ndarray:
    return np.stack([compress(image[0], 40) for image in images])[:, None]


def _moved(images: np.ndarray) -> np.ndarray:
    return np.concatenate([images[..., :1], images[..., :-1]], axis=-1)


# What may have been done to a picture between its two places.
CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none, to the byte": lambda images: images,
    "brighter by 12 levels": _brighter,
    "JPEG, quality 40": _compressed,
    "moved by one pixel": _moved,
    "mirrored": lambda images: images[..., ::-1].copy(),
}


def planted_rows(
    faces: FaceSet, x: np.ndarray, portion: float, seed: int = 0
) -> list[dict]:
    """What copies of some test faces in training do, and who finds them.

    Args:
        faces: grey, with a split Training; all others are tested.
        portion: of the test faces, 0 to 1, that get a copy in training.
    """
    learnt = np.flatnonzero(faces.splits == "Training")
    asked = np.flatnonzero(faces.splits != "Training")
    rng = np.random.default_rng(seed)
    copied = np.sort(rng.permutation(asked)[: round(portion * len(asked))])
    known = np.concatenate([learnt, copied])
    targets = one_hot(faces.labels[known], CLASSES)
    test, planted = faces.select(asked), np.isin(asked, copied)
    n = len(learnt)

    def right(rows: slice, kept: np.ndarray) -> np.ndarray:
        scores = ridge(kept[rows], targets[rows], x[asked])
        return scores.argmax(1) == test.labels

    before = right(slice(n), x[learnt])
    rows = []
    for name, change in CHANGES.items():
        pictures = change(faces.images[copied])
        grown = faces.select(known)
        images = np.concatenate([faces.images[learnt], pictures])
        grown = replace(grown, images=images)
        after = right(slice(None), np.concatenate([x[learnt], features(pictures)]))
        rows.append(
            {
                "change to the copy": name,
                "copies": len(copied),
                "found byte by byte": int(leaked(grown, test)[planted].sum()),
                "found by hash": int(leaked(grown, test, NEAR)[planted].sum()),
                "accuracy on the copied": percent(share(after[planted])),
                "without copies": percent(share(before[planted])),
                "gain over all": points(crossed(after, before)),
            }
        )
    return rows
