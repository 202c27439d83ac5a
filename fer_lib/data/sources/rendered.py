"""Rendered data sets with the structure of real ones.

``wild`` is like FER2013, ``lab`` like CK+ or JAFFE, ``stylised`` like FERG.
Computer graphics, made here: nothing to download, no real person shown.
"""

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.raters import noisy_label, votes
from fer_lib.data.sources.rendered_lab import lab
from fer_lib.data.sources.rendered_stylised import stylised
from fer_lib.data.sources.rendering import (
    MOST,
    PROVENANCE,
    Plan,
    check_range,
    draw,
    kept,
    portrait_of,
)
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, expression_index
from fer_lib.rendered.conditions import WILD

# FER2013 has 1.5 % of disgust; here rare classes are rare but not tiny.
SHARES = np.array([0.14, 0.06, 0.14, 0.24, 0.16, 0.12, 0.14])
FACES_A_SUBJECT = 20
# First spawn keys, beside those of portrait and of lab.
LABELS, VOTES, NOISE, CONTEMPT = 2, 3, 5, 7
NEUTRAL = expression_index("neutral")

__all__ = ["CORPORA", "lab", "load", "portrait_of", "stylised", "wild"]


def load(corpus: str = "wild", **options) -> FaceSet:
    """A rendered data set by name.

    Args:
        corpus: ``"wild"``, ``"lab"`` or ``"stylised"``.
        options: of the function of that name.

    Raises:
        FerError: when there is no such corpus or option.
    """
    if corpus not in CORPORA:
        raise FerError(
            f"rendered faces: corpus '{corpus}' is unknown, expected one of "
            f"{', '.join(CORPORA)}."
        )
    return CORPORA[corpus](**options)


def wild(
    size: int = 48,
    train: int = 1600,
    public: int = 300,
    private: int = 300,
    seed: int = 0,
    workers: int | None = None,
    cached: bool = True,
    label_noise: float = 0.0,
    contempt: float = 0.0,
    **knobs,
) -> FaceSet:
    """Rendered faces in the manner of FER2013: grey, tight, imperfect.

    Pose, light, backgrounds, things in front, blur and noise vary; weak
    expressions are common.  No subject is in two splits, and each has as
    many faces as the others.

    Args:
        size: side of the images in pixels.
        train: faces in ``Training``.
        public: faces in ``PublicTest``.
        private: faces in ``PrivateTest``.
        seed: of the population and of everything else.
        workers: processes; none is one a core.  The result does not
            depend on it.
        cached: whether to keep the set below ``cache_dir()``.
        label_noise: share of labels that are mistaken, in all splits; the
            votes are cast on what the face shows.
        contempt: share of the neutral faces that show contempt instead; the
            label stays neutral, as FER2013 has no eighth class, and the
            votes tell.
        knobs: fields of ``Conditions`` that differ from ``WILD``, such as
            ``yaw=30``, ``occluded=0.5`` or ``jpeg=(10, 40)``.

    Returns:
        A ``FaceSet`` named ``rendered`` with ``uint8 [N, 1, S, S]`` images,
        votes of ten imaginary raters ``[N, 10]``, landmarks ``[N, 68, 2]``
        in pixels, and ``extra`` columns ``units [N, 52]``, ``visible
        [N, 68]``, ``strength [N]`` of the expression, the ``expression [N]``
        shown, and what :func:`portrait_of` needs.

    Raises:
        FerError: when an option is out of range or embreex is missing.
    """
    counts = {"Training": train, "PublicTest": public, "PrivateTest": private}
    check_range("size", size, 16, 512)
    check_range("seed", seed, 0, MOST)
    for split, count in counts.items():
        check_range(split, count, 0, 10**6)
    if not sum(counts.values()):
        raise FerError("rendered faces: all splits are empty; ask for some.")
    shares = {"label_noise": label_noise, "contempt": contempt}
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise FerError(f"rendered faces: {name} is {share}, expected 0 to 1.")
    conditions = WILD.changed(**knobs)
    options = {"size": size, "seed": seed, **shares, **counts}
    options["conditions"] = conditions.to_row().tolist()

    def render() -> FaceSet:
        splits, shown, subjects = _plan(counts, seed)
        hidden = _rng(seed, CONTEMPT).random(len(shown)) < contempt
        shown[(shown == NEUTRAL) & hidden] = expression_index("contempt")
        takes = np.arange(len(shown))
        plan = Plan(size, seed, conditions, subjects, shown, takes)
        return _render(plan, splits, label_noise, workers)

    return kept("wild", options, cached, render)


CORPORA = {"wild": wild, "lab": lab, "stylised": stylised}


def _rng(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _quota(count: int) -> np.ndarray:
    """Labels ``int64 [count]`` in the shares of the classes, in order."""
    upto = np.rint(np.cumsum(SHARES) / SHARES.sum() * count).astype(int)
    return np.searchsorted(upto, np.arange(count), side="right")


def _plan(counts: dict[str, int], seed: int) -> tuple[np.ndarray, ...]:
    """Splits, shown expressions and subjects ``[N]`` of all faces."""
    splits, labels, subjects, first = [], [], [], 0
    for number, (split, count) in enumerate(counts.items()):
        people = -(-count // FACES_A_SUBJECT)
        splits += [split] * count
        labels.append(_rng(seed, LABELS, number).permutation(_quota(count)))
        subjects.append(first + np.arange(count) % max(people, 1))
        first += people
    return (
        np.array(splits),
        np.concatenate(labels).astype(np.int64),
        np.concatenate(subjects).astype(np.int64),
    )


def _render(
    plan: Plan, splits: np.ndarray, label_noise: float, workers: int | None
) -> FaceSet:
    columns = draw(plan, workers)
    labels, cast = [], []
    rows = zip(plan.takes, plan.expressions, columns["strength"], strict=True)
    for take, shown, strength in rows:
        label = NEUTRAL if EXPRESSIONS[shown] == "contempt" else shown
        labels.append(noisy_label(label, label_noise, _rng(plan.seed, NOISE, take)))
        cast.append(votes(shown, strength, _rng(plan.seed, VOTES, take)))
    return FaceSet(
        name="rendered",
        images=columns.pop("image")[:, None],
        labels=np.array(labels, np.int64),
        splits=splits,
        provenance=PROVENANCE,
        rendered=True,
        votes=np.array(cast, np.int64),
        subjects=plan.subjects,
        landmarks=columns.pop("landmarks"),
        extra=columns,
    )
