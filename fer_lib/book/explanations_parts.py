"""Movements, agreement, and what the networks' own parts do."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fer_lib.book.explanations import LABELS, PLACES, interval
from fer_lib.book.figures import COLOURS
from fer_lib.book.tables import Sentence, Table
from fer_lib.crops import crop_names
from fer_lib.explain.agreement import MeanInterval, mean_with_interval
from fer_lib.explain.panels import with_alt
from fer_lib.faces.evidence import CONTRASTS
from fer_lib.models.part_ensemble import KINDS
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


def interval_percent(told: MeanInterval) -> str:
    """A share with its interval, in per cent."""
    return interval(MeanInterval(*(100 * v for v in told[:3]), told.n), 1)


def region_table(study: Study) -> Table | Sentence:
    """RAMN's weights of regions, by where the evidence is."""
    if "theta" not in study.arrays or "ramn" not in study.networks:
        return Sentence("RAMN is not in this study.")
    place = study.networks.index("ramn")
    theta = study.arrays["theta"][:, place]  # [tasks, seeds, faces, regions]
    names = crop_names(theta.shape[-1] - 1)
    rows = []
    for t, task in enumerate(study.tasks):
        cells = theta[t][study.learned[t, place]]
        if task not in FAIR or not len(cells):
            continue
        shares = cells / cells.sum(-1, keepdims=True)
        flat = shares.reshape(-1, len(names))
        people = np.tile(study.people, len(cells))
        told = [
            mean_with_interval(flat[:, r], groups=people) for r in range(len(names))
        ]
        rows.append((PLACES[task], *map(interval_percent, told)))
    if not rows:
        return Sentence("RAMN learned none of the tasks.")
    note = f"{100 / len(names):.1f} would be no preference. 95 % interval over people."
    caption = "RAMN's weights: share of each region (%), by where the evidence is"
    return Table(caption, ("Evidence", *names), tuple(rows), note)


def branch_table(study: Study) -> Table | Sentence:
    """The part ensemble's branches, by where the evidence is."""
    if "branch_mass" not in study.arrays or "part_ensemble" not in study.networks:
        return Sentence("The part ensemble is not in this study.")
    place, members = study.networks.index("part_ensemble"), KINDS["parts"]
    rows = []
    for t, task in enumerate(study.tasks):
        chosen = study.learned[t, place]
        if task not in FAIR or not chosen.any():
            continue
        right = study.arrays["branch_correct"][t, place][chosen].mean((0, 2))
        mass = np.nanmean(study.arrays["branch_mass"][t, place][chosen], (0, 2))
        pairs = zip(right, mass, strict=True)
        rows.append(
            (PLACES[task], *(f"{100 * r:.0f} %\n mass {m:.2f}" for r, m in pairs))
        )
    if not rows:
        return Sentence("The part ensemble learned none of the tasks.")
    n = study.arrays["branch_correct"].shape[-1]
    note = (
        f"Accuracy of each branch alone, n = {n} faces a seed; mass: share of its "
        "Grad-CAM on the evidence."
    )
    caption = "The part ensemble's branches, by where the evidence is"
    return Table(caption, ("Evidence", *members), tuple(rows), note)


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
        "Maps are pooled to 16 by 16, but for the last column. Decoys do not depend on "
        "the network, so they agree whatever is trained."
    )
    return Table(caption, ("Method", *columns), tuple(rows), note)
