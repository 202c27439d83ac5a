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
from ferbook.study.explanations import NAMES, PLACES, interval
from ferbook.study.record import Study
from ferbook.study.settings import FAIR


def interval_percent(told: MeanInterval) -> str:
    """A share with its interval, in per cent."""
    return interval(MeanInterval(*(100 * v for v in told[:3]), told.n), 1)


def _learned(study: Study, network: str) -> Iterator[tuple[str, tuple]]:
    """The fair tasks that a network learned, and its cells in the arrays."""
    place = study.networks.index(network)
    for t, task in enumerate(study.tasks):
        seeds = np.flatnonzero(study.learned[t, place])
        if task in FAIR and len(seeds):
            yield task, (t, place, seeds)


def _by_task(
    study: Study,
    network: str,
    array: str,
    row: Callable[[tuple], Iterable[str]],
    caption: str,
    header: Sequence[str],
    note: str,
) -> Table | Sentence:
    """A row for each task that a network learned, or why there is none.

    Args:
        study: that was recorded.
        network: nickname.
        array: that the rows are made of.
        row: cells of the table from those of the arrays.
        caption: and so on, of the table.
        header: without the first column.
        note: below it.
    """
    who = NAMES[network]
    if array not in study.arrays or network not in study.networks:
        return Sentence(f"No {who} is in this study.")
    learned = _learned(study, network)
    rows = tuple((PLACES[task], *row(cells)) for task, cells in learned)
    if not rows:
        return Sentence(f"No {who} of this study learned a task.")
    return Table(caption, ("Evidence", *header), rows, note)


def attention_table(study: Study) -> Table:
    """Whether attention lies on the evidence: each network, each place."""
    row = study.methods.index("attention")
    tasks = [task for task in study.tasks if task in FAIR]
    rows = []
    for network in study.networks:
        told = {}
        for task, cells in _learned(study, network):
            values = study.arrays["inside_auc"][cells][:, row]  # [seeds, faces]
            people = np.tile(study.people, len(values))
            told[task] = mean_with_interval(values.ravel(), groups=people)
        if any(one.n for one in told.values()):
            cells = (interval(told[t]) if t in told else "" for t in tasks)
            rows.append((NAMES[network], *cells))
    caption = "AUC of the networks' own attention by where the evidence is"
    note = (
        f"Rendered faces, {len(study.people)} a seed of networks that learned; 95 % "
        "interval over people. One half is chance."
    )
    header = ("Network", *(PLACES[task].split(":")[0] for task in tasks))
    return Table(caption, header, tuple(rows), note)


def window_table(study: Study) -> Table | Sentence:
    """How much of the evidence the transformer of Deep-Emotion samples."""

    def row(cells: tuple) -> Iterator[str]:
        evidence, picture = np.moveaxis(study.arrays["window"][cells], -1, 0)
        return _means(study, (evidence, picture, evidence - picture))

    note = (
        "A window that knows nothing of the face holds as much of the one as of the "
        "other, but for faces standing in the middle. 95 % interval over people."
    )
    caption = "Share that Deep-Emotion's transformer samples (%), rendered faces"
    header = ("Of the evidence", "Of the picture", "Difference")
    return _by_task(study, "deep_emotion", "window", row, caption, header, note)


def landmark_table(study: Study) -> Table | Sentence:
    """Error of the part ensemble's landmarks, before and after fine-tuning."""

    def row(cells: tuple) -> Iterator[str]:
        error = study.arrays["landmark_error"][cells]  # [seeds, when, part, faces]
        before, after = np.moveaxis(error, (1, 2), (0, 1))  # [part, seeds, faces]
        shares = zip(before, after, _means(study, after - before), strict=True)
        for first, last, rise in shares:
            yield f"{100 * first.mean():.1f} to {100 * last.mean():.1f}\n {rise}"

    note = (
        "Mean error of a coordinate in hundredths of the picture's side, against the "
        f"exact points; below it the change, 95 % interval over people, n = "
        f"{len(study.people)} faces a seed."
    )
    caption = "The part ensemble's landmarks before and after fine-tuning, rendered"
    parts = KINDS["parts"]
    return _by_task(study, "part_ensemble", "landmark_error", row, caption, parts, note)


def region_table(study: Study) -> Table | Sentence:
    """RAMN's weights of regions, by where the evidence is."""

    def row(cells: tuple) -> Iterator[str]:
        theta = study.arrays["theta"][cells]  # [seeds, faces, regions]
        shares = theta / theta.sum(-1, keepdims=True)
        return _means(study, np.moveaxis(shares, -1, 0))

    count = study.arrays["theta"].shape[-1] if "theta" in study.arrays else 6
    note = f"{100 / count:.1f} would be no preference. 95 % interval over people."
    caption = "RAMN's weights: share of each region (%), by where the evidence is"
    header = crop_names(count - 1)
    return _by_task(study, "ramn", "theta", row, caption, header, note)


def _means(study: Study, shares: Iterable[np.ndarray]) -> Iterator[str]:
    """Each of some shares ``[seeds, faces]`` with its interval over people."""
    for values in shares:
        people = np.tile(study.people, len(values))
        yield interval_percent(mean_with_interval(values.ravel(), groups=people))


def branch_table(study: Study) -> Table | Sentence:
    """The part ensemble's branches, by where the evidence is."""

    def row(cells: tuple) -> Iterator[str]:
        right = study.arrays["branch_correct"][cells].mean((0, 2))
        mass = np.moveaxis(study.arrays["branch_mass"][cells], 1, 0)
        return (_branch(*pair) for pair in zip(right, mass, strict=True))

    n = study.arrays["correct"].shape[-1]
    note = (
        f"Accuracy of each branch alone, n = {n} faces a seed; mass: share of its "
        "Grad-CAM on the evidence."
    )
    caption = "The part ensemble's branches, by where the evidence is"
    parts = KINDS["parts"]
    return _by_task(study, "part_ensemble", "branch_mass", row, caption, parts, note)


def _branch(right: float, mass: np.ndarray) -> str:
    """Accuracy of a branch and the mass of its maps, which may all be empty."""
    known = mass[~np.isnan(mass)]
    told = f"mass {known.mean():.2f}" if known.size else "no map above zero"
    return f"{100 * right:.0f} %\n {told}"
