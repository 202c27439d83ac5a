"""Rendered data sets with the structure of real ones.

``wild`` is like FER2013, ``lab`` like CK+ or JAFFE, ``stylised`` like FERG.
Computer graphics, made here: nothing to download, no real person shown.

All take ``size``, the side of the images in pixels; ``seed`` of the population and
of everything else; ``workers``, the number of processes (one a core if None), on
which the result does not depend; ``cached``, whether the set is kept; and fields of
``Conditions`` that differ from the corpus's own, such as ``yaw=30``,
``occluded=0.5`` or ``jpeg=(10, 40)``.  All have exact landmarks in pixels and
``extra`` columns ``units [N, 52]``, ``visible [N, 68]``, ``strength [N]`` of the
expression, the ``expression [N]`` shown, and what :func:`portrait_of` needs.
``FerError`` when an option is out of range or embreex is missing.
"""

from dataclasses import replace

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.rendering import (
    MOST,
    Plan,
    check_range,
    draw,
    from_cache,
    portrait_of,
)
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, FERPLUS_COLUMNS, FERPLUS_TO_BOOK
from fer_lib.rendered.conditions import LAB, STYLISED, WILD, Conditions
from fer_lib.rendered.people import CHARACTERS

# FER2013 has 1.5 % of disgust; here rare classes are rare but not tiny.
SHARES = np.array([0.14, 0.06, 0.14, 0.24, 0.16, 0.12, 0.14])
FACES_A_SUBJECT = 20
CLASSES = 7  # of stylised
# First spawn keys, beside those of portrait.
LABELS, VOTES, NOISE, ONSET, CONTEMPT = 2, 3, 5, 6, 7
NEUTRAL, UNSEEN = EXPRESSIONS.index("neutral"), EXPRESSIONS.index("contempt")
RATERS = 10

# What raters take an expression for when they err; rows as EXPRESSIONS.
CONFUSED = np.array([
    # angry disg fear happy sad  surp neut cont
    [0.00, 0.35, 0.05, 0.02, 0.18, 0.02, 0.28, 0.10],  # angry
    [0.50, 0.00, 0.10, 0.02, 0.18, 0.02, 0.08, 0.10],  # disgust
    [0.06, 0.08, 0.00, 0.02, 0.28, 0.46, 0.10, 0.00],  # fear
    [0.02, 0.03, 0.02, 0.00, 0.02, 0.15, 0.56, 0.20],  # happy
    [0.12, 0.08, 0.20, 0.02, 0.00, 0.02, 0.50, 0.06],  # sad
    [0.02, 0.03, 0.55, 0.20, 0.05, 0.00, 0.15, 0.00],  # surprise
    [0.14, 0.03, 0.03, 0.18, 0.45, 0.05, 0.00, 0.12],  # neutral
    [0.15, 0.20, 0.00, 0.15, 0.05, 0.00, 0.45, 0.00],  # contempt
])  # fmt: skip
# For each structure: what the sequences show, and how many frames they have.
STRUCTURES = {
    "ckplus": (tuple(e for e in EXPRESSIONS if e != "neutral"), 6),
    "jaffe": (EXPRESSIONS[:7], 3),
}

__all__ = ["CORPORA", "lab", "load", "portrait_of", "stylised", "wild"]


def load(corpus: str = "wild", **options) -> FaceSet:
    """A rendered data set by name, with options of the function of that name."""
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
        train: faces in ``Training``.
        public: faces in ``PublicTest``.
        private: faces in ``PrivateTest``.
        label_noise: share of labels that are mistaken, in all splits; the
            votes are cast on what the face shows.
        contempt: share of the neutral faces that show contempt instead; the
            label stays neutral, as FER2013 has no eighth class, and the
            votes tell.

    Returns:
        A ``FaceSet`` named ``rendered`` with ``uint8 [N, 1, S, S]`` images and
        votes of ten imaginary raters ``[N, 10]``.
    """
    counts = {"Training": train, "PublicTest": public, "PrivateTest": private}
    shares = {"label_noise": label_noise, "contempt": contempt}
    for split, count in counts.items():
        check_range(split, count, 0, 10**6)
    if not sum(counts.values()):
        raise FerError("rendered faces: all splits are empty; ask for some.")
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise FerError(f"rendered faces: {name} is {share}, expected 0 to 1.")
    conditions = WILD.changed(**knobs)
    options = _options(size, seed, conditions, **shares, **counts)

    def render() -> FaceSet:
        splits, shown, subjects = _plan_wild(counts, seed)
        hidden = _rng(seed, CONTEMPT).random(len(shown)) < contempt
        shown[(shown == NEUTRAL) & hidden] = UNSEEN
        takes = np.arange(len(shown))
        faces = draw(
            "rendered", Plan(size, seed, conditions, subjects, shown, takes), workers
        )
        strengths, labels, cast = faces.extra["strength"], [], []
        for take, label, strength in zip(takes, shown, strengths, strict=True):
            cast.append(votes(label, strength, _rng(seed, VOTES, take)))
            label = NEUTRAL if label == UNSEEN else label
            labels.append(noisy_label(label, label_noise, _rng(seed, NOISE, take)))
        labels, cast = np.array(labels, np.int64), np.array(cast, np.int64)
        return replace(faces, labels=labels, splits=splits, votes=cast)

    return from_cache("wild", options, cached, render)


def _options(size: int, seed: int, conditions: Conditions, **others) -> dict:
    """Everything that decides a set, for JSON."""
    check_range("size", size, 16, 512)
    check_range("seed", seed, 0, MOST)
    row = conditions.to_row().tolist()
    return {"size": size, "seed": seed, "conditions": row, **others}


def _rng(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _quota(count: int) -> np.ndarray:
    """Labels ``int64 [count]`` in the shares of the classes, in order."""
    upto = np.rint(np.cumsum(SHARES) / SHARES.sum() * count).astype(int)
    return np.searchsorted(upto, np.arange(count), side="right")


def _plan_wild(counts: dict[str, int], seed: int) -> tuple[np.ndarray, ...]:
    """Splits, shown expressions and subjects ``[N]`` of all faces."""
    splits, labels, subjects, first = [], [], [], 0
    for number, (split, count) in enumerate(counts.items()):
        people = -(-count // FACES_A_SUBJECT)
        splits += [split] * count
        labels.append(_rng(seed, LABELS, number).permutation(_quota(count)))
        subjects.append(first + np.arange(count) % max(people, 1))
        first += people
    columns = (np.concatenate(column).astype(np.int64) for column in (labels, subjects))
    return np.array(splits), *columns


def votes(label: int, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Ten raters' votes in FER+'s columns, ``int64 [10]``.

    A weak expression is mistaken more often; every fiftieth vote on average
    is ``unknown``.  A strength of 1 is a clear one.
    """
    right = 0.9 if label == NEUTRAL else np.clip(0.25 + 0.5 * strength, 0, 0.95)
    chance = np.zeros(len(FERPLUS_COLUMNS))
    for column, book in enumerate(FERPLUS_TO_BOOK):
        chance[column] = (1 - right) * CONFUSED[label, book]
    chance[FERPLUS_TO_BOOK.index(label)] = right
    chance = 0.98 * chance / chance.sum()
    chance[FERPLUS_COLUMNS.index("unknown")] = 0.02
    return rng.multinomial(RATERS, chance / chance.sum())


def noisy_label(label: int, noise: float, rng: np.random.Generator) -> int:
    """The label ``0-6``, mistaken with probability ``noise``."""
    wrong, other = rng.random() < noise, CONFUSED[label, :7]
    mistaken = rng.choice(7, p=other / other.sum())
    return int(mistaken) if wrong else label


def lab(
    size: int = 160,
    subjects: int = 20,
    structure: str = "ckplus",
    frames: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    cached: bool = True,
    **knobs,
) -> FaceSet:
    """Rendered people before a grey wall who show each expression once.

    The frames of a sequence share person, light and facial movement; the
    head drifts a little, and gaze and lids move.

    ``"ckplus"``: sequences of seven expressions, contempt among them, from a
    neutral face to the apex; the first frame of each is labelled neutral, as
    in the usual use of CK+.  ``sequences`` is 1000 times the subject plus 1
    to 7, ``extra["from_end"]`` 0 for the apex.

    ``"jaffe"``: seven expressions, neutral among them, each in a few shots
    that are almost the same.  ``sequences`` is 10 times the subject plus the
    label, ``extra["shot"]`` counts from 1.

    Args:
        subjects: number of people.
        structure: ``"ckplus"`` or ``"jaffe"``.
        frames: of a sequence; none is 6 (CK+) or 3 (JAFFE).

    Returns:
        A ``FaceSet`` named ``rendered_lab`` in one split ``All``, with
        sequences, and ``extra`` columns ``frame [N]`` from 1 and
        ``intensity [N]`` as a share of the apex.
    """
    if structure not in STRUCTURES:
        raise FerError(
            f"rendered faces: structure '{structure}' is unknown, expected one "
            f"of {', '.join(STRUCTURES)}."
        )
    frames = STRUCTURES[structure][1] if frames is None else frames
    check_range("subjects", subjects, 1, 10_000)
    check_range("frames", frames, 2, 999)
    conditions = LAB.changed(**knobs)
    options = _options(
        size, seed, conditions, subjects=subjects, structure=structure, frames=frames
    )

    def render() -> FaceSet:
        plan = _plan_lab(size, subjects, structure, frames, seed, conditions)
        faces = draw("rendered_lab", plan, workers)
        labels, extra = faces.labels, faces.extra
        if structure == "ckplus":
            labels = np.where(plan.frames == 1, NEUTRAL, labels)
            number = plan.takes % len(STRUCTURES[structure][0]) + 1
            sequences = 1000 * plan.subjects + number
            extra = {**extra, "from_end": frames - plan.frames}
            return replace(faces, labels=labels, sequences=sequences, extra=extra)
        sequences = 10 * plan.subjects + labels
        return replace(faces, sequences=sequences, extra={**extra, "shot": plan.frames})

    return from_cache("lab", options, cached, render)


def onset(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Intensities ``float64 [frames]`` that rise from 0 to 1, the apex.

    The face starts to move within the first 15 % of the sequence and has
    the apex after 60 to 85 % of it.
    """
    start, apex = rng.uniform(0, 0.15), rng.uniform(0.6, 0.85)
    t = np.clip((np.linspace(0, 1, frames) - start) / (apex - start), 0, 1)
    return t * t * (3 - 2 * t)


def held(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Intensities ``float64 [frames]`` of shots that are almost the same."""
    return rng.uniform(0.85, 1, frames)


def _plan_lab(size, people, structure, frames, seed, conditions) -> Plan:
    """Every person with every expression, in every frame."""
    shown = [EXPRESSIONS.index(name) for name in STRUCTURES[structure][0]]
    course = onset if structure == "ckplus" else held
    takes = np.arange(people * len(shown))
    courses = [course(frames, _rng(seed, ONSET, take)) for take in takes]
    return Plan(
        size, seed, conditions,
        subjects=np.repeat(takes // len(shown), frames),
        expressions=np.repeat(np.tile(shown, people), frames),
        takes=np.repeat(takes, frames),
        frames=np.tile(np.arange(1, frames + 1), len(takes)),
        intensities=np.concatenate(courses),
    )  # fmt: skip


def stylised(
    size: int = 96,
    takes: int = 20,
    seed: int = 0,
    workers: int | None = None,
    cached: bool = True,
    **knobs,
) -> FaceSet:
    """Drawn characters: exaggerated heads in flat tones, strong expressions.

    Every character shows every expression equally often.  The characters
    are the same for every seed.

    Args:
        takes: pictures of each character with each expression.

    Returns:
        A ``FaceSet`` named ``rendered_stylised`` in one split ``All``, with
        ``42 * takes`` grey images ``uint8 [N, 1, S, S]`` (FERG's are in
        colour) and the characters 0-5 as subjects.
    """
    check_range("takes", takes, 1, 10_000)
    conditions = STYLISED.changed(**knobs)
    options = _options(size, seed, conditions, takes=takes)
    number = np.arange(CHARACTERS * CLASSES * takes)
    plan = Plan(
        size, seed, conditions,
        subjects=number // (CLASSES * takes),
        expressions=number // takes % CLASSES,
        takes=number,
    )  # fmt: skip
    return from_cache(
        "stylised", options, cached, lambda: draw("rendered_stylised", plan, workers)
    )


CORPORA = {"wild": wild, "lab": lab, "stylised": stylised}
