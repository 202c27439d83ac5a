"""Controls: methods against decoys, and against weights that are drawn anew."""

from collections.abc import Iterator

import numpy as np

from fer_lib.explain.scoring.agreement import MeanInterval, mean_with_interval
from fer_lib.explain.scoring.controls import DECOYS
from ferbook.show.tables import Sentence, Table
from ferbook.study.cell import COPIES
from ferbook.study.record import Study
from ferbook.study.report import LABELS, against, interval
from ferbook.study.settings import BASE, FAIR
from ferbook.study.summary import ABOUT, margins


def decoy_table(study: Study) -> Table:
    """Whether each method beats the best of the decoys, score by score."""
    told = {about.short: margins(study, score) for score, about in ABOUT.items()}
    header, rows = _against_decoys(study, told)
    caption = "Difference from the best decoy on the same maps, 95 % interval"
    count = sum(bool(cell) for row in rows for cell in row[1:])
    note = (
        "More is better in all columns. What is not told apart is not shown to be "
        f"equal. Of {count} differences, {count / 20:.0f} would be told apart by luck."
    )
    return Table(caption, header, rows, note)


def decoys_by_task(study: Study) -> Table:
    """Each method against the best decoy of each task: a pool can hide both."""
    score = "relevance_rank"
    told = {task: margins(study, score, task=task) for task in study.learned_tasks}
    header, rows = _against_decoys(study, told)
    caption = f"Difference from the best decoy of each task, by {ABOUT[score].short}"
    note = "95 % interval over the networks that learned the task."
    return Table(caption, header, rows, note)


def _against_decoys(study: Study, told: dict[str, tuple]) -> tuple[tuple, tuple]:
    """Header and rows of a table, a column for each of some margins."""
    names = (f"{k}, best: {best.replace('_', ' ')}" for k, (best, _) in told.items())
    rows = (
        (LABELS[name], *(against(above.get(name)) for _, above in told.values()))
        for name in study.methods
        if name not in DECOYS
    )
    return ("Method", *names), tuple(rows)


def over_networks(values: np.ndarray) -> MeanInterval:
    """Mean of values ``[networks, faces]``, networks drawn anew."""
    group = np.arange(len(values)).repeat(values.shape[-1])
    return mean_with_interval(values.ravel(), group)


def randomised_table(study: Study) -> Table | Sentence:
    """What maps are worth when all weights are drawn anew, method by method."""
    if "randomised_auc" not in study.arrays:
        return Sentence("This study did not draw weights anew.")
    place = study.tasks.index(BASE), slice(None), study.seeds.index(0)
    agree = study.arrays["randomised"][place][:, :, -1]  # [networks, methods, faces]
    new, own = (study.arrays[n][place] for n in ("randomised_auc", "inside_auc"))
    rows = []
    for k, method in enumerate(study.methods):
        values = (agree[:, k], own[:, k], new[:, k], own[:, k] - new[:, k])
        told = [over_networks(one) for one in values]
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

    def cells(k: int) -> Iterator[str]:
        for one in columns.values():  # [..., methods, faces]
            yield interval(over_networks(one[..., k, :].reshape(-1, one.shape[-1])))

    rows = tuple((LABELS[name], *cells(k)) for k, name in enumerate(study.methods))
    caption = "Agreement of two maps, Spearman over pixels, 95 % interval"
    note = (
        f"n = {len(study.people)} faces a network, maps pooled to 16 by 16. Another "
        "face: of two faces, by one network. Other seed, other networks: of one face, "
        "by two networks that learned the task. Shuffled labels: by a network that "
        "began with the same weights and learned labels in random order."
    )
    return Table(caption, ("Method", *columns), rows, note)


def sensitivity_table(study: Study) -> Table | Sentence:
    """How far maps move when pixels hardly do, method by method."""
    if "sensitivity" not in study.arrays:
        return Sentence("This study did not measure how steady maps are.")
    place = study.tasks.index(BASE), slice(None), study.seeds.index(0)
    values = study.arrays["sensitivity"][place]  # [networks, methods, faces]
    told = [(m, over_networks(values[:, k])) for k, m in enumerate(study.methods)]
    told = sorted((r for r in told if r[1].n), key=lambda r: round(r[1].mean, 2))
    rows = tuple((LABELS[m], interval(one), f"{one.n:,}") for m, one in told)
    caption = "Largest change of a map when pixels change by up to a fiftieth"
    note = (
        "Norm of the change over the norm of the map; 95 % interval over networks on "
        f"the first task, {COPIES} noisy copies a face. Less is steadier, not better: "
        "a decoy that ignores the network is steady, too."
    )
    return Table(caption, ("Method", "Sensitivity", "n"), rows, note)
