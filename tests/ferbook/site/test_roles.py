"""Numbers on pages: bound to claims and runs, or the build fails."""

import io
import re
import shutil
from functools import cache
from html import escape

import numpy as np
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from small_ledgers import samples
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from ferbook.ledger.ledger import open_ledger
from ferbook.runs.paths import claims_folder
from ferbook.runs.records import write_beside
from ferbook.site import roles
from ferbook.site.roles import PageError

ID = "deep_emotion.fer2013.accuracy"
READ_ONCE = cache(open_ledger)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A repository with the real claims and two small runs."""
    root = tmp_path_factory.mktemp("repository")
    shutil.copytree(claims_folder(), root / "book" / "claims")
    for protocol, share in (("official", 0.55), ("ferplus_argmax7", 0.65)):
        labels = np.arange(700) % 7
        correct = np.random.default_rng(0).permutation(700) < round(share * 700)
        logits, labels = samples.predictions_of(labels, correct)
        predictions = {
            "selected/PrivateTest/single/logits": logits,
            "selected/PrivateTest/flip/logits": logits,
            "PrivateTest/labels": labels,
        }
        content = samples.content_of(
            predictions, protocol=protocol, epochs=60, config={"epochs": 60}
        )
        write_beside(root / "book" / "runs", content, predictions)
    return root


@pytest.fixture
def build(tmp_path, root, monkeypatch):
    """Read one page of a tiny book; its parts as HTML."""
    monkeypatch.setattr(roles, "open_ledger", READ_ONCE)

    def make(text, name="book/page"):
        source = tmp_path / "source"
        page = source / f"{name}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"# Page\n\n{text}\n")
        overrides = {
            "extensions": ["myst_parser", "ferbook.site.roles"],
            "root_doc": name,
            "fer_book_root": str(root),
        }
        places = (source, None, tmp_path / "out", tmp_path / "trees", "dummy")
        with patch_docutils(), docutils_namespace():
            app = Sphinx(*places, overrides, status=None, warning=io.StringIO())
            app.build()
            tree = app.env.get_doctree(name)
        return BeautifulSoup("".join(map(_html, tree.findall())), "html.parser")

    return make


def _html(node):
    """Tables and bound numbers as they are, all other text plain."""
    if isinstance(node, nodes.raw):
        return node.astext()
    if isinstance(node, nodes.abbreviation):
        return f'<abbr title="{escape(node["explanation"])}">'
    if not isinstance(node, nodes.Text) or isinstance(node.parent, nodes.raw):
        return ""
    bound = isinstance(node.parent, nodes.abbreviation)
    return escape(node.astext()) + ("</abbr>" if bound else "")


def test_paper_role_shows_the_value_and_its_place(build):
    bound = build(f"It says {{paper}}`{ID}`.").find("abbr")
    assert bound.text == "70.02 %"
    assert bound["title"].startswith("Table 1, row 'The proposed algorithm'")


def test_ours_role_shows_interval_n_and_seeds(build):
    text = f"{{ours}}`{ID}` and {{ours}}`{ID}:ferplus_argmax7`"
    first, second = build(text).find_all("abbr")
    assert first.text == "55.0 % (95 % interval 51.3–58.6, n = 700, 1 seed)"
    assert second.text.startswith("65.0 % (95 % interval")
    assert "epochs (300 → 60)" in first["title"]
    assert "cannot be probed" in first["title"]  # its source hash is made up
    assert second["title"].startswith("FER+ labels")  # a reading, no departure


def test_ours_role_says_when_nothing_was_run(build):
    bound = build("{ours}`deep_emotion.jaffe.accuracy`").find("abbr")
    assert (bound.text, bound["title"]) == ("not run", "data gated")


def test_verdict_role(build):
    text = f"{{verdict}}`{ID}`, {{verdict}}`deep_emotion.fer2013.label_set`"
    first, second = build(text).find_all("abbr")
    assert first.text == "not answered by the runs beside it"
    assert second.text == "contradictory"
    assert "chi-square" in second["title"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{paper}`deep_emotion.nothing`", "No claim 'deep_emotion.nothing'"),
        ("{paper}`deep_emotion.layers`", "has no printed value"),
        (f"{{paper}}`{ID}:official`", "has no printed value official"),
        (f"{{ours}}`{ID}:rendered`", "not answered by runs of 'rendered'"),
        ("{ours}`deep_emotion.layers`", "not answered by runs"),
        (f"{{verdict}}`{ID}:official`", "a verdict has no protocol"),
        (f"{{working}}`{ID}`", "has no working"),
        ("```{ledger} other\n```", "No claims of paper 'other'"),
        ("```{ledger}\n:kind: guess\n```", "No kind 'guess'"),
        ("```{claims} other\n```", "No claims of paper 'other'"),
        ("The accuracy is 70.02 %.", "bare number beside a metric"),
    ],
)
def test_what_cannot_be_bound_fails_the_build(build, text, told):
    with pytest.raises(PageError, match=re.escape(told)) as caught:
        build(text)
    assert "page.md" in str(caught.value)


def test_pages_outside_the_book_folder_are_not_held_to_its_prose(build):
    page = build("The accuracy is 70.02 %.", name="notebooks/page")
    assert "70.02 %" in page.text


def test_ledger_directive_lists_every_claim(build, root):
    page = build("```{ledger} deep_emotion\n```")
    captions = [
        table.get("aria-label") or table.caption.text for table in page("table")
    ]
    assert captions == [
        "Values",
        "Orders",
        "Sums inside the paper",
        "Recalls of the printed confusion matrices",
    ]
    rows = page.find_all("tr")
    claims = open_ledger(root).select("deep_emotion", None)
    assert len(rows) == len(claims) + len(captions)
    values = page.find("table").text
    assert "55.0 %95 % interval 51.3–58.6, n = 700, 1 seed" in values
    assert "departs in epochs (300" in values
    folded = {d.table["aria-label"]: d for d in page.find_all("details")}
    assert "Values" not in folded
    recalls = folded["Recalls of the printed confusion matrices"]
    assert len(recalls.find_all("tr")) == 22
    assert recalls.find("summary").text.endswith(" (21)")
