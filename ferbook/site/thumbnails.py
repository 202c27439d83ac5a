"""Small drawings of the papers' ideas, on a rendered face."""

import base64
import io
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from PIL import Image

import fer_lib
from fer_lib.crops import crop_boxes
from fer_lib.explain.attention import sampled_windows
from fer_lib.explain.drawing.colours import COLOURS, PART_COLOURS
from fer_lib.expressions import EXPRESSIONS
from fer_lib.landmarks import FIVE_PARTS
from fer_lib.rendered.portrait import Portrait, render_face

SIZE = 96  # pixels of the face, and units of the drawings
_SEED = 2026  # of the people; no network has met them
_FACE = '<use href="#landing-face"/>'


@lru_cache
def landing_face(expression: str = "happy", size: int = SIZE) -> Portrait:
    """The first page's face of an expression, each of another person."""
    number = EXPRESSIONS.index(expression)
    return render_face(number, expression, size=size, seed=_SEED, take=number)


def picture(image: np.ndarray) -> str:
    """Grey pixels ``uint8 [H, W]`` as an address that holds a WebP file."""
    written = io.BytesIO()
    Image.fromarray(image).save(written, "webp", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(written.getvalue()).decode()}"


def shared_face() -> str:
    """The face that all drawings use, once a page."""
    address = picture(landing_face().image)
    image = (
        f'<image id="landing-face" href="{address}" width="{SIZE}" height="{SIZE}"/>'
    )
    return f'<svg width="0" height="0" aria-hidden="true"><defs>{image}</defs></svg>'


def window() -> str:
    """The part of the face that the trained transformer samples."""
    network = fer_lib.load("deep_emotion")
    size = network.input.size
    seen = sampled_windows(network, landing_face(size=size).image[None, None])
    corners = SIZE * seen.corners[0]
    hole = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners) + "Z"
    dark = f'<path d="M0 0H{SIZE}V{SIZE}H0Z{hole}" fill-rule="evenodd" opacity="0.6"/>'
    line = f'<path d="{hole}" {_stroke("orange")}/>'
    return _drawing("A face, and the window that a network chose.", _FACE, dark, line)


def mask() -> str:
    """Cells, the brighter the more the picture varies in them."""
    cells = landing_face().image.reshape(8, 12, 8, 12).std((1, 3))
    shares = 1 - cells / cells.max()
    squares = "".join(
        f'<path d="M{12 * column} {12 * row}h12v12h-12z" opacity="{0.8 * share:.2f}"/>'
        for (row, column), share in np.ndenumerate(shares)
    )
    return _drawing("A face under a mask of dark and clear cells.", _FACE, squares)


def crops() -> str:
    """The four corners and the centre that RAMN cuts."""
    names = ("blue", "green", "vermilion", "purple", "orange")
    boxes = crop_boxes(5, SIZE)[1:].tolist()
    drawn = [_box(box, name) for box, name in zip(boxes, names, strict=True)]
    return _drawing("A face with five overlapping boxes.", _FACE, *drawn)


def branches() -> str:
    """Nine copies, each with another part in the light."""
    third, drawn = SIZE / 3, []
    for row, column in np.ndindex(3, 3):
        x, y = 0.2 * SIZE + 0.3 * SIZE * column, 0.2 * SIZE + 0.3 * SIZE * row
        hole = f"M0 0H{SIZE}V{SIZE}H0ZM{x - 20} {y}a20 20 0 1 0 40 0a20 20 0 1 0-40 0"
        dark = f'<path d="{hole}" fill-rule="evenodd" opacity="0.7"/>'
        place = f"translate({third * column} {third * row}) scale({0.96 / 3:.2f})"
        drawn.append(f'<g transform="{place}">{_FACE}{dark}</g>')
    return _drawing("Nine copies of a face, each lit at another place.", *drawn)


def quarters() -> str:
    """Four quarters apart, and the whole in their middle."""
    drawn = []
    for row, column in np.ndindex(2, 2):
        move = f"translate({6 * column - 3} {6 * row - 3})"
        view = f'viewBox="{48 * column} {48 * row} 48 48"'
        place = f'x="{48 * column}" y="{48 * row}" width="48" height="48"'
        drawn.append(f'<g transform="{move}"><svg {place} {view}>{_FACE}</svg></g>')
    whole = f'<g transform="translate(31 31) scale(0.36)">{_FACE}'
    frame = _box((0, 0, SIZE, SIZE), "orange", 6)
    text = "Four quarters of a face apart, the whole face in their middle."
    return _drawing(text, *drawn, f"{whole}{frame}</g>", margin=4)


def parts() -> str:
    """The landmarks of the five parts."""
    points = landing_face().landmarks
    drawn = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.8" fill="{PART_COLOURS[part]}"/>'
        for part, place in FIVE_PARTS.items()
        for x, y in points[slice(*place)]
    ]
    return _drawing("A face with the landmarks of five parts.", _FACE, *drawn)


THUMBNAILS: dict[str, Callable[[], str]] = {
    "deep_emotion": window,
    "residual_masking": mask,
    "ramn": crops,
    "diversified_esr": branches,
    "diversified_manet": quarters,
    "part_ensemble": parts,
}


def _drawing(text: str, *inside: str, margin: int = 0) -> str:
    side = SIZE + 2 * margin
    view = f'viewBox="{-margin} {-margin} {side} {side}"'
    return (
        f'<svg {view} width="{SIZE}" height="{SIZE}" role="img" aria-label="{text}">'
        f"{''.join(inside)}</svg>"
    )


def _stroke(colour: str, width: float = 2) -> str:
    return f'fill="none" stroke="{COLOURS[colour]}" stroke-width="{width}"'


def _box(box: Sequence[float], colour: str, width: float = 2) -> str:
    left, top, right, bottom = box
    return (
        f'<path d="M{left} {top}H{right}V{bottom}H{left}Z" {_stroke(colour, width)}/>'
    )
