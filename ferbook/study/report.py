"""Tables and sentences from the recorded study: pages, ledger, command."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from fer_lib.errors import FerError
from fer_lib.explain.scoring.agreement import MeanInterval
from fer_lib.explain.scoring.controls import DECOYS
from fer_lib.models import NETWORKS
from ferbook.show.phrases import duration
from ferbook.show.tables import Sentence, Table
from ferbook.study.record import Study, explanations_folder, read_study
from ferbook.study.settings import FAIR
from ferbook.study.summary import ABOUT, chance, means, ranking

LABELS = {
    "grad_cam": "Grad-CAM",
    "guided_grad_cam": "guided Grad-CAM",
    "occlusion": "occlusion",
    "label_flip": "occlusion, flips",
    "saliency": "saliency",
    "integrated_gradients": "integrated gradients",
    "integrated_gradients_black": "integrated gradients, black",
    "smooth_grad": "SmoothGrad",
    "shapley_parts": "Shapley of parts",
    "attention": "own attention",
    "edges": "decoy: edges",
    "mean_face": "decoy: mean face",
    "centre_blob": "decoy: centre blob",
    "noise": "decoy: noise",
}
NAMES = {name: network.NAME for name, network in NETWORKS.items()}
PLACES = {
    "mouth": "mouth: corners up or down",
    "brows": "brows: together or raised",
    "eyes": "eyes: wide or at rest",
    "nose": "nose: wrinkled or at rest",
    "jaw": "jaw: open or at rest",
}
BEATEN = {1: "above it", 0: "not told apart", -1: "below it"}


def open_study() -> Study:
    """The recorded study."""
    path = explanations_folder() / "study.json"
    return _read(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=1)
def _read(path: Path, stamp: int) -> Study:
    return read_study(path.parent)


def provenance(study: Study) -> Sentence:
    """When the study was made, and with what."""
    content = study.content
    spent = duration(sum(content["cpu_seconds"].values()))
    count, seeds = int(study.ran.sum()), len(study.seeds)
    return Sentence(
        f"Made {content['written']}: {count} networks, {seeds} "
        f"seed{'s' if seeds > 1 else ''} of the fair tasks, "
        f"{content['settings']['train']:,} faces to learn from, {len(study.people)} "
        f"explained; {spent} of a processor core's time."
    )


def interval(told: MeanInterval, digits: int = 2) -> str:
    """A mean with its 95 % interval; one group alone has none.

    >>> interval(MeanInterval(0.5, 0.25, 0.75, 8))
    '0.50 (0.25 to 0.75)'
    """
    if not told.n:
        return ""
    if np.isnan(told.low):
        return f"{told.mean:.{digits}f} (no interval)"
    mean, low, high = (f"{value:.{digits}f}" for value in told[:3])
    return f"{mean} ({low} to {high})"


def against(one: MeanInterval | None) -> str:
    """A difference from a decoy in a word, and in figures below it."""
    if one is None:
        return ""
    sign = int(one.low > 0) - int(one.high < 0)
    return f"{BEATEN[sign]}\n {interval(one)}"


def accuracy_table(study: Study, tasks: Sequence[str] = FAIR) -> Table:
    """What the networks reached, and which learned nothing."""

    def cell(task: str, network: str) -> str:
        lines = []
        for seed in study.seeds:
            if told := told_accuracy(study, task, network, seed):
                lines.append(told)
                if task in FAIR and not study.learned[study.place(task, network, seed)]:
                    lines.append(" not learned")
        return "\n".join(lines)

    tasks = [task for task in study.tasks if task in tasks]
    rows = ((NAMES[n], *(cell(task, n) for task in tasks)) for n in study.networks)
    header = ("Network", *(PLACES.get(task, task) for task in tasks))
    count, ran = int(study.learned.sum()), int(study.ran_fair.sum())
    note = (
        f"A line a seed; {count} of {ran} networks learned: the interval of their "
        "accuracy lies above 70 %. The maps of the others are not ranked. Faces of "
        "one person are counted singly."
    )
    caption = "Accuracy on new people, rendered faces, 95 % interval"
    return Table(caption, header, tuple(rows), note)


def told_accuracy(study: Study, task: str, network: str, seed: int) -> str:
    """The accuracy of a cell with its interval; nothing of one that is missing."""
    share, low, high, n = study.accuracy(task, network, seed)
    return (
        f"{100 * share:.1f} %\n {100 * low:.0f}–{100 * high:.0f}, n = {n}" if n else ""
    )


def ranking_table(study: Study, score: str) -> Table:
    """Methods and decoys by one score, with the luck in their order."""
    found, about = ranking(study, score), ABOUT[score]
    stands = found.standing
    rows = tuple(
        (
            f"{stands.ranks[k]:.0f}",
            LABELS[method],
            interval(found.intervals[k]),
            f"{stands.low[k]:.0f} to {stands.high[k]:.0f}",
            f"{100 * stands.first[k]:.0f} %",
        )
        for k, method in enumerate(found.methods)
    )
    header = ("Rank", "Method", about.long.capitalize(), "Rank in 95 % of draws")
    turned = "" if about.rising else " One minus the score, so that more is better."
    note = (
        f"Rendered faces, n = {stands.n:,} maps. For the intervals the {found.tasks} "
        f"tasks are drawn anew, and by themselves the {found.networks} networks."
        f"{turned}"
    )
    return Table(f"Methods by {about.short}", (*header, "First in"), rows, note)


def scores_table(study: Study) -> Table:
    """All methods by all scores, means and intervals."""
    told = {score: means(study, score) for score in ABOUT}
    rows = []
    for method in study.methods:
        cells = (told[score].get(method) for score in ABOUT)
        shown = (interval(one).split(" (") if one else [""] for one in cells)
        rows.append((LABELS[method], *("\n ".join(one).rstrip(")") for one in shown)))
    ways = {True: "more is better", False: "less is better"}
    header = (
        "Method",
        *(f"{one.short} ({ways[one.rising]})" for one in ABOUT.values()),
    )
    caption = "Every score of every method, rendered faces, mean and 95 % interval"
    note = (
        f"n: up to {len(study.people)} faces of each of {study.learned.sum()} "
        "networks; deletion, insertion, drop and infidelity of those of seed "
        f"{study.seeds[0]}, re-rendering of faces that are not at rest."
    )
    return Table(caption, header, tuple(rows), note)


def pointer(method: str, network: str | None = None) -> Sentence:
    """One line on how far a method can be believed, for the other chapters.

    Of a network's maps alone where its nickname is given.
    """
    if method not in LABELS or method in DECOYS:
        known = [name for name in LABELS if name not in DECOYS]
        raise FerError(f"method '{method}', expected one of {', '.join(known)}.")
    if not (explanations_folder() / "study.json").is_file():
        return Sentence("How far such maps can be believed is not recorded yet.")
    study, score = open_study(), "relevance_rank"
    where = {"network": network} if network in study.networks else {}
    try:
        found, level = means(study, score, **where), chance(study, score, **where)
    except (FerError, KeyError):
        return Sentence("On faces with known evidence this network learned nothing.")
    if method not in found:
        return Sentence(f"The study of chapter 11 has no maps by {LABELS[method]}.")
    told = found[method]
    whose = f" of {NAMES[network]}" if where else ""
    return Sentence(
        f"How far to believe it: on rendered faces whose evidence is known, "
        f"{told.mean:.2f} (95 % interval {told.low:.2f} to {told.high:.2f}, "
        f"n = {told.n:,}) of the top pixels of {LABELS[method]}{whose} lie where the "
        f"evidence is; noise gets {level:.2f}. Chapter 11 tells more."
    )
