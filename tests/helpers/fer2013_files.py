"""Small files in the layouts of FER2013 and FER+, and faults in them."""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from fer_lib.data.audit import check
from fer_lib.data.sources.ferplus import majority_labels
from fer_lib.data.sources.published import PUBLISHED
from fer_lib.expressions import EXPRESSIONS, FERPLUS_COLUMNS

# The vote column of each of the seven labels, written down independently.
BOOK_TO_FERPLUS = (4, 5, 6, 1, 3, 2, 0)
SPLITS = ("Training", "PublicTest", "PrivateTest")
COLUMNS = ("emotion", "pixels", "Usage")


@dataclass(frozen=True)
class Rows:
    """Rows as FER2013 and FER+ have them; images are noise, not faces."""

    images: np.ndarray
    emotions: np.ndarray
    usages: list[str]
    votes: np.ndarray
    names: list[str]

    def fields(self, row: int) -> dict[str, str]:
        return {
            "emotion": str(self.emotions[row]),
            "pixels": " ".join(map(str, self.images[row].ravel())),
            "Usage": self.usages[row],
        }

    def vote_fields(self, row: int) -> dict[str, str]:
        counts = map(str, self.votes[row])
        return {
            "Usage": self.usages[row],
            "Image name": self.names[row],
            **dict(zip(FERPLUS_COLUMNS, counts, strict=True)),
        }


def make_rows(seed: int = 0, counts=(5, 3, 3)) -> Rows:
    """Noise images with labels and votes; every third row has no name."""
    draw = np.random.default_rng(seed)
    n = sum(counts)
    return Rows(
        images=draw.integers(0, 256, (n, 48, 48), dtype=np.uint8),
        emotions=draw.integers(0, 7, n),
        usages=[s for s, k in zip(SPLITS, counts, strict=True) for _ in range(k)],
        votes=draw.multinomial(10, [0.1] * 10, n),
        names=[f"fer{2 * i:07}.png" if i % 3 else "" for i in range(n)],
    )


def with_fitting_votes(rows: Rows) -> Rows:
    """The same faces with votes of which most are for the label, as in FER+."""
    columns = [BOOK_TO_FERPLUS[label] for label in rows.emotions]
    votes = np.full((len(columns), 10), 0)
    votes[np.arange(len(columns)), columns] = 8
    votes[:, 8] = 2
    return replace(rows, votes=votes, names=[name or "fer.png" for name in rows.names])


def write_table(path: Path, header, rows) -> Path:
    with path.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def write_csv(
    folder: Path, rows: Rows, name="fer2013.csv", columns=COLUMNS, blank=""
) -> Path:
    """``fer2013.csv``; another order and blanks make Kaggle's variant."""
    header = [columns[0], *(blank + column for column in columns[1:])]
    fields = [rows.fields(row) for row in range(len(rows.usages))]
    lines = [[blank + row[column] for column in columns] for row in fields]
    return write_table(folder / name, header, lines)


def write_votes(folder: Path, rows: Rows) -> Path:
    lines = [rows.vote_fields(row) for row in range(len(rows.usages))]
    lines = [list(line.values()) for line in lines]
    header = ["Usage", "Image name", *FERPLUS_COLUMNS]
    return write_table(folder / "fer2013new.csv", header, lines)


def write_exact(folder: Path, lossless, ambiguous) -> Path:
    marks = zip(lossless, ambiguous, strict=True)
    lines = [[i, int(a), int(b)] for i, (a, b) in enumerate(marks)]
    header = ["row", "lossless", "label_ambiguous"]
    return write_table(folder / "exact.csv", header, lines)


def write_folders(folder: Path, rows: Rows, named: bool = True) -> Path:
    """``train/<class>/*.png`` and ``test/<class>/*.png``."""
    for i, usage in enumerate(rows.usages):
        part = "train" if usage == "Training" else "test"
        place = folder / part / EXPRESSIONS[rows.emotions[i]]
        place.mkdir(parents=True, exist_ok=True)
        name = f"{usage}_{i}.png" if named else f"im{i}.png"
        Image.fromarray(rows.images[i]).save(place / name)
    return folder


def set_field(path: Path, line: int, column: str, value: str) -> None:
    """Plant a fault: another value in one field, counting lines from 1."""
    with path.open(newline="", encoding="utf-8") as text:
        table = list(csv.reader(text))
    names = [name.strip() for name in table[0]]
    table[line - 1][names.index(column)] = value
    write_table(path, table[0], table[1:])


ROWS = make_rows()


def assert_reads(faces, rows):
    assert faces.images.dtype == np.uint8
    np.testing.assert_array_equal(faces.images[:, 0], rows.images)
    np.testing.assert_array_equal(faces.labels, rows.emotions)
    assert faces.splits.tolist() == rows.usages


def pass_for_official(monkeypatch, rows: Rows = ROWS) -> None:
    """Let the counts of a small set be the published ones in a test."""
    usages, named = np.array(rows.usages), np.array(rows.names) != ""
    counts = {
        split: tuple(np.bincount(rows.emotions[usages == split], minlength=8).tolist())
        for split in SPLITS
    }
    tests = (
        sum(both) for both in zip(counts[SPLITS[1]], counts[SPLITS[2]], strict=True)
    )
    merged = {"Training": counts["Training"], "Test": tuple(tests)}
    known = replace(PUBLISHED["fer2013"], counts={"official": counts, "merged": merged})
    monkeypatch.setitem(PUBLISHED, "fer2013", known)
    kept = (
        named,
        named & majority_labels(rows.votes, 8)[1],
        named & majority_labels(rows.votes, 7)[1],
    )
    rules = {
        rule: tuple(int(mask[usages == split].sum()) for split in SPLITS)
        for rule, mask in zip(check.OFFICIAL_FERPLUS, kept, strict=True)
    }
    monkeypatch.setattr(check, "OFFICIAL_FERPLUS", rules)
