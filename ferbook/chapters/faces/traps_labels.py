"""Traps of labels and metrics, each as an experiment on rendered faces.

``x`` are the features ``[N, D]`` of the faces throughout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import fold_names, split
from fer_lib.data.protocols.fer2013 import OFFICIAL, labelled
from fer_lib.data.sources.ferplus import argmax_labels, majority_labels, multi_targets
from fer_lib.evaluation.metrics import bootstrap_interval, summarize
from fer_lib.expressions import EXPRESSIONS
from ferbook.chapters.faces.corpora import TEST, TRAIN, membership, share
from ferbook.chapters.faces.traps import CLASSES, over_people
from ferbook.kit.quick_classifier import one_hot, ridge
from ferbook.show.figures import percent

RULES = ("argmax", "majority", "probability", "multitarget")
CONTEMPT = EXPRESSIONS.index("contempt")


def rule_rows(faces: FaceSet) -> list[dict]:
    """How many faces each vote rule keeps, with seven and eight classes.

    Args:
        faces: with votes and FER2013's splits.
    """
    rows = []
    for rule in RULES:
        for classes in (7, 8):
            kept = labelled(faces, rule, classes).splits
            counts = {part: f"{(kept == part).sum():,}" for part in OFFICIAL}
            rows.append({"rule": rule, "classes": classes} | counts)
    return rows


def vote_examples(faces: FaceSet) -> tuple[list[int], list[str]]:
    """Faces on which raters or rules disagree, and what the rules say.

    Args:
        faces: rendered, with votes.

    Returns:
        Rows, the first of each kind that occurs, and titles for them.
    """
    ordered = np.sort(faces.votes, axis=1)[:, ::-1]
    top, _ = argmax_labels(faces.votes, 8)
    majority, kept = majority_labels(faces.votes, 8)
    _, several, _ = multi_targets(faces.votes, 8)
    shown = faces.extra["expression"]
    kinds = {
        "all agree": ordered[:, 0] == 10,
        "two expressions": several.sum(1) == 2,
        "a tie": (ordered[:, 0] == ordered[:, 1]) & (ordered[:, 1] > ordered[:, 2]),
        "no majority": ~kept,
        "mistaken": kept & (majority != shown),
    }
    rows, titles = [], []
    for kind, fits in kinds.items():
        new = [row for row in np.flatnonzero(fits).tolist() if row not in rows][:1]
        rows += new
        for row in new:
            named = [EXPRESSIONS[k] for k in np.flatnonzero(several[row])]
            winner = EXPRESSIONS[majority[row]] if kept[row] else "dropped"
            titles.append(
                f"{kind}\nshows {EXPRESSIONS[shown[row]]}"
                f"\narg-max: {EXPRESSIONS[top[row]]}\nmajority: {winner}"
                f"\nmulti: {', '.join(named) or 'dropped'}"
            )
    return rows, titles


def vote_rows(faces: FaceSet, x: np.ndarray) -> list[dict]:
    """Seven classes under each vote rule, trained and tested.

    Nothing is selected, so both later splits are tested.

    Args:
        faces: rendered, with votes and FER2013's splits.
    """
    numbered = replace(faces, extra={**faces.extra, "row": np.arange(len(faces))})
    rows, fixed = [], None
    for name in ("official", *(f"ferplus_{rule}7" for rule in RULES)):
        parts = split(numbered, name)
        known = parts.train.extra["row"]
        asked, labels = (
            np.concatenate([column(part) for part in (parts.select, parts.test)])
            for column in (lambda part: part.extra["row"], lambda part: part.labels)
        )
        exact = one_hot(parts.train.labels, len(parts.classes))
        targets = parts.train.extra.get("targets", exact)
        found = ridge(x[known], targets, x).argmax(1)
        fixed = found if fixed is None else fixed
        answers = {
            "labels that name what is shown": faces.extra["expression"],
            "trained and tested by this rule": found,
            "one network, tested by each rule": fixed,
        }
        rows.append(
            {"protocol": name, "trained on": f"{len(known):,}"}
            | {
                title: percent(share(said[asked] == labels))
                for title, said in answers.items()
            }
        )
    return rows


def class_rows(faces: FaceSet, x: np.ndarray) -> list[dict]:
    """Two networks, with and without contempt, and what can be said of them.

    Args:
        faces: ``lab``.
    """
    eight = np.zeros((len(faces), CLASSES))
    seven, asked = eight.copy(), np.zeros(len(faces), bool)
    for name in fold_names("ckplus_first_last3"):
        uses = membership(faces, name)
        test = uses == TEST
        for scores, known in (
            (eight, uses == TRAIN),
            (seven, (uses == TRAIN) & (faces.labels != CONTEMPT)),
        ):
            targets = one_hot(faces.labels[known], CLASSES)
            scores[test] = ridge(x[known], targets, x[test])
        asked |= test
    others = asked & (faces.labels != CONTEMPT)
    answers = {
        ("8", "8", "its eight scores"): (eight.argmax(1), asked),
        ("8", "7", "its eight scores"): (eight.argmax(1), others),
        ("8", "7", "the first seven scores"): (eight[:, :7].argmax(1), others),
        ("7", "7", "its seven scores"): (seven[:, :7].argmax(1), others),
        ("7", "8", "its seven scores"): (seven[:, :7].argmax(1), asked),
    }
    titles = ("trained on classes", "tested on classes", "answer by")
    return [
        dict(zip(titles, words, strict=True))
        | {"accuracy": _of_people(found == faces.labels, rows, faces.subjects)}
        for words, (found, rows) in answers.items()
    ]


def _of_people(right: np.ndarray, rows: np.ndarray, people: np.ndarray) -> str:
    found = over_people(right[rows], people[rows])
    return f"{percent(found)}, {found['people']} people"


def skewed_scores(
    faces: FaceSet, x: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Three answers to a test set in which some classes are rare.

    Args:
        faces: with a split Training; all others are tested.

    Returns:
        Scores ``[n, 7]`` by name, and the labels ``[n]``.
    """
    learnt = faces.splits == "Training"
    known, asked = x[learnt], x[~learnt]
    counts = faces.select(learnt).counts()[:7]
    targets = one_hot(faces.labels[learnt], 7)
    most = one_hot(np.full((~learnt).sum(), counts.argmax()), 7)
    weights = 1 / counts[faces.labels[learnt]]
    return {
        f"always {EXPRESSIONS[counts.argmax()]}": most,
        "ridge, all faces alike": ridge(known, targets, asked),
        "ridge, all classes alike": ridge(known, targets, asked, weights=weights),
    }, faces.labels[~learnt]


def metric_rows(scores: Mapping[str, np.ndarray], labels: np.ndarray) -> list[dict]:
    """Overall and mean-class accuracy and macro F1 of each answer."""
    rows = []
    for name, found in scores.items():
        measured = summarize(found, labels)
        rows.append(
            {
                "answers": name,
                "overall accuracy": percent(measured),
                "mean-class accuracy": percent(measured, "mean_class_accuracy"),
                "macro F1": percent(measured, "macro_f1"),
            }
        )
    return rows


def expected_rows(
    scores: Mapping[str, np.ndarray],
    labels: np.ndarray,
    tests: Mapping[str, Sequence[int]],
) -> list[dict]:
    """The overall accuracy that the same recalls give on other test sets.

    Args:
        scores: ``[n, 7]`` by name.
        labels: ``int [n]``.
        tests: faces per class of each test set; the first seven count.
    """
    shares = {name: np.array(counts[:7]) for name, counts in tests.items()}
    rows = []
    for name, found in scores.items():
        confusion = np.array(summarize(found, labels)["confusion"])
        rows.append(
            {"answers": name}
            | {
                title: _expected(confusion, counts / counts.sum())
                for title, counts in shares.items()
            }
        )
    return rows


def _expected(confusion: np.ndarray, shares: np.ndarray) -> str:
    """Recalls weighted by class shares, with interval and n."""

    def weighted(found: np.ndarray) -> np.ndarray:
        hits = np.diagonal(found, axis1=-2, axis2=-1)
        return (hits / np.maximum(found.sum(-1), 1)) @ shares

    return percent(
        {
            "n": int(confusion.sum()),
            "accuracy": float(weighted(confusion)),
            "accuracy_ci95": bootstrap_interval(weighted, confusion),
        }
    )
