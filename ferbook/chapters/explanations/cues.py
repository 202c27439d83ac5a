"""Planted shortcuts: who took them, and which maps show it."""

from collections.abc import Mapping

import numpy as np

from fer_lib.explain.scoring.agreement import MeanInterval, mean_with_interval
from fer_lib.explain.scoring.controls import DECOYS
from fer_lib.rendered.cues import CUES
from ferbook.show.tables import Sentence, Table
from ferbook.study.record import Study
from ferbook.study.report import LABELS, NAMES, against, interval, told_accuracy
from ferbook.study.settings import BASE
from ferbook.study.summary import over_groups

NOBODY = Sentence("No network went by a planted shortcut.")


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
