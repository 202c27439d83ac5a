"""Chapter 9: networks on faces of another data set."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fer_lib.data import load
from fer_lib.data.faceset import FaceSet
from fer_lib.data.folds import subject_folds, three_parts
from fer_lib.data.protocols import split
from fer_lib.data.protocols.lab import SEVEN, ckplus_first_and_last
from fer_lib.data.protocols.wild import without_contempt
from fer_lib.data.splits import Splits, divided
from fer_lib.errors import FerError
from fer_lib.evaluation.inference import predict
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.expressions import EXPRESSIONS, expression_index
from fer_lib.models.network import Network
from ferbook.kit import corpora as rendered
from ferbook.kit.ablation import train_briefly
from ferbook.kit.quick_classifier import features, one_hot, ridge
from ferbook.ledger.statistics import crossed
from ferbook.show.figures import COLOURS
from ferbook.show.plots import finish, write_numbers
from ferbook.show.tables import Table

Reader = Callable[[np.ndarray], np.ndarray]  # faces to scores [N, 7]
Part = tuple[np.ndarray, np.ndarray]  # logits [M, N, C] and labels [N]
Right = Mapping[str, Mapping[str, np.ndarray]]  # reader, corpus: bool [n]
_FOLDS = {"lab": 4, "shots": 5, "stylised": 6}
# The part of a real set that is read; sets without splits are read whole.
_REPORTED = ("PrivateTest", "Test", "test", "val")


def corpora(preset: str, seed: int = 0) -> dict[str, Splits]:
    """The rendered corpora, seven classes, split so that nobody is on both sides.

    Of the recordings in ``lab`` the first frame counts as neutral, the last three as
    the expression.
    """
    parts = {"wild": split(corpus("wild", preset, seed), "official")}
    for name, folds in _FOLDS.items():
        faces = corpus(name, preset, seed)
        if name == "lab":
            faces = without_contempt(ckplus_first_and_last(faces, name))
        parts[name] = by_person(faces, name, folds)
    return parts


def corpus(name: str, preset: str, seed: int = 0) -> FaceSet:
    """A whole rendered corpus; no two of them show the same people."""
    # Each seed has a population of its own.
    return rendered.corpus(name, preset, seed + list(rendered.LIKE).index(name))


def by_person(faces: FaceSet, name: str, folds: int) -> Splits:
    """A fold of the people to report, one to select on, the others to learn."""
    fold_of = subject_folds(faces.subjects, folds)
    select, test = three_parts(fold_of, 0, folds)
    rule = f"rendered like {rendered.LIKE[name]}"
    return divided(faces, name, rule, SEVEN, select=select, test=test)


def own_sets(text: str) -> dict[str, FaceSet]:
    """A reader's own data sets such as ``"jaffe=DIR, ferg=DIR"``, the reported parts.

    Raises:
        FerError: when an entry is no name and folder, or cannot be loaded.
    """
    found = {}
    for entry in filter(None, map(str.strip, text.split(","))):
        name, sign, folder = entry.partition("=")
        if not sign or not folder:
            raise FerError(
                f"Parameter 'own' has '{entry}', expected name=folder, such as "
                "jaffe=DIR; correct it."
            )
        # FER2013's files have one size.
        options = {} if name == "fer2013" else {"size": 48, "channels": 1}
        faces = without_contempt(load(name, folder, **options))
        here = [part for part in _REPORTED if (faces.splits == part).any()]
        found[name] = faces.split(here[0]) if here else faces
    return found


def reader(network: Network) -> Reader:
    """Scores of faces by a finished network, in small batches."""
    return partial(predict, network, batch_size=64)


def trained_reader(
    splits: Splits, paper: str = "deep_emotion", variant: str = "default", **how
) -> Reader:
    """A reader that was trained here, see :func:`train_briefly`."""
    return reader(train_briefly(paper, variant, splits, **how).network)


def ridge_answers(parts: Mapping[str, Splits]) -> Right:
    """As :func:`answers`, of ridge regression that learned from each corpus.

    It sees histograms of gradients, and learns to its end in a second.
    """
    known, asked = {}, {}
    for name, one in parts.items():
        cut = len(one.train)
        found = features(np.concatenate([one.train.images, one.test.images]))
        known[name], asked[name] = found[:cut], found[cut:]
    right: dict[str, dict] = {}
    for name, one in parts.items():
        targets = one_hot(one.train.labels, len(one.classes))
        said = {k: ridge(known[name], targets, x).argmax(1) for k, x in asked.items()}
        right[name] = {k: said[k] == parts[k].test.labels for k in parts}
    return right


def scores(readers: Mapping[str, Reader], faces: FaceSet) -> Part:
    """Scores of all readers, and the labels."""
    return np.stack([read(faces.images) for read in readers.values()]), faces.labels


def right_of(names: Sequence[str], parts: Mapping[str, Part]) -> Right:
    """Which faces of each corpus each reader reads correctly, ``bool [n]``."""
    return {
        name: {
            corpus: logits[member].argmax(1) == labels
            for corpus, (logits, labels) in parts.items()
        }
        for member, name in enumerate(names)
    }


def answers(readers: Mapping[str, Reader], tests: Mapping[str, FaceSet]) -> Right:
    """:func:`right_of` readers that are asked now."""
    return right_of([*readers], {k: scores(readers, one) for k, one in tests.items()})


def matrix_table(right: Right, tests: Mapping[str, FaceSet], caption: str) -> Table:
    """Accuracies with their intervals, readers in rows, corpora in columns."""
    rows = [(name, *map(_share, cells.values())) for name, cells in right.items()]
    often = [f"{100 * f.counts().max() / len(f):.1f}" for f in tests.values()]
    rows.append(("most frequent class", *often))
    columns = [f"on {name}, n = {len(faces):,}" for name, faces in tests.items()]
    note = "Accuracy in % with its 95 % interval over faces of the column."
    return Table(caption, ("", *columns), tuple(rows), note)


def _share(right: np.ndarray) -> str:
    low, high = wilson_interval(int(right.sum()), len(right))
    return f"{100 * right.mean():.1f}\n {100 * low:.1f}–{100 * high:.1f}"


def away_table(right: Right) -> Table:
    """What it costs to come from elsewhere; readers are named by their corpus."""
    rows = []
    for home in right:
        for guest in right:
            if guest != home and home in right[guest]:
                gap = crossed(right[guest][home], right[home][home])
                mean, low, high = (100 * x for x in (gap.mean, gap.low, gap.high))
                told = {1: "better", -1: "worse", 0: "undecided"}[gap.sign()]
                points = f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"
                rows.append((home, guest, points, f"{gap.n:,}", told))
    header = ("Tested on", "Learned from", "Points against home", "n", "Than home")
    return Table("The price of coming from elsewhere", header, tuple(rows))


def draw_matrix(right: Right, label: str) -> Figure:
    """Accuracies as a heat map: readers (``label``) in rows, corpora in columns."""
    table = [[100 * row.mean() for row in cells.values()] for cells in right.values()]
    figure = _heat(table, right, next(iter(right.values())), "accuracy (%)")
    figure.axes[0].set(xlabel="tested on", ylabel=label)
    return figure


def _heat(table: list, rows: Mapping, columns: Mapping, unit: str) -> Figure:
    size = (2.4 + 1.1 * len(columns), 1.3 + 0.5 * len(rows))
    figure, axes = plt.subplots(figsize=size)
    shown = axes.imshow(table, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    write_numbers(axes, np.array(table), "{:.0f}")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    figure.colorbar(shown, label=unit)
    told = [
        f"{row}: "
        + ", ".join(f"{c} {v:.0f}" for c, v in zip(columns, line, strict=True))
        for row, line in zip(rows, table, strict=True)
    ]
    figure.alt_text = f"{unit.capitalize()} as a matrix. {'; '.join(told)}."
    return figure


def recalls(right: np.ndarray, faces: FaceSet) -> np.ndarray:
    """Share of each of seven classes that is read correctly, NaN without a face."""
    counts = np.bincount(faces.labels, minlength=7)[:7]
    hits = np.bincount(faces.labels[right], minlength=7)[:7]
    return np.divide(hits, counts, out=np.full(7, np.nan), where=counts > 0)


def draw_recalls(
    right: Mapping[str, np.ndarray], tests: Mapping[str, FaceSet]
) -> Figure:
    """Recall of every expression on every corpus, for one reader."""
    rows = {
        f"{name} (n = {len(faces):,})": 100 * recalls(right[name], faces)
        for name, faces in tests.items()
    }
    figure = _heat(list(rows.values()), rows, EXPRESSIONS[:7], "recall (%)")
    figure.axes[0].tick_params(axis="x", rotation=30)
    return figure


def by_frame(read: Reader, faces: FaceSet) -> dict[str, np.ndarray]:
    """What recordings are read as from their first frame to the peak.

    Shares ``[frames]`` read as their expression, as neutral, as another; contempt,
    which the reader does not know, is left out.
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
    """:func:`by_frame` over the course of n recordings."""
    figure, axes = plt.subplots(figsize=(6.5, 3.2))
    looks = zip(("blue", "black", "orange"), ("o-", "s--", "^:"), strict=True)
    told = []
    for (name, values), (colour, style) in zip(shares.items(), looks, strict=True):
        frames = np.arange(1, len(values) + 1)
        axes.plot(frames, 100 * values, style, color=COLOURS[colour], label=name)
        ends = f"{100 * values[0]:.0f} to {100 * values[-1]:.0f} per cent"
        told.append(f"{name} from {ends}")
    ylabel = "read as (% of recordings)"
    finish(axes, xlabel="frame, the last is the peak", ylabel=ylabel, legend=9)
    axes.set(xticks=frames, ylim=(0, 100))
    figure.alt_text = f"How {n} recordings are read, frame by frame: {'; '.join(told)}."
    return figure


def apart(first: np.ndarray, second: np.ndarray, count: int = 7) -> list[int]:
    """Rows on which one of two readers alone is right, up to ``count`` of each."""
    kinds = (first & ~second, second & ~first)
    return [int(row) for kind in kinds for row in np.flatnonzero(kind)[:count]]
