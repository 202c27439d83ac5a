"""Runs beside one another, over seeds and faces.

Runs are compared where they differ in what a comparison is about, the variant
or the recipe, and in nothing else: the same settings and the same faces.
Predictions are joined by the faces, in whatever order each run saw them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fer_lib.errors import FerError
from ferbook.ledger import second_labels
from ferbook.ledger.statistics import Difference, crossed, mcnemar_p
from ferbook.runs.key import RunKey
from ferbook.runs.records import Record

Runs = tuple[Record, ...]  # of one seed: a run, or one for each fold


@dataclass(frozen=True)
class Look:
    """What is read of every face of a run.

    Attributes:
        split: of the faces; the reported one if empty.
        checkpoint: ``selected`` or ``last``.
        view: of the scores that tell right from wrong.
        measure: read instead, if not empty: a number a face.
        seen: whether faces that stand in training, too, are read.
        guess: a class, read instead: 1 where the run says it, else 0.
    """

    split: str = ""
    checkpoint: str = "selected"
    view: str = "single"
    measure: str = ""
    seen: bool = False
    guess: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two groups of runs with the same seeds.

    Attributes:
        difference: first less second, over seeds and faces.
        means: of the first and of the second.
        gaps: the difference of each seed.
        p: McNemar's of each seed; empty for measures.
        seeds: that both have.
    """

    difference: Difference
    means: tuple[float, float]
    gaps: tuple[float, ...]
    p: tuple[float, ...]
    seeds: tuple[int, ...]


def compare(
    first: Sequence[Runs],
    second: Sequence[Runs],
    look: Look | None = None,
    other: Look | None = None,
    recall: Sequence[str] = (),
) -> Comparison:
    """The first runs less the second, with the same seeds on the same faces.

    Args:
        first: a run, or one a fold, of each seed.
        second: likewise; seeds that only one side has are left out.
        look: what is read of the first; of a single pass if None.
        other: of the second, if it is not the same.
        recall: classes, to compare on their faces alone.

    Raises:
        FerError: when no seed is on both sides, or runs differ in more than
            variant and recipe.
    """
    look = look or Look()
    sides, looks = paired([first, second]), (look, other or look)
    records = [record for side in sides for record in flat(side)]
    if not records:
        raise FerError("No seed was run on both sides, so nothing can be compared.")
    for record in records:
        if odd := unlike(records[0], record, look.split):
            raise FerError(f"{record.path}: {odd}; run it again.")
    values = [
        per_face(side, one, records) for side, one in zip(sides, looks, strict=True)
    ]
    rows = rows_of(sides[0][0], look, records, recall, values)
    values = [side[:, rows] for side in values]
    gaps = values[0].mean(1) - values[1].mean(1)
    tests = () if look.measure else map(mcnemar_p, *values)
    return Comparison(
        crossed(*values, shares=not look.measure),
        (float(values[0].mean()), float(values[1].mean())),
        tuple(gaps.tolist()),
        tuple(tests),
        tuple(runs[0].seed for runs in sides[0]),
    )


def paired(sides: Sequence[Sequence[Runs]]) -> list[tuple[Runs, ...]]:
    """The seeds that stand on every side, so that like is compared."""
    seeds = [{runs[0].seed for runs in side} for side in sides]
    common = set.intersection(*seeds) if seeds else set()
    return [tuple(r for r in side if r[0].seed in common) for side in sides]


def flat(seeds: Iterable[Runs]) -> tuple[Record, ...]:
    """All records of some seeds, each once."""
    return tuple(dict.fromkeys(record for runs in seeds for record in runs))


def per_face(seeds: Sequence[Runs], look: Look, among: Sequence[Record]) -> np.ndarray:
    """``float64 [seeds, n]``: a measure, or 1 where a run is right, else 0.

    Args:
        seeds: the runs, each with all its folds in a row.
        look: what is read.
        among: all records that are compared, which decide how they are joined.
    """
    return np.array(
        [
            np.concatenate([_read(r, look)[_order(r, look, among)] for r in runs])
            for runs in seeds
        ],
        np.float64,
    )


def labels_of(runs: Runs, look: Look, among: Sequence[Record]) -> np.ndarray:
    """``int8 [n]``, the labels of the faces in the order of ``per_face``."""
    found = [
        _array(r, f"{look.split or r.reported}/labels")[_order(r, look, among)]
        for r in runs
    ]
    return np.concatenate(found)


def rows_of(
    runs: Runs,
    look: Look,
    among: Sequence[Record],
    classes: Sequence[str] = (),
    values: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """``bool [n]``: the faces of ``per_face`` that are read.

    Those of some classes alone, if any are named; none that stands in the
    training of one of the runs, unless the look says so; and none that a
    measure of theirs, in ``values``, passes over.

    Raises:
        FerError: when none is left.
    """
    labels = labels_of(runs, look, among)
    wanted = [runs[0].classes.index(name) for name in classes]
    rows = np.isin(labels, wanted) if classes else np.ones(len(labels), bool)
    if not look.seen:
        rows &= ~np.concatenate([_in_training(r, look, among) for r in runs])
    for each in values:
        rows &= ~np.isnan(each).any(0)
    if not rows.any():
        of = f" of {', '.join(classes)}" if classes else ""
        raise FerError(
            f"{runs[0].path}: no test face{of} is unseen in training; take other faces."
        )
    return rows


def _in_training(run: Record, look: Look, among: Sequence[Record]) -> np.ndarray:
    """``bool [n]``: faces of a run's fold that stand in the training of some run."""
    key = f"{look.split or run.reported}/in_training"
    found = np.zeros(len(_array(run, f"{key.partition('/')[0]}/labels")), bool)
    for record in among:
        if record.protocol == run.protocol and key in record.predictions:
            found |= record.predictions[key][_order(record, look, among)] > 0
    return found


def _read(record: Record, look: Look) -> np.ndarray:
    split = look.split or record.reported
    if look.measure in second_labels.MEASURES:
        return second_labels.measured(record, split, look.measure)
    if look.measure:
        return _array(record, f"{split}/measures/{look.measure}")
    if look.guess:
        record.metrics(look.checkpoint, split, look.view)
        logits = _array(record, f"{look.checkpoint}/{split}/{look.view}/logits")
        return logits.argmax(1) == record.classes.index(look.guess)
    return record.correct(look.checkpoint, split, look.view)


def _array(record: Record, key: str) -> np.ndarray:
    if key not in record.predictions:
        raise FerError(f"{record.path}: no array '{key}' beside it; run it again.")
    return record.predictions[key]


def _order(record: Record, look: Look, among: Sequence[Record]) -> np.ndarray | slice:
    """Rows of a record in the order that all have in common."""
    copies = {r.data["sha256"] for r in among if r.protocol == record.protocol}
    if len(copies) == 1:
        return slice(None)  # they stand in one order
    split = look.split or record.reported
    faces, labels = (_array(record, f"{split}/{k}") for k in ("faces", "labels"))
    return np.lexsort((labels, faces))


def alike(
    records: Sequence[Record], split: str
) -> tuple[list[Record], dict[Record, str]]:
    """Runs that may be compared, and why the others may not."""
    if len(records) < 2:
        return list(records), {}
    odd = {a: {b: unlike(a, b, split) for b in records} for a in records}
    reasons = max(odd.values(), key=lambda row: sum(not why for why in row.values()))
    kept = [record for record in records if not reasons[record]]
    return kept, {record: why for record, why in reasons.items() if why}


def unlike(one: Record, other: Record, split: str = "") -> str:
    """Why a second run cannot be compared with a first; empty if it can."""
    if one is other:
        return ""
    for name in ("config", "recipe_settings"):
        if name == "recipe_settings" and one.recipe != other.recipe:
            continue
        settings = [r.content.get(name, {}) for r in (one, other)]
        for key in sorted(settings[0].keys() & settings[1].keys()):
            a, b = (told[key] for told in settings)
            if a != b and key not in (*one.varied, *other.varied):
                return f"{key} is {b}, but {a} in {one.path.name} beside it"
    if one.protocol != other.protocol:  # folds have other faces
        return ""
    known = [r.data.get("faces_sha256") for r in (one, other)]
    same = one.data["sha256"] == other.data["sha256"]
    if not same and (None in known or known[0] != known[1]):
        return f"other faces than those of {one.path.name} beside it"
    look = Look(split or one.reported)
    for name in ("labels",) if same else ("labels", "faces"):
        for record in (one, other):
            if f"{look.split}/{name}" not in record.predictions:
                return f"no array '{look.split}/{name}' in {record.path.name}"
    labels = [labels_of((r,), look, (one, other)) for r in (one, other)]
    if not np.array_equal(*labels):
        return f"labels differ from those of {one.path.name} beside it"
    return ""


@dataclass(frozen=True)
class Gain:
    """What another recipe adds to a paper's own, on the same test faces.

    Attributes:
        key: of the other recipe's runs, with any seed.
        comparison: the other's accuracy less that of the paper's recipe.
        epochs: of the paper's recipe, and of the other.
        rendered: whether the faces are computer graphics.
    """

    key: RunKey
    comparison: Comparison
    epochs: tuple[int, int]
    rendered: bool


def recipe_gains(records: Iterable[Record]) -> tuple[Gain, ...]:
    """Every pair of recipes that were run with the same seeds."""
    runs: dict[RunKey, dict[int, Record]] = {}
    for record in records:
        if not record.superseded:
            runs.setdefault(record.trained_as.any_seed, {})[record.seed] = record
    found = []
    for key in sorted(runs, key=str):
        own = runs.get(replace(key, recipe="paper"), {})
        seeds = sorted(own.keys() & runs[key].keys())
        if key.recipe != "paper" and seeds:
            sides = [[(side[seed],) for seed in seeds] for side in (runs[key], own)]
            other, paper = (side[0][0] for side in sides)
            epochs = (paper.epochs, other.epochs)
            told = compare(*sides)
            found.append(Gain(key, told, epochs, other.rendered))
    return tuple(found)
