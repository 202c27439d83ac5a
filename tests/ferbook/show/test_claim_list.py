"""The ledger as a list that opens, and its filters in a browser."""

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from small_ledgers import made_up, real_ledger, small_ledger

from ferbook.ledger.beside import Beside
from ferbook.runs.paths import repository_root
from ferbook.show import phrases
from ferbook.show.claim_list import claim_list, how_sure
from ferbook.show.forest import (
    compared_plots,
    draw_forest,
    forest,
    labels_of,
    with_runs,
)

ID = "deep_emotion.fer2013.accuracy"


@pytest.fixture(scope="module")
def runs():
    """Three runs of the paper's length and test size."""
    about = {"n": 3589, "judged_by": {"rules": "a", "claims": "b"}}
    return [made_up(share=s, seed=k, **about) for k, s in enumerate((0.69, 0.7, 0.71))]


@pytest.fixture(scope="module")
def page(runs):
    html = claim_list(ledger=small_ledger(*runs)).html()
    return BeautifulSoup(html, "html.parser")


def test_every_claim_is_there_once_with_what_it_is_chosen_by(page):
    rows = page.select("details.claim")
    assert {row["id"] for row in rows} == set(real_ledger().judgements)
    for row in rows:
        told = [row[f"data-{k}"] for k in ("paper", "data", "answer", "scale", "who")]
        assert all(told)
        assert row.select_one(".claim-chip").text.endswith(row["data-answer"])


def test_a_claim_opens_to_its_answers_runs_and_how_sure_they_are(page):
    row = page.find(id=ID)
    assert row["data-answer"] == "reproduced"
    assert row["data-scale"] == "the paper's scale"
    for words in (
        "Table 1",
        "At the paper's scale: reproduced (70.",
        "which tolerates 1.50 points",
        "3 seeds that spread by 1.0 points",
        "today's code: ",
        "rules fixed before the run",
        "Ways to read these runs (2)",
        "Were the paper exactly right, a test of this size would say 'reproduced' in",
        "Records (3)",
    ):
        assert words in row.text, words
    open_one = page.find(id="deep_emotion.jaffe.accuracy")
    assert open_one["data-scale"] == "no answer"
    assert "not run (data gated)" in open_one.text


def test_runs_before_the_rules_say_so(runs):
    older = [replace(r, content=dict(r.content)) for r in runs]
    del older[0].content["judged_by"]
    html = claim_list("deep_emotion", small_ledger(*older)).html()
    text = BeautifulSoup(html, "html.parser").find(id=ID).text
    assert "older than the rules" in text and "claims-filter" not in html


def test_the_papers_own_test_is_told_in_sentences():
    claim = real_ledger().judgement("residual_masking.fer2013.mask").claim
    found = Beside((), 1.0, d33=0.0081, smaller=True, bayes_factor=-1.25)
    first, second = how_sure(claim, found)
    assert "see 0.8 points in one case of three; ours is smaller" in first
    assert "10^-1.2, against it" in second or "10^-1.3, against it" in second


def test_a_forest_shows_the_papers_interval_and_fills_what_answers(runs):
    ledger = small_ledger(*runs)
    found = with_runs(ledger, "value", paper="deep_emotion")
    axes = draw_forest(found[:1], ledger).axes[0]
    (paper,) = [k for k in axes.lines if k.get_marker() == "D"]
    assert paper.get_xdata()[0] == pytest.approx(70.02)
    (ours,) = [k for k in axes.lines if k.get_marker() == "o"]
    assert ours.get_markerfacecolor() != "white"
    spans = sorted(
        k.get_xdata()[1] - k.get_xdata()[0]
        for k in axes.lines
        if len(k.get_xdata()) == 2
    )
    assert spans[0] == pytest.approx(3.0, abs=0.1)  # 70 % of 3,589 faces
    (sentence,) = forest("ramn", small_ledger()).tables
    assert "No run" in sentence.words


def test_labels_are_whole_and_no_two_are_alike():
    ledger = real_ledger()
    names = {claims.paper: claims.name for claims in ledger.papers}
    for kinds in (("value", "recall"), ("difference", "order")):
        claims = [j.claim for j in with_runs(ledger, *kinds)]
        labels = labels_of(claims, names)
        assert len(set(labels)) == len(labels)
        for claim, label in zip(claims, labels, strict=True):
            assert claim.says.rstrip(".") in label.replace("-\n", "-").replace(
                "\n", " "
            )


def test_a_panel_has_one_unit():
    ledger = real_ledger()
    units = {phrases.unit(j.claim) for j in with_runs(ledger, "difference", "order")}
    plots = compared_plots(ledger)
    axes = [plot.figure.axes[0].get_xlabel() for plot in plots]
    assert sorted(axes) == sorted(
        f"difference ({u}), with 95 % interval" for u in units
    )
    assert len(units) > 1 and all(plot.alt for plot in plots)


def test_measures_are_told_in_their_own_unit():
    unit = {
        name: phrases.unit(real_ledger().judgement(name).claim)
        for name in (
            "residual_masking.fer2013.grad_cam",
            "part_ensemble.fer2013.drift.nose",
            "residual_masking.fer2013.mask",
            "deep_emotion.fer2013.accuracy",
        )
    }
    assert [*unit.values()] == ["% of the mean heat", "% of the side", "points", "%"]


@pytest.mark.browser
def test_filters_follow_the_address_and_keep_it(browser, tmp_path, runs):
    script = (repository_root() / "book/_static/ledger.js").read_text("utf-8")
    ledger = small_ledger(*runs)
    html = claim_list(ledger=ledger).html()
    page = tmp_path / "ledger.html"
    page.write_text(f"<script>{script}</script>{html}", encoding="utf-8")
    address = page.as_uri()

    def shown():
        rows = browser.find_elements("css selector", "details.claim")
        return [row.get_attribute("id") for row in rows if row.is_displayed()]

    browser.get(f"{address}#answer=reproduced&paper=Deep-Emotion")
    assert ID in shown() and len(shown()) < 20
    browser.find_element("name", "words").send_keys("accuracy test")
    assert "words=accuracy+test" in browser.current_url
    assert shown() == [ID]
    browser.get("about:blank")
    browser.get(f"{address}#{ID}")
    assert browser.find_element("id", ID).get_property("open")
    assert len(shown()) == len(ledger.judgements)
