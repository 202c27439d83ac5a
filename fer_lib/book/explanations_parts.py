"""Movements that scores fall without, and how alike and steady maps are."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fer_lib.book.explanations import LABELS, PLACES, interval
from fer_lib.book.figures import COLOURS
from fer_lib.book.tables import Sentence, Table
from fer_lib.explain.agreement import mean_with_interval
from fer_lib.explain.panels import with_alt
from fer_lib.faces.evidence import CONTRASTS
from fer_lib.study.cell import COPIES
from fer_lib.study.record import Study
from fer_lib.study.settings import BASE, FAIR


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
        values = cells.reshape(-1, len(names))
        group = np.repeat(np.arange(len(cells)), cells.shape[1])
        own = {f"AU{n}" for side in CONTRASTS[task] for n in side}
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
    figure.supxlabel("fall of the class score without the movement", fontsize=9)
    return with_alt(
        figure,
        "Mean fall of the explained class score when one movement is at rest; those "
        f"of the classes are hatched. {'; '.join(told)}.",
    )


def agreement_table(study: Study) -> Table:
    """How alike maps of different trainings are, method by method."""
    place = study.tasks.index(BASE)
    whole = np.full(
        (len(study.networks), len(study.methods), len(study.people)), np.nan
    )
    randomised = study.arrays.get("randomised")
    last = whole if randomised is None else randomised[place, :, 0, :, -1]
    columns = {
        "other seed": study.arrays["seeds_agree"],
        "other networks": study.arrays["networks_agree"],
        "shuffled labels": study.arrays["shuffled_agree"],
        "weights drawn anew": last,
    }
    rows = []
    for k, method in enumerate(study.methods):
        cells = []
        for values in columns.values():
            own = values[..., k, :]
            group = np.arange(own[..., 0].size).repeat(own.shape[-1])
            cells.append(interval(mean_with_interval(own.ravel(), groups=group)))
        rows.append((LABELS[method], *cells))
    caption = "Agreement of the maps of a face, Spearman over pixels, 95 % interval"
    note = (
        f"n = {len(study.people)} faces a network. Maps are pooled to 16 by 16, but "
        "for the last column. Decoys do not depend on the network, so they agree "
        "whatever is trained."
    )
    return Table(caption, ("Method", *columns), tuple(rows), note)


def sensitivity_table(study: Study) -> Table | Sentence:
    """How far maps move when pixels hardly do, method by method."""
    if "sensitivity" not in study.arrays:
        return Sentence("This study did not measure how steady maps are.")
    place = study.tasks.index(BASE), slice(None), study.seeds.index(0)
    values = study.arrays["sensitivity"][place]  # [networks, methods, faces]
    group = np.arange(len(values)).repeat(values.shape[-1])
    rows = []
    for k, method in enumerate(study.methods):
        told = mean_with_interval(values[:, k].ravel(), groups=group)
        if told.n:
            rows.append((LABELS[method], interval(told), f"{told.n:,}"))
    rows.sort(key=lambda row: float(row[1].split()[0]))
    caption = "Largest change of a map when pixels change by up to a fiftieth"
    note = (
        "Norm of the change over the norm of the map; 95 % interval over networks on "
        f"the first task, {COPIES} noisy copies a face. Less is steadier, not better: "
        "a decoy that ignores the network is steady, too."
    )
    return Table(caption, ("Method", "Sensitivity", "n"), tuple(rows), note)
