"""Sheets of rendered people: seven expressions each, or a corpus in rows.

python -m ferbook.chapters.faces.sheets OUT.png    the sheet of the page on data sets
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fer_lib.data.faceset import FaceSet
from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.files import atomic_path
from fer_lib.rendered.conditions import STUDIO
from fer_lib.rendered.portrait import render_face

HEADER = 20  # pixels


def contact_sheet(
    subjects: int = 6,
    size: int = 88,
    seed: int = 4,
    expressions: Sequence[str] = EXPRESSIONS[:7],
) -> Image.Image:
    """One row a person, one column an expression.

    Args:
        subjects: number of people.
        size: side of each face in pixels.
        seed: of the population.
        expressions: names of ``EXPRESSIONS``.
    """
    rows = [
        [
            render_face(who, name, size, seed, who * 8 + k, STUDIO).image
            for k, name in enumerate(expressions)
        ]
        for who in range(subjects)
    ]
    return grid(rows, expressions)


def grid(
    rows: Sequence[Sequence[np.ndarray]],
    columns: Sequence[str],
    names: Sequence[str] = (),
) -> Image.Image:
    """Pictures in rows and columns, with titles.

    Args:
        rows: ``uint8 [S, S]`` pictures, all of one size.
        columns: title of each column.
        names: title of each row; none leaves no room for them.
    """
    size = len(rows[0][0])
    body = Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in rows]))
    font = ImageFont.load_default(min(0.7 * HEADER, size / 6))
    left = max((HEADER + int(font.getlength(name)) for name in names), default=0)
    sheet = Image.new(body.mode, (left + body.width, HEADER + body.height), "white")
    sheet.paste(body, (left, HEADER))
    pen = ImageDraw.Draw(sheet)
    for k, name in enumerate(columns):
        place = (left + (k + 0.5) * size, HEADER / 2)
        pen.text(place, name, fill="black", anchor="mm", font=font)
    for k, name in enumerate(names):
        place = (HEADER / 2, HEADER + (k + 0.5) * size)
        pen.text(place, name, fill="black", anchor="lm", font=font)
    return sheet


def corpus_sheet(faces: FaceSet, rows: int = 6) -> Image.Image:
    """One row a sequence where there are frames, else one row a subject.

    Args:
        faces: grey faces with subjects; in a set of sequences, row k shows
            another expression than row k - 1.
        rows: how many at most.
    """
    people = np.unique(faces.subjects)[:rows]
    if "from_end" in faces.extra:
        return _sequences(faces, people)
    shown = np.flatnonzero(faces.counts())
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


def _sequences(faces: FaceSet, people: np.ndarray) -> Image.Image:
    pictures, names = [], []
    for k, who in enumerate(people):
        own = np.unique(faces.sequences[faces.subjects == who])
        frames = np.flatnonzero(faces.sequences == own[k % len(own)])
        frames = frames[np.argsort(faces.extra["frame"][frames])]
        pictures.append(faces.images[frames, 0])
        names.append(EXPRESSIONS[faces.labels[frames[-1]]])
    columns = [f"frame {k + 1}" for k in range(len(pictures[0]))]
    return grid(pictures, columns, names)


if __name__ == "__main__":
    try:
        with atomic_path(Path(sys.argv[1])) as temporary:
            contact_sheet().save(temporary, optimize=True)
    except (FerError, IndexError) as error:
        raise SystemExit(f"{error}\n{__doc__}") from error
