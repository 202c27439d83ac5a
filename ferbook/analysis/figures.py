"""What an analysis found, drawn over mean faces.

A map is drawn only of a network that reads such faces, see :func:`drawn`, and
only where :data:`~ferbook.analysis.faces.FEWEST` faces stand behind it.
"""

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Polygon

from fer_lib.explain.drawing.colours import DIVERGING, MARK, SEQUENTIAL
from fer_lib.explain.drawing.panels import (
    colour_bar,
    grid,
    lay_over,
    say,
    show_face,
    with_alt,
)
from ferbook.analysis.faces import FEWEST
from ferbook.analysis.means import Means, less_others
from ferbook.analysis.own import UNTRAINED
from ferbook.analysis.record import READS, Analysis
from ferbook.show.figures import Plot
from ferbook.show.phrases import dataset_name, percent
from ferbook.show.plots import finish, look, panels, write_numbers
from ferbook.show.tables import Sentence

# Rows of maps by class, the first of which is compared with other classes.
_ROWS = {
    "grad_cam": {"grad_cam.right": "correctly read", "grad_cam.wrong": "misread"},
    "occlusion": {"occlusion.drops": "score drop"},
}
_CONTROL = {
    "grad_cam": "grad_cam.untrained",
    "occlusion": "occlusion.drops.untrained",
}
_LABEL = {"grad_cam": "Grad-CAM (1: even)", "occlusion": "drop of the score"}


def refused(found: Analysis) -> Sentence | None:
    """Why no map of this network may be shown; None if it may."""
    if found.reads:
        return None
    told = found.content["accuracy"]["split"]
    low, high = map(percent, told["accuracy_ci95"])
    where = dataset_name(found.content["dataset"])
    return Sentence(
        f"This network reads {percent(told['accuracy'])} % of {where}'s "
        f"{found.content['split']} (95 % interval {low} to {high}, n = {told['n']:,}), "
        f"fewer than {percent(READS, 0)} %: maps of it would explain errors, so none "
        "is shown."
    )


def drawn(
    found: Analysis, draw: Callable[[Analysis], Figure], caption: str
) -> Plot | Sentence:
    """A drawing with its caption; a sentence where the network reads too little."""
    if reason := refused(found):
        return reason
    figure = draw(found)
    return Plot(figure, figure.alt_text, caption)


def draw_by_class(found: Analysis, kind: str) -> Figure:
    """Mean maps of each class, and beside them the untrained network's.

    In the last row stands each class less the others; pixels whose 95 % interval
    holds zero are left out there.  ``kind``: ``"grad_cam"`` or ``"occlusion"``.
    """
    rows, label = _ROWS[kind], _LABEL[kind]
    first, control = found.maps[next(iter(rows))], found.maps[_CONTROL[kind]]
    shown = [found.maps[name] for name in rows]
    names = ["mean face", *rows.values(), "less the\nother classes"]
    faces = sum(int(one.n.sum()) for one in shown)
    figure, axes = grid(names, [*found.classes, ""], n=faces)
    for line in axes:
        for group, panel in enumerate(line):
            _show_mean_face(panel, found.maps["face"], group)
    colours = _scale([*shown, control], signed=kind == "occlusion")
    maps = [
        _lay(panel, means, group, means.mean[group], colours)
        for line, means in zip(axes[1:-1], shown, strict=True)
        for group, panel in enumerate(line[:-1])
    ]
    maps.append(_lay(axes[1, -1], control, 0, control.mean[0], colours))
    _bar(figure, maps, axes[1:-1], label)
    difference, reach = less_others(first, FEWEST)
    sure = np.where(np.abs(difference) > reach, difference, np.nan)
    colours = _scale([first._replace(mean=sure)], signed=True)
    maps = [
        _lay(panel, first, group, sure[group], colours)
        for group, panel in enumerate(axes[-1, :-1])
    ]
    _bar(figure, maps, axes[-1], "difference")
    axes[1, -1].set_title("untrained,\nall classes", fontsize=9)
    for panel in (axes[0, -1], *axes[2:, -1]):
        panel.remove()
    return with_alt(figure, _describe(found, kind, first, control, sure))


def _show_mean_face(axes: Axes, faces: Means, group: int) -> None:
    """The mean face of a class, that of all where too few people show it."""
    group = group if group < len(faces.n) and faces.n[group] else -1
    if faces.n[group]:
        show_face(axes, faces.mean[group][None])
        whose = "all" if group == -1 else f"n = {faces.n[group]:,}"
        axes.set_xlabel(whose, fontsize=7)
    axes.set(xlim=(0, 1), ylim=(1, 0))


def _scale(maps: list[Means], signed: bool) -> dict:
    enough = [one.mean[one.n >= FEWEST] for one in maps]
    ends = max((np.nanmax(np.abs(m), initial=0) for m in enough), default=0) or 1.0
    colours = DIVERGING if signed else SEQUENTIAL
    return {"colours": colours, "low": -ends if signed else 0, "high": ends}


def _lay(
    axes: Axes, means: Means, group: int, values: np.ndarray, colours: dict
) -> AxesImage | None:
    """A map with its n below; a word where too few faces stand behind it."""
    n = int(means.n[group])
    axes.set_xlabel(f"n = {n:,}", fontsize=7)
    if n < FEWEST:
        say(axes, "too few")
        return None
    return lay_over(axes, values, **colours)


def _bar(figure: Figure, maps: list, axes: np.ndarray, label: str) -> None:
    if there := [one for one in maps if one is not None]:
        colour_bar(figure, there[0], axes, label)


def _describe(
    found: Analysis, kind: str, first: Means, control: Means, sure: np.ndarray
) -> str:
    enough = np.flatnonzero(first.n >= FEWEST)
    what = "Grad-CAM" if kind == "grad_cam" else "fall of the score under black squares"
    where = "; ".join(
        f"{found.classes[k]} at {_peak(first.mean[k])}, different from the other "
        f"classes on {100 * np.isfinite(sure[k]).mean():.0f} per cent of the pixels"
        for k in enough
    )
    told = f"Mean {what} of {int(first.n.sum())} correctly read photographs by class"
    told += (
        f". The largest values lie: {where}." if len(enough) else ", too few to see."
    )
    if control.n[0] >= FEWEST:
        told += f" An untrained network's lie at {_peak(control.mean[0])}."
    return told


def _peak(values: np.ndarray) -> str:
    row, column = np.unravel_index(np.nanargmax(values), values.shape)
    down, across = (
        (at + 0.5) / s for at, s in zip((row, column), values.shape, strict=True)
    )
    return (
        f"{100 * down:.0f} per cent of the height and {100 * across:.0f} of the width"
    )


def draw_masking(found: Analysis) -> Figure:
    """Figure 1: maps before and after each masking block, and what it adds."""
    layers = [n.split(".")[-1] for n in found.maps if n.startswith("masking.before")]
    n = int(found.maps[f"masking.before.{layers[0]}"].n[0])
    rows = ("before", "after", "gain")
    figure, axes = grid(["before", "after", "added (%)"], layers, n=n)
    added = {}
    for place, layer in enumerate(layers):
        maps = {row: found.maps[f"masking.{row}.{layer}"].mean[0] for row in rows}
        largest = maps["before"].max() or 1.0
        added[layer] = 100 * (maps["gain"] - 1)
        for panel, row in zip(axes[:, place], rows, strict=True):
            _show_mean_face(panel, found.maps["face"], -1)
            if row == "gain":
                low, high = float(added[layer].min()), float(added[layer].max())
                scale = {
                    "colours": SEQUENTIAL,
                    "low": low,
                    "high": max(high, low + 1e-6),
                }
                lay_over(panel, added[layer], **scale)
                panel.set_xlabel(f"{low:.2f} to {high:.2f} %", fontsize=7)
            else:
                scale = {"colours": SEQUENTIAL, "low": 0, "high": 1.2}
                shown = lay_over(panel, maps[row] / largest, **scale)
    colour_bar(figure, shown, axes[:2], "mean activation /\nlargest before")
    told = "; ".join(
        f"{layer} adds {values.min():.2f} to {values.max():.2f} per cent"
        for layer, values in added.items()
    )
    return with_alt(
        figure,
        f"Mean activation of {n} photographs before and after each masking block, "
        f"over the mean face. By position, the mask of {told}.",
    )


def draw_branches(found: Analysis) -> Figure:
    """Mean Grad-CAM of each branch, and how alike those of two branches are."""
    names, maps = found.content["learners"], found.maps["branches.map"]
    figure = plt.figure(figsize=(1.25 * len(names) + 5.4, 4.4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.25 * len(names), 5))
    columns = -(-len(names) // 2) if len(names) > 3 else len(names)
    axes = left.subplots(-(-len(names) // columns), columns, squeeze=False).ravel()
    for panel in axes[len(names) :]:
        panel.remove()
    axes, colours, laid = axes[: len(names)], _scale([maps], signed=False), []
    for group, panel in enumerate(axes):
        _show_mean_face(panel, found.maps["face"], -1)
        laid.append(_lay(panel, maps, group, maps.mean[group], colours))
        panel.set(xticks=[], yticks=[])
        panel.set_title(names[group], fontsize=9)
    left.supylabel("branch", fontsize=9)
    if there := [one for one in laid if one is not None]:
        left.colorbar(there[0], ax=list(axes), label=_LABEL["grad_cam"], shrink=0.8)
    pairs = found.maps["branches.pairs"].mean.reshape(len(names), -1)
    panel = right.subplots()
    shown = panel.imshow(pairs, cmap=DIVERGING, vmin=-1, vmax=1)
    for (row, column), value in np.ndenumerate(pairs):
        panel.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7)
    panel.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
    panel.set_yticks(range(len(names)), names, fontsize=8)
    right.colorbar(shown, ax=panel, label="correlation of two maps", shrink=0.8)
    apart = ~np.eye(len(names), dtype=bool)
    low, high = np.nanmin(pairs[apart]), np.nanmax(pairs[apart])
    return with_alt(
        figure,
        f"Left, the mean Grad-CAM of {len(names)} branches over the mean face, of up "
        f"to {int(maps.n.max())} photographs. Right, the mean correlation of the maps "
        f"of two branches on the same photograph, from {low:.2f} to {high:.2f}.",
    )


def draw_windows(found: Analysis) -> Figure:
    """The transformer's mean window of each class, and the spread of its corners."""
    corners = found.numbers["window.corners"].means
    figure, axes = panels(len(found.classes), len(found.classes), 1.5, 2.1)
    for group, panel in enumerate(axes):
        _show_mean_face(panel, found.maps["face"], group)
        points = corners.mean[group].reshape(4, 2)
        spread = corners.spread[group].reshape(4, 2)
        panel.set(xticks=[], yticks=[], xlim=(-0.25, 1.25), ylim=(1.25, -0.25))
        panel.set_title(found.classes[group], fontsize=9)
        panel.set_xlabel(f"n = {corners.n[group]:,}", fontsize=7)
        if np.isfinite(points).all():
            panel.add_patch(Polygon(points, fill=False, ec=MARK, lw=2))
            bars = np.nan_to_num(spread).T
            panel.errorbar(
                *points.T, xerr=bars[0], yerr=bars[1], fmt="none", color=MARK, lw=1.5
            )
    spread = 100 * float(np.nanmean(corners.spread[-1]))
    return with_alt(
        figure,
        f"The mean window of Deep-Emotion's transformer for each class, over mean "
        f"faces. Over {int(corners.n[-1])} photographs, the standard deviation of a "
        f"corner is {spread:.2f} per cent of the side on average.",
    )


def draw_columns(found: Analysis, names: dict[str, str], ylabel: str) -> Figure:
    """Columns of some numbers over all faces, with 95 % intervals.

    ``names`` has what a measure is called in the key, by its name.
    """
    figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
    told, columns = [], found.numbers[next(iter(names))].columns
    for place, (name, called) in enumerate(names.items()):
        means = found.numbers[name].means
        mean, reach, n = means.mean[-1], means.reach[-1], int(means.n[-1])
        style = look(place, "blue", "vermilion", "black", "green") | {"ls": ""}
        at = np.arange(len(columns)) + 0.12 * (place - (len(names) - 1) / 2)
        mark = {"marker": "osD^"[place], "capsize": 3, "label": f"{called}, n = {n:,}"}
        axes.errorbar(at, mean, reach, **mark, **style)
        pairs = zip(columns, mean, strict=True)
        told.append(f"{called}: " + ", ".join(f"{c} {value:.3f}" for c, value in pairs))
    axes.set_xticks(range(len(columns)), columns)
    finish(axes, ylabel=ylabel)
    return with_alt(figure, f"{ylabel}, with 95 % intervals. {'; '.join(told)}.")


def draw_regions(found: Analysis) -> Figure:
    """Mean theta of each region by class, and an untrained network's over all."""
    theta = found.numbers["regions.theta"]
    control = found.numbers["regions.theta" + UNTRAINED].means
    figure, axes = panels(2, 2, 4.8, 3.6)
    drawn = axes[0].imshow(theta.means.mean, cmap=SEQUENTIAL, aspect="auto")
    write_numbers(axes[0], theta.means.mean, "{:.3f}", fontsize=8)
    ticks = range(len(theta.columns))
    names = zip([*found.classes, "all"], theta.means.n, strict=True)
    axes[0].set_yticks(range(len(theta.means.n)), [f"{c} ({n:,})" for c, n in names])
    axes[0].set_ylabel("class (n)")
    figure.colorbar(drawn, ax=axes[0], label="mean weight theta")
    ways = ((theta.means, "this network"), (control, "untrained"))
    for place, (means, called) in enumerate(ways):
        style = look(place, "blue", "black") | {"ls": "", "marker": "os"[place]}
        label = f"{called}, n = {means.n[-1]:,}"
        axes[1].errorbar(
            ticks, means.mean[-1], means.reach[-1], capsize=3, label=label, **style
        )
    finish(axes[1], ylabel="mean weight theta, 0 to 1")
    for panel in axes:
        panel.set_xticks(ticks, theta.columns, rotation=45, ha="right")
    told = zip(theta.columns, theta.means.mean[-1], strict=True)
    return with_alt(
        figure,
        f"Mean weight of each region over {int(theta.means.n[-1])} photographs: "
        + ", ".join(f"{name} {value:.3f}" for name, value in told)
        + ". Left by class, right with 95 % intervals beside an untrained network.",
    )
