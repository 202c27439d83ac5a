"""What a chapter says it found: right words for whatever was found."""

import re
from dataclasses import replace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from planted_analyses import numbers, planted_analysis
from small_ledgers import made_up, real_ledger, small_ledger

from fer_lib.errors import FerError
from fer_lib.models.saved import committed, load
from ferbook.kit import found as module
from ferbook.kit.found import (
    OUTCOMES,
    Found,
    found,
    headline,
    read_words,
)
from ferbook.kit.looks import (
    fixed_window,
    looks_at,
    plain_mean,
    same_for_all,
    same_without_masks,
    unlearned_landmarks,
    who_decides,
)
from ferbook.ledger.verdicts import STANDINGS
from ferbook.papers import PAPERS

JAFFE = "The accuracy printed for JAFFE"
CHAPTERS = [paper for paper in PAPERS if paper != "comparison"]


def jaffe_runs(share, seeds=3):
    """Runs of the paper's test size; the planted records have its split's name."""
    about = {"dataset": "fer2013", "n": 3589}
    return [made_up(share=share, seed=k, **about) for k in range(seeds)]


def words_of(ledger, paper="deep_emotion"):
    return [words for words, _ in found(paper, ledger).sentences]


@pytest.fixture
def entry(monkeypatch):
    """One finding about a claim that planted runs can answer."""
    one = {
        "claim": "deep_emotion.fer2013.accuracy",
        "holds": "It holds.",
        "fails": "It fails.",
        "open": "It is open.",
    }
    told = {"deep_emotion": {"headline": one["claim"], "findings": [one]}}
    monkeypatch.setattr(module, "read_words", lambda: told)
    return one


@pytest.mark.parametrize(
    ("share", "seeds", "words"),
    [(0.7002, 3, "It holds."), (0.5, 3, "It fails."), (0.7002, 1, "It is open.")],
)
def test_words_follow_how_the_claim_stands(entry, share, seeds, words):
    ledger = small_ledger(*jaffe_runs(share, seeds))
    told, figures = found("deep_emotion", ledger).sentences[0]
    assert told == words
    assert figures.startswith(f"Printed: 70.02 %. Ours: {100 * share:.1f} %")
    assert "n = 3,589" in figures and "scale: the paper's" in figures
    assert ("an answer takes 3" in figures) == (seeds < 3)


def test_without_runs_or_words_nothing_is_said(entry):
    assert not [w for w in words_of(small_ledger()) if w.startswith("It ")]
    del entry["holds"]
    ledger = small_ledger(*jaffe_runs(0.7002))
    assert not [w for w in words_of(ledger) if w.startswith("It ")]


def test_a_chapters_own_question_is_answered_without_runs_too(entry):
    entry["none"] = "It was not tested."
    assert found("deep_emotion", small_ledger()).sentences[0] == (entry["none"], "")
    assert words_of(small_ledger(*jaffe_runs(0.7002)))[0] == "It holds."


def test_tiles_have_printed_ours_scale_and_verdict(entry):
    told = found("deep_emotion", small_ledger(*jaffe_runs(0.5))).tiles
    assert [name.partition(",")[0] for name, _ in told] == [
        "Printed",
        "Ours",
        "Scale",
        "Verdict",
    ]
    assert [value for _, value in told][2:] == [
        "the paper's, 3 seeds",
        "not reproduced",
    ]
    cut = {"epochs": 40, "config": {"epochs": 40}}
    short = [replace(r, content=r.content | cut) for r in jaffe_runs(0.5)]
    scale = found("deep_emotion", small_ledger(*short)).tiles[2]
    assert scale == ("Scale", "40 of 300 epochs, 3 seeds")
    none = dict(headline(small_ledger().judgement(entry["claim"])))
    assert none["Ours"] == "no run" and none["Verdict"].startswith("not run")
    one = found("deep_emotion", small_ledger(*jaffe_runs(0.5, 1))).tiles
    assert one[-1] == ("Verdict", "not decided")


def test_another_reading_of_the_paper_has_its_own_verdict(entry):
    def raters(seeds, **more):
        about = {"n": 3574, "protocol": "ferplus_argmax7"} | more
        return [made_up(share=0.7002, seed=k, **about) for k in range(seeds)]

    fails = jaffe_runs(0.5)
    open_ = found("deep_emotion", small_ledger(*fails, *raters(2)))
    assert open_.tiles[-1] == ("Verdict", "not reproduced")
    assert open_.sentences[1][0].endswith("ours reads 70.0 %.")
    cut = {"epochs": 40, "config": {"epochs": 40}}
    short = [
        replace(r, content=r.content | cut) for r in raters(1, changes={"epochs": 40})
    ]
    both = found("deep_emotion", small_ledger(*fails, *short, *raters(3)))
    assert both.tiles[-2:] == (
        ("Verdict", "not reproduced"),
        ("By another reading", "reproduced"),
    )
    words, figures = both.sentences[1]
    assert words.endswith("ours reads 70.0 %: reproduced.") and "3 seeds" in figures


@pytest.mark.parametrize("paper", CHAPTERS)
def test_the_words_of_the_book_name_claims_and_hold_no_number(paper):
    told = read_words()[paper]
    assert real_ledger().judgement(told["headline"]).claim.value
    for entry in told["findings"]:
        texts = [v for k, v in entry.items() if k != "claim"]
        assert texts and all(text.endswith(".") for text in texts)
        assert not re.search(r"(?<!FER)(?<![A-Za-z])\d", " ".join(texts)
                             .replace("FER2013", "").replace("CK+", ""))  # fmt: skip
        if "claim" in entry:
            claim = real_ledger().judgement(entry["claim"]).claim
            assert claim.paper == paper
            if claim.kind != "arithmetic":
                assert {"holds", "fails", "open"} <= set(entry)


@pytest.mark.parametrize("paper", CHAPTERS)
def test_a_chapter_says_three_to_seven_things_and_how_well_its_network_reads(paper):
    box = found(paper)
    assert 3 <= len(box.sentences) <= 7
    page = BeautifulSoup(box._repr_html_(), "html.parser")
    assert len(page.select("li")) == len(box.sentences)
    assert len(page.select("dt")) == len(box.tiles) >= 3
    reads = load(committed(paper)).about.get("reads")
    told = " ".join(words for words, _ in box.sentences)
    if reads:
        assert f"{100 * reads['photographs']['accuracy']:.1f} %" in told
    else:
        assert "rendered faces alone" in told
    assert repr(box).count("\n- ") == len(box.sentences)


def test_every_standing_has_an_outcome_or_is_silent():
    silent = {"not testable this way", "not run"}
    assert set(STANDINGS) == set(OUTCOMES) | silent


def test_unknown_keys_and_empty_findings_are_told(tmp_path):
    path = tmp_path / "found.toml"
    path.write_text('[[ramn.findings]]\nclaim = "a"\nhold = "b"\n')
    with pytest.raises(FerError, match=r"found.toml: finding 1 of ramn has hold"):
        read_words(path)
    other = tmp_path / "other.toml"
    other.write_text('[[ramn.findings]]\nholds = "b"\n')
    with pytest.raises(FerError, match="needs words or a claim"):
        read_words(other)


def heated(less):
    """An analysis whose heat differs so much from another face's, in five parts."""
    analysis = planted_analysis()
    one = analysis.numbers["heat.less_other_face"]
    one.means.mean[-1], one.means.error[-1] = less, 0.01
    return analysis


def test_heat_counts_only_against_another_faces_landmarks():
    words, figures = looks_at(heated([0.5, -0.1, 0.01, 0.2, 0.0]))
    assert words.endswith("near the jaw and the eyes, most near the jaw.")
    assert "0.50 (0.48 to 0.52) more than near another face's landmarks" in figures
    words, _ = looks_at(heated([-0.5, -0.1, 0.01, -0.2, 0.3]))
    assert words.endswith("than by chance near the mouth.")
    words, _ = looks_at(heated([-0.5, -0.1, 0.01, -0.2, 0.0]))
    assert "no more heat near any part" in words


def test_a_window_is_fixed_only_if_classes_agree():
    analysis = planted_analysis(network="deep_emotion")
    corners = analysis.numbers["window.corners"].means.mean
    corners[:] = 0.8
    assert "the same window for every expression" in fixed_window(analysis)[0]
    corners[3, 2] = 0.5  # one corner of one class
    words, figures = fixed_window(analysis)
    assert "depends on the expression" in words and "30.0 % of the side" in figures


def test_attention_is_plain_only_if_shares_are_even():
    analysis = planted_analysis()
    theta = analysis.numbers["regions.theta"].means.mean
    theta[:] = 0.5
    assert "takes a plain mean" in plain_mean(analysis)[0]
    theta[2] = np.array([0.9, 0.5, 0.5])
    words, figures = plain_mean(analysis)
    assert "prefers some regions" in words and "47.4 %" in figures


def test_masks_are_held_against_constants():
    analysis = planted_analysis(network="residual_masking")
    same = analysis.numbers["masking.same_without"].means.mean
    same[:] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 0.75]
    words, figures = same_without_masks(analysis)
    assert "answers 75 % of photographs as before" in words
    assert figures == "50 to 90 % by class; n = 40."


def test_branches_agree_on_a_face_only_beyond_two_faces():
    analysis = planted_analysis(network="diversified_esr")
    for name, value in (("", 0.7), (".other_face", 0.3)):
        one = analysis.numbers[f"branches.agreement{name}"] = numbers()
        one.means.mean[-1], one.means.error[-1] = value, 0.01
    words, figures = same_for_all(analysis)
    assert "agree on where to look, face by face" in words
    assert "0.70 on one face, by 0.30 on two" in figures
    analysis.numbers["branches.agreement"].means.mean[-1] = 0.31
    assert "hardly depends on the face" in same_for_all(analysis)[0]


@pytest.mark.parametrize(
    ("local", "whole", "words"),
    [
        (0.69, 0.70, "as many faces as the whole face alone"),
        (0.80, 0.70, "Its quarters alone read more faces than its whole face"),
        (0.60, 0.70, "Its whole face alone read more faces than its quarters"),
    ],
)
def test_who_decides_is_who_reads_more_alone(local, whole, words):
    analysis = planted_analysis(network="diversified_manet")
    one = analysis.numbers["branches.correct"] = numbers("local", "global")
    one.means.mean[-1], one.means.error[-1] = (local, whole), 0.01
    assert words in who_decides(analysis)[0]


def test_landmarks_are_unlearned_where_the_mean_face_does_better():
    analysis = planted_analysis(network="part_ensemble")
    for name, error in (("before", 0.03), ("after", 0.06), ("mean_face", 0.05)):
        analysis.numbers[f"landmarks.{name}"].means.mean[-1] = error
    words, figures = unlearned_landmarks(analysis)
    assert "then place every part worse than" in words
    assert figures.startswith("Mean error 3.0 % of the side before, 6.0 % after, 5.0 %")
    after = analysis.numbers["landmarks.after"].means.mean
    after[-1, 1:] = 0.04
    assert "place the jaw worse than" in unlearned_landmarks(analysis)[0]
    after[-1] = 0.04
    assert "still find all landmarks" in unlearned_landmarks(analysis)[0]


def test_what_does_not_fit_on_a_screen_is_folded():
    def lists(count: int) -> list[int]:
        sentences = tuple((f"finding {k}", "") for k in range(count))
        page = BeautifulSoup(Found((), sentences)._repr_html_(), "html.parser")
        assert page.select_one("details p.found-note")
        return [len(one.find_all("li")) for one in page.find_all("ul")]

    assert lists(4) == [4]
    assert lists(7) == [4, 3]
