"""Test faces that stand in training, too, as an experiment on rendered faces."""

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from fer_lib.data.audit.duplicates import NEAR, leaked
from fer_lib.data.faceset import FaceSet
from ferbook.chapters.faces.corpora import share
from ferbook.chapters.faces.traps import CLASSES, points
from ferbook.kit.quick_classifier import features, one_hot, ridge
from ferbook.ledger.statistics import paired_difference
from ferbook.show.figures import percent


def _brighter(images: np.ndarray) -> np.ndarray:
    return np.clip(images.astype(int) + 12, 0, 255).astype(np.uint8)


def _compressed(images: np.ndarray) -> np.ndarray:
    def once(grey: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(grey).save(file, "JPEG", quality=40)
        return np.asarray(Image.open(file))

    return np.stack([once(image[0]) for image in images])[:, None]


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
        x: features ``[N, D]``.
        portion: of the test faces, 0 to 1, that get a copy in training.
        seed: of the draw.
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
                "gain over all": points(paired_difference(after, before)),
            }
        )
    return rows
