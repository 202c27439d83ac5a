"""The claims explorer holds the whole ledger, and finds in it."""

from collections import Counter

import pytest
from small_ledgers import made_up, real_ledger, small_ledger
from widget_pages import call, find, find_all, press, put, texts, told

from ferbook.show.claim_list import claim_list
from ferbook.widgets import claims_explorer


@pytest.fixture(scope="module")
def claims(explorers):
    """Claims of the page by column."""
    data = explorers("claims").data
    return [dict(zip(data["columns"], row, strict=True)) for row in data["claims"]]


def test_every_claim_is_there_once_in_the_order_of_the_list(claims):
    ledger = small_ledger()
    listed = [one.claim.id for one in claim_list(ledger=ledger).judgements]
    assert [one["id"] for one in claims] == listed
    assert set(listed) == set(real_ledger().judgements)


def test_runs_and_verdicts_are_those_of_the_list():
    about = {"n": 3589, "judged_by": {"rules": "a", "claims": "b"}}
    runs = [made_up(share=s, seed=k, **about) for k, s in enumerate((0.69, 0.7, 0.71))]
    data = claims_explorer(small_ledger(*runs)).data
    claims = [dict(zip(data["columns"], row, strict=True)) for row in data["claims"]]
    found = next(c for c in claims if c["id"] == "deep_emotion.fer2013.accuracy")
    assert found["answer"] == "reproduced" and found["ours"].startswith("70.0")
    assert found["printed"] in claim_list(ledger=small_ledger(*runs)).html()


@pytest.mark.browser
def test_filters_and_words_choose_together(browser, claims, explorers):
    filters = explorers("claims").data["filters"]
    free = dict.fromkeys(filters, "all") | {"words": ""}
    settings = [
        free,
        free | {"paper": "ramn"},
        free | {"paper": "ramn", "who": "the-paper-prints-a-number"},
        free | {"words": "Mouth  ensemble"},
        free | {"answer": "consistent", "words": "fer2013"},
        free | {"words": "nowhere to be found"},
    ]
    points = [[claims, one, filters] for one in settings]
    found = call(browser, "claims", "chosen", points)
    ids = [{one["id"] for one in some} for some in found]
    ramn = {c["id"] for c in claims if c["paper"] == "RAMN"}
    printed = {c["id"] for c in claims if c["who"] == "the paper prints a number"}
    assert len(ids[0]) == len(claims) and ids[1] == ramn
    assert ids[2] == ramn & printed and ids[2] < ramn
    text = {c["id"]: " ".join(c.values()).lower() for c in claims}
    assert all("mouth" in text[id] and "ensemble" in text[id] for id in ids[3])
    assert ids[3] and ids[4] < {c["id"] for c in claims if c["answer"] == "consistent"}
    assert ids[4] and not ids[5]


@pytest.mark.browser
class TestDriven:
    NAME = "claims"

    def test_counts_bar_and_list_follow_the_choice(self, browser, opened, claims):
        opened("", width=390)
        assert told(browser).startswith(f"{len(claims)} of {len(claims)} claims: ")
        put(browser, paper="ramn", words="beta")
        found = [
            c
            for c in claims
            if c["paper"] == "RAMN"
            and "beta" in f"{c['id']} {c['says']} {c['data']}".lower()
        ]
        counts = Counter(c["answer"] for c in found)
        assert told(browser).startswith(f"{len(found)} of {len(claims)} claims: ")
        for answer, n in counts.items():
            assert f"{n} {answer}" in told(browser)
        shares = [
            one.get_dom_attribute("title") for one in find_all(browser, ".w-stack span")
        ]
        assert sorted(shares) == sorted(f"{a}: {n}" for a, n in counts.items())
        links = [
            one.get_dom_attribute("href") for one in find_all(browser, ".w-list a")
        ]
        assert links == [f"../book/ledger.html#{c['id']}" for c in found[:12]]
        assert (
            "paper:ramn" in browser.current_url and "words:beta" in browser.current_url
        )

    def test_more_are_shown_on_request_and_nothing_found_is_said(
        self, browser, opened, claims
    ):
        opened("paper:ramn;words:zero%20beta")
        assert find(browser, "input[type=search]").get_attribute("value") == "zero beta"
        put(browser, words="")
        assert len(texts(browser, ".w-list li")) == 12
        press(browser, "show more")
        assert len(texts(browser, ".w-list li")) == 60
        put(browser, words="qwertz")
        assert told(browser).startswith(f"0 of {len(claims)} claims.")
