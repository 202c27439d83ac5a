"""Controls: methods against decoys, and against weights that are drawn anew."""

from collections.abc import Sequence

import numpy as np

from fer_lib.explain.scoring.agreement import mean_with_interval
from fer_lib.explain.scoring.controls import DECOYS
from ferbook.show.tables import Sentence, Table
from ferbook.study.cell import COPIES
from ferbook.study.explanations import LABELS, PLACES, against, interval
from ferbook.study.record import Study
from ferbook.study.settings import BASE, FAIR
from ferbook.study.summary import ABOUT, best_decoy, margins


def decoy_table(study: Study, scores: Sequence[str] = tuple(ABOUT)) -> Table:
    """Whether each method beats the best of the decoys, score by score."""
    told = {score: margins(study, score) for score in scores}
    rows = []
    for method in (name for name in study.methods if name not in DECOYS):
        cells = (against(told[score].get(method)) for score in scores)
        rows.append((LABELS[method], *cells))
    decoys = [best_decoy(study, score).replace("_", " ") for score in scores]
    columns = zip((ABOUT[score].short for score in scores), decoys, strict=True)
    header = ("Method", *(f"{name}, best: {decoy}" for name, decoy in columns))
    caption = "Difference from the best decoy on the same maps, 95 % interval"
    count = sum(bool(cell) for row in rows for cell in row[1:])
    note = (
        "More is better in all columns. What is not told apart is not shown to be "
        f"equal. Of {count} differences, {count / 20:.0f} would be told apart by luck."
    )
    return Table(caption, header, tuple(rows), note)


def decoys_by_task(study: Study, score: str = "relevance_rank") -> Table:
    """Each method against the best decoy of each task: a pool can hide both."""
    able = study.learned.any((1, 2))
    tasks = [
        task
        for task, learned in zip(study.tasks, able, strict=True)
        if learned and task in FAIR
    ]
    told = {task: margins(study, score, task=task) for task in tasks}
    rows = tuple(
        (LABELS[name], *(against(told[task].get(name)) for task in tasks))
        for name in study.methods
        if name not in DECOYS
    )
    decoys = [best_decoy(study, score, task=task).replace("_", " ") for task in tasks]
    columns = zip(tasks, decoys, strict=True)
    header = [f"{PLACES[task].split(':')[0]}, best: {decoy}" for task, decoy in columns]
    caption = f"Difference from the best decoy of each task, by {ABOUT[score].short}"
    note = "95 % interval over the networks that learned the task."
    return Table(caption, ("Method", *header), rows, note)


def randomised_table(study: Study) -> Table | Sentence:
    """What maps are worth when all weights are drawn anew, method by method."""
    if "randomised_auc" not in study.arrays:
        return Sentence("This study did not draw weights anew.")
    place = study.tasks.index(BASE), slice(None), study.seeds.index(0)
    agree = study.arrays["randomised"][place][:, :, -1]  # [networks, methods, faces]
    new, own = (study.arrays[n][place] for n in ("randomised_auc", "inside_auc"))
    group = np.arange(len(new)).repeat(new.shape[-1])
    rows = []
    for k, method in enumerate(study.methods):
        values = (agree[:, k], own[:, k], new[:, k], own[:, k] - new[:, k])
        told = [mean_with_interval(one.ravel(), groups=group) for one in values]
        if told[2].n:
            rows.append((LABELS[method], *map(interval, told)))
    header = ("Method", "Agreement of the maps", "AUC, trained", "AUC, all weights new")
    caption = "Maps of networks whose weights are all drawn anew, 95 % interval"
    note = (
        "All networks on the first task; weights were drawn once. Agreement is "
        "Spearman's correlation with the map of the trained network."
    )
    return Table(caption, (*header, "Lost"), tuple(rows), note)


def agreement_table(study: Study) -> Table:
    """How alike maps of other faces and trainings are, method by method."""
    fair = np.isin(study.tasks, FAIR)
    columns = {
        "another face": study.arrays["faces_agree"][fair],
        "other seed": study.arrays["seeds_agree"][fair],
        "other networks": study.arrays["networks_agree"][fair],
        "shuffled labels": study.arrays["shuffled_agree"],
    }
    rows = []
    for k, method in enumerate(study.methods):
        cells = []
        for values in columns.values():
            own = values[..., k, :]
            group = np.arange(own[..., 0].size).repeat(own.shape[-1])
            cells.append(interval(mean_with_interval(own.ravel(), groups=group)))
        rows.append((LABELS[method], *cells))
    caption = "Agreement of two maps, Spearman over pixels, 95 % interval"
    note = (
        f"n = {len(study.people)} faces a network, maps pooled to 16 by 16. Another "
        "face: of two faces, by one network. Other seed, other networks: of one face, "
        "by two networks that learned the task. Shuffled labels: by a network that "
        "began with the same weights and learned labels in random order."
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
