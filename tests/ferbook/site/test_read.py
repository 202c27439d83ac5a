"""The server that opens the book."""

import threading
from urllib.request import urlopen

import pytest

from ferbook.site import read


@pytest.fixture
def running(tmp_path):
    """A server of a folder with one file of each kind."""
    for name in ("page.html", "a.mjs", "b.js", "c.wasm", "d.onnx"):
        (tmp_path / name).write_text("x")
    with read.server(tmp_path, 0) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("page.html", "text/html"),
        ("a.mjs", "text/javascript"),
        ("b.js", "text/javascript"),
        ("c.wasm", "application/wasm"),
        ("d.onnx", "application/octet-stream"),
    ],
)
def test_files_have_the_types_that_browsers_want(running, name, kind):
    with urlopen(read.address(running) + name) as answer:
        assert answer.headers.get_content_type() == kind


def test_it_answers_this_machine_alone(running):
    assert running.server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken_gives_way(running, tmp_path):
    with read.server(tmp_path, running.server_port) as other:
        assert other.server_port != running.server_port


def test_without_a_book_it_names_the_command(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(read, "ROOT", tmp_path)
    assert read.main() == 1
    assert "make book" in capsys.readouterr().err


def test_it_opens_the_book_until_it_is_interrupted(monkeypatch, tmp_path, capsys):
    pages = tmp_path / "_build" / "html"
    pages.mkdir(parents=True)
    (pages / "index.html").write_text("a book")
    monkeypatch.setattr(read, "ROOT", tmp_path)
    opened = []

    def look(address):
        opened.append(address)

    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(read.webbrowser, "open", look)
    monkeypatch.setattr(read.ThreadingHTTPServer, "serve_forever", interrupt)
    assert read.main() == 0
    assert (
        opened[0].startswith("http://localhost:")
        and opened[0] in capsys.readouterr().out
    )
