"""Networks of several papers that decide together, as tables."""

from collections.abc import Mapping, Sequence

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.ensembles import MOST_MEMBERS, decide, selection_report
from ferbook.chapters.across.transfer import Reader, Right
from ferbook.kit.results import record_name
from ferbook.runs.records import Record
from ferbook.show.tables import Sentence, Table

_RULES = {"sum": "mean probability", "vote": "majority vote"}
Part = tuple[np.ndarray, np.ndarray]  # logits [M, N, C] and labels [N]


def scores(readers: Mapping[str, Reader], faces: FaceSet) -> Part:
    """Scores of all members, and the labels."""
    return np.stack([read(faces.images) for read in readers.values()]), faces.labels


def right_of(names: Sequence[str], parts: Mapping[str, Part]) -> Right:
    """As :func:`ferbook.chapters.across.transfer.answers`, of scores at hand."""
    return {
        name: {
            corpus: logits[member].argmax(1) == labels
            for corpus, (logits, labels) in parts.items()
        }
        for member, name in enumerate(names)
    }


def ensemble_table(
    names: Sequence[str], validation: Part, test: Part, kind: str
) -> Table | Sentence:
    """Members alone, and together in three ways of choosing them."""
    if not 2 <= len(names) <= MOST_MEMBERS:
        return Sentence(
            f"{len(names)} networks are at hand here; an ensemble needs 2 to "
            f"{MOST_MEMBERS}."
        )
    alone = zip(*map(_alone, (validation, test)), strict=True)
    rows = [
        (name, "alone", *(f"{100 * share:.1f}" for share in shares))
        for name, shares in zip(names, alone, strict=True)
    ]
    for rule, told in _RULES.items():
        found = selection_report(validation, test, rule)
        for way, choice in (
            ("all", found.everyone),
            ("chosen on validation", found.chosen),
            ("chosen on test (a warning)", found.test_selected),
        ):
            members = ", ".join(names[member] for member in choice.members)
            if len(choice.members) == len(names):
                members = f"{len(names)} networks"
            shares = f"{100 * choice.validation:.1f}", f"{100 * choice.test:.1f}"
            rows.append((f"{way}\n {members}", told, *shares))
    header = ("Members", "Rule", "Validation (%)", "Test (%)")
    n = f"n = {len(validation[1]):,} and {len(test[1]):,}"
    return Table(f"Ensembles on {kind}, {n}", header, tuple(rows))


def _alone(part: Part) -> np.ndarray:
    logits, labels = part
    return (logits.argmax(-1) == labels).mean(-1)


def together_table(names: Sequence[str], parts: Mapping[str, Part]) -> Table:
    """The best member and all members together, by corpus."""
    rows = []
    for corpus, (logits, labels) in parts.items():
        alone = _alone((logits, labels))
        both = [(decide(logits, rule) == labels).mean() for rule in _RULES]
        first = f"{100 * alone.max():.1f}\n {names[int(alone.argmax())]}"
        told = [f"{100 * share:.1f}" for share in both]
        rows.append((f"{corpus}\n n = {len(labels):,}", first, *told))
    header = ("Tested on", "Best member there (%)")
    header += tuple(f"All, {name} (%)" for name in _RULES.values())
    return Table("Together, at home and away", header, tuple(rows))


def recorded_parts(
    records: Sequence[Record],
) -> tuple[list[str], Part, Part] | None:
    """Names, validation and test scores of recorded runs on the same faces.

    Of the last epoch, which alone is kept for both splits; the largest group, the
    first twelve of it.  None where fewer than two fit together.
    """
    groups: dict[tuple, list[Record]] = {}
    keys = [f"last/{split}/single/logits" for split in ("PublicTest", "PrivateTest")]
    for record in records:
        if all(key in record.predictions for key in keys):
            place = (record.data["sha256"], record.protocol)
            groups.setdefault(place, []).append(record)
    group = max(groups.values(), key=len, default=[])[:MOST_MEMBERS]
    if len(group) < 2:
        return None
    parts = []
    for key in keys:
        logits = np.stack([run.predictions[key].astype(np.float32) for run in group])
        labels = group[0].predictions[f"{key.split('/')[1]}/labels"].astype(np.int64)
        parts.append((logits, labels))
    return [f"{run.paper}, {record_name(run)}" for run in group], *parts
