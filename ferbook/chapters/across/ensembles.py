"""Networks of several papers that decide together, as tables."""

from collections.abc import Mapping, Sequence

import numpy as np

from fer_lib.data.faceset import FaceSet
from fer_lib.evaluation.ensembles import MOST_MEMBERS, Choice, decide, selection_report
from ferbook.chapters.across.transfer import Reader, Right
from ferbook.kit.results import record_name
from ferbook.runs.records import Record
from ferbook.show.tables import Sentence, Table

RULE_NAMES = {"sum": "mean probability", "vote": "majority vote"}
Part = tuple[np.ndarray, np.ndarray]  # logits [M, N, C] and labels [N]


def scores(readers: Mapping[str, Reader], faces: FaceSet) -> Part:
    """Scores of all members, and the labels."""
    found = [read(faces.images) for read in readers.values()]
    return np.stack(found), faces.labels


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
    """Members alone, and together in three ways of choosing them.

    Args:
        names: of the members.
        validation: what the members are chosen on.
        test: what is reported.
        kind: of the faces, for the caption.
    """
    if not 2 <= len(names) <= MOST_MEMBERS:
        return Sentence(
            f"{len(names)} networks are at hand here; an ensemble needs 2 to "
            f"{MOST_MEMBERS}."
        )
    rows = [
        (name, "alone", *_alone(member, validation, test))
        for member, name in enumerate(names)
    ]
    for rule, told in RULE_NAMES.items():
        found = selection_report(validation, test, rule)
        ways = {
            "all": found.everyone,
            "chosen on validation": found.chosen,
            "chosen on test (a warning)": found.test_selected,
        }
        rows += [
            (f"{way}\n {_members(choice, names)}", told, *_shares(choice))
            for way, choice in ways.items()
        ]
    header = ("Members", "Rule", "Validation (%)", "Test (%)")
    n = f"n = {len(validation[1]):,} and {len(test[1]):,}"
    return Table(f"Ensembles on {kind}, {n}", header, tuple(rows))


def _alone(member: int, *parts: Part) -> list[str]:
    right = [(logits[member].argmax(1) == labels).mean() for logits, labels in parts]
    return [f"{100 * share:.1f}" for share in right]


def _shares(choice: Choice) -> tuple[str, str]:
    return f"{100 * choice.validation:.1f}", f"{100 * choice.test:.1f}"


def _members(choice: Choice, names: Sequence[str]) -> str:
    if len(choice.members) == len(names):
        return f"{len(names)} networks"
    return ", ".join(names[member] for member in choice.members)


def together_table(names: Sequence[str], parts: Mapping[str, Part]) -> Table:
    """The best member and all members together, on every corpus.

    Args:
        names: of the members.
        parts: of :func:`scores`, by corpus.
    """
    rows = []
    for corpus, (logits, labels) in parts.items():
        alone = (logits.argmax(-1) == labels).mean(-1)
        both = [(decide(logits, rule) == labels).mean() for rule in RULE_NAMES]
        first = f"{100 * alone.max():.1f}\n {names[int(alone.argmax())]}"
        told = [f"{100 * share:.1f}" for share in both]
        rows.append((f"{corpus}\n n = {len(labels):,}", first, *told))
    header = ("Tested on", "Best member there (%)")
    header += tuple(f"All, {name} (%)" for name in RULE_NAMES.values())
    return Table("Together, at home and away", header, tuple(rows))


def recorded_parts(
    records: Sequence[Record],
) -> tuple[list[str], Part, Part] | None:
    """Names, validation and test scores of recorded runs on the same faces.

    Taken from the last epoch, which alone is kept for both splits.  Of runs
    on several data the largest group counts, of many the first twelve; None
    where fewer than two fit together.
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
