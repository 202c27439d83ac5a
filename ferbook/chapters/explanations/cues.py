"""Planted shortcuts: who took them, and which maps show it."""

import numpy as np

from fer_lib.explain.scoring.agreement import MeanInterval, mean_with_interval
from fer_lib.explain.scoring.controls import DECOYS
from fer_lib.rendered.cues import CUES
from ferbook.show.tables import Sentence, Table
from ferbook.study.explanations import LABELS, NAMES, against, interval
from ferbook.study.luck import over_groups
from ferbook.study.record import Study
from ferbook.study.settings import BASE


def shortcut_table(study: Study) -> Table:
    """Which planted shortcuts the networks took, by switching the cue."""
    rows = []
    for network in study.networks:
        cells = []
        for cue in (c for c in CUES if c in study.tasks):
            told = _accuracy(study, cue, network)
            effect = cue_effect(study, cue, network)
            cells.append(f"{told}\n effect {interval(effect, 1)}" if told else "")
        rows.append((NAMES[network], _accuracy(study, BASE, network), *cells))
    header = ("Network", "No shortcut", *(c for c in CUES if c in study.tasks))
    note = (
        "Accuracy on the same fair faces, after learning where the cue went with the "
        "label. Effect: how the score of class 1, less that of class 0, rises when the "
        "cue is set and nothing else changes (mean and 95 % interval over faces)."
    )
    caption = "Planted shortcuts, rendered faces, 95 % interval"
    return Table(caption, header, tuple(rows), note)


def _accuracy(study: Study, task: str, network: str) -> str:
    share, low, high, n = study.accuracy(task, network, 0)
    if not n:
        return ""
    return f"{100 * share:.1f} %\n {100 * low:.0f}–{100 * high:.0f}, n = {n}"


def cue_effect(study: Study, cue: str, network: str, clean: bool = False):
    """What setting a cue does to the score; mean and interval over faces.

    Args:
        study: that was recorded.
        cue: one of ``CUES``.
        network: nickname.
        clean: of the network that learned without the shortcut.
    """
    place = study.place(BASE if clean else cue, network, 0)
    values = study.arrays["cue_effect"][place][CUES.index(cue)]
    return mean_with_interval(values, groups=study.people)


def used(study: Study, cue: str, network: str) -> bool:
    """Whether a network surely goes by its shortcut, more than without it.

    The interval of the effect lies above the largest of the clean network.
    """
    planted = cue_effect(study, cue, network)
    clean = cue_effect(study, cue, network, clean=True)
    return bool(planted.n and clean.n and planted.low > max(clean.high, 0))


def took(study: Study, cue: str) -> tuple[str, ...]:
    """The networks that surely go by a cue after it was a shortcut."""
    names = [name for name in study.networks if _has(study, cue, name)]
    return tuple(name for name in names if used(study, cue, name))


def exposed(study: Study, cue: str) -> dict[str, MeanInterval]:
    """By how much maps show a cue more when it was a shortcut, by method.

    Mass on the cue's pixels in networks that use it, less that in the network
    that learned without, face by face; Student's intervals over networks.
    """
    found = {}
    names = took(study, cue)
    for k, method in enumerate(study.methods):
        gaps, groups = [], []
        for number, network in enumerate(names):
            pair = [
                study.arrays["cue_mass"][study.place(t, network, 0)][CUES.index(cue), k]
                for t in (cue, BASE)
            ]
            gaps.append(pair[0] - pair[1])
            groups.append(np.full(len(pair[0]), number))
        if gaps and not np.isnan(np.concatenate(gaps)).all():
            found[method] = over_groups(np.concatenate(gaps), np.concatenate(groups))
    return found


def warned(study: Study, cue: str) -> dict[str, MeanInterval]:
    """By how much a planted network's maps mark its cue more than a decoy does.

    This is all that a reader has who does not know of the shortcut: no other
    network to compare with.  The decoy is the one that marks the cue most; it
    stands among the methods with its own mass.
    """
    places = [study.place(cue, network, 0) for network in took(study, cue)]
    if not places:
        return {}
    # [networks, methods, faces]
    mass = np.stack([study.arrays["cue_mass"][one][CUES.index(cue)] for one in places])
    level = {name: mass[:, study.methods.index(name)] for name in DECOYS}
    best = max(DECOYS, key=lambda name: np.nanmean(level[name]))
    group = np.arange(len(mass)).repeat(mass.shape[-1])
    found = {}
    for k, method in enumerate(study.methods):
        if method not in DECOYS and not np.isnan(mass[:, k]).all():
            gap = mass[:, k] - level[best]
            found[method] = over_groups(gap.ravel(), group)
    return found | {best: over_groups(level[best].ravel(), group)}


def warning_table(study: Study) -> Table | Sentence:
    """What a reader sees of a shortcut that nobody told of."""
    told = {cue: warned(study, cue) for cue in CUES if cue in study.tasks}
    told = {cue: one for cue, one in told.items() if one}
    if not told:
        return Sentence("No network went by a planted shortcut.")
    rows = []
    for method in (name for name in study.methods if name not in DECOYS):
        cells = (one.get(method) for one in told.values())
        rows.append((LABELS[method], *map(against, cells)))
    header = []
    for cue, one in told.items():
        (decoy,) = DECOYS.keys() & one.keys()
        header.append(f"{cue}, best: {decoy.replace('_', ' ')} {one[decoy].mean:.2f}")
    note = (
        "Share of the map on the cue's pixels less that of the decoy which marks them "
        "most, in the networks that go by the shortcut; Student's 95 % interval over "
        "networks."
    )
    caption = "What a map shows of the shortcut, without a clean network beside it"
    return Table(caption, ("Method", *header), tuple(rows), note)


def _has(study: Study, task: str, network: str) -> bool:
    place = study.place(task, network, 0), study.place(BASE, network, 0)
    return bool(study.ran[place[0]] and study.ran[place[1]])


def exposure_table(study: Study) -> Table | Sentence:
    """Which methods show that a network took a shortcut."""
    cues = [cue for cue in CUES if cue in study.tasks]
    told = {cue: exposed(study, cue) for cue in cues}
    if not any(told.values()):
        return Sentence("No network went by a planted shortcut.")
    rows = tuple(
        (LABELS[m], *(interval(told[cue][m]) if m in told[cue] else "" for cue in cues))
        for m in study.methods
        if any(m in one for one in told.values())
    )
    counts = [len(took(study, cue)) for cue in cues]
    header = [
        "Method",
        *(f"{c}, {k} networks" for c, k in zip(cues, counts, strict=True)),
    ]
    note = (
        "Share of the map on the cue's pixels, in networks that go by the shortcut, "
        "less the share in the network that learned without it, on the same faces."
    )
    caption = "Does a map show the shortcut? 95 % interval over networks"
    return Table(caption, tuple(header), rows, note)
