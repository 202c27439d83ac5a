"""Tables, figures and words of chapter 11, from records that are known."""

import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from planted_records import SETTINGS, made, on_photographs

from fer_lib.errors import FerError
from fer_lib.explain.scoring.localisation import relevance_rank
from ferbook.chapters.explanations import live, plots, tables
from ferbook.ledger.statistics import Difference
from ferbook.site.notebooks import ROOT
from ferbook.study import pointer as pointers
from ferbook.study import report as told
from ferbook.study.analysis import answers
from ferbook.study.cell import METHOD_ROWS, RIVALS, ROWS
from ferbook.study.plan import RANK
from ferbook.study.pointer import Pointer, pointer
from ferbook.study.standing import standings

PAPERS_CHAPTERS = sorted((ROOT / "notebooks").glob("0[3-8]_*.ipynb"))
DRAWS = 100
EFFECTS = {
    "smooth_grad": 0.3, "grad_cam": -0.2, "fitted_blob": 0.1, "attention": 0.2,
    "noise": -0.3, "truth": 0.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def records():
    order = np.linspace(0.1, 0.9, len(ROWS))
    return made(
        EFFECTS,
        conditions=("fair", "tied75", "tied100"),
        photographs=on_photographs(order),
    )


def column(table, name):
    """A column of a table by the first one."""
    place = table.header.index(name)
    return {row[0]: row[place] for row in table.rows}


def test_a_row_stands_beside_the_decoy_that_is_hardest(records):
    found = standings(records, RANK, draws=DRAWS)
    one = found["smooth_grad"]
    assert one.rival == "fitted_blob" and one.word == "above it"
    assert one.margin.mean == pytest.approx(0.2, abs=0.02)
    assert found["grad_cam"].word == "below it"
    assert found["edges"].margin is None and found["edges"].word == ""
    [name] = standings(records, RANK, ("saliency",), network="ramn", draws=DRAWS)
    assert name == "saliency"


def test_one_network_alone_is_not_drawn(records):
    whole, own = (
        standings(records, RANK, ("saliency",), network=n, draws=DRAWS)["saliency"]
        for n in (None, "ramn")
    )
    networks, movements = len(SETTINGS.networks), len(SETTINGS.tasks)
    assert whole.found.df == networks - 1 and own.found.df == movements - 1
    assert own.found.n * networks == whole.found.n


def test_methods_beside_decoys(records):
    table = told.methods_table(records, DRAWS)
    assert table.rows[0][0] == "ceiling: the truth"
    marks = column(table, "Marks what moves")
    assert marks["SmoothGrad"].startswith("0.80 (")
    assert column(table, "Rank in 95 % of draws")["SmoothGrad"] == "2 to 2"
    assert table.rows[1][2].startswith("above it\n 0.2")
    assert "fitted blob" in table.rows[1][2]
    count = sum(len(one.split("\n")) == 1 for one in marks.values())
    assert count == len(table.rows) == len(METHOD_ROWS) + 4 + len(RIVALS)


def test_answers_name_what_decided(records):
    table = told.answers_table(answers(records, DRAWS))
    said = {row[0]: row for row in table.rows}
    assert said["H1"][2].startswith("confirmed\n p = 0.0")
    assert said["H1"][3].endswith("against fitted blob")
    assert said["H3"][2].startswith("contradicted")


def test_cues_by_strength_and_on_photographs(records):
    table = told.cues_table(records, DRAWS)
    assert table.header[:4] == (
        "Method", "Rendered, 75 %", "Rendered, 100 %", "Photographs, 100 %",
    )  # fmt: skip
    assert table.rows[0][0] == "SmoothGrad"
    assert table.rows[0][1].startswith("0.95 (")
    assert table.rows[0][2].startswith("1.00 (")
    effects = told.effects_table(records, DRAWS)
    assert column(effects, "Effect")["Rendered, 75 %"].startswith("2.50 (")
    without = made(EFFECTS)
    assert "No planted cue" in told.cues_table(without).text()
    assert "No planted cue" in told.effects_table(without).text()


def test_attention_of_the_papers(records):
    table = told.attention_table(records, DRAWS)
    (row,) = table.rows  # the other two are no papers'
    assert row[0].startswith("RAMN") and row[2].startswith("holds\n 0.2")
    assert row[3].startswith("holds\n 0.1")
    assert "recorded yet" in told.attention_table(None).text()
    assert "learned a movement" in told.attention_table(made(learned=False)).text()


def test_five_sentences_say_what_the_records_do(records):
    text = tables.in_words(records, answers(records, DRAWS)).text()
    assert "9 networks of 3 kinds (RAMN, plain ResNet, small ViT)" in text
    assert "SmoothGrad marks best what moves: 0.80 (" in text
    assert "the fitted blob, has 0.60 and noise 0.20" in text
    assert "were fixed before the first record" in text
    planned = 3 * (SETTINGS.seeds + 4) + 12
    assert f"no answers yet: {planned - 33} of the plan's cells are missing" in text
    table = told.answers_table(answers(records, DRAWS), records.missing)
    assert f"Interim: {planned - 33} of" in table.note
    whole = tables.in_words(records._replace(missing=0), answers(records, DRAWS)).text()
    assert "no answers yet" not in whole
    assert "in 100 % of the faces" in text and "found for 2 of 15 methods" in text


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (plots.draw_ranking, r"first is SmoothGrad with 0\.80; above the hardest"),
        (plots.draw_by_part, r"RAMN SmoothGrad \(0\.8"),
        (
            lambda r: plots.draw_cue_masses(r, SETTINGS.tied),
            r"ears SmoothGrad \(1\.00\)",
        ),
    ],
)
def test_figures_describe_what_they_show(records, draw, words):
    figure = draw(records)
    assert re.search(words, figure.alt_text), figure.alt_text
    plt.close(figure)


def test_without_planted_cues_nothing_is_drawn():
    assert plots.draw_cue_masses(made(EFFECTS), SETTINGS.tied) is None


def test_a_pointer_for_the_other_chapters(records, monkeypatch):
    monkeypatch.setattr(pointers, "tracked", lambda: None)
    assert "not recorded yet" in pointer("grad_cam").text()
    monkeypatch.setattr(pointers, "tracked", lambda: records)
    text = pointer("smooth_grad", "ramn").text()
    assert "SmoothGrad of RAMN is better than every decoy" in text and "0.80 (" in text
    assert "noise gets 0.20, the hardest decoy, the fitted blob, 0.59" in text
    assert "of RAMN" not in pointer("occlusion").text()
    with pytest.raises(FerError, match="method 'edges', expected one of grad_cam"):
        pointer("edges")
    monkeypatch.setattr(pointers, "tracked", lambda: made(learned=False))
    assert "learned nothing" in pointer("grad_cam", "ramn").text()


@pytest.mark.parametrize(
    ("low", "margin", "word"),
    [
        (0.45, 0.02, "better than every decoy"),
        (0.35, -0.02, "better than noise, not shown to be better than the blob"),
        (0.2, -0.02, "not shown to be better than noise"),
    ],
)
def test_a_pointer_names_the_rival_that_counts(low, margin, word):
    found, above = Difference(0.5, low, 0.6, 160), Difference(0.09, margin, 0.2, 160)
    one = Pointer("Grad-CAM", found, 0.24, "the blob", 0.41, above)
    assert f"Grad-CAM is {word}." in one.text() and one.word == word
    page = BeautifulSoup(one._repr_html_(), "html.parser")
    assert page.p.text == one.text()
    assert re.findall(r"width: (\d+)%", str(page)) == ["24", "41", "50"]


MAPS = {
    "draw_class_maps(": "grad_cam",
    "draw_occlusion(maps": "occlusion",
    "draw_sampled_windows(": "attention",
    "draw_masking(seen, images, titles, block=3": "attention",
    "draw_region_weights(": "attention",
    "draw_spatial_attention(": "attention",
    "drawings.draw_gated(": "attention",
}


@pytest.mark.parametrize("path", PAPERS_CHAPTERS, ids=lambda path: path.stem)
def test_every_heat_map_has_a_pointer_below_it(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    for place, source in enumerate(sources):
        for drawn, method in MAPS.items():
            if drawn in source and "import" not in source:
                wanted = f'chapter.pointer("{method}", "{path.stem[3:]}")'
                assert sources[place + 1] == wanted, source


@pytest.mark.slow
def test_the_live_example_is_about_one_movement():
    found = live.learned_live("mouthUpperUpRight", "smoke", 0)
    assert found.network.classes == ("rest", "moved")
    assert len(found.staged) == len(found.faces) > 5
    assert all("mouthUpperUpRight" in one.strengths for one in found.staged)
    first = found.staged[0]
    np.testing.assert_array_equal(found.faces.images[0, 0], first.picture())
    np.testing.assert_allclose(
        found.faces.shift[0], first.shift("mouthUpperUpRight"), atol=0.01
    )
    gap = first.picture() - first.without("mouthUpperUpRight").picture().astype(float)
    np.testing.assert_allclose(found.grey[0], np.abs(gap) / 255, atol=1e-6)
    _, other = found.cues["mark"]
    np.testing.assert_array_equal(other[0, 0], first.switched("mark").picture())
    maps = live.maps_of(found)
    table = live.live_scores(maps, found)
    noise = relevance_rank(maps["noise"], found.moved).mean()
    assert column(table, "relevance rank")["floor: noise"] == f"{noise:.2f}"
    learned = live.told_learned(found)
    assert len(learned.rows) == 6 and learned.rows[5][2] == "learned"
    assert f"n = {found.settings.test} " in learned.note
