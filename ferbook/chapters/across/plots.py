"""Plots of what transfers between data sets; each with its ``alt_text``."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fer_lib.data.faceset import FaceSet
from fer_lib.expressions import EXPRESSIONS, expression_index
from ferbook.chapters.across.transfer import Reader, Right
from ferbook.show.figures import COLOURS


def draw_matrix(right: Right, label: str) -> Figure:
    """Accuracies as a heat map, readers in rows, corpora in columns.

    Args:
        right: of :func:`ferbook.chapters.across.transfer.answers`.
        label: of the rows.
    """
    shares = {
        name: {corpus: 100 * row.mean() for corpus, row in cells.items()}
        for name, cells in right.items()
    }
    rows, columns = list(shares), list(next(iter(shares.values())))
    table = np.array([[shares[r][c] for c in columns] for r in rows])
    figure = _heat(table, rows, columns, "accuracy (%)")
    figure.axes[0].set(xlabel="tested on", ylabel=label)
    told = [f"{r} on {c} {shares[r][c]:.0f}" for r in rows for c in columns]
    figure.alt_text = f"Accuracies in per cent as a matrix: {', '.join(told)}."
    return figure


def _heat(table, rows: Sequence[str], columns: Sequence[str], unit: str) -> Figure:
    """Per cent as colours with their numbers."""
    size = (2.4 + 1.1 * len(columns), 1.3 + 0.5 * len(rows))
    figure, axes = plt.subplots(figsize=size)
    shown = axes.imshow(table, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    for place, value in np.ndenumerate(table):
        text = f"{value:.0f}" if np.isfinite(value) else "-"
        colour = "black" if value > 55 else "white"
        axes.text(*place[::-1], text, ha="center", va="center", color=colour)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    figure.colorbar(shown, label=unit)
    return figure


def recalls(right: np.ndarray, faces: FaceSet) -> np.ndarray:
    """Share of the faces of each of seven classes that are read rightly.

    Returns:
        ``[7]``, 0 to 1; not a number for a class without a face.
    """
    counts = np.bincount(faces.labels, minlength=7)[:7]
    hits = np.bincount(faces.labels[right], minlength=7)[:7]
    return np.divide(hits, counts, out=np.full(7, np.nan), where=counts > 0)


def draw_recalls(
    right: Mapping[str, np.ndarray], tests: Mapping[str, FaceSet]
) -> Figure:
    """Recall of every expression on every corpus, for one reader."""
    table = 100 * np.array([recalls(right[k], faces) for k, faces in tests.items()])
    names = [f"{name} (n = {len(faces):,})" for name, faces in tests.items()]
    figure = _heat(table, names, EXPRESSIONS[:7], "recall (%)")
    figure.axes[0].tick_params(axis="x", rotation=30)
    told = [
        f"{name}: "
        + ", ".join(f"{e} {v:.0f}" for e, v in zip(EXPRESSIONS, row, strict=False))
        for name, row in zip(tests, table, strict=True)
    ]
    figure.alt_text = f"Recalls in per cent. {'; '.join(told)}."
    return figure


def by_frame(read: Reader, faces: FaceSet) -> dict[str, np.ndarray]:
    """What recordings are read as from their first frame to the peak.

    Args:
        read: a reader of seven classes.
        faces: recordings with ``extra["frame"]`` and ``extra["expression"]``;
            those of contempt are left out.

    Returns:
        Shares ``[frames]``: read as the recording's expression, as neutral,
        as anything else.
    """
    kept = faces.extra["expression"] != expression_index("contempt")
    faces = faces.select(kept)
    said, frame = read(faces.images).argmax(1), faces.extra["frame"]
    whole = np.bincount(frame)[1:]
    counted = {
        "its expression": said == faces.extra["expression"],
        "neutral": said == expression_index("neutral"),
    }
    found = {
        name: np.bincount(frame[chosen], minlength=len(whole) + 1)[1:] / whole
        for name, chosen in counted.items()
    }
    return found | {"another": 1 - sum(found.values())}


def draw_by_frame(shares: Mapping[str, np.ndarray], n: int) -> Figure:
    """Readings over the course of recordings.

    Args:
        shares: of :func:`by_frame`.
        n: recordings behind them.
    """
    figure, axes = plt.subplots(figsize=(6.5, 3.2))
    looks = zip(("blue", "black", "orange"), ("o-", "s--", "^:"), strict=True)
    told = []
    for (name, values), (colour, style) in zip(shares.items(), looks, strict=True):
        frames = np.arange(1, len(values) + 1)
        axes.plot(frames, 100 * values, style, color=COLOURS[colour], label=name)
        ends = f"{100 * values[0]:.0f} to {100 * values[-1]:.0f} per cent"
        told.append(f"{name} from {ends}")
    axes.set(xlabel="frame, the last is the peak", ylabel="read as (% of recordings)")
    axes.set_xticks(frames)
    axes.set_ylim(0, 100)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9)
    figure.alt_text = f"How {n} recordings are read, frame by frame: {'; '.join(told)}."
    return figure


def apart(first: np.ndarray, second: np.ndarray, count: int = 7) -> list[int]:
    """Rows on which exactly one of two readers is right, in turns.

    Args:
        first: ``bool [n]``.
        second: ``bool [n]``.
        count: of each kind, at most.
    """
    kinds = (first & ~second, second & ~first)
    return [int(row) for kind in kinds for row in np.flatnonzero(kind)[:count]]
