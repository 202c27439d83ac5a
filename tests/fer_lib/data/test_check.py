"""The check names what is off, and tells what is known."""

import fer2013_files as files
import numpy as np
import pytest
from fer2013_files import ROWS

from fer_lib.data.audit import check
from fer_lib.data.audit.check import check_fer2013
from fer_lib.data.sources import fer2013
from fer_lib.data.sources.ferplus import majority_labels


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A folder with the small set, whose counts pass for the official ones."""
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    files.pass_for_official(monkeypatch)
    root = tmp_path / "data"
    root.mkdir()
    files.write_csv(root, ROWS)
    files.write_votes(root, ROWS)
    return root


def test_nothing_is_off(published):
    report = check_fer2013(published)
    assert not report.problems
    text = str(report)
    assert text.endswith("Nothing is off.")
    for name in (
        "fer2013.csv: sha256",
        "PrivateTest",
        "0 images are constant",
    ):
        assert name in text


def test_the_table_holds_the_counts(published):
    lines = str(check_fer2013(published)).splitlines()
    for split in files.SPLITS:
        (line,) = [x for x in lines if x.startswith(f"{split} ")]
        labels = [
            emotion
            for emotion, usage in zip(ROWS.emotions, ROWS.usages, strict=True)
            if usage == split
        ]
        counts = np.bincount(labels, minlength=7).tolist()
        assert line.split()[1:] == [str(k) for k in [*counts, len(labels)]]


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [(3, "emotion", "9"), (3, "pixels", "7 8"), (3, "Usage", "Test")],
)
def test_a_wrong_row_is_the_problem(published, line, column, value):
    files.set_field(published / "fer2013.csv", line, column, value)
    (problem,) = check_fer2013(published).problems
    assert f"line {line}: " in problem and "expected" in problem


def test_missing_data_is_the_problem(tmp_path):
    (problem,) = check_fer2013(tmp_path / "nowhere").problems
    assert "nowhere: no FER2013 found" in problem


def test_other_counts_are_a_problem(published):
    """A cut at the end of a line leaves a file whose rows are all right."""
    table = published / "fer2013.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join(lines[:-1]) + "\n")
    (published / "fer2013new.csv").unlink()
    (problem,) = check_fer2013(published).problems
    assert "PrivateTest has 2 faces, expected 3" in problem


def test_another_label_is_a_problem(published):
    old = ROWS.emotions[0]
    new = (old + 1) % 7
    files.set_field(published / "fer2013.csv", 2, "emotion", str(new))
    report = check_fer2013(published)
    (problem,) = report.problems
    assert problem.startswith("Training has 5 faces, expected 5 (")
    assert check.CLASSES[old] in problem and check.CLASSES[new] in problem
    assert "PROBLEM: Training" in str(report) and "official" in str(report)


def test_other_votes_are_a_problem(published):
    path = published / "fer2013new.csv"
    files.set_field(path, 3, "Image name", "")
    problems = check_fer2013(published).problems
    assert any("rows with an image name" in problem for problem in problems)


def test_merged_folders_are_compared_with_both_splits(published, tmp_path):
    folders = files.write_folders(tmp_path / "folders", ROWS, named=False)
    report = check_fer2013(folders)
    assert not report.problems
    assert "merged" in str(report) and "\nTest " in str(report)
    next((folders / "test").rglob("*.png")).unlink()
    (problem,) = check_fer2013(folders).problems
    assert problem.startswith("Test has 5 faces, expected 6")


def test_copies_are_known_properties(published):
    rows = files.make_rows()
    images = rows.images
    images[1] = images[0]  # twice in Training, with two labels
    images[5] = images[2]  # PublicTest from Training
    images[8] = images[9] = images[5]  # PrivateTest: twice, from Training
    images[10] = 17  # constant
    rows.emotions[[0, 1]] = [0, 3]
    rows.emotions[[2, 5, 8, 9]] = 4
    files.write_csv(published, rows)
    text = str(check_fer2013(published))
    assert "Training: 1 images repeat another one" in text
    assert "PublicTest: 0 images repeat another one of the split, 1 are" in text
    assert "PrivateTest: 1 images repeat another one of the split, 2 are" in text
    assert "1 images occur with several labels (2 rows)" in text
    assert "1 images are constant" in text


@pytest.mark.slow
def test_the_real_set_passes(real_root, real_cache):
    report = check_fer2013(real_root, real_cache)
    assert not report.problems
    text = str(report)
    for split, known in (("PublicTest", 280), ("PrivateTest", 288)):
        assert f"{known} are in Training as well (known: {known})" in text
        assert split in text
    assert "fer2013new.csv: sha256 9206e20d" in text
    assert text.count("(as published)") >= 1


def test_official_counts_add_up():
    counts = np.array([check.OFFICIAL[split] for split in files.SPLITS])
    total = [4953, 547, 5121, 8989, 6077, 4002, 6198]
    assert counts.sum(0).tolist() == total
    assert counts.sum(1).tolist() == [28_709, 3_589, 3_589]
    assert counts.sum() == fer2013.ROWS


def test_small_votes_keep_some_rows():
    """Else the tests above would compare nothing with nothing."""
    kept = majority_labels(ROWS.votes, 8)[1]
    assert 0 < kept.sum() < len(kept)
