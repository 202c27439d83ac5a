"""Pictures of the chapter on a photograph of one's own."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from fer_lib.evaluation.inference import probabilities
from fer_lib.explain.drawing.colours import (
    DIVERGING,
    PART_MARKERS,
    SEQUENTIAL,
    part_colour,
)
from fer_lib.explain.drawing.panels import (
    colour_bar,
    grid,
    lay_over,
    say,
    show_face,
    with_alt,
)
from fer_lib.landmarks import FIVE_PARTS
from fer_lib.models.network import Network
from fer_lib.photos.alignment import move_points
from ferbook.chapters.your_face.answers import (
    Along,
    Reason,
    Series,
    Steadiness,
)
from ferbook.chapters.your_face.photograph import SIDE, Found, View
from ferbook.show.figures import COLOURS
from ferbook.show.plots import panels, write_numbers

_LINES = tuple(COLOURS[k] for k in COLOURS if k != "yellow")  # too light for a line
_STYLES = ("-", "--", ":", "-.")
_MARKS = "osD^vPX"


def draw_found(found: Found) -> Figure:
    """The photograph with box and frame, the landmarks, and what is read."""
    figure, (photo, near, read) = panels(3, 3, 3, 3.3)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) - 0.5
    back = np.linalg.inv(np.vstack([found.frame(1), [0, 0, 1]]))[:2]
    frame = move_points(corners, back)
    room = 0.08 * np.ptp(frame, 0)
    low, high = frame.min(0) - room, frame.max(0) + room
    left, top, right, bottom = found.box
    for panel in (photo, near):
        panel.imshow(found.photo)
        panel.add_patch(Polygon(frame, fill=False, ec=COLOURS["orange"], lw=2))
    photo.add_patch(
        Rectangle((left, top), right - left, bottom - top, fill=False,
                  ec=COLOURS["sky"], lw=2, ls="--")
    )  # fmt: skip
    for part, (start, end) in FIVE_PARTS.items():
        style = {"marker": PART_MARKERS[part], "color": part_colour(part), "ls": ""}
        near.plot(*found.points[start:end].T, ms=3, label=part, **style)
    near.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]))
    near.legend(fontsize=7, loc="lower left", framealpha=0.7)
    show_face(read, found.see()[0])
    titles = ("detected, and framed", "68 landmarks", f"read: {SIDE} grey pixels")
    for panel, title in zip((photo, near, read), titles, strict=True):
        panel.set(xticks=[], yticks=[])
        panel.set_title(title, fontsize=10)
    return with_alt(
        figure,
        f"A photograph of {found.photo.shape[1]} by {found.photo.shape[0]} pixels with "
        f"a box {right - left} pixels wide around a face and a frame around that; the "
        f"face with its landmarks; and the frame at {SIDE} grey pixels.",
    )


def draw_beside(face: np.ndarray, others: np.ndarray, names: Sequence[str]) -> Figure:
    """A face ``[1, S, S]`` and rendered ones ``[N, S, S]`` with their labels."""
    figure, axes = grid([""], ["photograph", *names], n=len(names) + 1)
    for panel, image in zip(axes[0], (face, *others[:, None]), strict=True):
        show_face(panel, image)
    return with_alt(
        figure,
        "The face of the photograph in grey, and beside it rendered faces, computer "
        f"graphics, with the expressions {', '.join(names)}.",
    )


def draw_answers(shares: Mapping[str, np.ndarray], classes: Sequence[str]) -> Figure:
    """Probabilities, a row a network, a column a class."""
    values = 100 * np.stack(list(shares.values()))
    figure, axes = plt.subplots(
        figsize=(8, 0.42 * len(values) + 1.3), layout="constrained"
    )
    drawn = axes.imshow(values, cmap=SEQUENTIAL, vmin=0, vmax=100, aspect="auto")
    write_numbers(axes, values, "{:.0f}", fontsize=9)
    for row, column in enumerate(values.argmax(1)):
        axes.texts[row * values.shape[1] + column].set_weight("bold")
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(shares)), list(shares))
    axes.set(xlabel="class (n = 1 face)")
    figure.colorbar(drawn, label="probability (%)")
    said = "; ".join(
        f"{name} says {classes[row.argmax()]}, {row.max():.0f} per cent"
        for name, row in zip(shares, values, strict=True)
    )
    return with_alt(figure, f"Probabilities of the classes. {said}.")


def draw_steadiness(told: Mapping[str, Steadiness]) -> Figure:
    """The probability of each answer, straight on and in every nudge."""
    figure, axes = plt.subplots(
        figsize=(8, 0.42 * len(told) + 1.2), layout="constrained"
    )
    for row, one in enumerate(told.values()):
        spread = np.linspace(-0.28, 0.28, len(one.shares))
        axes.plot(100 * one.shares, row + spread, ".", ms=5, color=COLOURS["blue"])
        axes.plot(100 * one.shares[0], row, "D", ms=8, color=COLOURS["vermilion"])
    names = [f"{name}: {one.label}" for name, one in told.items()]
    axes.set_yticks(range(len(told)), names)
    n = len(next(iter(told.values())).shares)
    axes.set(xlim=(-2, 102), xlabel=f"probability (%), one face in {n} nudges")
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    figure.legend(
        *[[axes.lines[k] for k in (1, 0)], ["straight on", "nudged"]],
        loc="outside upper right", ncols=2, fontsize=8,
    )  # fmt: skip
    ranges = "; ".join(
        f"{name} {100 * one.shares.min():.0f} to {100 * one.shares.max():.0f}"
        for name, one in told.items()
    )
    return with_alt(
        figure, f"Probability of each network's answer in per cent, nudged: {ranges}."
    )


def draw_reasons(told: Mapping[str, Reason], face: np.ndarray) -> Figure:
    """The face, Grad-CAM and the fall of the score, a column a network."""
    titles = [f"{k.replace(', ', ',' + chr(10))}\n{v.answer}" for k, v in told.items()]
    figure, axes = grid(["face", "Grad-CAM", "score drop"], titles, n=1)
    for (plain, gradient, drop), one in zip(axes.T, told.values(), strict=True):
        for panel in (plain, gradient, drop):
            show_face(panel, face)
        if not one.gradient.any():
            say(gradient, "nothing\nspeaks for it")
        shares = lay_over(gradient, one.gradient, colours=SEQUENTIAL, low=0, high=1)
        end = float(np.abs(one.drops).max()) or 1.0
        lost = lay_over(drop, one.drops / end, colours=DIVERGING, low=-1, high=1)
    colour_bar(figure, shares, axes[1], "share of maximum")
    colour_bar(figure, lost, axes[2], "share of largest")
    places = []
    for name, one in told.items():
        place = np.unravel_index(one.drops.argmax(), one.drops.shape)
        down, right = 100 * np.divide(place, one.drops.shape)
        places.append(f"{name}, {down:.0f} per cent down and {right:.0f} across")
    return with_alt(
        figure,
        f"Grad-CAM and occlusion of one face by {len(told)} networks. The score falls "
        f"most when this is covered: {'; '.join(places)}.",
    )


def draw_series(
    found: Mapping[str, Sequence[Along]], series: Sequence[Series]
) -> Figure:
    """Probability of each network's plain answer along each series.

    Hollow marks: another answer is likelier; grey ground: met while networks learn.
    """
    figure, drawn = panels(4, 2, 4.5, 3.2, sharey=True)
    for k, (axes, one) in enumerate(zip(drawn, series, strict=True)):
        for row, (name, lines) in enumerate(found.items()):
            line, colour = lines[k], _LINES[row % len(_LINES)]
            values = 100 * line.shares[:, line.plain]
            style = {"color": colour, "marker": _MARKS[row % len(_MARKS)], "ms": 5}
            axes.plot(one.values, values, _STYLES[row % 4], color=colour, lw=1.4)
            for kept, fill in ((True, colour), (False, "white")):
                here = (line.labels == line.plain) == kept
                axes.plot(np.array(one.values)[here], values[here], ls="", mfc=fill,
                          label=f"{name}: {line.classes[line.plain]}" if kept else None,
                          **style)  # fmt: skip
        axes.axvline(one.usual, color="grey", lw=0.8, ls=":")
        if one.met:
            axes.axvspan(*one.met, color="0.9", lw=0)
        axes.set(title=one.title, xlabel=one.axis, ylim=(-2, 102))
        axes.grid(alpha=0.3)
    for axes in drawn[::2]:
        axes.set_ylabel("probability (%), n = 1 face")
    handles, names = drawn[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize=8)
    kept = [
        f"{sum((line[k].labels == line[k].plain).all() for line in found.values())} "
        f"under {one.title}"
        for k, one in enumerate(series)
    ]
    return with_alt(
        figure,
        "Probability of the answer that each network gives straight on, along "
        f"{len(series)} series. Of {len(found)} networks keep it throughout: "
        f"{', '.join(kept)}.",
    )


def draw_settings(one: Network, name: str, found: Found, side: int) -> Figure:
    """What a network says at some settings of crop and blur, on faces of a side."""
    crops, blurs = (0.7, 0.85, 1.0, 1.2, 1.5), (0.0, 1.0, 2.0)
    views = [View(crop=crop, blur=blur) for blur in blurs for crop in crops]
    faces = found.see(views, side)
    shares = probabilities(one, faces)
    said = [f"{one.classes[row.argmax()]} {100 * row.max():.0f} %" for row in shares]
    rows, columns = [f"blur {b:g} px" for b in blurs], [f"crop {c:g}" for c in crops]
    figure, axes = grid(rows, columns, n=1)
    for panel, face, words in zip(axes.flat, faces, said, strict=True):
        show_face(panel, face)
        panel.set_xlabel(words, fontsize=9)
    return with_alt(
        figure,
        f"One face at {len(crops)} crops and {len(blurs)} strengths of blur; {name} "
        f"says, row by row: {', '.join(said)}.",
    )
