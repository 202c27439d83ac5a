"""``lab``: rendered sequences with the structure of CK+, or of JAFFE."""

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources.rendering import (
    MOST,
    PROVENANCE,
    Plan,
    check_range,
    draw,
    kept,
)
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS, expression_index
from fer_lib.rendered.conditions import LAB, Conditions

ONSET = 6  # first spawn key, beside those of the other corpora and portraits
# For each structure: what the sequences show, and how many frames they have.
STRUCTURES = {
    "ckplus": (tuple(e for e in EXPRESSIONS if e != "neutral"), 6),
    "jaffe": (EXPRESSIONS[:7], 3),
}


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
        size: side of the images in pixels.
        subjects: number of people.
        structure: ``"ckplus"`` or ``"jaffe"``.
        frames: of a sequence; none is 6 (CK+) or 3 (JAFFE).
        seed: of the population and of everything else.
        workers: processes; none is one a core.  The result does not
            depend on it.
        cached: whether to keep the set below ``cache_dir()``.
        knobs: fields of ``Conditions`` that differ from ``LAB``.

    Returns:
        A ``FaceSet`` named ``rendered_lab`` in one split ``All``, with
        ``uint8 [N, 1, S, S]`` images, subjects, sequences, landmarks
        ``[N, 68, 2]`` in pixels, and ``extra`` columns ``frame [N]`` from 1,
        ``intensity [N]`` as a share of the apex, ``expression [N]`` of the
        sequence, ``units [N, 52]``, ``visible [N, 68]``, ``strength [N]``,
        and what ``portrait_of`` needs.

    Raises:
        FerError: when an option is out of range or embreex is missing.
    """
    if structure not in STRUCTURES:
        raise FerError(
            f"rendered faces: structure '{structure}' is unknown, expected one "
            f"of {', '.join(STRUCTURES)}."
        )
    frames = STRUCTURES[structure][1] if frames is None else frames
    check_range("size", size, 16, 512)
    check_range("subjects", subjects, 1, 10_000)
    check_range("frames", frames, 2, 999)
    check_range("seed", seed, 0, MOST)
    conditions = LAB.changed(**knobs)
    options = {
        "size": size, "subjects": subjects, "structure": structure,
        "frames": frames, "seed": seed, "conditions": conditions.to_row().tolist(),
    }  # fmt: skip
    return kept(
        "lab", options, cached,
        lambda: _render(size, subjects, structure, frames, seed, conditions, workers),
    )  # fmt: skip


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


def _plan(
    size: int, people: int, structure: str, frames: int, seed: int,
    conditions: Conditions,
) -> Plan:  # fmt: skip
    """Every person with every expression, in every frame."""
    shown = [expression_index(name) for name in STRUCTURES[structure][0]]
    course = onset if structure == "ckplus" else held
    takes = np.arange(people * len(shown))
    chances = [np.random.SeedSequence(seed, spawn_key=(ONSET, t)) for t in takes]
    return Plan(
        size, seed, conditions,
        subjects=np.repeat(takes // len(shown), frames),
        expressions=np.repeat(np.tile(shown, people), frames),
        takes=np.repeat(takes, frames),
        frames=np.tile(np.arange(1, frames + 1), len(takes)),
        intensities=np.concatenate(
            [course(frames, np.random.default_rng(chance)) for chance in chances]
        ),
    )  # fmt: skip


def _render(size, people, structure, frames, seed, conditions, workers) -> FaceSet:
    plan = _plan(size, people, structure, frames, seed, conditions)
    columns = draw(plan, workers)
    labels = plan.expressions
    if structure == "ckplus":
        columns["from_end"] = frames - plan.frames
        labels = np.where(plan.frames == 1, expression_index("neutral"), labels)
        number = plan.takes % len(STRUCTURES[structure][0]) + 1
        sequences = 1000 * plan.subjects + number
    else:
        columns["shot"] = plan.frames
        sequences = 10 * plan.subjects + labels
    return FaceSet(
        name="rendered_lab",
        images=columns.pop("image")[:, None],
        labels=labels,
        splits=np.full(len(labels), "All"),
        provenance=PROVENANCE,
        rendered=True,
        subjects=plan.subjects,
        sequences=sequences,
        landmarks=columns.pop("landmarks"),
        extra=columns,
    )
