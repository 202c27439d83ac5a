"""Building stops at a mistake, and says where."""

import shutil

import pytest
import yaml

from fer_lib.book import build
from fer_lib.errors import FerError

pytestmark = pytest.mark.slow


@pytest.fixture
def tiny(tmp_path, root):
    """A repository with one page and this book's settings."""
    shutil.copytree(root / "book" / "_static", tmp_path / "book" / "_static")
    shutil.copy2(root / "_config.yml", tmp_path)
    (tmp_path / "book" / "references.bib").touch()
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\nparts: []\n")
    return tmp_path


def build_page(tiny, text):
    (tiny / "book" / "index.md").write_text(text)
    return build.build(root=tiny, output=tiny)


def test_a_sound_page_is_built(tiny):
    page = build_page(tiny, "# Title\n\nA formula $x^2$.\n")
    assert page.is_file()
    built = page.with_name("book") / "index.html"
    assert "x^2" in built.read_text()


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        ("[nowhere](no_such_page)", "no_such_page"),
        ("{paper}`no.such.claim`", "no.such.claim"),
        ("{cite:t}`nobody1999`", "nobody1999"),
        ("The accuracy is 71.23 %.", "71.23"),
    ],
    ids=["link", "claim", "citation", "bare number"],
)
def test_a_mistake_on_a_page_ends_the_build(tiny, capfd, mistake, named):
    with pytest.raises(FerError, match="Jupyter Book ended with code"):
        build_page(tiny, f"# Title\n\n{mistake}\n")
    printed = capfd.readouterr()
    assert named in printed.err + printed.out


def test_only_pages_of_the_contents_are_built(tiny):
    (tiny / "book" / "draft.md").write_text("# Draft\n\n[broken](nowhere)\n")
    page = build_page(tiny, "# Title\n")
    assert not (page.with_name("book") / "draft.html").exists()


def test_a_failure_is_one_sentence_and_an_exit_code(monkeypatch, capsys):
    def fail():
        raise FerError("03_deep_emotion.ipynb: cell 4 failed.")

    monkeypatch.setattr(build, "build", fail)
    assert build.main() == 1
    assert capsys.readouterr().err == "03_deep_emotion.ipynb: cell 4 failed.\n"


def test_success_ends_with_the_address_of_the_first_page(monkeypatch, capsys, tmp_path):
    page = tmp_path / "index.html"
    monkeypatch.setattr(build, "build", lambda: page)
    assert build.main() == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(page.as_uri())


def test_settings_are_those_of_the_repository(tiny, root):
    build_page(tiny, "# Title\n")
    staged = yaml.safe_load((tiny / "_build" / "src" / "_config.yml").read_text())
    own = yaml.safe_load((root / "_config.yml").read_text())
    assert staged["sphinx"] == own["sphinx"]
