"""Downloads go on where they stopped; archives write one file, here."""

import hashlib
import io
import socket
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_lib.data.sources.transfer import fetch, unpack
from fer_lib.errors import FerError

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT; the server's attributes choose its faults."""

    def do_GET(self):
        server = self.server
        asked = self.headers["Range"]
        server.asked.append(asked)
        if self.path != "/file":
            self.send_error(404)
            return
        start = int(asked[6:-1]) if asked and server.ranges else 0
        if asked and server.ranges and start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if asked and server.ranges else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start:][: server.stop_after])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.asked, running.ranges, running.stop_after = [], True, None
        threading.Thread(target=running.serve_forever, daemon=True).start()
        running.url = f"http://127.0.0.1:{running.server_port}"
        yield running
        running.shutdown()


def get(server, target, sha256=SHA256, path="/file"):
    fetch(server.url + path, target, sha256, progress=False)


def test_a_whole_transfer(server, tmp_path):
    target = tmp_path / "votes.csv"
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [target]
    assert server.asked == [None]


def test_an_interrupted_transfer_goes_on(server, tmp_path):
    target, part = tmp_path / "votes.csv", tmp_path / "votes.csv.part"
    server.stop_after = 200_000
    with pytest.raises(FerError, match="no transfer"):
        get(server, target)
    assert not target.exists()
    received = part.read_bytes()
    assert received == CONTENT[:200_000]
    server.stop_after = None
    get(server, target)
    assert server.asked == [None, "bytes=200000-"]
    assert target.read_bytes() == CONTENT and not part.exists()


def test_a_server_without_ranges_starts_again(server, tmp_path):
    target, part = tmp_path / "votes.csv", tmp_path / "votes.csv.part"
    part.write_bytes(CONTENT[:1000])
    server.ranges = False
    get(server, target)
    assert target.read_bytes() == CONTENT


def test_a_complete_part_is_used(server, tmp_path):
    target, part = tmp_path / "votes.csv", tmp_path / "votes.csv.part"
    part.write_bytes(CONTENT)
    get(server, target)
    assert target.read_bytes() == CONTENT and not part.exists()


@pytest.mark.parametrize("part", [b"", b"other bytes", bytes(600_000)])
def test_wrong_content_is_never_kept(server, tmp_path, part):
    target = tmp_path / "votes.csv"
    target.with_name("votes.csv.part").write_bytes(part)
    with pytest.raises(FerError, match="expected 000000000000"):
        get(server, target, sha256="0" * 64)
    assert not list(tmp_path.iterdir())
    get(server, target)
    assert target.read_bytes() == CONTENT


def test_a_foreign_part_does_not_stay(server, tmp_path):
    """Bytes of another file cost one more try, and not the result."""
    target = tmp_path / "votes.csv"
    target.with_name("votes.csv.part").write_bytes(b"sign in")
    with pytest.raises(FerError, match="run it again"):
        get(server, target)
    get(server, target)
    assert target.read_bytes() == CONTENT


def test_not_found(server, tmp_path):
    with pytest.raises(FerError, match=r"/gone: no transfer .*404"):
        get(server, tmp_path / "votes.csv", path="/gone")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("address", ["no-such-host.invalid", "127.0.0.1"])
def test_no_network(tmp_path, address):
    with socket.socket() as unused:  # bound, but nobody listens
        unused.bind(("127.0.0.1", 0))
        url = f"http://{address}:{unused.getsockname()[1]}/file"
        with pytest.raises(FerError, match="no transfer"):
            fetch(url, tmp_path / "votes.csv", SHA256, progress=False)


def zip_of(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tar_of(members: dict[str, bytes], link: str = "") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        if link:
            item = tarfile.TarInfo(link)
            item.type, item.linkname = tarfile.SYMTYPE, "/etc/hostname"
            archive.addfile(item)
        for name, content in members.items():
            item = tarfile.TarInfo(name)
            item.size = len(content)
            archive.addfile(item, io.BytesIO(content))
    return stream.getvalue()


def unpacked(folder, archive: bytes, names=("fer2013.csv", "icml.csv")):
    """Content of the one file that unpacking leaves beside the archive."""
    inner = folder / "inner"
    inner.mkdir(exist_ok=True)
    path = inner / "archive.bin"
    path.write_bytes(archive)
    unpack(path, names, inner / "table.csv")
    assert {p.name for p in folder.iterdir()} == {"inner"}
    assert {p.name for p in inner.iterdir()} == {"archive.bin", "table.csv"}
    return (inner / "table.csv").read_bytes()


@pytest.mark.parametrize("make", [zip_of, tar_of])
@pytest.mark.parametrize(
    "name",
    [
        "fer2013.csv",
        "fer2013/fer2013.csv",
        "../../fer2013.csv",
        "/fer2013.csv",
    ],
)
def test_paths_in_an_archive_choose_no_place(tmp_path, make, name):
    members = {"../README": b"escaped", name: b"rows", "icml.csv": b"other"}
    assert unpacked(tmp_path, make(members)) == b"rows"


def test_the_second_name_serves(tmp_path):
    assert unpacked(tmp_path, zip_of({"a/icml.csv": b"rows"})) == b"rows"


@pytest.mark.parametrize(
    "archive",
    [
        zip_of({"train/happy/1.png": b""}),
        zip_of({}),
        tar_of({}, link="fer2013.csv"),
        tar_of({"x/readme.txt": b""}),
    ],
    # Bytes as names differ between workers: archives hold the time.
    ids=["images", "empty", "link", "other"],
)
def test_an_archive_without_the_table(tmp_path, archive):
    with pytest.raises(FerError, match=r"holds no fer2013\.csv or icml\.csv"):
        unpacked(tmp_path, archive)


@settings(max_examples=80, deadline=None)
@given(
    make=st.sampled_from([zip_of, tar_of]),
    place=st.floats(0, 1),
    change=st.binary(max_size=3),
    cut=st.booleans(),
)
def test_a_damaged_archive(tmp_path_factory, make, place, change, cut):
    content = make({"fer2013.csv": bytes(range(256)) * 9})
    start = int(place * len(content))
    rest = b"" if cut else content[start + 2 :]
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[:start] + change + rest)
    try:
        unpack(path, ["fer2013.csv"], path.with_name("damaged.csv"))
    except FerError as error:
        assert str(path) in str(error) and "\n" not in str(error)
