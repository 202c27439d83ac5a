"""A sheet of rendered people, seven expressions each.

python -m ferbook.chapters.faces.contact_sheet OUT.png
python -m ferbook.chapters.faces.contact_sheet OUT.png --size 160 --subjects 8
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fer_lib.errors import FerError
from fer_lib.expressions import EXPRESSIONS
from fer_lib.files import atomic_path
from fer_lib.landmarks import IBUG_PARTS
from fer_lib.rendered.conditions import CONDITIONS
from fer_lib.rendered.portrait import Portrait, render_face

HEADER = 20  # pixels


def with_points(face: Portrait) -> np.ndarray:
    """The picture in RGB with its landmarks; hidden ones are hollow."""
    scale = 4
    image = Image.fromarray(face.image).convert("RGB")
    image = image.resize([scale * side for side in image.size])
    pen = ImageDraw.Draw(image)
    for low, high in IBUG_PARTS.values():
        for (x, y), seen in zip(
            face.landmarks[low:high], face.visible[low:high], strict=True
        ):
            x, y = (x + 0.5) * scale, (y + 0.5) * scale
            box = [x - 5, y - 5, x + 5, y + 5]
            fill = (240, 228, 66) if seen else None
            pen.ellipse(box, fill=fill, outline=(240, 228, 66), width=2)
    return np.asarray(image.resize(face.image.shape[::-1], Image.LANCZOS))


def contact_sheet(
    subjects: int = 6,
    size: int = 88,
    seed: int = 4,
    conditions: str = "studio",
    points: bool = False,
    expressions: tuple[str, ...] = EXPRESSIONS[:7],
) -> Image.Image:
    """Draw one row a person, one column an expression.

    Args:
        subjects: number of people.
        size: side of each face in pixels.
        seed: of the population.
        conditions: a name of ``CONDITIONS``.
        points: whether to draw the landmarks.
        expressions: names of ``EXPRESSIONS``.
    """
    draw = with_points if points else (lambda face: face.image)
    rows = [
        [
            draw(render_face(
                subject, name, size, seed, subject * 8 + k, CONDITIONS[conditions],
            ))
            for k, name in enumerate(expressions)
        ]
        for subject in range(subjects)
    ]  # fmt: skip
    return grid(rows, expressions)


def grid(
    rows: Sequence[Sequence[np.ndarray]],
    columns: Sequence[str],
    names: Sequence[str] = (),
) -> Image.Image:
    """Pictures in rows and columns, with titles.

    Args:
        rows: ``uint8 [S, S]`` or ``[S, S, 3]`` pictures, all of one size.
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


def main() -> None:
    """Draw the sheet that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--subjects", type=int, default=6)
    parser.add_argument("--size", type=int, default=88)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--conditions", choices=CONDITIONS, default="studio")
    parser.add_argument("--points", action="store_true")
    asked = vars(parser.parse_args())
    out = asked.pop("out")
    with atomic_path(out) as temporary:
        contact_sheet(**asked).save(temporary, optimize=True)


if __name__ == "__main__":
    try:
        main()
    except FerError as error:
        raise SystemExit(str(error)) from error
