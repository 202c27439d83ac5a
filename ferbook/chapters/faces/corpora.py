"""What the data chapter tells of corpora, labels, protocols and the audit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from fer_lib.data.audit import Audit
from fer_lib.data.faceset import FaceSet
from fer_lib.data.protocols import split
from fer_lib.data.sources.published import PUBLISHED
from fer_lib.errors import FerError
from fer_lib.evaluation.intervals import wilson_interval
from ferbook.kit.corpora import LIKE, corpus
from ferbook.ledger.arithmetic.deep_emotion import PRIVATE_TEST
from ferbook.runs.paths import repository_root, runs_folder
from ferbook.runs.records import load_records
from ferbook.show.figures import percent
from ferbook.show.phrases import network_name

# What a protocol does with a row.
UNUSED, TRAIN, SELECT, TEST = range(4)


def rendered_corpora(preset: str, seed: int = 0) -> dict[str, FaceSet]:
    """The four rendered corpora of the chapter, by the names of ``LIKE``.

    Args:
        preset: a name of ``PRESETS``.
        seed: of the populations.
    """
    return {name: corpus(name, preset, seed) for name in LIKE}


def corpus_rows(corpora: Mapping[str, FaceSet]) -> list[dict]:
    """Size and structure of each corpus."""
    rows = []
    for name, faces in corpora.items():
        recorded = faces.sequences is not None
        rows.append(
            {
                "corpus": name,
                "structure of": LIKE[name],
                "faces": f"{len(faces):,}",
                "people": len(np.unique(faces.subjects)),
                "recordings": len(np.unique(faces.sequences)) if recorded else "-",
                "splits of its own": ", ".join(dict.fromkeys(faces.splits.tolist())),
                "votes": "yes" if faces.votes is not None else "no",
                "pixels": faces.images.shape[-1],
            }
        )
    return rows


def membership(faces: FaceSet, protocol: str) -> np.ndarray:
    """What a protocol does with each face.

    Returns:
        ``int8 [N]``: ``UNUSED``, ``TRAIN``, ``SELECT`` or ``TEST``.
    """
    numbered = replace(faces, extra={**faces.extra, "row": np.arange(len(faces))})
    parts = split(numbered, protocol)
    found = np.full(len(faces), UNUSED, np.int8)
    for use, part in ((TRAIN, parts.train), (SELECT, parts.select), (TEST, parts.test)):
        found[part.extra["row"]] = use
    return found


def protocol_rows(corpora: Mapping[str, FaceSet], protocols: Mapping) -> list[dict]:
    """Sizes, classes and hash of protocols on the corpora.

    Args:
        corpora: by name.
        protocols: names of protocols by the corpus they are run on.
    """
    return [
        {
            "protocol": name,
            "corpus": corpus,
            "train": len(parts.train),
            "select": len(parts.select),
            "test": len(parts.test),
            "classes": len(parts.classes),
            "labels": parts.label_rule,
            "sha256": parts.sha256[:8],
        }
        for corpus, names in protocols.items()
        for name in names
        for parts in [split(corpora[corpus], name)]
    ]


def published_counts() -> dict[str, Sequence[int]]:
    """Faces per class ``[8]`` of real test sets, by their names."""
    own, votes = PRIVATE_TEST.values()
    published = {name: PUBLISHED[name].counts for name in ("rafdb", "affectnet")}
    return {
        "FER2013 PrivateTest": (*own, 0),
        "the same, FER+ votes": (*votes, 0),
        "RAF-DB test": published["rafdb"]["aligned faces"]["test"],
        "AffectNet val": published["affectnet"]["tables"]["val"],
    }


def recorded_audit() -> Audit:
    """The audit of the real FER2013 with FER+'s votes, as committed."""
    return Audit.open(repository_root() / "book" / "audits" / "fer2013.json")


def copy_rows(audit: Audit) -> list[dict]:
    """For each split, faces whose picture also stands in each split."""
    rows = []
    for part, counts in audit.classes.items():
        n = sum(counts.values())
        kinds = {"equal in": audit.exact[part], "nearly equal in": audit.near[part]}
        shares = {
            f"{kind} {other}": f"{found:,} ({found / n:.1%})"
            for kind, others in kinds.items()
            for other, found in others.items()
        }
        rows.append({"split": part, "faces": f"{n:,}"} | shares)
    return rows


def ceiling_rows(audit: Audit) -> list[dict]:
    """How far raters agree, for each split."""
    if audit.ceiling is None:
        raise FerError(f"{audit.name}: has no votes; use a set with FER+'s.")
    return [
        {
            "split": part,
            "faces": f"{sum(audit.classes[part].values()):,}",
            "one rater with the others (%)": f"{100 * found['one_rater']:.1f}",
            "share of the leading vote (%)": f"{100 * found['plurality']:.1f}",
            "the set's label with it (%)": f"{100 * found['own_label']:.1f}",
            "no face to most raters": audit.no_face_votes[part],
        }
        for part, found in audit.ceiling.items()
    ]


def without_leaks(audit: Audit) -> list[dict]:
    """Recorded runs on the real PrivateTest, with and without leaked faces.

    Raises:
        FerError: when a run's test faces are not those of the audit.
    """
    counts = [[*counts.values()] for counts in audit.classes.values()]
    first = sum(map(sum, counts[:-1]))  # PrivateTest's rows come last
    rows = []
    for record in load_records(runs_folder()):
        named = (record.dataset, record.protocol, bool(record.superseded))
        if named != ("fer2013", "official", False):
            continue
        labels = record.predictions["PrivateTest/labels"]
        if np.bincount(labels, minlength=len(counts[-1])).tolist() != counts[-1]:
            raise FerError(
                f"{record.path}: its test faces are not those of the audit of "
                f"{audit.name}; make the audit again from the same files."
            )
        right, leaked = record.correct(), np.zeros(len(labels), bool)
        leaked[np.array(audit.leaked["PrivateTest"]) - first] = True
        rows.append(
            {
                "run": f"{network_name(record.paper)}, {record.variant}, "
                f"seed {record.seed}",
                "all test faces": percent(share(right)),
                "those in Training, too": percent(share(right[leaked])),
                "the others": percent(share(right[~leaked])),
            }
        )
    return rows


def share(right: np.ndarray) -> dict:
    """The accuracy of answers ``bool [n]`` with n and interval, for
    :func:`~ferbook.show.figures.percent`."""
    hits, n = int(right.sum()), len(right)
    limits = list(wilson_interval(hits, n))
    return {"n": n, "accuracy": hits / n, "accuracy_ci95": limits}
