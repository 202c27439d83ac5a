"""FER2013 is read as it is, or refused in one sentence."""

import tempfile
from dataclasses import replace
from pathlib import Path

import drawn_layouts
import fer2013_files as files
import numpy as np
import pytest
from drawn_files import cut, refused
from fer2013_files import ROWS, assert_reads
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_lib.data.protocols import official, split
from fer_lib.data.sources import fer2013
from fer_lib.data.sources.fer2013 import read_csv
from fer_lib.errors import FerError


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    counts=st.tuples(*[st.integers(0, 3)] * 3).filter(any),
    columns=st.permutations(files.COLUMNS),
    blank=st.sampled_from(["", " "]),
)
def test_csv_round_trip(seed, counts, columns, blank):
    rows = files.make_rows(seed, counts)
    with tempfile.TemporaryDirectory() as folder:
        path = files.write_csv(Path(folder), rows, columns=columns, blank=blank)
        faces = fer2013.load(path, cache=Path(folder, "cache"))
        again = fer2013.load(path, cache=Path(folder, "cache"))
    assert_reads(faces, rows)
    assert again.sha256 == faces.sha256
    assert faces.name == "fer2013" and not faces.rendered


@pytest.mark.parametrize(
    "name", ["fer2013.csv", "icml_face_data.csv", "fer2013/fer2013.csv"]
)
def test_layouts_are_found(tmp_path, load, name):
    (tmp_path / "fer2013").mkdir()
    files.write_csv(tmp_path, ROWS, name)
    assert_reads(load(tmp_path), ROWS)
    assert_reads(load(str(tmp_path / name)), ROWS)


def test_votes_and_marks_are_joined_by_row(tmp_path, load):
    files.write_csv(tmp_path, ROWS)
    files.write_votes(tmp_path, ROWS)
    lossless = np.arange(len(ROWS.usages)) % 4 > 0
    files.write_exact(tmp_path, lossless, ~lossless)
    faces = load(tmp_path)
    # The number in a name is twice the row: a join by it would be seen.
    np.testing.assert_array_equal(faces.votes, ROWS.votes)
    named = [bool(name) for name in ROWS.names]
    assert faces.extra["ferplus_named"].tolist() == named
    assert faces.extra["lossless"].tolist() == lossless.tolist()
    assert faces.extra["label_ambiguous"].tolist() == (~lossless).tolist()
    assert "fer2013new.csv" in faces.provenance
    assert "3 rows not lossless" in faces.provenance
    assert str(tmp_path) not in faces.provenance


@settings(max_examples=150, deadline=None)
@given(
    row=st.integers(0, 10),
    column=st.sampled_from(files.COLUMNS),
    place=st.integers(0, 2303),
    value=st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
def test_any_wrong_field_is_refused(tmp_path_factory, row, column, place, value):
    path = tmp_path_factory.getbasetemp() / "any_wrong_field.csv"
    files.write_csv(path.parent, ROWS, path.name)
    if column == "pixels":
        words = ROWS.fields(row)["pixels"].split(" ")
        words[place] = value
        value = " ".join(words)
        numbers = {str(number) for number in range(256)}
        right = len(value.split()) == 2304 and numbers.issuperset(value.split())
    else:
        allowed = {"emotion": map(str, range(7)), "Usage": files.SPLITS}
        right = value.strip() in allowed[column]
    files.set_field(path, row + 2, column, value)
    if right:
        read_csv(path)
    else:
        with pytest.raises(FerError, match=r"line \d+: .*expected"):
            read_csv(path)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda lines: ["emotion,pixel,Usage", *lines[1:]], "line 1"),
        (lambda lines: [], "nothing"),
        (lambda lines: lines[:1], "no row"),
        (lambda lines: [*lines[:-1], lines[-1][:5000]], "line 12: found 2 fi"),
        (lambda lines: [*lines[:3], lines[3] + ",1"], "line 4: found 4 fi"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, load, damage, named):
    path = files.write_csv(tmp_path, ROWS)
    lines = damage(path.read_text().splitlines())
    path.write_text("\n".join(lines))
    sentence = refused(load, tmp_path)
    assert sentence.startswith(str(path)) and named in sentence


def test_not_text(tmp_path, load):
    path = tmp_path / "fer2013.csv"
    path.write_bytes("emotion,pixels,Usage\n".encode("utf-16"))
    assert "not UTF-8" in refused(load, path)
    path.write_bytes(b'emotion,pixels,Usage\n0,"' + b"1 " * 10**5)
    assert "field larger than" in refused(load, path)


def test_nothing_there(tmp_path, load):
    sentence = refused(load, tmp_path)
    for layout in ("fer2013.csv", "icml_face_data.csv", "train/happy/"):
        assert layout in sentence
    assert "missing" in refused(load, tmp_path / "missing")


@pytest.mark.parametrize(
    ("column", "value"), [("NF", "-1"), ("fear", ""), ("Usage", "x")]
)
def test_wrong_votes_are_named(tmp_path, load, column, value):
    files.write_csv(tmp_path, ROWS)
    path = files.write_votes(tmp_path, ROWS)
    files.set_field(path, 3, column, value)
    sentence = refused(load, tmp_path)
    assert sentence.startswith(f"{path}, line 3: {column} is {value!r}")


@pytest.mark.parametrize(("column", "value"), [("row", "5"), ("lossless", "2")])
def test_wrong_marks_are_named(tmp_path, load, column, value):
    files.write_csv(tmp_path, ROWS)
    path = files.write_exact(tmp_path, [1] * 11, [0] * 11)
    files.set_field(path, 4, column, value)
    assert f"line 4: {column} is '{value}'" in refused(load, tmp_path)


def test_votes_and_marks_of_other_rows_are_refused(tmp_path, load):
    files.write_csv(tmp_path, ROWS)
    marks = files.write_exact(tmp_path, [1] * 10, [0] * 10)
    assert "found 10 rows, expected 11" in refused(load, tmp_path)
    marks.unlink()
    for count in (10, 12):
        files.write_votes(tmp_path, files.make_rows(counts=(5, 3, count - 8)))
        assert f"found {count} rows, expected 11" in refused(load, tmp_path)


def reordered(rows, order):
    """The same rows in another order, votes and names staying where they are."""
    return replace(rows, images=rows.images[order], emotions=rows.emotions[order])


@pytest.mark.parametrize("size", [10, 40])
def test_votes_that_do_not_fit_are_refused(tmp_path, load, size):
    """Sorted within each split, shuffled in each, or shifted by a row, as a whole or
    in a stretch in the middle."""
    rows = files.with_fitting_votes(files.make_rows(counts=(size * 7, size, size)))
    n, splits = len(rows.usages), np.array(rows.usages)
    files.write_votes(tmp_path, rows)
    files.write_csv(tmp_path, rows)
    faces = load(tmp_path)
    assert f"votes and labels agree on 100.0% of {n:,} faces" in str(faces.report)
    rng, inside = np.random.default_rng(0), np.arange(n)
    inside[-120:] = np.roll(inside[-120:], 1)
    orders = {
        "sorted": np.lexsort([rows.emotions, [files.SPLITS.index(s) for s in splits]]),
        "shuffled": np.concatenate(
            [rng.permutation(np.flatnonzero(splits == s)) for s in files.SPLITS]
        ),
        "shifted": np.roll(np.arange(n), 1),
        "shifted inside": inside,
    }
    for name, order in orders.items():
        if name == "shifted inside" and size == 10:
            continue
        files.write_csv(tmp_path, reordered(rows, order))
        sentence = refused(load, tmp_path)
        assert "by chance" in sentence and "fer2013new.csv: in rows" in sentence, name
    # What the sentence says to do: the table in its own order, or no votes.
    files.write_csv(tmp_path, rows)
    assert load(tmp_path).sha256 == faces.sha256
    files.write_csv(tmp_path, reordered(rows, orders["sorted"]))
    (tmp_path / "fer2013new.csv").rename(tmp_path.parent / "votes.csv")
    assert load(tmp_path).votes is None


def test_too_few_rows_tell_nothing(tmp_path, load):
    files.write_csv(tmp_path, ROWS)
    files.write_votes(tmp_path, ROWS)
    assert "too few faces" in str(load(tmp_path).report)


def test_labels_of_ferplus_are_not_those_of_fer2013(tmp_path, load):
    drawn_layouts.ferplus(tmp_path)
    faces = load(tmp_path)
    assert "take a protocol such as ferplus_majority8" in refused(official, faces)
    assert len(split(faces, "ferplus_majority8").train) == 8


@pytest.mark.parametrize("change", ["table", "votes", "exact", "version"])
def test_other_content_is_converted_again(tmp_path, load, change, monkeypatch):
    path = files.write_csv(tmp_path, ROWS)
    load(tmp_path)
    if change == "table":
        files.set_field(path, 2, "emotion", str((ROWS.emotions[0] + 1) % 7))
    elif change == "votes":
        files.write_votes(tmp_path, ROWS)
    elif change == "exact":
        files.write_exact(tmp_path, [1] * 11, [0] * 11)
    else:
        monkeypatch.setattr(fer2013, "_VERSION", 0)
    load(tmp_path)
    assert len(list((tmp_path / "cache").iterdir())) == 2


def images_by_split(faces):
    """Sorted (split, label, pixels): what does not depend on row order."""
    rows = zip(faces.splits, faces.labels, faces.images, strict=True)
    return sorted((s, int(label), x.tobytes()) for s, label, x in rows)


def test_folders_hold_the_same_faces_as_the_table(tmp_path, load):
    files.write_csv(tmp_path, ROWS)
    folders = files.write_folders(tmp_path / "folders", ROWS)
    read = load(folders)
    assert images_by_split(read) == images_by_split(load(tmp_path))
    assert len(read.split("PrivateTest")) == 3


def test_folders_without_splits_are_merged(tmp_path, load):
    faces = load(files.write_folders(tmp_path, ROWS, named=False))
    assert set(faces.splits.tolist()) == {"Training", "Test"}
    assert "merged" in faces.provenance
    with pytest.raises(FerError, match="no split 'PrivateTest'"):
        faces.split("PrivateTest")


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (cut, "cannot be read"),
        (lambda path: Image.new("L", (47, 48)).save(path), "47 x 48"),
        (lambda path: path.rename(path.with_name("Training_1.png")), "'Test'"),
        (lambda path: path.rename(path.with_name("face.png")), "all or none"),
        (lambda path: path.rename(path.parents[1] / path.name), "expected"),
        (lambda path: path.parent.rename(path.parents[1] / "odd"), "'odd'"),
    ],
)
def test_a_wrong_image_is_named(tmp_path, load, damage, named):
    files.write_folders(tmp_path, ROWS)
    damage(next((tmp_path / "test").rglob("*.png")))
    sentence = refused(load, tmp_path)
    assert sentence.startswith(str(tmp_path)) and named in sentence


@pytest.mark.slow
def test_the_real_set(real):
    assert real.images.shape == (35_887, 1, 48, 48)
    assert real.counts().tolist() == [4953, 547, 5121, 8989, 6077, 4002, 6198, 0]
    assert np.unique(real.splits, return_counts=True)[1].tolist() == [3589, 3589, 28709]
