"""Tables of the ledger for notebooks, terminals and the README."""

import json
import re

import pytest
from bs4 import BeautifulSoup

from fer_lib.errors import FerError
from ferbook.ledger.ledger import KINDS, kind_of, open_ledger
from ferbook.ledger.rules import Direction, Verdict
from ferbook.ledger.verdicts import STANDINGS
from ferbook.runs.paths import repository_root
from ferbook.show.ledger import (
    claims_json,
    claims_text,
    ledger_table,
    readme_table,
    readme_text,
    update_readme,
)
from ferbook.show.tables import VERDICT_COLOURS, Table


@pytest.fixture(scope="module")
def ledger():
    """The repository's own claims and runs."""
    return open_ledger()


def test_every_verdict_has_a_colour():
    assert set(VERDICT_COLOURS) == {*map(str, Verdict), *map(str, Direction)}


def test_every_verdict_is_computed_from_claims_and_runs(ledger):
    claims = [claim.id for paper in ledger.papers for claim in paper.claims]
    assert list(ledger.judgements) == claims
    for judgement in ledger.judgements.values():
        if judgement.claim.kind != "arithmetic" and not judgement.readings:
            assert judgement.verdict in (Verdict.NOT_RUN, Verdict.NOT_TESTABLE)
        assert judgement.why and judgement.standing in STANDINGS


def test_a_table_escapes_and_keeps_its_lines():
    table = Table("A & B", ("x", "y"), (("1 < 2\n line", "undecided\nwhy"),), "n > 1")
    page = BeautifulSoup(table.html(), "html.parser")
    cells = page.find_all("td")
    assert [c.get_text("|", strip=True) for c in cells] == [
        "1 < 2|line",
        "■|undecided|why",
    ]
    assert page.find("caption").text == "A & B"
    assert page.find("p").text == "n > 1"
    assert page.find("span")["aria-hidden"] == "true"
    assert table._repr_html_() == table.html()


def test_the_ledger_holds_each_claim_once(ledger):
    page = ledger_table(ledger=ledger)
    rows = [row for table in page.tables for row in table.rows]
    assert len(rows) == len(ledger.judgements)
    kinds = {KINDS[kind_of(j.claim)] for j in ledger.judgements.values()}
    assert {table.caption for table in page.tables} == kinds


def test_unknown_papers_and_kinds_are_told(ledger):
    with pytest.raises(FerError, match="No claims of paper 'other'"):
        ledger_table("other", ledger=ledger)
    with pytest.raises(FerError, match="No kind 'guess', expected one of value"):
        ledger_table(kind="guess", ledger=ledger)


def test_the_command_line_sees_the_same(ledger):
    told = json.loads(claims_json("deep_emotion", ledger))
    expected = [j.claim.id for j in ledger.select("deep_emotion", None)]
    assert [entry["id"] for entry in told] == expected
    for entry in told:
        judgement = ledger.judgements[entry["id"]]
        assert entry["answers"][0]["at_scale"]["verdict"] == judgement.verdict
        assert entry["who_asks"] in ("printed", "stated", "ours")
        runs = sum(len(answer["runs"]) for answer in entry["answers"])
        assert runs == len(judgement.readings)
    assert "70.02 %" in claims_text("deep_emotion", ledger)


def test_the_readme_shows_todays_ledger(ledger):
    text = (repository_root() / "README.md").read_text(encoding="utf-8")
    assert readme_text(text, readme_table(ledger)) == text, (
        "README.md shows an older ledger; run python -m ferbook.show.ledger"
    )


def test_the_readme_is_updated_between_its_marks(tmp_path, ledger):
    source = (repository_root() / "README.md").read_text(encoding="utf-8")
    begin = source.index("<!-- ledger: begin")
    path = tmp_path / "README.md"
    path.write_text(readme_text(source, "old"), encoding="utf-8")
    assert update_readme(path, ledger)
    assert not update_readme(path, ledger)
    after = path.read_text(encoding="utf-8")
    assert after[:begin] == source[:begin]
    assert readme_table(ledger) in after
    path.write_text("no marks", encoding="utf-8")
    with pytest.raises(FerError, match=r"README\.md: expected one line"):
        update_readme(path, ledger)


def test_the_readme_counts_every_claim(ledger):
    table, note = readme_table(ledger).split("\n\n")
    (whole,) = [line for line in table.splitlines() if line.startswith("| All ")]
    counts = [int(n) for n in re.findall(r"\d+ of (\d+)", whole)]
    (ours,) = re.findall(r"\d+ of (\d+)", note)
    # Printed values are experiments, too.
    assert sum(counts[1:]) + int(ours) == len(ledger.judgements)
    assert len(table.splitlines()) == 3 + len(ledger.papers)
