"""Predicted landmarks drawn in the colours of their parts."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fer_lib.explain.drawing.colours import PART_COLOURS, PART_MARKERS, part_colour
from fer_lib.explain.drawing.panels import faces_grid, with_alt
from fer_lib.explain.landmarks import LandmarkDrift
from fer_lib.models.part_network import PARTS


def draw_landmark_drift(
    result: LandmarkDrift, images: np.ndarray, titles: Sequence[str]
) -> Figure:
    """Faces with true points, and as predicted before and after fine-tuning.

    Members that predict all points are drawn on top of each other; points
    further than a tenth of the side outside the face are not seen."""
    rows = ["true points", "before tuning", "after tuning"]
    figure, axes = faces_grid(rows, images, titles)
    for i, (true, before, after) in enumerate(axes.T):
        for panel in (true, before, after):
            panel.set(xlim=(-0.1, 1.1), ylim=(1.1, -0.1))
        _draw_points(true, ("full",), [result.truth[i]])
        _draw_points(before, result.parts, [points[i] for points in result.before])
        _draw_points(after, result.parts, [points[i] for points in result.after])
    handles = [
        Line2D([], [], ls="", marker=PART_MARKERS[name], color=colour, label=name)
        for name, colour in PART_COLOURS.items()
    ]
    figure.legend(handles=handles, loc="outside right upper", fontsize=8)
    return with_alt(figure, describe_landmark_drift(result))


def _draw_points(axes: Axes, parts: Sequence[str], members: Sequence) -> None:
    for part, points in zip(parts, members, strict=True):
        first = PARTS[part][0]
        for name in PART_COLOURS if part == "full" else (part,):
            start, end = (at - first for at in PARTS[name])
            style = {"color": PART_COLOURS[name], "marker": PART_MARKERS[name]}
            axes.plot(*points[start:end].T, ls="", ms=3.2, mec="w", mew=0.3, **style)


def draw_landmark_errors(result: LandmarkDrift) -> Figure:
    """Both errors of every member, before and after, with 95 % intervals."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    panels = (
        ("absolute", "coordinate error (% of the side)"),
        ("normalised", "point error (% of eye distance)"),
    )
    for panel, (kind, label) in zip(axes, panels, strict=True):
        for shift, when, fill in ((-0.12, "before", "white"), (0.12, "after", None)):
            errors = 100 * getattr(getattr(result, f"errors_{when}"), kind)
            for i, name in enumerate(result.names):
                mean, half = _interval(errors[:, i])
                colour = part_colour(name)
                panel.errorbar(
                    i + shift, mean, half, color=colour, capsize=3, ms=6,
                    marker=PART_MARKERS.get(name, "o"), mfc=fill or colour,
                )  # fmt: skip
        names = result.names
        panel.set_xticks(range(len(names)), names, rotation=45, ha="right")
        panel.set(ylabel=label, ylim=(0, None))
        panel.grid(axis="y", alpha=0.3)
    n = len(result.truth)
    figure.supxlabel(f"open: before tuning, filled: after; n = {n} faces", fontsize=9)
    return with_alt(figure, describe_landmark_drift(result))


def _interval(errors: np.ndarray) -> tuple[float, float]:
    """Mean and half of its 95 % interval (normal approximation)."""
    told = errors[np.isfinite(errors)]
    half = 1.96 * told.std(ddof=1) / len(told) ** 0.5 if len(told) > 1 else np.nan
    return told.mean(), half


def describe_landmark_drift(result: LandmarkDrift) -> str:
    """What the figures show, in words and numbers."""
    before, after = (
        100 * np.nanmean(errors.normalised, 0)
        for errors in (result.errors_before, result.errors_after)
    )
    told = ", ".join(
        f"{name} {first:.1f} and {then:.1f}"
        for name, first, then in zip(result.names, before, after, strict=True)
    )
    return (
        f"Landmarks of {len(result.truth)} faces by the localisation heads before and "
        "after the extractors learned expressions. Mean distance from the true points, "
        f"in per cent of the distance between the eyes, before and after: {told}."
    )
