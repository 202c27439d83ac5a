"""Figures of the chapter on explanations, from the recorded study."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fer_lib.explain.drawing.colours import DIVERGING, SEQUENTIAL
from fer_lib.explain.drawing.panels import with_alt
from fer_lib.explain.scoring.agreement import mean_with_interval
from fer_lib.explain.scoring.controls import DECOYS
from fer_lib.rendered.evidence import CONTRASTS
from ferbook.show.figures import COLOURS
from ferbook.study.record import Study
from ferbook.study.report import LABELS, NAMES, PLACES
from ferbook.study.settings import BASE, FAIR
from ferbook.study.summary import ABOUT, chance, means, score_correlations

SHOWN = ("relevance_mass", "relevance_rank", "pointing_game", "inside_auc")
RANKED = "relevance_rank"
_MARKS = "osD^vPX*hd"


def draw_ranking(study: Study) -> Figure:
    """Mean scores of methods and decoys with their intervals.

    The order is that of :data:`RANKED`; a line marks what noise gets.
    """
    scores = SHOWN
    told = {score: means(study, score) for score in scores}
    first = told[RANKED]
    order = sorted(first, key=lambda name: first[name].mean)
    figure, axes = plt.subplots(
        1, len(scores), figsize=(2.35 * len(scores) + 1.6, 4.2), sharey=True,
        layout="constrained",
    )  # fmt: skip
    for panel, score in zip(np.atleast_1d(axes), scores, strict=True):
        for place, name in enumerate(order):
            one = told[score].get(name)
            if one is None:
                continue
            colour = COLOURS["vermilion" if name in DECOYS else "blue"]
            mark = "s" if name in DECOYS else "o"
            panel.plot([one.low, one.high], [place] * 2, color=colour, lw=1.5)
            panel.plot(one.mean, place, mark, color=colour, ms=5)
        panel.axvline(chance(study, score), color="black", ls=":", lw=1)
        panel.set_title(ABOUT[score].short, fontsize=10)
        way = "more" if ABOUT[score].rising else "less"
        panel.set_xlabel(f"0 to 1, {way} is better")
        panel.grid(axis="x", alpha=0.3)
    np.atleast_1d(axes)[0].set_yticks(range(len(order)), [LABELS[n] for n in order])
    figure.supxlabel(_n(study), fontsize=8)
    best = {s: max(told[s], key=lambda n: told[s][n].mean) for s in scores}
    return with_alt(
        figure,
        "Mean scores of all methods (circles) and decoys (squares) with intervals. "
        "Highest are "
        + "; ".join(
            f"by {ABOUT[s].short} {LABELS[n]} with {told[s][n].mean:.2f}"
            for s, n in best.items()
        )
        + f". Noise gets {', '.join(f'{chance(study, s):.2f}' for s in scores)}.",
    )


def _n(study: Study) -> str:
    """How many maps a figure is about."""
    count, faces = int(study.learned.sum()), len(study.people)
    return (
        f"n = up to {count * faces:,} maps a method: {count} networks, {faces} faces "
        "each; lines: 95 % interval over tasks and networks"
    )


def draw_by_task(study: Study) -> Figure:
    """A score by task, and by network, of each method; noise stands below."""
    score = RANKED
    methods = [name for name in study.methods if name in means(study, score)]
    columns = {PLACES[task].split(":")[0]: {"task": task} for task in study.tasks
               if task in FAIR and _any(study, task=task)}  # fmt: skip
    columns |= {
        NAMES[name]: {"network": name}
        for name in study.networks
        if _any(study, network=name)
    }
    table = np.full((len(methods), len(columns)), np.nan)
    for column, where in enumerate(columns.values()):
        for name, told in means(study, score, **where).items():
            table[methods.index(name), column] = told.mean
    figure, axes = plt.subplots(figsize=(8.6, 4.8), layout="constrained")
    _cells(axes, table, "{:.2f}", colours=SEQUENTIAL, low=0, high=1)
    axes.set_xticks(range(len(columns)), list(columns), rotation=35, ha="right")
    axes.set_yticks(range(len(methods)), [LABELS[name] for name in methods])
    tasks = sum("task" in where for where in columns.values())
    axes.axvline(tasks - 0.5, color="white", lw=4)
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


def _any(study: Study, task: str | None = None, network: str | None = None) -> bool:
    """Whether any network learned this task, or this network any."""
    learned = study.learned
    if task is not None:
        learned = learned[study.tasks.index(task)]
    if network is not None:
        learned = learned[..., study.networks.index(network), :]
    return bool(learned.any())


def _cells(
    axes: Axes, table: np.ndarray, text: str, *, colours: str, low, high
) -> None:
    """A table as coloured cells with their values."""
    axes.imshow(table, cmap=colours, vmin=low, vmax=high, aspect="auto")
    for row, column in np.argwhere(np.isfinite(table)):
        value = table[row, column]
        share = (value - low) / (high - low)
        two_sided = colours == DIVERGING
        dark = abs(share - 0.5) > 0.35 if two_sided else share < 0.5
        axes.text(
            column, row, text.format(value), ha="center", va="center", fontsize=8,
            color="white" if dark else "black",
        )  # fmt: skip


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
    place = study.tasks.index(BASE)
    values = study.arrays["randomised"][place, :, study.seeds.index(0)]
    stages = values.shape[2]
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    told = {}
    for k, method in enumerate(study.methods):
        course = values[:, k]  # [networks, stages, faces]
        if np.isnan(course).all():
            continue
        network = np.repeat(np.arange(len(course)), course.shape[2])
        by_stage = [
            mean_with_interval(course[:, s].ravel(), network) for s in range(stages)
        ]
        told[method] = by_stage
        style = {"marker": _MARKS[len(told) % len(_MARKS)], "ms": 5, "lw": 1.2}
        colour = list(COLOURS.values())[(len(told) - 1) % len(COLOURS)]
        means_ = [1.0, *(one.mean for one in by_stage)]
        steps = range(stages + 1)
        axes.plot(steps, means_, color=colour, label=LABELS[method], **style)
    axes.axhline(0, color="black", lw=0.8)
    # The last layer comes alone, the others in equal shares.
    shares = [f"and {k} of {stages - 1}" for k in range(1, stages)]
    axes.set_xticks(range(stages + 1), ["none", "the last layer", *shares])
    axes.set(
        xlabel="layers drawn anew; shares are of those before the last",
        ylabel="agreement with the map before (-1 to 1)",
    )
    axes.legend(fontsize=8, ncols=2)
    axes.grid(alpha=0.3)
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
    tasks = [t for t in study.tasks if t in FAIR]
    names = study.content["movements"]
    figure, axes = plt.subplots(
        1, len(tasks), figsize=(2.1 * len(tasks) + 1.2, 3.6), sharex=True,
        layout="constrained",
    )  # fmt: skip
    told = []
    for panel, task in zip(np.atleast_1d(axes), tasks, strict=True):
        place = study.tasks.index(task)
        cells = study.arrays["fall"][place][study.learned[place]]  # [K, faces, moves]
        if not len(cells):
            continue
        own = {f"AU{n}" for side in CONTRASTS[task] for n in side}
        # Scores of networks have scales of their own.
        own_falls = np.nanmean(cells[..., [names.index(n) for n in sorted(own)]], 1)
        whole = np.nanmax(own_falls, 1)
        values = (cells / whole[:, None, None]).reshape(-1, len(names))
        group = np.repeat(np.argwhere(study.learned[place])[:, 0], cells.shape[1])
        found = {}
        for name, fall in zip(names, values.T, strict=True):
            one = mean_with_interval(fall, group)
            if one.n > 2:
                found[name] = one
        order = sorted(found, key=lambda n: (n in own, abs(found[n].mean)))[-10:]
        for row, name in enumerate(order):
            colour = COLOURS["vermilion" if name in own else "blue"]
            one = found[name]
            panel.barh(row, one.mean, color=colour, hatch="//" if name in own else "")
            panel.plot([one.low, one.high], [row, row], color="black", lw=1)
        panel.set_yticks(range(len(order)), order, fontsize=8)
        panel.set_title(PLACES[task].split(":")[0], fontsize=10)
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
