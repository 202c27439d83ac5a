"""The column and the table of attainable accuracies; runs of any split."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fer_lib.errors import FerError
from ferbook.ledger.judged import open_ledger
from ferbook.show.claim_tables import attainability_table, attainable_cell
from ferbook.show.ledger import claim_box, ledger_table, readme_table
from ferbook.show.run_tables import run_table


@pytest.fixture(scope="module")
def ledger():
    return open_ledger()


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
