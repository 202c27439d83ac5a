"""Diagrams: arrows touch the boxes that they join, nothing is cut off."""

import matplotlib

matplotlib.use("Agg")

import pytest
from matplotlib.patches import FancyArrowPatch

from fer_lib.errors import FerError
from ferbook.show.diagrams import Block, chain, draw_blocks

BLOCKS = {"a": Block(0, 0, "face"), "b": Block(3, 2, "scores", "7", "green")}


def test_everything_lies_inside_the_axes():
    axes = draw_blocks(BLOCKS, [("a", "b", "up")]).axes[0]
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    for block in BLOCKS.values():
        assert left < block.x - block.width / 2 and block.x + block.width / 2 < right
        assert low < block.y - block.height / 2 and block.y + block.height / 2 < high
    assert {t.get_text() for t in axes.texts} == {"face", "scores", "7", "up"}


def test_an_arrow_runs_from_edge_to_edge():
    figure = draw_blocks(BLOCKS, [("a", "b")])
    figure.canvas.draw()
    axes = figure.axes[0]
    (arrow,) = (p for p in axes.patches if isinstance(p, FancyArrowPatch))
    ends = axes.transData.inverted().transform(
        arrow.get_path().transformed(arrow.get_transform()).vertices[[0, 2]]
    )
    # Its line leaves the first box and does not reach the second's middle.
    assert 0 < ends[0, 1] < 1 and 1 < ends[1, 1] < 2


def test_an_arrow_to_nowhere_is_refused():
    with pytest.raises(FerError, match="names 'c', expected one of a, b"):
        draw_blocks(BLOCKS, [("a", "c")])


def test_a_chain_has_equal_gaps():
    blocks = chain([("a", "", "blue"), ("b", "1", "green")], x=1, gap=2)
    assert [block.x for block in blocks.values()] == [1, 3]
    assert list(blocks) == ["0", "1"] and blocks["1"].below == "1"
