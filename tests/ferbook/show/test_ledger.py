"""Tables of the ledger for notebooks, terminals and the README."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from fer_lib.data.protocols import PAIRS, PROTOCOLS
from fer_lib.errors import FerError
from ferbook.ledger.ledger import KINDS, kind_of, open_ledger
from ferbook.ledger.rules import Verdict
from ferbook.runs.paths import repository_root
from ferbook.show import phrases
from ferbook.show.claim_tables import attainability_table, attainable_cell
from ferbook.show.ledger import (
    claim_box,
    claims_json,
    claims_text,
    ledger_table,
    readme_table,
    readme_text,
    update_readme,
)
from ferbook.show.run_tables import run_table
from ferbook.show.tables import VERDICT_COLOURS, Table


@pytest.fixture(scope="module")
def ledger():
    """The repository's own claims and runs."""
    return open_ledger()


def test_every_verdict_has_a_colour():
    assert set(VERDICT_COLOURS) == {str(verdict) for verdict in Verdict}


def test_every_verdict_is_computed_from_claims_and_runs(ledger):
    claims = [claim.id for paper in ledger.papers for claim in paper.claims]
    assert list(ledger.judgements) == claims
    for judgement in ledger.judgements.values():
        if judgement.claim.kind != "arithmetic" and not judgement.readings:
            assert judgement.verdict == Verdict.NOT_ATTEMPTED
        assert judgement.why


def test_tracked_runs_of_a_real_data_set_are_no_rendered_faces(ledger):
    for record in ledger.records:
        assert record.rendered == (record.dataset == "rendered")


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


def test_a_table_in_text_is_aligned():
    table = Table("T", ("a", "b"), (("1", "x\ny"), ("22", "long words here")), "Note.")
    assert repr(table).splitlines() == [
        "T",
        "",
        "a   b",
        "--  ---------------",
        "1   x",
        "    y",
        "",
        "22  long words here",
        "",
        "",
        "Note.",
    ]


def test_markdown_of_a_table_keeps_its_cells():
    table = Table("", ("a",), (("1 | 2\n 3",),))
    assert table.markdown() == "| a |\n| --- |\n| 1 \\| 2<br>3 |"


def test_the_ledger_holds_each_claim_once(ledger):
    page = ledger_table(ledger=ledger)
    rows = [row for table in page.tables for row in table.rows]
    assert len(rows) == len(ledger.judgements)
    kinds = {KINDS[kind_of(j.claim)] for j in ledger.judgements.values()}
    assert {table.caption for table in page.tables} == kinds


def test_unknown_papers_and_kinds_are_told(ledger):
    with pytest.raises(FerError, match="No claims of paper 'other'"):
        claim_box("other", ledger)
    with pytest.raises(FerError, match="No kind 'guess', expected one of value"):
        ledger_table(kind="guess", ledger=ledger)


def test_the_claim_box_shows_the_four_tables(ledger):
    box = claim_box("deep_emotion", ledger)
    printed = [row[1].split("\n")[0] for row in box.rows]
    assert printed == ["70.02 %", "99.3 %", "92.8 %", "98.0 %"]
    assert "further claims" in box.note
    assert "Deep-Emotion" in repr(box)
    assert "<table" in box._repr_html_()


def test_the_run_table_has_a_row_for_each_run(ledger):
    both = (*ledger.records, *ledger.superseded)
    runs = [r for r in both if r.paper == "deep_emotion"]
    rows = run_table("deep_emotion", ledger).rows
    assert len(rows) == len(runs)
    old = [row[0] for row in rows if "superseded: Replaced at the same path" in row[0]]
    assert len(old) == len(ledger.superseded) and "epochs 60" in old[0]


def test_the_command_line_sees_the_same(ledger):
    told = json.loads(claims_json("deep_emotion", ledger))
    expected = [j.claim.id for j in ledger.select("deep_emotion", None)]
    assert [entry["id"] for entry in told] == expected
    for entry in told:
        judgement = ledger.judgements[entry["id"]]
        assert entry["verdict"] == judgement.verdict
        assert len(entry["ours"]) == len(judgement.readings)
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


def test_every_protocol_has_a_name_in_words():
    for name in (*PROTOCOLS, *PAIRS):
        assert phrases.protocol_name(name) != name
    assert phrases.protocol_name("jaffe_subjects-fold3").endswith(", fold 3")


def _cell(ledger, id):
    return attainable_cell(ledger.judgement(id).claim)


def test_cells_tell_the_hits_or_why_there_are_none(ledger):
    cells = {
        "residual_masking.fer2013.accuracy": (
            "2,661 of 3,589\n rounded\n by chance 54 %"
        ),
        "ramn.fer2013.beta.accuracy": "no k of 3,589\n by chance 54 %",
        "part_ensemble.sfew.eyes.accuracy": "no k of 436\n by chance 7 %",
        "part_ensemble.ckplus.accuracy": "mean of folds",
        "residual_masking.vemo.accuracy": "n not told",
        "residual_masking.speed": "",
        "ramn.fer2013.both_losses": "",
        "deep_emotion.fer2013.confusion.recall.fear": "",
    }
    for id, text in cells.items():
        assert _cell(ledger, id) == text, id


def test_only_tables_of_values_have_the_column(ledger):
    for paper in ("ramn", "part_ensemble"):
        headers = {
            t.caption: t.header for t in ledger_table(paper, None, ledger).tables
        }
        with_column = [name for name, h in headers.items() if "Paper, k of n" in h]
        assert with_column == ["Values"]
        assert headers["Orders"] == ("Claim", "Verdict", "Ours")
    assert claim_box("ramn", ledger).header[1] == "Paper, k of n"
    cell = claim_box("residual_masking", ledger).rows[0][1]
    assert cell == "74.14 %\n 2,661 of 3,589\n rounded\n by chance 54 %"


def test_the_table_has_the_findings(ledger):
    rows = {row[:3]: row[3:] for row in attainability_table(None, ledger).rows}
    validation = "FER2013\n FER+ validation split, majority of 8"
    assert rows["Diversified ESR", validation, "3,199"][0] == "8 of 8"
    own = "FER2013\n the data set's own labels"
    assert rows["Residual Masking", own, "3,589"] == ("12 of 12", "54 %", "0.0006")
    assert rows["RAMN", own, "3,589"][0] == "2 of 3"
    one = attainability_table("ramn", ledger)
    assert one.header[0] == "Data set"
    assert [row[0].split("\n")[0] for row in one.rows] == ["FER2013", "RAF-DB"]
    with pytest.raises(FerError, match="No claims of paper 'other'"):
        attainability_table("other", ledger)


def test_the_readme_counts_every_claim_and_shows_only_what_was_run(ledger):
    first, second = readme_table(ledger).split("\n\n")
    counts = [line.split(" | ")[1] for line in first.splitlines()[2:]]
    assert sum(map(int, counts)) == len(ledger.judgements)
    run = [j for j in ledger.select(None, "value") if j.readings]
    assert len(second.splitlines()) == 2 + len(run)


def test_a_run_that_reports_another_split_has_its_row(ledger):
    record = next(r for r in ledger.records if r.paper == "deep_emotion")
    other = _renamed(record)
    shown, again = (
        run_table("deep_emotion", replace(ledger, records=(one,)))
        for one in (record, other)
    )
    assert again.rows[0][1] == shown.rows[0][1]
    assert "not kept" not in again.rows[0][1:4]


def _renamed(record):
    """The same run with PublicTest reported in PrivateTest's place."""
    text = json.dumps(record.content)
    content = json.loads(text.replace("PrivateTest", "PublicTest2"))
    return type(record)(Path("x.json"), content, {})
