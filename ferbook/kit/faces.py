"""Faces of a chapter: examples, curves, confusions, most confident errors."""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fer_lib.data.protocols import Splits
from fer_lib.evaluation.inference import predict, probabilities
from ferbook.kit.results import kind_of, printed_matrix, record_name
from ferbook.runs.records import Record
from ferbook.runs.run import Run
from ferbook.show.figures import RENDERED, percent, show
from ferbook.show.plots import plot_confusions, plot_curves, plot_faces

BELIEVED = 0.7  # share of faces that a network reads of which maps are drawn


def note(splits: Splits) -> str:
    """What captions say about the kind of faces."""
    own = "Faces of your own copy of the data set."
    return RENDERED if splits.test.rendered else own


def show_maps(run: Run, figure: Figure, alt: str = "", caption: str = "") -> None:
    """A figure of what a network looks at, if it reads such faces well enough.

    Of one that reads fewer than 70 % a sentence: its maps show where something
    looks that does not see.
    """
    if run.reading()["accuracy"] >= BELIEVED:
        show(figure, alt, caption)
        return
    plt.close(figure)
    least = f"{100 * BELIEVED:.0f} %"
    print(
        f"The network reads {percent(run.reading())} of these test faces.  Of one "
        f"below {least} no map is drawn: it would show nothing."
    )


def show_faces(splits: Splits, shown_in: str = "") -> None:
    """How many faces there are, and one of each expression.

    Rendered ones are not shown again where they are ``shown_in`` another chapter.
    """
    test = splits.test
    sizes = (f"{name} {len(part):,}" for name, part in splits.named().items())
    print(f"Faces: {', '.join(sizes)}.")
    if test.rendered and shown_in:
        print(f"Rendered faces, the same as in {shown_in}.")
        return
    shown = [k for k in range(len(splits.classes)) if (test.labels == k).any()]
    rows = [int(np.flatnonzero(test.labels == k)[0]) for k in shown]
    names = [splits.classes[k] for k in shown]
    show(
        plot_faces(test, rows, names),
        alt=f"One test face of each expression: {', '.join(names)}. They are "
        f"{test.images.shape[-1]} pixels wide. {note(splits)}",
        caption=f"One test face per expression. {note(splits)}",
    )


def show_curve(run: Run) -> None:
    """Validation accuracy over the epochs of a run, where it is known."""
    if run.record is None:
        print("No curve is known: this network was not trained on these faces.")
        return
    curve, split = run.record.curve, run.record.selection["split"]
    key = f"{split}_accuracy"
    told = [row[key] for row in curve if key in row]
    if len(told) < 2:
        print(f"It was trained for one epoch: {100 * told[-1]:.1f} % on {split}.")
        return
    show(
        plot_curves({"this network": curve}, key, f"{split} accuracy"),
        alt=f"Accuracy on {split} over {len(curve)} epochs of training, ending "
        f"at {100 * told[-1]:.0f} per cent.",
        caption=curve_note(run),
    )


def curve_note(run: Run) -> str:
    """The faces that the curve of a run's record is about, for a caption."""
    split = run.record.selection["split"]
    n = run.record.data["splits"][split]["n"]
    kind = "Rendered faces." if run.record.rendered else "Real faces."
    return f"{split}, n = {n:,}. {kind}"


def show_confusions(run: Run, matrix: str = "", records: Sequence[Record] = ()) -> None:
    """Confusion matrices of single views: the paper's by its id, recorded, our own."""
    classes = list(run.splits.classes)
    views = next(iter(run.results()["selected"].values()))
    found = {}
    if matrix:
        title, printed, names = printed_matrix(matrix)
        found |= {title: printed} if names == classes else {}
    same = (record for record in records if list(record.classes) == classes)
    found |= {record_name(r): r.metrics()["confusion"] for r in same}
    found[f"this network, {kind_of(run.splits.test)}"] = views["single"]["confusion"]
    told = [
        f"{name}, {100 * np.trace(m) / np.sum(m):.0f} per cent on the diagonal"
        for name, m in found.items()
    ]
    show(
        plot_confusions(found, classes),
        alt=f"Confusion matrices: {'; '.join(told)}.",
        caption="Rows are true classes, in per cent of their faces. Real faces, "
        "unless a title says rendered.",
    )


class Cases(NamedTuple):
    """Misread test faces, the surest first: place, label, reading, probability."""

    rows: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray


def hard_cases(run: Run, count: int = 14) -> Cases:
    """The errors that a network is most certain of, ``count`` at most."""
    test = run.splits.test
    shares = probabilities(run.network, test.images)
    said, sure = shares.argmax(1), shares.max(1)
    wrong = np.flatnonzero(said != test.labels)
    rows = wrong[np.argsort(-sure[wrong], kind="stable")][:count]
    return Cases(rows, test.labels[rows], said[rows], sure[rows])


def show_hard_cases(run: Run) -> None:
    """Draw the errors that a network is most certain of."""
    cases, classes = hard_cases(run), run.splits.classes
    if not len(cases.rows):
        print("This network misreads no test face.")
        return
    titles = [
        f"{classes[true]}\nread as {classes[said]}\n{100 * sure:.0f} %"
        for true, said, sure in zip(*cases[1:], strict=True)
    ]
    show(
        plot_faces(run.splits.test, cases.rows.tolist(), titles),
        alt=f"The {len(titles)} test faces that the network misreads with most "
        "confidence, each with its label, what it is read as, and how surely: "
        + "; ".join(title.replace("\n", " ") for title in titles),
        caption="Most confident errors: label, reading, probability given to it. "
        + note(run.splits),
    )


def examples(run: Run) -> tuple[list[int], list[str]]:
    """Rows and titles of a test face per class, the first that is read correctly."""
    test = run.splits.test
    said = predict(run.network, test.images).argmax(1)
    return first_right(said, test.labels, run.splits.classes)


def first_right(
    predicted: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> tuple[list[int], list[str]]:
    """As :func:`examples`, of predictions ``int [n]`` and labels ``int [n]``."""
    rows, titles = [], []
    for label, name in enumerate(classes):
        mine = np.flatnonzero(labels == label)
        if not len(mine):
            continue
        right = mine[predicted[mine] == label]
        rows.append(int(right[0] if len(right) else mine[0]))
        misread = "" if len(right) else f"\nread as {classes[predicted[mine[0]]]}"
        titles.append(name + misread)
    return rows, titles
