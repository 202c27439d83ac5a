"""What the networks' own parts do where the evidence is known.

Their attention, the window of the spatial transformer, RAMN's weights of
regions, and the part ensemble's branches and landmarks.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from fer_lib.crops import crop_names
from fer_lib.explain.scoring.agreement import MeanInterval, mean_with_interval
from fer_lib.models.part_ensemble import KINDS
from ferbook.show.tables import Sentence, Table
from ferbook.study.record import Study
from ferbook.study.report import NAMES, PLACES, interval
from ferbook.study.settings import FAIR


def _learned(study: Study, network: str) -> Iterator[tuple[str, tuple]]:
    """The fair tasks that a network learned, and its cells in the arrays."""
    place = study.networks.index(network)
    for t, task in enumerate(study.tasks):
        seeds = np.flatnonzero(study.learned[t, place])
        if task in FAIR and len(seeds):
            yield task, (t, place, seeds)


def _over_people(study: Study, values: np.ndarray) -> MeanInterval:
    """Mean of ``[seeds, faces]`` with its interval over people."""
    return mean_with_interval(values.ravel(), np.tile(study.people, len(values)))


def _percent(study: Study, shares: Iterable[np.ndarray]) -> Iterator[str]:
    """Each of some shares ``[seeds, faces]`` in per cent."""
    for values in shares:
        yield interval(_over_people(study, 100 * values), 1)


def _by_task(
    study: Study,
    network: str,
    array: str,
    row: Callable[[np.ndarray, tuple], Iterable[str]],
    caption: str,
    header: Sequence[str],
    note: str,
) -> Table | Sentence:
    """A row for each task that a network learned, or why there is none.

    ``row`` makes the cells of the table from those of the array and their
    place in it.
    """
    who = NAMES[network]
    if array not in study.arrays or network not in study.networks:
        return Sentence(f"No {who} is in this study.")
    values = study.arrays[array]
    learned = _learned(study, network)
    rows = tuple((PLACES[task], *row(values[at], at)) for task, at in learned)
    if not rows:
        return Sentence(f"No {who} of this study learned a task.")
    return Table(caption, ("Evidence", *header), rows, note, folded=True)


def attention_table(study: Study) -> Table:
    """Whether attention lies on the evidence: each network, each place."""
    auc = study.arrays["inside_auc"][..., study.methods.index("attention"), :]
    tasks = [task for task in study.tasks if task in FAIR]
    rows = []
    for network in study.networks:
        cells = _learned(study, network)
        told = {task: _over_people(study, auc[at]) for task, at in cells}
        if any(one.n for one in told.values()):
            shown = (interval(told[t]) if t in told else "" for t in tasks)
            rows.append((NAMES[network], *shown))
    caption = "AUC of the networks' own attention by where the evidence is"
    note = (
        f"Rendered faces, {len(study.people)} a seed of networks that learned; 95 % "
        "interval over people. One half is chance."
    )
    return Table(caption, ("Network", *tasks), tuple(rows), note)


def window_table(study: Study) -> Table | Sentence:
    """How much of the evidence the transformer of Deep-Emotion samples."""

    def row(window: np.ndarray, at: tuple) -> Iterator[str]:
        evidence, picture = np.moveaxis(window, -1, 0)
        return _percent(study, (evidence, picture, evidence - picture))

    note = (
        "A window that knows nothing of the face holds as much of the one as of the "
        "other, but for faces standing in the middle. 95 % interval over people."
    )
    caption = "Share that Deep-Emotion's transformer samples (%), rendered faces"
    header = ("Of the evidence", "Of the picture", "Difference")
    return _by_task(study, "deep_emotion", "window", row, caption, header, note)


def landmark_table(study: Study) -> Table | Sentence:
    """Error of the part ensemble's landmarks, before and after fine-tuning."""

    def row(error: np.ndarray, at: tuple) -> Iterator[str]:
        before, after = np.moveaxis(error, (1, 2), (0, 1))  # [part, seeds, faces]
        shares = zip(before, after, _percent(study, after - before), strict=True)
        for first, last, rise in shares:
            yield f"{100 * first.mean():.1f} to {100 * last.mean():.1f}\n {rise}"

    note = (
        "Mean error of a coordinate in hundredths of the picture's side, against the "
        f"exact points; below it the change, 95 % interval over people, n = "
        f"{len(study.people)} faces per seed."
    )
    caption = "The part ensemble's landmarks before and after fine-tuning, rendered"
    parts = KINDS["parts"]
    return _by_task(study, "part_ensemble", "landmark_error", row, caption, parts, note)


def region_table(study: Study) -> Table | Sentence:
    """RAMN's weights of regions, by where the evidence is."""

    def row(theta: np.ndarray, at: tuple) -> Iterator[str]:
        shares = theta / theta.sum(-1, keepdims=True)  # [seeds, faces, regions]
        return _percent(study, np.moveaxis(shares, -1, 0))

    count = study.arrays["theta"].shape[-1] if "theta" in study.arrays else 6
    note = f"{100 / count:.1f} would be no preference. 95 % interval over people."
    caption = "RAMN's weights: share of each region (%), by where the evidence is"
    header = crop_names(count - 1)
    return _by_task(study, "ramn", "theta", row, caption, header, note)


def branch_table(study: Study) -> Table | Sentence:
    """The part ensemble's branches, by where the evidence is."""

    def row(mass: np.ndarray, at: tuple) -> Iterator[str]:
        right = study.arrays["branch_correct"][at].mean((0, 2))
        for share, values in zip(right, np.moveaxis(mass, 1, 0), strict=True):
            empty = np.isnan(values).all()
            told = "no map above zero" if empty else f"mass {np.nanmean(values):.2f}"
            yield f"{100 * share:.0f} %\n {told}"

    n = study.arrays["correct"].shape[-1]
    note = (
        f"Accuracy of each branch alone, n = {n} faces per seed; mass: share of its "
        "Grad-CAM on the evidence."
    )
    caption = "The part ensemble's branches, by where the evidence is"
    parts = KINDS["parts"]
    return _by_task(study, "part_ensemble", "branch_mass", row, caption, parts, note)
