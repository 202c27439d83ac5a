"""A sheet of pictures of a rendered corpus.

python -m ferbook.chapters.faces.corpus_sheet wild OUT.png
python -m ferbook.chapters.faces.corpus_sheet lab OUT.png --rows 8
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from fer_lib.data.faceset import FaceSet
from fer_lib.data.sources import rendered
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.files import atomic_path
from ferbook.chapters.faces.contact_sheet import grid

# Small sets that show what the default ones hold.
_FEW = {
    "wild": {"size": 96, "train": 160, "public": 0, "private": 0},
    "lab": {"size": 112, "subjects": 7},
    "stylised": {"size": 112, "takes": 1},
}


def corpus_sheet(faces: FaceSet, rows: int = 6) -> Image.Image:
    """One row a sequence where there are frames, else one row a subject.

    Args:
        faces: grey faces with subjects; in a set of sequences, row k shows
            another expression than row k - 1.
        rows: how many at most.
    """
    if "from_end" in faces.extra:
        return _sequences(faces, rows)
    people = np.unique(faces.subjects)[:rows]
    shown = [label for label in range(len(EXPRESSIONS)) if faces.counts()[label]]
    pictures = [
        [_first(faces, (faces.subjects == who) & (faces.labels == k)) for k in shown]
        for who in people
    ]
    return grid(pictures, [EXPRESSIONS[k] for k in shown])


def _first(faces: FaceSet, rows: np.ndarray) -> np.ndarray:
    """The first of the pictures; white where there is none."""
    found = np.flatnonzero(rows)
    if len(found):
        return faces.images[found[0], 0]
    return np.full(faces.images.shape[2:], 255, np.uint8)


def _sequences(faces: FaceSet, rows: int) -> Image.Image:
    pictures, names = [], []
    for k, who in enumerate(np.unique(faces.subjects)[:rows]):
        own = np.unique(faces.sequences[faces.subjects == who])
        frames = np.flatnonzero(faces.sequences == own[k % len(own)])
        frames = frames[np.argsort(faces.extra["frame"][frames])]
        pictures.append(faces.images[frames, 0])
        names.append(EXPRESSIONS[faces.labels[frames[-1]]])
    columns = [f"frame {k + 1}" for k in range(len(pictures[0]))]
    return grid(pictures, columns, names)


def main() -> None:
    """Draw the sheet that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", choices=rendered.CORPORA)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    faces = rendered.load(asked.corpus, seed=asked.seed, **_FEW[asked.corpus])
    with atomic_path(asked.out) as temporary:
        corpus_sheet(faces, asked.rows).save(temporary, optimize=True)


if __name__ == "__main__":
    try:
        main()
    except FerError as error:
        raise SystemExit(str(error)) from error
