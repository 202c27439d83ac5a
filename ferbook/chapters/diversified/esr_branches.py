"""What the ESR chapter counts of branches that decide together."""

from collections.abc import Iterable
from copy import deepcopy
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.ensembles import RULES, accuracy_by_members
from fer_lib.evaluation.inference import predict
from fer_lib.models.diversified_esr import DiversifiedESR
from fer_lib.preprocessing import Preprocessing
from ferbook.chapters.diversified.features import outputs
from ferbook.ledger.statistics import mcnemar_p
from ferbook.show.tables import Table

_RULES = {"sum": "mean probability", "vote": "votes"}


def branch_scores(
    network: DiversifiedESR, images: np.ndarray, preprocessing: Preprocessing
) -> np.ndarray:
    """Class scores of each active branch, ``[M, N, C]``."""
    found = outputs(network, images, preprocessing, ("branches",))["branches"]
    return found.transpose(0, 1).numpy()


def draw_members(scores: np.ndarray, labels: np.ndarray) -> Figure:
    """Accuracy of each branch, and of the first 1, 2, ... together.

    Args:
        scores: ``[M, N, C]``.
        labels: ``int [N]``.
    """
    numbers = np.arange(1, len(scores) + 1)
    alone = 100 * (scores.argmax(-1) == labels).mean(-1)
    figure, panel = plt.subplots(figsize=(7, 3.5), layout="constrained")
    panel.plot(numbers, alone, "x", color="black", label="this branch alone")
    styles = {"sum": ("-", "o", "#0072B2"), "vote": ("--", "s", "#D55E00")}
    for rule, (line, mark, colour) in styles.items():
        share = 100 * accuracy_by_members(scores, labels, rule)
        text = f"the first ones, {_RULES[rule]}"
        panel.plot(numbers, share, line, marker=mark, ms=4, color=colour, label=text)
    panel.set(xlabel="branch", ylabel="accuracy (%)", xticks=numbers)
    panel.grid(alpha=0.3)
    panel.legend(fontsize=8)
    return figure


def exit_table(
    validation: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]
) -> Table:
    """Early exit: how many branches do best, chosen where it may be chosen.

    Args:
        validation: scores ``[M, N, C]`` and labels of the selection split.
        test: the same of the reported split.
    """
    rows = []
    for rule, name in _RULES.items():
        chosen, reported = (
            100 * accuracy_by_members(*part, rule) for part in (validation, test)
        )
        best, peeked = chosen.argmax(), reported.argmax()
        full = _decided(test[0], rule) == test[1]
        early = _decided(test[0][: best + 1], rule) == test[1]
        rows.append(
            (
                name,
                f"{reported[-1]:.1f} %",
                f"{best + 1}: {reported[best]:.1f} %",
                f"{mcnemar_p(early, full):.2g}",
                f"{peeked + 1}: {reported[peeked]:.1f} %",
            )
        )
    header = ("Decision", "All branches", "Best on validation", "McNemar, p")
    header += ("Best on test (a warning)",)
    caption = f"Early exit on the test faces, n = {len(test[1])}"
    return Table(caption, header, tuple(rows))


def _decided(scores: np.ndarray, rule: str) -> np.ndarray:
    return RULES[rule](scores.astype(np.float64)).sum(0).argmax(-1)


def agreement(scores: np.ndarray) -> Tensor:
    """Share of the faces on which two branches say the same, ``[M, M]``."""
    said = torch.as_tensor(scores.argmax(-1))
    return (said[:, None] == said[None]).double().mean(-1)


class Neighbours(NamedTuple):
    """What :func:`by_neighbours` returns.

    Attributes:
        sound: accuracy with running statistics, 0 to 1, for any batch.
        shuffled: accuracies with those of the batch by its size, an order each.
        sorted: the same, faces ordered by label.
        moved: share of the answers that two shuffled orders disagree on.
    """

    sound: float
    shuffled: dict[int, list[float]]
    sorted: dict[int, float]
    moved: dict[int, float]


def by_neighbours(
    network: DiversifiedESR,
    faces: FaceSet,
    preprocessing: Preprocessing,
    sizes: Iterable[int] = (8, 32, 128),
    orders: int = 2,
) -> Neighbours:
    """Accuracy when the branches normalise by the batch that a face is in.

    Args:
        network: left as it was.
        faces: to read.
        preprocessing: what it was trained with.
        sizes: of the batches.
        orders: shuffles of the faces, two or more.
    """
    flawed = deepcopy(network)
    flawed.batch_statistics_in_eval = True
    draw = np.random.default_rng(0)
    shuffles = [draw.permutation(len(faces)) for _ in range(orders)]
    by_label = np.argsort(faces.labels, kind="stable")

    def answers(order: np.ndarray, size: int) -> np.ndarray:
        said = np.empty(len(order), int)
        images = faces.images[order]
        read = predict(flawed, images, preprocessing, batch_size=size)
        said[order] = read.argmax(1)
        return said

    sound = predict(network, faces.images, preprocessing).argmax(1) == faces.labels
    shuffled, sorted_, moved = {}, {}, {}
    for size in sizes:
        said = [answers(order, size) for order in shuffles]
        shuffled[size] = [float((one == faces.labels).mean()) for one in said]
        sorted_[size] = float((answers(by_label, size) == faces.labels).mean())
        moved[size] = float((said[0] != said[1]).mean())
    return Neighbours(float(sound.mean()), shuffled, sorted_, moved)


def draw_neighbours(found: Neighbours, n: int) -> Figure:
    """Accuracy over the batch size, for faces in several orders.

    Args:
        found: the accuracies.
        n: faces.
    """
    figure, panel = plt.subplots(figsize=(7, 3.4), layout="constrained")
    places = range(len(found.shuffled))
    panel.axhline(100 * found.sound, color="black", lw=1, label="running statistics")
    for i, values in zip(places, found.shuffled.values(), strict=True):
        label = "of the batch, shuffled" if not i else None
        heights = [100 * value for value in values]
        panel.plot([i] * len(values), heights, "o", color="#0072B2", label=label)
    heights = [100 * value for value in found.sorted.values()]
    panel.plot(places, heights, "^", color="#D55E00", label="of the batch, by label")
    _name_batches(panel, found, n)
    panel.legend(fontsize=8)
    return figure


def _name_batches(panel: Axes, found: Neighbours, n: int) -> None:
    names = [
        f"{size}\n{100 * share:.0f} % of answers\nchange with the order"
        for size, share in found.moved.items()
    ]
    panel.set_xticks(range(len(names)), names)
    panel.set(xlabel=f"faces in a batch (n = {n})", ylabel="accuracy (%)")
    panel.margins(x=0.2)
    panel.grid(axis="y", alpha=0.3)
