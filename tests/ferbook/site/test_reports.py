"""Reports on papers: every claim once, and runs told as what they are."""

import re
from dataclasses import replace

import pytest
from small_ledgers import made_up, real_ledger, samples, small_ledger

from fer_lib.errors import FerError
from ferbook.runs.paths import repository_root
from ferbook.show.tables import Table
from ferbook.site.reports import PARTS, matrix_table, report, status

PAPERS = [claims.paper for claims in real_ledger().papers]


def _rows(page):
    return [row for t in page.tables if isinstance(t, Table) for row in t.rows]


@pytest.mark.parametrize("paper", PAPERS)
class TestEachPaper:
    def test_every_claim_stands_once_among_its_claims(self, paper):
        ledger = real_ledger()
        told = [row[0].split("\n")[0] for row in _rows(report(paper, "claims", ledger))]
        said = [j.claim.says for j in ledger.select(paper, None)]
        assert sorted(told) == sorted(said)

    def test_its_page_has_every_part_and_what_was_hard(self, paper):
        folder = repository_root() / "book" / "reports"
        text = (folder / f"{paper}.md").read_text(encoding="utf-8")
        asked = re.findall(r"^:part: (\w+)$", text, re.MULTILINE)
        assert sorted(asked) == sorted(PARTS)
        assert text.count(f"```{{report}} {paper}\n") == len(PARTS)
        assert "**Easy.**" in text and "**Hard.**" in text


def test_unknown_papers_and_parts_are_told():
    with pytest.raises(FerError, match="No claims of paper 'other'"):
        report("other", None, real_ledger())
    with pytest.raises(FerError, match="No part 'guess', expected one of identity"):
        report("ramn", "guess", real_ledger())


def test_data_are_told_apart_by_their_hash():
    changed = samples.content_of({})["data"] | {"splits": {"T": {"n": 7}}}
    other = made_up(seed=1)
    other.content["data"] = changed | {"sha256": "e" * 64}
    rows = _rows(report("deep_emotion", "data", small_ledger(made_up(), other)))
    assert [row[3] for row in rows] == ["1", "1"]
    assert rows[1][1] == "T 7"


def test_matrices_are_held_against_the_accuracies():
    claims = next(c for c in real_ledger().papers if c.paper == "deep_emotion")
    first, second, third = matrix_table(claims).rows
    assert first[1:] == (
        "3,573\n its caption counts 3,572",
        "2,502\n 70.025 %",
        "70.02 %\n the matrix's, cut off",
    )
    assert second[3] == "99.3 %\n the matrix's, rounded"
    assert third[2].startswith("65\n")
    wrong = claims.matrix("deep_emotion.jaffe.confusion")
    rows = tuple(
        tuple(n + 5 * (i == j == 0) for j, n in enumerate(row))
        for i, row in enumerate(wrong.rows)
    )
    planted = replace(claims, matrices=(replace(wrong, rows=rows),))
    assert matrix_table(planted).rows[0][3].endswith("not the matrix's")


def _tables(page):
    return {t.caption: t.rows for t in page.tables if isinstance(t, Table)}


def test_the_status_has_the_scoreboard():
    rows = _tables(status(real_ledger()))["What was tested, and what came of it"]
    assert [row[0] for row in rows] == [*(p.name for p in real_ledger().papers), "All"]
