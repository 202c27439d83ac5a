"""Tables of the recorded study, and what it comes to in one paragraph.

Methods against decoys, against weights that are drawn anew, and on planted
shortcuts: who took them, and which maps show it.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from fer_lib.explain.scoring.agreement import MeanInterval, mean_with_interval
from fer_lib.explain.scoring.controls import DECOYS
from fer_lib.rendered.cues import CUES
from ferbook.show.tables import Sentence, Table
from ferbook.study.cell import COPIES
from ferbook.study.record import Study
from ferbook.study.report import LABELS, NAMES, against, interval, told_accuracy
from ferbook.study.settings import BASE, FAIR
from ferbook.study.summary import (
    ABOUT,
    chance,
    margins,
    means,
    middle_correlation,
    over_groups,
    ranking,
)

SCORE = "relevance_rank"
NOBODY = Sentence("No network went by a planted shortcut.")


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
    told = {task: margins(study, SCORE, task=task) for task in study.learned_tasks}
    header, rows = _against_decoys(study, told)
    caption = f"Difference from the best decoy of each task, by {ABOUT[SCORE].short}"
    note = "95 % interval over the networks that learned the task."
    return Table(caption, header, rows, note, folded=True)


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
        f"n = {len(study.people)} faces per network, maps pooled to 16 by 16. Another "
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
        f"the first task, {COPIES} noisy copies per face. Less is steadier, not "
        "better: a decoy that ignores the network is steady, too."
    )
    return Table(caption, ("Method", "Sensitivity", "n"), rows, note)


def planted(study: Study) -> tuple[str, ...]:
    """The cues that were planted."""
    return tuple(cue for cue in CUES if cue in study.tasks)


def shortcut_table(study: Study) -> Table:
    """Which planted shortcuts the networks took, by switching the cue."""
    cues = planted(study)

    def cell(cue: str, network: str) -> str:
        told = told_accuracy(study, cue, network, 0)
        effect = interval(cue_effect(study, cue, network), 1)
        return f"{told}\n effect {effect}" if told else ""

    rows = (
        (NAMES[n], told_accuracy(study, BASE, n, 0), *(cell(c, n) for c in cues))
        for n in study.networks
    )
    note = (
        "Accuracy on the same fair faces, after learning where the cue went with the "
        "label. Effect: how the score of class 1, less that of class 0, rises when the "
        "cue is set and nothing else changes (mean and 95 % interval over faces)."
    )
    caption = "Planted shortcuts, rendered faces, 95 % interval"
    header = ("Network", "No shortcut", *cues)
    return Table(caption, header, tuple(rows), note)


def cue_effect(
    study: Study, cue: str, network: str, task: str | None = None
) -> MeanInterval:
    """What setting a cue does to the score of the network that learned a task.

    With the shortcut, if no task is named; mean and interval over faces.
    """
    place = study.place(task or cue, network, 0)
    values = study.arrays["cue_effect"][place][CUES.index(cue)]
    return mean_with_interval(values, study.people)


def took(study: Study, cue: str) -> tuple[str, ...]:
    """The networks that surely go by a cue after it was a shortcut.

    The interval of the effect lies above the largest of the network that
    learned without it.
    """

    def goes_by(network: str) -> bool:
        own, clean = (cue_effect(study, cue, network, task) for task in (cue, BASE))
        return own.low > max(clean.high, 0)  # of one that is missing, no number

    return tuple(filter(goes_by, study.networks))


def _mass(study: Study, cue: str, task: str) -> np.ndarray:
    """Mass on a cue's pixels ``[networks, methods, faces]`` of those that took it."""
    places = [study.place(task, network, 0) for network in took(study, cue)]
    return np.stack([study.arrays["cue_mass"][one][CUES.index(cue)] for one in places])


def _by_method(study: Study, values: np.ndarray) -> dict[str, MeanInterval]:
    """Student's intervals over networks of ``[networks, methods, faces]``."""
    group = np.arange(len(values)).repeat(values.shape[-1])
    return {
        method: over_groups(values[:, k].ravel(), group)
        for k, method in enumerate(study.methods)
        if not np.isnan(values[:, k]).all()
    }


def exposed(study: Study, cue: str) -> dict[str, MeanInterval]:
    """How much more mass, by method, maps have on a cue when it was a shortcut.

    In networks that use it, less that in the network that learned without.
    """
    if not took(study, cue):
        return {}
    return _by_method(study, _mass(study, cue, cue) - _mass(study, cue, BASE))


def warned(study: Study, cue: str) -> dict[str, MeanInterval]:
    """By how much a planted network's maps mark its cue more than a decoy does.

    This is all that a reader has who does not know of the shortcut.  The decoy
    is the one that marks the cue most; it stands there with its own mass.
    """
    if not took(study, cue):
        return {}
    mass = _mass(study, cue, cue)
    level = {name: mass[:, study.methods.index(name)] for name in DECOYS}
    best = max(DECOYS, key=lambda name: np.nanmean(level[name]))
    above = _by_method(study, mass - level[best][:, None])
    above = {name: one for name, one in above.items() if name not in DECOYS}
    return above | {best: _by_method(study, mass)[best]}


def warning_table(study: Study) -> Table | Sentence:
    """What a reader sees of a shortcut that nobody told of."""
    told = {cue: warned(study, cue) for cue in planted(study) if took(study, cue)}
    if not told:
        return NOBODY
    header = []
    for cue, one in told.items():
        (decoy,) = DECOYS.keys() & one.keys()
        header.append(f"{cue}, best: {decoy.replace('_', ' ')} {one[decoy].mean:.2f}")
    methods = (name for name in study.methods if name not in DECOYS)
    rows = _rows(told, methods, against)
    note = (
        "Share of the map on the cue's pixels less that of the decoy which marks them "
        "most, in the networks that go by the shortcut; Student's 95 % interval over "
        "networks."
    )
    caption = "What a map shows of the shortcut, without a clean network beside it"
    return Table(caption, ("Method", *header), rows, note)


def exposure_table(study: Study) -> Table | Sentence:
    """Which methods show that a network took a shortcut."""
    told = {cue: exposed(study, cue) for cue in planted(study)}
    if not any(told.values()):
        return NOBODY
    methods = [m for m in study.methods if any(m in one for one in told.values())]
    rows = _rows(told, methods, lambda one: interval(one) if one else "")
    header = (f"{cue}, {len(took(study, cue))} networks" for cue in told)
    note = (
        "Share of the map on the cue's pixels, in networks that go by the shortcut, "
        "less the share in the network that learned without it, on the same faces."
    )
    caption = "Does a map show the shortcut? 95 % interval over networks"
    return Table(caption, ("Method", *header), rows, note)


def _rows(told: Mapping[str, Mapping], methods, shown) -> tuple:
    return tuple(
        (LABELS[name], *(shown(one.get(name)) for one in told.values()))
        for name in methods
    )


def in_words(study: Study) -> Sentence:
    """What the study comes to."""
    return Sentence(" ".join((_learned(study), _order(study), _cues(study))))


def _learned(study: Study) -> str:
    return (
        f"{study.learned.sum()} of {study.ran_fair.sum()} small networks learned to "
        "tell two classes of rendered faces apart, and were explained."
    )


def _order(study: Study) -> str:
    found, told = ranking(study, SCORE), means(study, SCORE)
    methods = [name for name in found.methods if name not in DECOYS]
    first = ranking(study, SCORE, decoys=False).standing.first[0]
    decoy, above = margins(study, SCORE)
    won = [LABELS[name] for name in methods if above[name].low > 0]
    apart = [margins(study, SCORE, task=task)[1] for task in study.learned_tasks]
    firm = [one[methods[0]].low > 0 for one in apart]
    return (
        f"By the share of its top pixels that lie on what moves, {LABELS[methods[0]]} "
        f"leads with {interval(told[methods[0]])}, and is first of the methods in "
        f"{100 * first:.0f} % of draws of tasks and networks; the best decoy, "
        f"{LABELS[decoy].removeprefix('decoy: ')}, gets {interval(told[decoy])}, noise "
        f"{chance(study, SCORE):.2f}. Surely above that decoy: "
        f"{', '.join(won) or 'no method'}. Against the best decoy of each task by "
        f"itself {LABELS[methods[0]]} is surely above in {sum(firm)} of {len(firm)} "
        f"tasks. Two scores agree on the order of the methods with a rank correlation "
        f"of {interval(middle_correlation(study))}, the median of all pairs."
    )


def _cues(study: Study) -> str:
    cues = planted(study)
    taken = {cue: took(study, cue) for cue in cues}
    count = sum(map(len, taken.values()))
    total = int(study.ran[[study.tasks.index(cue) for cue in cues]].sum())
    if not count:
        return f"Of {total} shortcuts that were planted, none was taken."
    methods = [name for name in study.methods if name not in DECOYS]
    shown = []
    for cue in (c for c in cues if taken[c]):
        told = warned(study, cue)
        ways = sum(told[name].low > 0 for name in methods if name in told)
        shown.append(f"{cue} {ways} ({len(taken[cue])} networks)")
    return (
        f"Of {total} shortcuts that were planted, {count} were taken. How many of the "
        f"{len(methods)} methods clearly mark the cue more than the best decoy does, "
        f"which is what a reader could see: {'; '.join(shown)}."
    )
