"""The papers' networks as drawings of our own: blocks and arrows."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from fer_lib.errors import FerError
from ferbook.show.figures import COLOURS

_MARGIN = 0.3
_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # over arrows


@dataclass(frozen=True)
class Block:
    """A box around its centre, in units of about a box and its gap, y upwards.

    ``below`` is text under it, such as the shape of what leaves it.
    """

    x: float
    y: float
    text: str
    below: str = ""
    colour: str = "blue"
    width: float = 0.8
    height: float = 0.76


def diagram(name: str) -> Figure:
    """One of the diagrams in ``diagrams.toml``."""
    text = files(__package__).joinpath("diagrams.toml").read_text(encoding="utf-8")
    drawn = tomllib.loads(text)[name]
    blocks = {key: Block(*about) for key, *about in drawn["blocks"]}
    return draw_blocks(blocks, drawn["arrows"], drawn["size"])


def draw_blocks(
    blocks: Mapping[str, Block],
    arrows: Sequence[Sequence[str]],
    size: tuple[float, float] = (10, 3.6),
) -> Figure:
    """A diagram of named blocks and arrows (from, to) or (from, to, label).

    Raises:
        FerError: when an arrow names a block that is not there.
    """
    figure, axes = plt.subplots(figsize=size)
    boxes = {name: _draw_block(axes, block) for name, block in blocks.items()}
    for start, end, *label in arrows:
        for name in (start, end):
            if name not in blocks:
                raise FerError(
                    f"diagram: an arrow names '{name}', expected one of "
                    f"{', '.join(blocks)}; correct it."
                )
        _draw_arrow(axes, (blocks[start], blocks[end]), (boxes[start], boxes[end]))
        if label:
            _draw_label(axes, blocks[start], blocks[end], label[0])
    _frame(axes, list(blocks.values()))
    figure.tight_layout()
    return figure


def _draw_block(axes: Axes, block: Block) -> FancyBboxPatch:
    colour = COLOURS[block.colour]
    corner = block.x - block.width / 2, block.y - block.height / 2
    box = FancyBboxPatch(
        corner,
        block.width,
        block.height,
        boxstyle="round,pad=0.02",
        facecolor=colour + "33",
        edgecolor=colour,
    )
    axes.add_patch(box)
    middle = {"ha": "center", "va": "center", "fontsize": 8.5}
    axes.text(block.x, block.y, block.text, **middle)
    if block.below:
        under = block.y - block.height / 2 - 0.1
        place = {"ha": "center", "va": "top", "fontsize": 7.5}
        axes.text(block.x, under, block.below, bbox=_WHITE, **place)
    return box


def _draw_arrow(
    axes: Axes,
    blocks: tuple[Block, Block],
    boxes: tuple[FancyBboxPatch, FancyBboxPatch],
) -> None:
    start, end = ((block.x, block.y) for block in blocks)
    ends = {"patchA": boxes[0], "patchB": boxes[1], "shrinkA": 1, "shrinkB": 1}
    style = {"arrowstyle": "->", "mutation_scale": 10, "color": "black"}
    axes.add_patch(FancyArrowPatch(start, end, **ends, **style))


def _draw_label(axes: Axes, start: Block, end: Block, text: str) -> None:
    x, y = (start.x + end.x) / 2, (start.y + end.y) / 2
    axes.text(x, y, text, fontsize=7.5, ha="center", va="center", bbox=_WHITE)


def _frame(axes: Axes, blocks: Sequence[Block]) -> None:
    left = min(block.x - block.width / 2 for block in blocks)
    right = max(block.x + block.width / 2 for block in blocks)
    low = min(block.y - block.height / 2 - 0.45 * bool(block.below) for block in blocks)
    high = max(block.y + block.height / 2 for block in blocks)
    axes.set_xlim(left - _MARGIN, right + _MARGIN)
    axes.set_ylim(low - _MARGIN / 2, high + _MARGIN / 2)
    axes.axis("off")
