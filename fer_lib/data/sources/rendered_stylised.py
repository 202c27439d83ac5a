"""``stylised``: six drawn characters with the structure of FERG."""

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
from fer_lib.rendered.characters import CHARACTERS
from fer_lib.rendered.conditions import STYLISED

CLASSES = 7


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
        size: side of the images in pixels.
        takes: pictures of each character with each expression.
        seed: of everything but the characters.
        workers: processes; none is one a core.  The result does not
            depend on it.
        cached: whether to keep the set below ``cache_dir()``.
        knobs: fields of ``Conditions`` that differ from ``STYLISED``.

    Returns:
        A ``FaceSet`` named ``rendered_stylised`` in one split ``All``, with
        ``42 * takes`` grey images ``uint8 [N, 1, S, S]`` (FERG's are in
        colour), the characters 0-5 as subjects, landmarks ``[N, 68, 2]`` in
        pixels, and ``extra`` columns ``units [N, 52]``, ``visible
        [N, 68]``, ``strength [N]``, and what ``portrait_of`` needs.

    Raises:
        FerError: when an option is out of range or embreex is missing.
    """
    check_range("size", size, 16, 512)
    check_range("takes", takes, 1, 10_000)
    check_range("seed", seed, 0, MOST)
    conditions = STYLISED.changed(**knobs)
    row = conditions.to_row().tolist()
    options = {"size": size, "takes": takes, "seed": seed, "conditions": row}
    number = np.arange(CHARACTERS * CLASSES * takes)
    plan = Plan(
        size, seed, conditions,
        subjects=number // (CLASSES * takes),
        expressions=number // takes % CLASSES,
        takes=number,
    )  # fmt: skip
    return kept("stylised", options, cached, lambda: _render(plan, workers))


def _render(plan: Plan, workers: int | None) -> FaceSet:
    columns = draw(plan, workers)
    return FaceSet(
        name="rendered_stylised",
        images=columns.pop("image")[:, None],
        labels=plan.expressions,
        splits=np.full(len(plan.takes), "All"),
        provenance=PROVENANCE,
        rendered=True,
        subjects=plan.subjects,
        landmarks=columns.pop("landmarks"),
        extra=columns,
    )
