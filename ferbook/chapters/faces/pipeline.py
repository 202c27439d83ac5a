"""The part ensemble's preparation of a photograph, stage by stage."""

from dataclasses import dataclass, replace

import numpy as np
from tqdm.auto import tqdm

from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.landmarks import normalised_error, part_means
from fer_lib.photos.detection import Box
from fer_lib.photos.preparation import PART_ENSEMBLE, prepare
from fer_lib.rendered.conditions import LAB
from fer_lib.rendered.portrait import Portrait, render_face


@dataclass(frozen=True, eq=False)
class Step:
    """A picture on its way.

    Attributes:
        title: what has just been done.
        image: ``uint8 [C, H, W]``.
        box: the face that was found in it, or None.
        points: its landmarks ``[68, 2]`` in pixels, or None.
    """

    title: str
    image: np.ndarray
    box: Box | None = None
    points: np.ndarray | None = None


def pipeline(photograph: np.ndarray) -> list[Step]:
    """The seven stages of Wadhawan and Gandhi's preparation.

    Args:
        photograph: ``uint8 [C, H, W]``, C 1 or 3.

    Raises:
        FerError: when no face is found.
    """
    plain = replace(PART_ENSEMBLE, detect=False, landmarks="none", clahe=False)
    grey = prepare(photograph, replace(plain, side=None)).searched
    square = prepare(photograph, plain).searched
    done = prepare(photograph, PART_ENSEMBLE)
    if not done.found:
        raise FerError("pipeline: no face found; use another photograph.")
    return [
        Step("1 photograph", photograph),
        Step("2 grey", grey),
        Step(f"3 {PART_ENSEMBLE.side} x {PART_ENSEMBLE.side}", square),
        Step("4 CLAHE", done.searched),
        Step("5 face found", done.searched, box=done.box),
        Step(f"6 crop, {PART_ENSEMBLE.size} x {PART_ENSEMBLE.size}", done.image),
        Step("7 landmarks of 5 parts", done.image, points=done.landmarks),
    ]


def portraits(count: int, seed: int = 0, size: int = 200) -> list[Portrait]:
    """Rendered people before a grey wall, one expression each."""
    people = tqdm(range(count), desc="rendering portraits", unit="face")
    return [
        render_face(k, EXPRESSIONS[k % 7], size, seed, k, LAB.changed(zoom=(0.7, 0.7)))
        for k in people
    ]


def landmark_rows(faces: list[Portrait]) -> list[dict]:
    """Error of the fitted landmarks against the true ones, for both boxes.

    Args:
        faces: rendered, so that the truth is known.

    Returns:
        A row for each part: mean over the found faces of the part's mean
        distance, in per cent of the distance between the outer corners of
        the eyes, with the normal 95 % interval over faces.
    """
    errors: dict[str, list] = {"crop": [], "box": []}
    for face in tqdm(faces, desc="fitting landmarks", unit="face"):
        truth = prepare(
            face.image[None], replace(PART_ENSEMBLE, landmarks="none"), face.landmarks
        )
        for where, found in errors.items():
            fitted = prepare(face.image[None], replace(PART_ENSEMBLE, landmarks=where))
            if fitted.found:
                found.append(normalised_error(fitted.landmarks, truth.landmarks))
    columns = {"crop": "whole crop as the face (%)", "box": "detected box (%)"}
    parts = {where: part_means(np.array(found)) for where, found in errors.items()}
    return [
        {"part": part}
        | {columns[where]: _mean(100 * parts[where][part]) for where in columns}
        | {"faces": f"{len(errors['crop'])} of {len(faces)} found"}
        for part in parts["crop"]
    ]


def _mean(values: np.ndarray) -> str:
    spread = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    mean = values.mean()
    return f"{mean:.1f} ({mean - spread:.1f}–{mean + spread:.1f})"
