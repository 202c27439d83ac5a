"""Figures of the part ensemble's chapter, by what they hold."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fer_lib.rendered.yaw_sweep import YawSweep
from ferbook.chapters.part_ensemble import figures

NAMES = ("eyebrows", "eyes", "nose", "mouth", "jaw")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_every_landmark_is_drawn_once_in_its_colour():
    _, axes = plt.subplots()
    points = np.arange(136.0).reshape(68, 2)
    figures.draw_points(axes, points)
    drawn = np.concatenate([line.get_xydata() for line in axes.lines])
    assert sorted(drawn.tolist()) == points.tolist()
    assert len({line.get_color() for line in axes.lines}) == 5


def test_the_diagram_names_stages_and_parts():
    figure = figures.draw_part_ensemble()
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    for word in (*NAMES, "1 landmarks", "2 head", "3 fine-tuning", "frozen"):
        assert word in words


def test_printed_values_have_no_interval():
    found = dict.fromkeys((*NAMES, "ensemble"), (0.5, 0.4, 0.6))
    printed = dict.fromkeys(found, (0.5, 0.5, 0.5))
    figure = figures.plot_accuracies({"run": found, "paper": printed})
    run, paper = figure.axes
    bars = [sum(c.has_yerr for c in panel.containers) for panel in (run, paper)]
    assert bars == [6, 0]


def test_stages_are_marked_where_they_begin():
    curve = [
        {"epoch": k, "stage": stage}
        | {f"PublicTest_{key}_{n}": 0.1 * k for n in NAMES for key in keys}
        for k, stage, keys in (
            (1, "landmarks", ("landmarks",)),
            (2, "landmarks", ("landmarks",)),
            (3, "head", ("landmarks", "accuracy")),
        )
    ]
    figure = figures.plot_stages(curve, "PublicTest")
    left, right = figure.axes
    assert [text.get_text() for text in left.texts] == ["landmarks", "head"]
    lines = [[line for line in one.lines if line.get_marker() != "None"]
             for one in (left, right)]  # fmt: skip
    assert [len(one[0].get_xdata()) for one in lines] == [3, 1]


def test_empty_unions_say_so():
    images = np.zeros((2, 1, 6, 6), np.uint8)
    united = np.stack([np.ones((6, 6)), np.zeros((6, 6))])
    figure = figures.draw_unions(images, {"Baseline": united}, ["a", "b"])
    said = [[t.get_text() for t in axes.texts] for axes in figure.axes[2:4]]
    assert said == [[], ["no evidence"]]


def test_turning_heads_show_both_boxes():
    angles, points = np.array([0.0, 45.0]), np.full((2, 3, 68, 2), 10, np.float32)
    fitted = {"crop": points + 3, "detector": points}
    sweep = YawSweep(
        angles, np.zeros((2, 3, 40, 40), np.uint8), points,
        np.ones((2, 3, 68), bool), np.full(3, 20, np.float32),
        np.ones((2, 3), bool), fitted,
    )  # fmt: skip
    figure = figures.plot_turning(sweep)
    crop, detector = figure.axes[-2:]
    assert crop.lines[0].get_ydata() == pytest.approx([100 * 18**0.5 / 20] * 2)
    assert detector.lines[0].get_ydata() == pytest.approx([0, 0])
