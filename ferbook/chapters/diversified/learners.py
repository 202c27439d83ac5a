"""Diversity of learners that are made up, for the chapters on ESR and MA-Net.

N. Heidari, A. Iosifidis, arXiv:2210.09381, 2022: similarity, equation (1),
and diversity, equation (2), as the paper defines them and as the authors'
code computes them.  Of networks: :mod:`ferbook.chapters.diversified.features`.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from fer_lib.losses.diversified import MEASURES
from fer_lib.losses.diversity import equally_alike, similarity
from ferbook.show.figures import COLOURS
from ferbook.show.tables import Table

TITLES = {"paper": "paper: diagonal 1", "authors_code": "authors' code: diagonal 0"}
LINES = tuple(zip(COLOURS.values(), ("-", "--", ":", "-.") * 2, strict=True))
_FAR = 40.0  # at gamma 1, learners that far apart have a similarity of 0


def planted(groups: Sequence[int]) -> Tensor:
    """Learners that equal their group and differ from all others.

    Args:
        groups: which one each of L learners belongs to, from 0.

    Returns:
        ``float64 [L, 1, groups]``, for gamma 1.
    """
    one_hot = torch.nn.functional.one_hot(torch.tensor(groups))
    return _FAR * one_hot.double()[:, None]


def pattern_table(patterns: Mapping[str, Sequence[int]]) -> Table:
    """Both diversities of learners that are the same or different.

    Args:
        patterns: groups of :func:`planted`, by what they are called.
    """
    rows = []
    for name, groups in patterns.items():
        found = [float(MEASURES[m](planted(groups), 1.0)) for m in TITLES]
        rows.append((name, f"{len(groups)}", *(f"{value:+.0f}" for value in found)))
    header = ("Learners", "Number", *(text.capitalize() for text in TITLES.values()))
    note = "Training makes this number large: learners are pulled to the larger one."
    return Table("Diversity of planted learners", header, tuple(rows), note)


def draw_determinants(counts: Sequence[int]) -> Figure:
    """What diversity adds to the loss, over the similarity of all learners.

    Args:
        counts: numbers of learners, a line each.
    """
    shares = np.linspace(0, 1, 101)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for panel, (measure, title) in zip(axes, TITLES.items(), strict=True):
        for count, (colour, line) in zip(counts, LINES, strict=False):
            scale = count - 1 if measure == "authors_code" else 1
            added = [
                -float(MEASURES[measure](equally_alike(count, s), 1.0)) / scale
                for s in shares
            ]
            panel.plot(shares, added, line, color=colour, label=f"n = {count}")
        panel.set(xlabel="similarity of any two learners", title=title)
        panel.grid(alpha=0.3)
    axes[0].set_ylabel("added to the loss, -D")
    axes[1].set_ylabel("-D / (n - 1)")
    axes[1].axhline(0, color="black", lw=0.6)
    axes[1].legend(fontsize=8)
    return figure


def pulled(
    count: int, measure: str, *, size: int = 16, steps: int = 150, seed: int = 0
) -> np.ndarray:
    """Learners of free features that do nothing but maximise a diversity.

    Args:
        count: of the learners.
        measure: ``"paper"`` or ``"authors_code"``.
        size: D, features of each, kept in 0 to 1 by a sigmoid.
        steps: of Adam.
        seed: of the start.

    Returns:
        Mean similarity of two learners before each step and after the last.
    """
    draw = torch.Generator().manual_seed(seed)
    raw = 0.5 * torch.randn(count, 4, size, generator=draw, dtype=torch.float64)
    raw.requires_grad_()
    optimizer = torch.optim.Adam([raw], lr=0.03)
    found = []
    for _ in range(steps):
        features = raw.sigmoid()
        found.append(between(similarity(features.detach())))
        optimizer.zero_grad()
        (-MEASURES[measure](features)).backward()
        optimizer.step()
    return np.array([*found, between(similarity(raw.detach().sigmoid()))])


def draw_pulls(counts: Sequence[int]) -> Figure:
    """:func:`pulled` of several numbers of learners, under both measures."""
    figure, axes = plt.subplots(
        1, 2, figsize=(9, 3.2), sharey=True, layout="constrained"
    )
    for panel, (measure, title) in zip(axes, TITLES.items(), strict=True):
        for count, (colour, line) in zip(counts, LINES, strict=False):
            trace = pulled(count, measure)
            panel.plot(trace, line, color=colour, label=f"n = {count}")
        panel.set(xlabel="step", title=title, ylim=(-0.03, 1.03))
        panel.grid(alpha=0.3)
    axes[0].set_ylabel("mean similarity")
    axes[1].legend(fontsize=8)
    return figure


def between(matrix: Tensor) -> float:
    """Mean of a matrix ``[L, L]`` off its diagonal."""
    count = len(matrix)
    return float((matrix.sum() - matrix.trace()) / (count * (count - 1)))
