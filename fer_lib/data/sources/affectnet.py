"""AffectNet: faces from the web, labelled by hand with eight expressions.

Source: Mollahosseini, Hasani and Mahoor, "AffectNet: a database for facial
expression, valence, and arousal computing in the wild", IEEE Transactions
on Affective Computing 10, 2019.
"""

from collections import Counter
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources import affectnet_files as files
from fer_lib.data.sources.convert import Images, Listing, cached
from fer_lib.errors import FerError
from fer_lib.expressions import expression_index

# The codes from 0, by the book's names; the last three are no expression.
CODES = (
    "neutral",
    "happy",
    "sad",
    "surprise",
    "fear",
    "disgust",
    "angry",
    "contempt",
)
DROPPED = {8: "none", 9: "uncertain", 10: "no face"}


def load(
    root: Path | str,
    *,
    classes: int = 8,
    per_class: int | None = None,
    seed: int = 0,
    size: int | None = 224,
    channels: int = 3,
    cache: Path | str | None = None,
) -> FaceSet:
    """AffectNet from the layout of 2021, or from the older tables.

    Splits are ``train`` and ``val``; labels of a test split were never
    published.  Faces marked none, uncertain or no face are left out and
    counted.  The older layout gives whole images, of which the face box is
    taken.  ``extra`` holds ``valence`` and ``arousal`` from -1 to 1.

    Args:
        root: the folder above ``train_set`` and ``val_set``, or above
            ``training.csv`` and ``Manually_Annotated_Images``.
        classes: 8, or 7 without contempt.
        per_class: at most so many training faces a class, one fixed draw of
            the seed that does not depend on other classes; None for all.
        seed: of that draw.
        size: side of the images in pixels; None keeps the files' own.
        channels: 1 for grey, 3 for RGB.
        cache: folder for the converted set; the user's cache by default.

    Raises:
        FerError: when nothing is found, or at the first wrong file or row.
    """
    few = per_class is not None and per_class < 1
    if classes not in (7, 8) or seed < 0 or few:
        raise FerError(
            f"AffectNet: classes is {classes}, per_class {per_class} and seed "
            f"{seed}, expected 7 or 8 classes, at least one face, a seed from 0."
        )
    layout = files.find(root)
    options = {"classes": classes, "per_class": per_class, "seed": seed}
    return cached(
        "affectnet",
        layout.sources,
        lambda: _listing(layout, **options),
        Images(size, channels),
        options,
        cache,
    )


def _listing(layout: files.Layout, classes, per_class, seed) -> Listing:
    faces, left_out = [], Counter()
    for face in layout.faces():
        if face.code in DROPPED:
            left_out[DROPPED[face.code]] += 1
        elif classes == 7 and CODES[face.code] == "contempt":
            left_out["contempt"] += 1
        else:
            faces.append(face)
    labels = np.array([expression_index(CODES[face.code]) for face in faces], int)
    splits = np.array([face.split for face in faces], str)
    rows = drawn(labels, splits == "train", per_class, seed)
    if not len(rows):
        raise FerError(
            f"{layout.sources[0]}: found no face with an expression, expected "
            "287,651 for training and 3,999 or 4,000 for validation; get the "
            "files again."
        )
    chosen = [faces[row] for row in rows]
    details = [face.details() for face in tqdm(chosen, desc="reading landmarks")]
    points, valence, arousal = zip(*details, strict=True)
    told = f"AffectNet, {layout.name}, {len(rows):,} faces of {len(faces):,}"
    if per_class:
        told += f", at most {per_class:,} a class for training by seed {seed}"
    for reason, count in sorted(left_out.items()):
        told += f", {count:,} left out as {reason}"
    return Listing(
        "affectnet",
        [face.picture for face in chosen],
        labels[rows],
        splits[rows],
        f"{told}.",
        np.stack(points),
        extra={
            "valence": np.array(valence, np.float32),
            "arousal": np.array(arousal, np.float32),
        },
    )


def drawn(
    labels: np.ndarray, train: np.ndarray, per_class: int | None, seed: int
) -> np.ndarray:
    """Rows of a balanced draw, in their order, ``int64 [n]``.

    Args:
        labels: ``int [N]``.
        train: ``bool [N]``, the rows that are drawn from; others are kept.
        per_class: largest number of training rows of one label.
        seed: each label has a stream of its own.
    """
    kept = np.ones(len(labels), bool)
    for label in np.unique(labels[train]) if per_class else ():
        rows = np.flatnonzero(train & (labels == label))
        order = np.random.default_rng([seed, int(label)]).permutation(rows)
        kept[order[per_class:]] = False
    return np.flatnonzero(kept)
