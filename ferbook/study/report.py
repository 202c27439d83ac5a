"""Tables and sentences from the recorded study: pages, ledger, command."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_lib.explain.scoring.agreement import MeanInterval
from fer_lib.models import NETWORKS
from fer_lib.models.part_ensemble import KINDS
from ferbook.show.phrases import duration
from ferbook.show.tables import Page, Sentence, Table
from ferbook.study.record import Study, explanations_folder, read_study
from ferbook.study.settings import FAIR
from ferbook.study.summary import ABOUT, means, over_groups, ranking

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
        f"A line per seed; {count} of {ran} networks learned: the interval of their "
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
    caption = f"Methods by {about.short}"
    return Table(caption, (*header, "First in"), rows, note, folded=True)


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
    return Table(caption, header, tuple(rows), note, folded=True)


# What the papers say about where networks look decides no claim about a data set
# of photographs: the networks are small, and the faces rendered.

# What a paper says of its own attention, and where.  The maps of ESR have two by
# two cells here, in the middle of the picture: they say nothing about a place.
SAYS = {
    "deep_emotion": ("the transformer samples the region of interest", "section 3"),
    "residual_masking": ("masks let learning focus on what is needed", "section II"),
    "ramn": ("weights find the most discriminative area", "section I"),
    "diversified_manet": ("CBAM highlights key facial regions", "section 3"),
    "part_ensemble": ("each sub-network looks at its own part", "section V-C"),
}
# Against what attention is held, by what the columns are called.
TESTS = {
    "chance": "Above chance",
    "start": "Above the same before training",
    "blob": "Above a blob in the centre",
}
HOLDS = {1: "holds", 0: "undecided", -1: "does not hold"}


class Tested(NamedTuple):
    """One statement and what the study says about it."""

    network: str
    says: str
    where: str  # in the paper
    test: str  # what was compared, or a key of TESTS
    told: MeanInterval  # the difference; above zero is as claimed

    @property
    def word(self) -> str:
        """Holds, does not hold, or undecided: by the interval."""
        if np.isnan(self.told.low):
            return "too few tasks"
        return HOLDS[int(self.told.low > 0) - int(self.told.high < 0)]


def tested(study: Study) -> list[Tested]:
    """All statements that the study can say something about."""
    found = []
    for network in (name for name in study.networks if name in SAYS):
        says, where = SAYS[network]
        for test, told in _attention(study, network):
            found.append(Tested(network, says, where, test, told))
    return found + list(_parts(study))


def claims_table(study: Study) -> Page | Sentence:
    """The statements: a row a network, then those about parts."""
    found = tested(study)
    if not found:
        return Sentence("This study tests no statement of a paper.")
    rows = []
    for network, (says, where) in SAYS.items():
        own = {one.test: one for one in found if one.network == network}
        if "chance" in own:
            cells = [_cell(own[test]) if test in own else "" for test in TESTS]
            cells[0] = _figures(own["chance"])  # no verdict, see the note
            rows.append((f"{NAMES[network]}\n {where}", says, *cells))
    note = (
        "On rendered faces, small networks that learned a task; means over tasks with "
        "Student's 95 % interval, none corrected for their number. Faces stand in the "
        "middle, so any map that does is above chance: no verdict there. It decides no "
        "claim about photographs."
    )
    header = ("Paper", "What it says, in short", *TESTS.values())
    caption = "AUC of the networks' own attention on the evidence, rendered faces"
    tables = [Table(caption, header, tuple(rows), note)]
    others = [one for one in found if one.test not in TESTS]
    if others:
        told = tuple(
            (f"{one.says}\n {one.where}", one.test, _cell(one)) for one in others
        )
        caption = f"What the {NAMES['part_ensemble']} says of its parts, rendered faces"
        header = ("What it says, in short", "Difference", "Here")
        tables.append(Table(caption, header, told))
    return Page(tuple(tables))


def _cell(one: Tested) -> str:
    return f"{one.word}\n {_figures(one)}"


def _figures(one: Tested) -> str:
    count = one.told.n
    return f"{interval(one.told)}, {count} task{'s' if count > 1 else ''}"


def _attention(study: Study, network: str) -> Iterator[tuple[str, MeanInterval]]:
    place, row = study.networks.index(network), study.methods.index("attention")
    chosen = study.learned[:, place]
    if not chosen.any():
        return
    tasks = np.argwhere(chosen)[:, 0]
    auc = study.arrays["inside_auc"][:, place][chosen]  # [cells, methods, faces]
    own, blob = auc[:, row], auc[:, study.methods.index("centre_blob")]
    group = np.repeat(tasks, own.shape[1])

    def gap(other: np.ndarray | float) -> MeanInterval:
        return over_groups((own - other).ravel(), group)

    yield "chance", gap(0.5)
    if "untrained_auc" in study.arrays:
        before = study.arrays["untrained_auc"][:, place][chosen]
        yield "start", gap(before)
    yield "blob", gap(blob)


def _parts(study: Study) -> Iterator[Tested]:
    network = "part_ensemble"
    if network not in study.networks or "branch_mass" not in study.arrays:
        return
    place = study.networks.index(network)
    cells = np.argwhere(study.learned[:, place])  # of fair tasks alone
    if not len(cells):
        return
    says, where = SAYS[network]
    masses = ("branch_mass", "Grad-CAM's mass on the evidence")
    for array, what in (masses, ("branch_correct", "accuracy")):
        gaps = [_above_others(study, array, *cell) for cell in cells]
        test = f"{what}: that part's branch above the best of the others"
        yield Tested(network, says, where, test, _over_tasks(gaps, cells))
    errors = [study.arrays["landmark_error"][t, place, k] for t, k in cells]
    rise = _over_tasks([(one[0] - one[1]).mean(0) for one in errors], cells)
    yield Tested(
        network, "landmarks stay as they were in tuning", "section V-B",
        "error before tuning less that after, shares of the side", rise,
    )  # fmt: skip


def _above_others(study: Study, array: str, task: int, seed: int) -> np.ndarray:
    """By how much the branch of the task's part is above the best other one.

    A map without relevance has none on the evidence.
    """
    values = study.arrays[array][task, study.networks.index("part_ensemble"), seed]
    values = np.nan_to_num(values)
    part = study.tasks[task].replace("brows", "eyebrows")
    own = KINDS["parts"].index(part)
    others = np.delete(values, own, 0)
    return values[own] - others[others.mean(1).argmax()]


def _over_tasks(values: list[np.ndarray], cells: np.ndarray) -> MeanInterval:
    tasks = np.repeat(cells[:, 0], len(values[0]))
    return over_groups(np.concatenate(values), tasks)
