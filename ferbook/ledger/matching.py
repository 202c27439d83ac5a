"""Which runs answer a claim.

A protocol with folds, such as ``ckplus_last3``, is answered by one run a
fold: only seeds with every fold count, and their test faces, each of which
stands in one fold alone, are put in a row.
"""

from collections.abc import Iterable
from dataclasses import replace

from fer_lib.data.protocols import FOLDS, fold_names
from ferbook.ledger.claims import Answer, Claim
from ferbook.ledger.comparing import Runs
from ferbook.runs.key import RunKey
from ferbook.runs.records import Record


def wanted(claim: Claim, answer: Answer, variant: str = "") -> tuple[RunKey, ...]:
    """The run, or one for each fold, behind one variant of an answer.

    With the seed 0 for any seed.
    """
    paper, _, name = (variant or answer.variant).rpartition("/")
    return tuple(
        RunKey(
            paper or claim.paper,
            claim.dataset,
            protocol,
            answer.preset,
            answer.recipe,
            name,
        )
        for protocol in protocols_of(answer)
    )


def all_wanted(claim: Claim, answer: Answer) -> tuple[RunKey, ...]:
    """Every run that an answer needs: what it compares, and its controls."""
    sides = [term.variant for term in claim.order]
    if claim.against:
        sides = ["", claim.against]
    sides += [*claim.null, *filter(None, [claim.control])]
    found = (run for side in sides or [""] for run in wanted(claim, answer, side))
    return tuple(dict.fromkeys(found))


def belongs(record: Record, claim: Claim) -> bool:
    """Whether a run counts, and its faces are those of a claim.

    Rendered faces never answer a claim about a real data set.
    """
    rendered = claim.dataset == "rendered"
    faces = record.dataset == claim.dataset and (rendered or not record.rendered)
    return faces and not record.superseded


def protocols_of(answer: Answer) -> tuple[str, ...]:
    """Protocols that have to be run: the answer's own, or all its folds."""
    folded = answer.protocol in FOLDS
    return fold_names(answer.protocol) if folded else (answer.protocol,)


def groups(
    records: Iterable[Record], claim: Claim, answer: Answer
) -> list[list[Record]]:
    """The runs that an answer names, those with the same changes together.

    Those of one precision, too, be it asked for or the machine's choice.  Plain
    presets come first, then those with the fewest changes.
    """
    places, found = all_wanted(claim, answer), {}
    for record in records:
        if _plain(record) in places:
            found.setdefault(record.trained_as.changes, []).append(record)
    return [found[c] for c in sorted(found, key=lambda c: (len(c), repr(c)))]


def matching(
    records: Iterable[Record], claim: Claim, answer: Answer, variant: str = ""
) -> tuple[Runs, ...]:
    """Complete runs of an answer, one entry a seed, folds in their order.

    Args:
        records: of one of the answer's groups.
        claim: what they are about.
        answer: which of them.
        variant: instead of the answer's own.
    """
    places = wanted(claim, answer, variant)
    found = {(record.seed, _plain(record)): record for record in records}
    return tuple(
        tuple(found[seed, place] for place in places)
        for seed in sorted({seed for seed, _ in found})
        if all((seed, place) in found for place in places)
    )


def _plain(record: Record) -> RunKey:
    """The run that a claim would name, whatever was changed."""
    return replace(record.key, seed=0, changes=(), target="")
