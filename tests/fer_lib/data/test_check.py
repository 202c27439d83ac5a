"""The check names what is off, and tells what is known."""

import fer2013_files as files
import pytest
from drawn_files import cut, draw, refused
from fer2013_files import ROWS

from fer_lib.data.audit.check import check_dataset
from fer_lib.data.sources.jaffe import SUBJECTS
from fer_lib.data.sources.published import PUBLISHED
from fer_lib.expressions import EXPRESSIONS


def check_fer2013(root, cache=None):
    return check_dataset("fer2013", root, cache=cache)


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
    for told in ("fer2013.csv: sha256", "PrivateTest", "0 images are constant"):
        assert told in text


def test_a_wrong_row_is_the_problem(published):
    files.set_field(published / "fer2013.csv", 3, "Usage", "Test")
    (problem,) = check_fer2013(published).problems
    assert "line 3: " in problem and "expected" in problem


def test_other_counts_are_a_problem(published):
    """A cut at the end of a line leaves a file whose rows are all right."""
    table = published / "fer2013.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join(lines[:-1]) + "\n")
    (published / "fer2013new.csv").unlink()
    (problem,) = check_fer2013(published).problems
    name = EXPRESSIONS[ROWS.emotions[-1]]
    assert problem.startswith(f"PrivateTest, {name}: found ")


def test_other_votes_are_a_problem(published):
    path = published / "fer2013new.csv"
    files.set_field(path, 3, "Image name", "")
    problems = check_fer2013(published).problems
    assert any("rows with an image name" in problem for problem in problems)


def test_merged_folders_are_compared_with_both_splits(published, tmp_path):
    folders = files.write_folders(tmp_path / "folders", ROWS, named=False)
    report = check_fer2013(folders)
    assert not report.problems
    assert "merged" in str(report) and "\n  Test " in str(report)
    next((folders / "test").rglob("*.png")).unlink()
    (problem,) = check_fer2013(folders).problems
    assert problem.startswith("Test, ") and "(merged)" in problem


@pytest.mark.slow
def test_the_real_set_passes(real_root, real_cache):
    report = check_fer2013(real_root, real_cache)
    assert not report.problems
    text = str(report)
    assert "fer2013new.csv: sha256 9206e20d" in text
    assert text.count("(as published)") >= 1


def write_jaffe(root):
    """As many images as published, by woman and shot."""
    codes = dict(zip(("AN", "DI", "FE", "HA", "SA", "SU", "NE"), range(7), strict=True))
    for code, label in codes.items():
        for k in range(PUBLISHED["jaffe"].counts["all images"]["All"][label]):
            name = f"{SUBJECTS[k % 10]}.{code}{1 + k // 10}.{40 * label + k}.tiff"
            draw(root / name, k, 8, 8)
    return root


def test_a_whole_copy_passes_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    report = check_dataset("jaffe", write_jaffe(tmp_path / "jaffe"))
    assert not report.problems and "213" in str(report)
    assert not (tmp_path / "cache").exists()


@pytest.mark.filterwarnings("ignore::UserWarning")  # pillow's, of damage
def test_what_is_off_is_listed(tmp_path):
    root = write_jaffe(tmp_path / "jaffe")
    (root / "KA.AN1.0.tiff").unlink()
    report = check_dataset("jaffe", root)
    assert len(report.problems) == 1 and "All, angry: found 29" in report.problems[0]
    damaged = [cut(path) for path in sorted(root.iterdir())[::50]]
    report = check_dataset("jaffe", root)
    assert len(report.problems) == len(damaged) == 5
    for path in damaged:
        assert sum(str(path) in problem for problem in report.problems) == 1


def test_what_cannot_be_checked_is_told(tmp_path):
    assert "expected one of fer2013" in refused(check_dataset, "rendered", tmp_path)
    assert "no JAFFE found" in check_dataset("jaffe", tmp_path).problems[0]
