"""Figures of the chapter on explanations, from the recorded study."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fer_lib.explain.drawing.colours import DIVERGING, SEQUENTIAL
from fer_lib.explain.drawing.panels import with_alt
from fer_lib.explain.scoring.agreement import mean_with_interval
from fer_lib.explain.scoring.controls import DECOYS
from ferbook.chapters.explanations.tables import over_networks
from ferbook.show.figures import COLOURS
from ferbook.show.plots import finish, panels
from ferbook.study.evidence import CONTRASTS
from ferbook.study.record import Study
from ferbook.study.report import LABELS, NAMES
from ferbook.study.settings import BASE
from ferbook.study.summary import ABOUT, chance, means, score_correlations

SHOWN = ("relevance_mass", "relevance_rank", "pointing_game", "inside_auc")
RANKED = "relevance_rank"
_MARKS = "osD^vPX*hd"


def draw_ranking(study: Study) -> Figure:
    """Mean scores of methods and decoys with their intervals.

    The order is that of :data:`RANKED`; a line marks what noise gets.
    """
    told = {score: means(study, score) for score in SHOWN}
    first = told[RANKED]
    order = sorted(first, key=lambda name: first[name].mean)
    figure, axes = panels(len(SHOWN), len(SHOWN), 2.75, 4.2, sharey=True)
    for panel, score in zip(axes, SHOWN, strict=True):
        for name, one in told[score].items():
            place = order.index(name)
            colour, mark = ("vermilion", "s") if name in DECOYS else ("blue", "o")
            style = {"color": COLOURS[colour], "lw": 1.5, "ms": 5}
            panel.plot([one.low, one.high], [place] * 2, **style)
            panel.plot(one.mean, place, mark, **style)
        panel.axvline(chance(study, score), color="black", ls=":", lw=1)
        panel.set_title(ABOUT[score].short, fontsize=10)
        way = "more" if ABOUT[score].rising else "less"
        panel.set_xlabel(f"0 to 1, {way} is better")
        panel.grid(axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(order)), [LABELS[n] for n in order])
    count, faces = int(study.learned.sum()), len(study.people)
    figure.supxlabel(
        f"n = up to {count * faces:,} maps a method: {count} networks, {faces} faces "
        "each; lines: 95 % interval over tasks and networks", fontsize=8,
    )  # fmt: skip
    best = {s: max(told[s], key=lambda n: told[s][n].mean) for s in SHOWN}
    return with_alt(
        figure,
        "Mean scores of all methods (circles) and decoys (squares) with intervals. "
        "Highest are "
        + "; ".join(
            f"by {ABOUT[s].short} {LABELS[n]} with {told[s][n].mean:.2f}"
            for s, n in best.items()
        )
        + f". Noise gets {', '.join(f'{chance(study, s):.2f}' for s in SHOWN)}.",
    )


def draw_by_task(study: Study) -> Figure:
    """A score by task, and by network, of each method; noise stands below."""
    score = RANKED
    methods = [name for name in study.methods if name in means(study, score)]
    columns = {task: {"task": task} for task in study.learned_tasks}
    columns |= {NAMES[name]: {"network": name} for name in study.learned_networks}
    table = np.full((len(methods), len(columns)), np.nan)
    for column, where in enumerate(columns.values()):
        for name, told in means(study, score, **where).items():
            table[methods.index(name), column] = told.mean
    figure, axes = plt.subplots(figsize=(8.6, 4.8), layout="constrained")
    _cells(axes, table, "{:.2f}", colours=SEQUENTIAL, low=0, high=1)
    axes.set_xticks(range(len(columns)), list(columns), rotation=35, ha="right")
    axes.set_yticks(range(len(methods)), [LABELS[name] for name in methods])
    axes.axvline(len(study.learned_tasks) - 0.5, color="white", lw=4)
    about = ABOUT[score]
    axes.set_title(f"{about.long} ({about.short}), 0 to 1", fontsize=10)
    best = np.nanargmax(np.where(np.isin(methods, list(DECOYS))[:, None], -1, table), 0)
    return with_alt(
        figure,
        f"Mean {about.long}, by task and by network. Best method: "
        + ", ".join(
            f"{name} {LABELS[methods[row]]} ({table[row, k]:.2f})"
            for k, (name, row) in enumerate(zip(columns, best, strict=True))
        )
        + ".",
    )


def _cells(
    axes: Axes, table: np.ndarray, text: str, *, colours: str, low, high
) -> None:
    """A table as coloured cells with their values."""
    axes.imshow(table, cmap=colours, vmin=low, vmax=high, aspect="auto")
    for row, column in np.argwhere(np.isfinite(table)):
        value = table[row, column]
        dark = abs(value) > 0.7 if low < 0 else value < 0.5
        style = {"fontsize": 8, "color": "white" if dark else "black"}
        style |= {"ha": "center", "va": "center"}
        axes.text(column, row, text.format(value), **style)


def draw_correlations(study: Study) -> Figure:
    """How far the scores agree on the order of the methods."""
    table, names = score_correlations(study), [ABOUT[s].short for s in ABOUT]
    figure, axes = plt.subplots(figsize=(6.6, 5.4), layout="constrained")
    _cells(axes, table, "{:+.2f}", colours=DIVERGING, low=-1, high=1)
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set_yticks(range(len(names)), names)
    count = sum(name not in DECOYS for name in study.methods)
    axes.set_title(f"Spearman's correlation over {count} methods", fontsize=10)
    pairs = table[np.triu_indices(len(names), 1)]
    low, high = np.nanmin(pairs), np.nanmax(pairs)
    return with_alt(
        figure,
        f"Rank correlations of {len(names)} scores over methods, all turned so that "
        f"more is better: from {low:.2f} to {high:.2f}, {np.nanmedian(pairs):.2f} in "
        "the middle.",
    )


def draw_randomised(study: Study) -> Figure:
    """How far maps outlive weights that are drawn anew, layer by layer."""
    place = study.tasks.index(BASE), slice(None), study.seeds.index(0)
    values = study.arrays["randomised"][place]  # [networks, methods, stages, faces]
    stages, told = values.shape[2], {}
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for k, method in enumerate(study.methods):
        if np.isnan(values[:, k]).all():
            continue
        told[method] = [over_networks(values[:, k, s]) for s in range(stages)]
        colour = list(COLOURS.values())[(len(told) - 1) % len(COLOURS)]
        style = {"marker": _MARKS[len(told) % len(_MARKS)], "ms": 5, "lw": 1.2}
        course = [1.0, *(one.mean for one in told[method])]
        axes.plot(course, color=colour, label=LABELS[method], **style)
    axes.axhline(0, color="black", lw=0.8)
    # The last layer comes alone, the others in equal shares.
    shares = [f"and {k} of {stages - 1}" for k in range(1, stages)]
    axes.set_xticks(range(stages + 1), ["none", "the last layer", *shares])
    finish(
        axes, legend=None,
        xlabel="layers drawn anew; shares are of those before the last",
        ylabel="agreement with the map before (-1 to 1)",
    )  # fmt: skip
    axes.legend(fontsize=8, ncols=2)
    ends = "; ".join(
        f"{LABELS[m]} {one[-1].mean:.2f} ({one[-1].low:.2f} to {one[-1].high:.2f})"
        for m, one in told.items()
    )
    return with_alt(
        figure,
        "Agreement of each method's maps with those of the trained network while its "
        f"layers are drawn anew. When all are: {ends}.",
    )


def draw_falls(study: Study) -> Figure:
    """How far the score falls without each movement, task by task."""
    tasks, names = study.learned_tasks, study.content["movements"]
    figure, axes = panels(len(tasks), len(tasks), 2.34, 3.6, sharex=True)
    told = []
    for panel, task in zip(axes, tasks, strict=True):
        place = study.tasks.index(task)
        cells = study.arrays["fall"][place][study.learned[place]]  # [K, faces, moves]
        own = {f"AU{n}" for side in CONTRASTS[task] for n in side}
        # Scores of networks have scales of their own.
        own_falls = np.nanmean(cells[..., [names.index(n) for n in sorted(own)]], 1)
        whole = np.nanmax(own_falls, 1)
        values = (cells / whole[:, None, None]).reshape(-1, len(names))
        group = np.repeat(np.argwhere(study.learned[place])[:, 0], cells.shape[1])
        falls = (mean_with_interval(fall, group) for fall in values.T)
        found = {n: one for n, one in zip(names, falls, strict=True) if one.n > 2}
        order = sorted(found, key=lambda n: (n in own, abs(found[n].mean)))[-10:]
        for row, name in enumerate(order):
            colour, hatch = ("vermilion", "//") if name in own else ("blue", "")
            panel.barh(row, found[name].mean, color=COLOURS[colour], hatch=hatch)
            panel.plot(found[name][1:3], [row, row], color="black", lw=1)
        panel.set_yticks(range(len(order)), order, fontsize=8)
        panel.set_title(task, fontsize=10)
        panel.axvline(0, color="black", lw=0.8)
        told += [f"{task}: {n} {found[n].mean:.2f}" for n in order[::-1][:3]]
    figure.supxlabel("fall of the score without it (largest of the class's own: 1)")
    return with_alt(
        figure,
        "Mean fall of the explained class score when one movement is at rest, as a "
        "share of the largest fall without one of the class's own; those of the "
        "classes are hatched. "
        f"{'; '.join(told)}.",
    )
