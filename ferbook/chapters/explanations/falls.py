"""Movements that the networks' scores fall without."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fer_lib.explain.drawing.panels import with_alt
from fer_lib.explain.scoring.agreement import mean_with_interval
from fer_lib.rendered.evidence import CONTRASTS
from ferbook.show.figures import COLOURS
from ferbook.study.explanations import PLACES
from ferbook.study.record import Study
from ferbook.study.settings import FAIR


def draw_falls(study: Study, most: int = 10) -> Figure:
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
        found = {n: mean_with_interval(values[:, k], groups=group)
                 for k, n in enumerate(names)}  # fmt: skip
        found = {n: one for n, one in found.items() if one.n > 2}
        order = sorted(found, key=lambda n: (n in own, abs(found[n].mean)))[-most:]
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
