"""What the ESR chapter draws of the network, and counts of its branches."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.ensembles import RULES, accuracy_by_members
from fer_lib.evaluation.inference import predict
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.models.diversified_esr import DiversifiedESR
from ferbook.chapters.diversified.diversity import outputs
from ferbook.ledger.statistics import mcnemar_p
from ferbook.show.figures import COLOURS
from ferbook.show.plots import finish
from ferbook.show.tables import Table, table

_RULES = {"sum": "mean probability", "vote": "votes"}
Part = tuple[np.ndarray, np.ndarray]  # scores [M, N, C] and labels [N]


def draw_pooling(maps: Tensor, spatial: Tensor, channel: Tensor) -> Figure:
    """Figure 1 on a face: maps ``[C, h, w]`` of branch 1, and what pooling keeps.

    ``spatial`` and ``channel`` are the attentions ``[h, w]`` and ``[C]``.
    """
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.9), layout="constrained")
    strongest = maps.mean((1, 2)).argsort(descending=True)[:9].tolist()
    count, *size = maps.shape
    maps = maps.repeat_interleave(4, 1).repeat_interleave(4, 2)  # narrow gaps
    height, width = maps.shape[1:]
    tiles = torch.full((3 * (height + 1) - 1, 3 * (width + 1) - 1), float("nan"))
    for place, i in enumerate(strongest):
        y, x = place // 3 * (height + 1), place % 3 * (width + 1)
        tiles[y : y + height, x : x + width] = maps[i]
    for panel, values, top, label, title in (
        (axes[0], tiles, None, "value", f"branch 1: 9 strongest of {count} maps"),
        (axes[1], spatial, 1, "attention",
         f"over positions: {size[0]} x {size[1]} numbers"),
    ):  # fmt: skip
        shown = panel.imshow(values.numpy(), cmap="cividis", vmin=0, vmax=top)
        panel.set(xticks=[], yticks=[])
        panel.set_title(title, fontsize=9)
        figure.colorbar(shown, ax=panel, label=label, shrink=0.8)
    axes[2].bar(range(count), channel.numpy(), color=COLOURS["blue"])
    axes[2].set(ylim=(0, 1), xlabel="channel", ylabel="attention")
    axes[2].set_title(f"over channels: {count} numbers", fontsize=9)
    return figure


def _one_panel(height: float) -> tuple:
    figure, panel = plt.subplots(figsize=(7, height), layout="constrained")
    panel.set_ylabel("accuracy (%)")
    return figure, panel


def draw_growth(curve: Sequence[Mapping], split: str) -> Figure:
    """Accuracy on a split over a run's epochs, with a line where a branch joins."""
    figure, panel = _one_panel(3.3)
    told = [row for row in curve if f"{split}_accuracy" in row]
    shares = [100 * row[f"{split}_accuracy"] for row in told]
    epochs = [row["epoch"] for row in told]
    panel.plot(epochs, shares, "o-", ms=3, color=COLOURS["blue"])
    for epoch, number in joins(told):
        panel.axvline(epoch - 0.5, color=COLOURS["vermilion"], lw=0.8, ls="--")
        place = {"xycoords": ("data", "axes fraction"), "fontsize": 8}
        place["color"] = COLOURS["vermilion"]
        panel.annotate(f" {number}", (epoch - 0.5, 0.03), **place)
    xlabel = "epoch (dashed: a branch joins)"
    finish(panel, legend=None, xlabel=xlabel, ylabel=f"{split} accuracy (%)")
    return figure


def joins(curve: Sequence[Mapping]) -> list[tuple[int, str]]:
    """Epoch and number of each branch's first row in a curve."""
    first = {}
    for row in curve:
        first.setdefault(row["stage"], row["epoch"])
    return [(epoch, stage.rpartition(" ")[2]) for stage, epoch in first.items()]


def branch_scores(network: DiversifiedESR, images: np.ndarray) -> np.ndarray:
    """Class scores of each active branch, ``[M, N, C]``."""
    return outputs(network, images, ["branches"])["branches"].transpose(0, 1).numpy()


def draw_members(scores: np.ndarray, labels: np.ndarray) -> Figure:
    """Accuracy of each branch of scores ``[M, N, C]``, and of the first 1, 2, ...

    Shaded is the 95 % interval of the mean probability.
    """
    numbers = np.arange(1, len(scores) + 1)
    alone = 100 * (scores.argmax(-1) == labels).mean(-1)
    figure, panel = _one_panel(3.5)
    panel.plot(numbers, alone, "x", color="black", label="this branch alone")
    styles = {"sum": ("o-", COLOURS["blue"]), "vote": ("s--", COLOURS["vermilion"])}
    for rule, (style, colour) in styles.items():
        share, n = accuracy_by_members(scores, labels, rule), len(labels)
        text = f"the first ones, {_RULES[rule]}"
        panel.plot(numbers, 100 * share, style, ms=4, color=colour, label=text)
        if rule == "sum":
            ends = np.array([wilson_interval(one * n, n) for one in share])
            panel.fill_between(numbers, *100 * ends.T, color=colour, alpha=0.12, lw=0)
    finish(panel, xlabel="branch", xticks=numbers)
    return figure


def exit_table(validation: Part, test: Part) -> Table:
    """Early exit: how many branches do best, chosen where it may be chosen."""
    rows = []
    for rule, name in _RULES.items():
        chosen, reported = (
            100 * accuracy_by_members(*part, rule) for part in (validation, test)
        )
        best, peeked = chosen.argmax(), reported.argmax()
        full, early = (
            RULES[rule](scores.astype(np.float64)).sum(0).argmax(-1) == test[1]
            for scores in (test[0], test[0][: best + 1])
        )
        rows.append(
            {
                "Decision": name,
                "All branches": f"{reported[-1]:.1f} %",
                "Best on validation": f"{best + 1}: {reported[best]:.1f} %",
                "McNemar, p": f"{mcnemar_p(early, full):.2g}",
                "Best on test (a warning)": f"{peeked + 1}: {reported[peeked]:.1f} %",
            }
        )
    return table(f"Early exit on the test faces, n = {len(test[1])}", rows)


def agreement(scores: np.ndarray) -> Tensor:
    """Share of the faces on which two branches say the same, ``[M, M]``."""
    said = torch.as_tensor(scores.argmax(-1))
    return (said[:, None] == said[None]).double().mean(-1)


class Neighbours(NamedTuple):
    """What :func:`by_neighbours` returns; accuracies 0 to 1, by the batch's size."""

    sound: float  # with running statistics, for any batch
    shuffled: dict[int, list[float]]  # with those of the batch, an order each
    sorted: dict[int, float]  # the same, faces ordered by label
    moved: dict[int, float]  # answers that two shuffled orders disagree on


def by_neighbours(
    network: DiversifiedESR, faces: FaceSet, sizes: Sequence[int] = (8, 32, 128)
) -> Neighbours:
    """Accuracy when a copy's branches normalise by the batch that a face is in."""
    flawed = deepcopy(network)
    flawed.batch_statistics_in_eval = True
    draw = np.random.default_rng(0)
    shuffles = [draw.permutation(len(faces)) for _ in range(2)]
    by_label = np.argsort(faces.labels, kind="stable")

    def answers(order: np.ndarray, size: int) -> np.ndarray:
        said = np.empty(len(order), int)
        images = faces.images[order]
        said[order] = predict(flawed, images, batch_size=size).argmax(1)
        return said

    def share(said: np.ndarray) -> float:
        return float((said == faces.labels).mean())

    sound = predict(network, faces.images).argmax(1)
    shuffled, sorted_, moved = {}, {}, {}
    for size in sizes:
        said = [answers(order, size) for order in shuffles]
        shuffled[size] = [share(one) for one in said]
        sorted_[size] = share(answers(by_label, size))
        moved[size] = float((said[0] != said[1]).mean())
    return Neighbours(share(sound), shuffled, sorted_, moved)


def draw_neighbours(found: Neighbours, n: int) -> Figure:
    """Accuracy over the batch size, for n faces in several orders."""
    figure, panel = _one_panel(3.4)
    panel.axhline(100 * found.sound, color="black", lw=1, label="running statistics")
    for way, mark, colour in (("shuffled", "o", "blue"), ("sorted", "^", "vermilion")):
        shares = 100 * np.array(list(getattr(found, way).values()))
        label = f"of the batch, {'by label' if way == 'sorted' else way}"
        lines = panel.plot(shares, mark, color=COLOURS[colour])
        lines[0].set_label(label)
    names = [
        f"{size}\n{100 * share:.0f} % of answers\nchange with the order"
        for size, share in found.moved.items()
    ]
    panel.set_xticks(range(len(names)), names)
    panel.set_xlabel(f"faces in a batch (n = {n})")
    panel.margins(x=0.2)
    panel.grid(axis="y", alpha=0.3)
    panel.legend(fontsize=8)
    return figure
