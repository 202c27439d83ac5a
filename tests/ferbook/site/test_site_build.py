"""Building stops at a mistake, and says where."""

import shutil

import pytest
import yaml

from fer_lib.errors import FerError
from ferbook.site import build

pytestmark = pytest.mark.slow


@pytest.fixture
def tiny(tmp_path, root):
    """A repository with one page and this book's settings."""
    shutil.copytree(root / "book" / "_static", tmp_path / "book" / "_static")
    shutil.copy2(root / "_config.yml", tmp_path)
    (tmp_path / "book" / "references.bib").touch()
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    return tmp_path


def build_page(tiny, text):
    (tiny / "book" / "index.md").write_text(text)
    return build.build(root=tiny, output=tiny)


def test_a_sound_page_is_built_and_nothing_beside_the_contents(tiny, root):
    (tiny / "book" / "draft.md").write_text("# Draft\n\n[broken](nowhere)\n")
    page = build_page(tiny, "# Title\n\nA formula $x^2$.\n")
    pages = page.with_name("book")
    assert page.is_file()
    html = (pages / "index.html").read_text()
    assert r"\(x^2\)" in html and "mathjax/startup.js" in html
    assert not (pages / "draft.html").exists()
    staged = yaml.safe_load((tiny / "_build" / "src" / "_config.yml").read_text())
    own = yaml.safe_load((root / "_config.yml").read_text())
    assert staged["sphinx"] == own["sphinx"]


def test_pictures_become_files_and_formulas_load_where_they_stand(tiny):
    picture = '<img alt="a dot" width="1" src="data:image/webp;base64,AAAA">'
    page = build_page(tiny, f"# Title\n\n```{{raw}} html\n{picture}\n```\n")
    html = (page.with_name("book") / "index.html").read_text()
    assert "data:image/webp" not in html and "mathjax/" not in html
    (file,) = (page.parent / "_images").glob("*.webp")
    assert f'src="../_images/{file.name}"' in html
    assert file.read_bytes() == bytes(3)


def test_mistakes_on_a_page_end_the_build_and_are_all_named(tiny, capfd):
    text = "# Title\n\n[nowhere](no_such_page)\n\n{cite:t}`nobody1999`\n"
    with pytest.raises(FerError, match="Jupyter Book ended with code"):
        build_page(tiny, text)
    printed = capfd.readouterr()
    for mistake in ("no_such_page", "nobody1999"):
        assert mistake in printed.err + printed.out
