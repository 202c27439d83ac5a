"""What the networks' own parts do where the evidence is known.

Their attention, the window of the spatial transformer, RAMN's weights of
regions, and the part ensemble's branches and landmarks.
"""

from collections.abc import Iterator

import numpy as np

from fer_lib.book.explanations import NAMES, PLACES, interval
from fer_lib.book.tables import Sentence, Table
from fer_lib.crops import crop_names
from fer_lib.explain.agreement import MeanInterval, mean_with_interval
from fer_lib.models.part_ensemble import KINDS
from fer_lib.study.record import Study
from fer_lib.study.settings import FAIR


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
    if "window" not in study.arrays or "deep_emotion" not in study.networks:
        return Sentence("Deep-Emotion is not in this study.")
    rows = []
    for task, cells in _learned(study, "deep_emotion"):
        evidence, picture = np.moveaxis(study.arrays["window"][cells], -1, 0)
        people = np.tile(study.people, len(evidence))
        told = (
            mean_with_interval(values.ravel(), groups=people)
            for values in (evidence, picture, evidence - picture)
        )
        rows.append((PLACES[task], *map(interval_percent, told)))
    if not rows:
        return Sentence("Deep-Emotion learned none of the tasks.")
    header = ("Evidence", "Of the evidence", "Of the picture", "Difference")
    note = (
        "A window that knows nothing of the face holds as much of the one as of the "
        "other, but for faces standing in the middle. 95 % interval over people."
    )
    caption = "Share that Deep-Emotion's transformer samples (%), rendered faces"
    return Table(caption, header, tuple(rows), note)


def landmark_table(study: Study) -> Table | Sentence:
    """Error of the part ensemble's landmarks, before and after fine-tuning."""
    network, members = "part_ensemble", KINDS["parts"]
    if "landmark_error" not in study.arrays or network not in study.networks:
        return Sentence("The part ensemble is not in this study.")
    rows = []
    for task, cells in _learned(study, network):
        error = study.arrays["landmark_error"][cells]  # [seeds, when, part, faces]
        people = np.tile(study.people, len(error))
        row = []
        for k in range(len(members)):
            before, after = error[:, 0, k].ravel(), error[:, 1, k].ravel()
            rise = interval_percent(mean_with_interval(after - before, groups=people))
            row.append(
                f"{100 * before.mean():.1f} to {100 * after.mean():.1f}\n {rise}"
            )
        rows.append((PLACES[task], *row))
    if not rows:
        return Sentence("The part ensemble learned none of the tasks.")
    note = (
        "Mean error of a coordinate in hundredths of the picture's side, against the "
        f"exact points; below it the change, 95 % interval over people, n = "
        f"{len(study.people)} faces a seed."
    )
    caption = "The part ensemble's landmarks before and after fine-tuning, rendered"
    return Table(caption, ("Evidence", *members), tuple(rows), note)


def region_table(study: Study) -> Table | Sentence:
    """RAMN's weights of regions, by where the evidence is."""
    if "theta" not in study.arrays or "ramn" not in study.networks:
        return Sentence("RAMN is not in this study.")
    names = crop_names(study.arrays["theta"].shape[-1] - 1)
    rows = []
    for task, cells in _learned(study, "ramn"):
        theta = study.arrays["theta"][cells]  # [seeds, faces, regions]
        shares = theta / theta.sum(-1, keepdims=True)
        people = np.tile(study.people, len(theta))
        told = (
            mean_with_interval(shares[..., r].ravel(), groups=people)
            for r in range(len(names))
        )
        rows.append((PLACES[task], *map(interval_percent, told)))
    if not rows:
        return Sentence("RAMN learned none of the tasks.")
    note = f"{100 / len(names):.1f} would be no preference. 95 % interval over people."
    caption = "RAMN's weights: share of each region (%), by where the evidence is"
    return Table(caption, ("Evidence", *names), tuple(rows), note)


def _branch(right: float, mass: np.ndarray) -> str:
    """Accuracy of a branch and the mass of its maps, which may all be empty."""
    known = mass[~np.isnan(mass)]
    told = f"mass {known.mean():.2f}" if known.size else "no map above zero"
    return f"{100 * right:.0f} %\n {told}"


def branch_table(study: Study) -> Table | Sentence:
    """The part ensemble's branches, by where the evidence is."""
    network, members = "part_ensemble", KINDS["parts"]
    if "branch_mass" not in study.arrays or network not in study.networks:
        return Sentence("The part ensemble is not in this study.")
    rows = []
    for task, cells in _learned(study, network):
        right = study.arrays["branch_correct"][cells].mean((0, 2))
        mass = np.moveaxis(study.arrays["branch_mass"][cells], 1, 0)
        pairs = zip(right, mass, strict=True)
        rows.append((PLACES[task], *(_branch(*pair) for pair in pairs)))
    if not rows:
        return Sentence("The part ensemble learned none of the tasks.")
    n = study.arrays["branch_correct"].shape[-1]
    note = (
        f"Accuracy of each branch alone, n = {n} faces a seed; mass: share of its "
        "Grad-CAM on the evidence."
    )
    caption = "The part ensemble's branches, by where the evidence is"
    return Table(caption, ("Evidence", *members), tuple(rows), note)
