"""Planted shortcuts: who took them, and which maps show it."""

import numpy as np

from fer_lib.book.explanations import LABELS, NAMES, interval
from fer_lib.book.tables import Sentence, Table
from fer_lib.explain.agreement import MeanInterval, mean_with_interval
from fer_lib.faces.cues import CUES
from fer_lib.study.record import Study
from fer_lib.study.settings import BASE


def shortcut_table(study: Study) -> Table:
    """Which planted shortcuts the networks took, by switching the cue."""
    rows = []
    for network in study.networks:
        cells = []
        for cue in (c for c in CUES if c in study.tasks):
            share, low, high, n = study.accuracy(cue, network, 0)
            effect = cue_effect(study, cue, network)
            cells.append(
                f"{100 * share:.1f} %\n {100 * low:.0f}–{100 * high:.0f}, n = {n}\n"
                f" effect {interval(effect, 1)}"
                if n
                else ""
            )
        base = study.accuracy(BASE, network, 0)
        fair = f"{100 * base[0]:.1f} %" if base[3] else ""
        rows.append((NAMES[network], fair, *cells))
    header = ("Network", "No shortcut", *(c for c in CUES if c in study.tasks))
    note = (
        "Accuracy on the same fair faces, after learning where the cue went with the "
        "label. Effect: how the score of class 1, less that of class 0, rises when the "
        "cue is set and nothing else changes (mean and 95 % interval over faces)."
    )
    caption = "Planted shortcuts, rendered faces, 95 % interval"
    return Table(caption, header, tuple(rows), note)


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
    that learned without, face by face; intervals over networks and faces.
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
            found[method] = mean_with_interval(
                np.concatenate(gaps), groups=np.concatenate(groups)
            )
    return found


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
        "less the share in the network that learned without it, on the same faces. "
        "A reader can see a shortcut where this is far above zero."
    )
    caption = "Does a map show the shortcut? 95 % interval over networks"
    return Table(caption, tuple(header), rows, note)
