"""FER2013 arrives checked, or a sentence says what to do by hand."""

import hashlib
import sys
import types
import zipfile

import fer2013_files as files
import pytest
from fer2013_files import ROWS

from fer_lib.data.sources import download, fer2013
from fer_lib.data.sources.download import Sources, get_fer2013
from fer_lib.errors import FerError


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder that stands for the network, with FER2013 and votes in it."""
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    files.pass_for_official(monkeypatch)
    folder = tmp_path / "elsewhere"
    (folder / "first").mkdir(parents=True)
    (folder / "second").mkdir()
    files.write_csv(folder / "first", ROWS)
    files.write_votes(folder, ROWS)
    return folder


@pytest.fixture
def sources(elsewhere):
    votes = elsewhere / "fer2013new.csv"
    sha256 = hashlib.sha256(votes.read_bytes()).hexdigest()
    return Sources(("first", "second"), votes.as_uri(), sha256)


@pytest.fixture
def kaggle(elsewhere, monkeypatch):
    """A kagglehub whose data sets are folders; those not there fail."""
    asked = []

    def dataset_download(handle):
        asked.append(handle)
        if not (elsewhere / handle).is_dir():
            raise ConnectionError(f"no {handle}\nmore")
        return str(elsewhere / handle)

    module = types.SimpleNamespace(dataset_download=dataset_download)
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    return asked


@pytest.fixture
def no_kaggle(monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)


def refusal(root, sources) -> str:
    with pytest.raises(FerError) as caught:
        get_fer2013(root, progress=False, sources=sources)
    assert "\n" not in str(caught.value)
    assert not (root / "fer2013.csv").exists()
    return str(caught.value)


def test_from_kaggle(tmp_path, sources, kaggle):
    root = tmp_path / "new" / "data"
    report = get_fer2013(root, progress=False, sources=sources)
    assert not report.problems
    assert kaggle == ["first"]
    assert {p.name for p in root.iterdir()} == {
        "fer2013.csv",
        "fer2013new.csv",
    }
    faces = fer2013.load(root)
    files.assert_reads(faces, ROWS)
    assert (faces.votes == ROWS.votes).all()


def test_what_is_there_is_not_fetched_again(tmp_path, sources, kaggle):
    get_fer2013(tmp_path, progress=False, sources=sources)
    offline = Sources((), "http://127.0.0.1:9/votes", "")
    report = get_fer2013(tmp_path, progress=False, sources=offline)
    assert not report.problems and kaggle == ["first"]


@pytest.mark.parametrize("fault", ["missing", "empty", "other", "broken"])
def test_the_next_source_is_tried(tmp_path, elsewhere, sources, kaggle, fault):
    table = elsewhere / "first" / "fer2013.csv"
    table.rename(elsewhere / "second" / "fer2013.csv")
    if fault == "missing":
        table.parent.rmdir()
    elif fault == "other":
        files.write_csv(table.parent, files.make_rows(counts=(9, 1, 1)))
    elif fault == "broken":
        table.write_text("emotion,pixels,Usage\n9,1,Training\n")
    report = get_fer2013(tmp_path / "data", progress=False, sources=sources)
    assert not report.problems and kaggle == ["first", "second"]


def test_no_network(tmp_path, elsewhere, sources, kaggle):
    for name in ("first", "second"):
        (elsewhere / name).rename(elsewhere / f"not {name}")
    sentence = refusal(tmp_path / "data", sources)
    assert "first: no first; second: no second" in sentence
    assert "kaggle.com/datasets/first" in sentence
    assert str(tmp_path / "data") in sentence


def test_no_kagglehub(tmp_path, sources, no_kaggle):
    sentence = refusal(tmp_path / "data", sources)
    assert "pip install 'fer-book[kaggle]'" in sentence
    assert "put the .zip into" in sentence


def test_unlike_the_published_set(tmp_path, elsewhere, sources, kaggle):
    """Right rows, but not FER2013: it never arrives."""
    other = files.make_rows(counts=(9, 1, 1))
    for name in ("first", "second"):
        files.write_csv(elsewhere / name, other)
    assert "Training has 9 faces, expected 5" in refusal(tmp_path / "data", sources)


@pytest.mark.parametrize("name", ["fer2013.csv", "../fer2013/fer2013.csv"])
def test_an_archive_from_a_browser(tmp_path, elsewhere, sources, no_kaggle, name):
    root = tmp_path / "data"
    root.mkdir()
    with zipfile.ZipFile(root / "archive.zip", "w") as archive:
        archive.write(elsewhere / "first" / "fer2013.csv", name)
    report = get_fer2013(root, progress=False, sources=sources)
    assert not report.problems
    assert not (tmp_path / "fer2013").exists()
    files.assert_reads(fer2013.load(root), ROWS)


def test_an_archive_of_something_else(tmp_path, sources, no_kaggle):
    root = tmp_path / "data"
    root.mkdir()
    table = files.write_csv(tmp_path, files.make_rows(counts=(9, 1, 1)))
    with zipfile.ZipFile(root / "archive.zip", "w") as archive:
        archive.write(table, "fer2013.csv")
    sentence = refusal(root, sources)
    assert "archive.zip: is not used, because Training has 9" in sentence


def test_other_votes_are_not_used(tmp_path, elsewhere, sources, kaggle):
    (elsewhere / "fer2013new.csv").write_text("sign in")
    with pytest.raises(FerError) as caught:
        get_fer2013(tmp_path, progress=False, sources=sources)
    sentence = str(caught.value)
    assert "sha256" in sentence and "by hand" in sentence
    assert str(tmp_path / "fer2013new.csv") in sentence
    assert not (tmp_path / "fer2013new.csv").exists()
    # The faces stay: the next call has only the votes left to get.
    files.assert_reads(fer2013.load(tmp_path), ROWS)


def test_a_root_that_is_a_file(tmp_path, sources, kaggle):
    (tmp_path / "data").write_text("")
    with pytest.raises(FerError, match="cannot be written"):
        get_fer2013(tmp_path / "data", progress=False, sources=sources)


@pytest.mark.slow
def test_the_recorded_hash_of_the_votes(real_root):
    content = (real_root / "fer2013new.csv").read_bytes()
    found = hashlib.sha256(content).hexdigest()
    assert found == download.PUBLISHED.votes_sha256
