"""Networks on faces of another data set than they learned from."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

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
from ferbook.kit import corpora as rendered
from ferbook.kit.ablation import shortened
from ferbook.kit.quick_classifier import features, one_hot, ridge
from ferbook.ledger.statistics import paired_difference
from ferbook.papers import Restored
from ferbook.papers import paper as find_paper
from ferbook.runs.predictions import accuracies
from ferbook.show.tables import Table
from ferbook.training.checkpoint import load_weights
from ferbook.training.loop import fit

Reader = Callable[[np.ndarray], np.ndarray]  # faces to scores [N, 7]
Right = Mapping[str, Mapping[str, np.ndarray]]  # reader, corpus: bool [n]
FOLDS = {"lab": 4, "shots": 5, "stylised": 6}
# The part of a real set that is read; sets without splits are read whole.
_REPORTED = ("PrivateTest", "Test", "test", "val")


def corpora(preset: str, seed: int = 0) -> dict[str, Splits]:
    """The rendered corpora, split so that nobody is on both sides.

    Seven classes each: contempt is left out, and of the recordings in
    ``lab`` the first frame counts as neutral, the last three as the
    expression.

    Args:
        preset: ``"smoke"`` or ``"student"``.
        seed: of the populations.
    """
    parts = {"wild": split(corpus("wild", preset, seed), "official")}
    for name, folds in FOLDS.items():
        faces = corpus(name, preset, seed)
        if name == "lab":
            faces = without_contempt(ckplus_first_and_last(faces, name))
        parts[name] = by_person(faces, name, folds)
    return parts


def corpus(name: str, preset: str, seed: int = 0) -> FaceSet:
    """A whole rendered corpus; no two of them show the same people.

    Args:
        name: ``wild``, ``lab``, ``shots`` or ``stylised``.
        preset: ``"smoke"`` or ``"student"``.
        seed: of the populations.
    """
    # Each seed has a population of its own.
    return rendered.corpus(name, preset, seed + list(rendered.LIKE).index(name))


def by_person(faces: FaceSet, name: str, folds: int) -> Splits:
    """A fold of the people to report, one to select on, the others to learn."""
    fold_of = subject_folds(faces.subjects, folds)
    select, test = three_parts(fold_of, 0, folds)
    rule = f"rendered like {rendered.LIKE[name]}"
    return divided(faces, name, rule, SEVEN, select=select, test=test)


def own_sets(text: str) -> dict[str, FaceSet]:
    """A reader's own data sets, seven classes, the reported part of each.

    Args:
        text: such as ``"jaffe=DIR, ferg=DIR"``; may be empty.

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


def reader(one: Restored) -> Reader:
    """Scores of faces by a finished network, in small batches."""
    return partial(predict, one.network, preprocessing=one.preprocessing, batch_size=64)


def trained_reader(
    splits: Splits,
    paper: str = "deep_emotion",
    variant: str = "default",
    *,
    epochs: int,
    faces: int | None = None,
    start: Restored | None = None,
    seed: int = 0,
) -> Reader:
    """Train a paper's network for a few epochs, at its smoke size.

    Args:
        splits: faces; the best epoch on the selection part is kept.
        paper: nickname.
        variant: of the paper.
        epochs: of each stage, at most.
        faces: to learn from, the first of them; all if None.
        start: a network of that paper whose weights to go on from.
        seed: of everything random.
    """
    recipe = find_paper(paper)
    learned = splits.train.select(np.arange(len(splits.train))[:faces])
    small = replace(splits, train=learned)
    config = recipe.make_config("smoke", variant)
    plan = shortened(recipe.make_plan(config, small, seed), epochs)
    network = recipe.make_network(config, len(splits.classes), seed)
    if start:
        load_weights(network, start.network.state_dict(), f"{paper}, the start")
    parts, prepared = (splits.select,), plan.preprocessing

    def look(trained) -> dict:
        return accuracies(trained, parts, prepared)

    fitted = fit(network, plan, learned, look, progress=False)
    load_weights(network, fitted.selected, f"{paper}, {variant}")
    network.eval()
    return partial(predict, network, preprocessing=prepared, batch_size=64)


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


def answers(readers: Mapping[str, Reader], tests: Mapping[str, FaceSet]) -> Right:
    """Which faces of each corpus each reader reads rightly, ``bool [n]``."""
    return {
        name: {
            corpus: read(faces.images).argmax(1) == faces.labels
            for corpus, faces in tests.items()
        }
        for name, read in readers.items()
    }


def matrix_table(right: Right, tests: Mapping[str, FaceSet], caption: str) -> Table:
    """Accuracies with their intervals, readers in rows, corpora in columns."""
    rows = [(name, *map(_share, cells.values())) for name, cells in right.items()]
    rows.append(("most frequent class", *map(_commonest, tests.values())))
    columns = [f"on {name}, n = {len(faces):,}" for name, faces in tests.items()]
    note = "Accuracy in % with its 95 % interval over faces of the column."
    return Table(caption, ("", *columns), tuple(rows), note)


def _share(right: np.ndarray) -> str:
    low, high = wilson_interval(int(right.sum()), len(right))
    return f"{100 * right.mean():.1f}\n {100 * low:.1f}–{100 * high:.1f}"


def _commonest(faces: FaceSet) -> str:
    return f"{100 * faces.counts().max() / len(faces):.1f}"


def away_table(right: Right) -> Table:
    """What it costs to come from elsewhere, on the same faces in pairs.

    Args:
        right: readers by the corpus that they learned from.
    """
    rows = []
    for home in right:
        for guest in right:
            if guest != home and home in right[guest]:
                gap = paired_difference(right[guest][home], right[home][home])
                mean, low, high = (100 * x for x in (gap.mean, gap.low, gap.high))
                told = {1: "better", -1: "worse", 0: "undecided"}[gap.sign()]
                points = f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"
                rows.append((home, guest, points, f"{gap.n:,}", told))
    header = ("Tested on", "Learned from", "Points against home", "n", "Than home")
    return Table("The price of coming from elsewhere", header, tuple(rows))
