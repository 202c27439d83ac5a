"""FER2013 arrives checked, or a sentence says what to do by hand."""

import hashlib
import io
import sys
import tarfile
import threading
import types
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fer2013_files as files
import pytest
from drawn_files import refused
from fer2013_files import ROWS
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_lib.data.sources import download, fer2013
from fer_lib.data.sources.download import get_fer2013, unpack
from fer_lib.errors import FerError


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder that a server serves, with FER2013 and votes in it."""
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    files.pass_for_official(monkeypatch)
    folder = tmp_path / "elsewhere"
    (folder / "first").mkdir(parents=True)
    (folder / "second").mkdir()
    files.write_csv(folder / "first", ROWS)
    votes = files.write_votes(folder, ROWS)
    sha256 = hashlib.sha256(votes.read_bytes()).hexdigest()
    monkeypatch.setattr(download, "KAGGLE", ("first", "second"))
    monkeypatch.setattr(download, "VOTES_SHA256", sha256)
    handler = partial(Quiet, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_port}/fer2013new.csv"
        monkeypatch.setattr(download, "VOTES_URL", address)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder
        server.shutdown()


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


def refusal(root) -> str:
    sentence = refused(get_fer2013, root)
    assert not (root / "fer2013.csv").exists()
    return sentence


def test_from_kaggle(tmp_path, kaggle, monkeypatch):
    root = tmp_path / "new" / "data"
    get_fer2013(root)
    assert kaggle == ["first"]
    assert {p.name for p in root.iterdir()} == {"fer2013.csv", "fer2013new.csv"}
    faces = fer2013.load(root)
    files.assert_reads(faces, ROWS)
    assert (faces.votes == ROWS.votes).all()
    # What is there is not fetched again.
    monkeypatch.setattr(download, "VOTES_URL", "http://127.0.0.1:9/votes")
    get_fer2013(root)
    assert kaggle == ["first"]


@pytest.mark.parametrize("fault", ["missing", "empty", "other", "broken"])
def test_the_next_source_is_tried(tmp_path, elsewhere, kaggle, fault):
    table = elsewhere / "first" / "fer2013.csv"
    table.rename(elsewhere / "second" / "fer2013.csv")
    if fault == "missing":
        table.parent.rmdir()
    elif fault == "other":
        files.write_csv(table.parent, files.make_rows(counts=(9, 1, 1)))
    elif fault == "broken":
        table.write_text("emotion,pixels,Usage\n9,1,Training\n")
    get_fer2013(tmp_path / "data")
    assert kaggle == ["first", "second"]


def test_no_network(tmp_path, elsewhere, kaggle):
    for name in ("first", "second"):
        (elsewhere / name).rename(elsewhere / f"not {name}")
    sentence = refusal(tmp_path / "data")
    assert "first: no first; second: no second" in sentence
    assert "kaggle.com/datasets/first" in sentence
    (tmp_path / "file").touch()
    assert "cannot be written" in refused(get_fer2013, tmp_path / "file")


def test_an_archive_from_a_browser(tmp_path, elsewhere, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    root = tmp_path / "data"
    sentence = refusal(root)
    assert 'pip install "kagglehub>=' in sentence
    assert "put the .zip into" in sentence
    with zipfile.ZipFile(root / "archive.zip", "w") as archive:
        other = files.write_csv(tmp_path, files.make_rows(counts=(9, 1, 1)))
        archive.write(other, "fer2013.csv")
    assert "archive.zip: is not used, because Training, " in refusal(root)
    with zipfile.ZipFile(root / "archive.zip", "w") as archive:
        archive.write(elsewhere / "first" / "fer2013.csv", "data/fer2013.csv")
    get_fer2013(root)
    files.assert_reads(fer2013.load(root), ROWS)


@pytest.mark.parametrize("fault", ["content", "address"])
def test_other_votes_are_not_used(tmp_path, elsewhere, kaggle, fault):
    votes = elsewhere / "fer2013new.csv"
    votes.write_text("sign in") if fault == "content" else votes.unlink()
    root = tmp_path / "data"
    sentence = refused(get_fer2013, root)
    assert f"by hand and put it at {root / 'fer2013new.csv'}" in sentence
    assert not (root / "fer2013new.csv").exists()
    # The faces stay: the next call has only the votes left to get.
    files.assert_reads(fer2013.load(root), ROWS)


def packed(folder, kind, members: dict[str, bytes]):
    """An archive in a folder of its own."""
    path = folder / "inner" / "archive.bin"
    path.parent.mkdir(exist_ok=True)
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, mode="w:gz") as archive:
        for name, content in members.items():
            item = tarfile.TarInfo(name)
            item.size = len(content)
            archive.addfile(item, io.BytesIO(content))
    return path


NAMES = ["fer2013.csv", "icml.csv"]
KINDS = pytest.mark.parametrize("kind", ["zip", "tar"])


@KINDS
@pytest.mark.parametrize(
    "name",
    ["fer2013.csv", "a/fer2013.csv", "/fer2013.csv", "../fer2013.csv", "icml.csv"],
)
def test_paths_in_an_archive_choose_no_place(tmp_path, kind, name):
    archive = packed(tmp_path, kind, {"README": b"other", name: b"rows"})
    table = archive.with_name("table.csv")
    if kind == "tar" and ".." in name:
        assert "damaged or no archive" in refused(unpack, archive, NAMES, table)
    else:
        unpack(archive, NAMES, table)
        assert table.read_bytes() == b"rows"
        table.unlink()
    assert {path.name for path in tmp_path.rglob("*")} == {"inner", "archive.bin"}


@KINDS
@pytest.mark.parametrize("members", [{}, {"train/happy/1.png": b""}])
def test_an_archive_without_the_table(tmp_path, kind, members):
    archive = packed(tmp_path, kind, members)
    sentence = refused(unpack, archive, NAMES, tmp_path / "table.csv")
    assert "holds no fer2013.csv or icml.csv" in sentence


@settings(max_examples=40)
@given(
    kind=st.sampled_from(["zip", "tar"]),
    place=st.floats(0, 1),
    change=st.binary(max_size=3),
    cut=st.booleans(),
)
def test_a_damaged_archive(tmp_path_factory, kind, place, change, cut):
    folder = tmp_path_factory.getbasetemp()
    path = packed(folder, kind, {"fer2013.csv": bytes(range(256)) * 9})
    content = path.read_bytes()
    start = int(place * len(content))
    rest = b"" if cut else content[start + 2 :]
    path.write_bytes(content[:start] + change + rest)
    try:
        unpack(path, NAMES, folder / "damaged.csv")
    except FerError as error:
        assert str(path) in str(error) and "\n" not in str(error)
