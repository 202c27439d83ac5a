"""Which runs answer a claim, and what they say face by face.

A protocol with folds, such as ``ckplus_last3``, is answered by one run a
fold: only seeds with every fold count, and their test faces, each of which
stands in one fold alone, are put in a row.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from fer_lib.data.protocols import FOLDS, fold_names
from fer_lib.errors import FerError
from ferbook.ledger.claims import Answer, Claim, Term
from ferbook.runs.records import Record

Runs = tuple[Record, ...]  # of one seed: a run, or one for each fold


class Wanted(NamedTuple):
    """What a run must be to answer a claim, whatever its seed.

    ``paper`` is the recipe; it may not be that of the claim.
    """

    paper: str
    dataset: str
    protocol: str
    preset: str
    recipe: str
    variant: str


def wanted(claim: Claim, answer: Answer, variant: str = "") -> tuple[Wanted, ...]:
    """The run, or one for each fold, behind one variant of an answer."""
    paper, _, name = (variant or answer.variant).rpartition("/")
    return tuple(
        Wanted(
            paper or claim.paper,
            claim.dataset,
            protocol,
            answer.preset,
            answer.recipe,
            name,
        )
        for protocol in protocols_of(answer)
    )


def all_wanted(claim: Claim, answer: Answer) -> tuple[Wanted, ...]:
    """Every run that an answer needs: both sides of what it compares."""
    sides = [term.variant for term in claim.order]
    if claim.against:
        sides = ["", claim.against]
    found = (run for side in sides or [""] for run in wanted(claim, answer, side))
    return tuple(dict.fromkeys(found))


def belongs(record: Record, claim: Claim) -> bool:
    """Whether a run's faces are those of a claim.

    Rendered faces never answer a claim about a real data set.
    """
    rendered = claim.dataset == "rendered"
    return record.dataset == claim.dataset and (rendered or not record.rendered)


def protocols_of(answer: Answer) -> tuple[str, ...]:
    """Protocols that have to be run: the answer's own, or all its folds."""
    folded = answer.protocol in FOLDS
    return fold_names(answer.protocol) if folded else (answer.protocol,)


def matching(
    records: Iterable[Record], claim: Claim, answer: Answer, variant: str = ""
) -> tuple[Runs, ...]:
    """Complete runs of an answer, one entry a seed, folds in their order.

    Args:
        records: runs that belong to the claim.
        claim: what they are about.
        answer: which of them.
        variant: instead of the answer's own.
    """
    places = wanted(claim, answer, variant)
    found = {}
    for record in records:
        place = Wanted(*(getattr(record, name) for name in Wanted._fields))
        if place in places:
            found[record.seed, place] = record
    return tuple(
        tuple(found[seed, place] for place in places)
        for seed in sorted({seed for seed, _ in found})
        if all((seed, place) in found for place in places)
    )


def paired(sides: list[tuple[Runs, ...]]) -> list[tuple[Runs, ...]]:
    """The seeds that stand on every side, so that like is compared."""
    seeds = [{runs[0].seed for runs in side} for side in sides]
    common = set.intersection(*seeds) if seeds else set()
    return [tuple(r for r in side if r[0].seed in common) for side in sides]


def flat(seeds: Iterable[Runs]) -> tuple[Record, ...]:
    """All records of some seeds, each once."""
    return tuple(dict.fromkeys(record for runs in seeds for record in runs))


def joined(runs: Runs, key: str) -> np.ndarray:
    """One of the stored arrays, the folds in a row."""
    missing = [record.path for record in runs if key not in record.predictions]
    if missing:
        raise FerError(f"{missing[0]}: no array '{key}' beside it; run it again.")
    return np.concatenate([record.predictions[key] for record in runs])


def per_face(seeds: tuple[Runs, ...], answer: Answer, term: Term) -> np.ndarray:
    """What a term compares, ``[n]``: a mean over seeds for every test face.

    A measure if the term has one, else the share of seeds that are right.
    """
    if term.measure:
        key = f"{answer.split}/measures/{term.measure}"
        values = [joined(runs, key).astype(np.float64) for runs in seeds]
        return np.mean(values, axis=0)
    place = (answer.checkpoint, answer.split, term.view or answer.view)
    right = [np.concatenate([r.correct(*place) for r in runs]) for runs in seeds]
    return np.mean(right, axis=0)


def same_faces(claim: Claim, answer: Answer, seeds: tuple[Runs, ...]) -> np.ndarray:
    """Labels ``[n]`` of the test faces, which all runs must agree on.

    Raises:
        FerError: when they do not.
    """
    key = f"{answer.split}/labels"
    labels = joined(seeds[0], key)
    for runs in seeds[1:]:
        if not np.array_equal(joined(runs, key), labels):
            raise FerError(
                f"{runs[0].path}: claim '{claim.id}' compares runs on the same "
                f"faces, but labels differ from {seeds[0][0].path}; run again."
            )
    return labels
