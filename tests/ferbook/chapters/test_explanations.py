"""Tables, figures and words of chapter 11, from a study that is known."""

import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from planted_studies import FACES, NETWORKS, TASKS, column, planted_study

from fer_lib.errors import FerError
from fer_lib.explain.scoring.agreement import MeanInterval
from fer_lib.explain.scoring.controls import DECOYS
from fer_lib.models.part_ensemble import KINDS
from ferbook.chapters.explanations import own, plots, tables
from ferbook.chapters.explanations.live import cells_table
from ferbook.site.notebooks import ROOT
from ferbook.study import pointer as pointers
from ferbook.study import report as told
from ferbook.study.cell import ROWS
from ferbook.study.pointer import pointer
from ferbook.study.record import write_study

PAPERS_CHAPTERS = sorted((ROOT / "notebooks").glob("0[3-8]_*.ipynb"))


@pytest.fixture(scope="module")
def study():
    return planted_study()


def test_accuracies_and_who_learned(study):
    table = told.accuracy_table(study)
    eyes = column(table, told.PLACES["eyes"])
    assert eyes["RAMN"].count("not learned") == 2 and "50.0 %" in eyes["RAMN"]
    assert "100.0 %" in eyes["Deep-Emotion"] and "n = 60" in eyes["Deep-Emotion"]
    assert "28 of 30 networks learned" in table.note


def test_provenance_tells_size_and_cost(study):
    text = told.provenance(study).text()
    assert "2.0 h of a processor core's time" in text and "2 seeds" in text
    assert f"{study.ran.sum()} networks" in text


def test_the_ranking_says_order_luck_and_n(study):
    table = told.ranking_table(study, "relevance_rank")
    names = [row[1] for row in table.rows]
    assert names[:3] == ["saliency", "occlusion", "Grad-CAM"]
    assert table.rows[0][0] == "1" and table.rows[0][3] == "1 to 1"
    assert table.rows[0][4] == "100 %" and table.rows[0][2].startswith("0.80 (")
    assert f"n = {28 * FACES:,} maps" in table.note
    turned = told.ranking_table(study, "deletion").note
    assert "One minus the score" in turned


def test_scores_of_all_methods_as_stored(study):
    table = told.scores_table(study)
    assert column(table, "AUC (more is better)")["saliency"].startswith("0.80\n")
    assert column(table, "deletion (less is better)")["saliency"].startswith("0.20\n")


def test_what_the_papers_say_is_tested(study):
    found = {(one.network, one.test): one for one in told.tested(study)}
    chance = found["ramn", "chance"]
    assert chance.told.mean == pytest.approx(-0.1, abs=0.01)
    assert chance.word == "does not hold"
    blob = found["deep_emotion", "blob"]
    assert blob.told.mean == pytest.approx(-0.15, abs=0.01)
    rise = [one for one in told.tested(study) if "landmarks" in one.says]
    assert rise[0].told.mean == pytest.approx(-0.03) and rise[0].word == "does not hold"
    table, others = told.claims_table(study).tables
    assert column(table, "Above chance")["RAMN"].startswith("-0.10 (")
    start = column(table, "Above the same before training")["RAMN"]
    assert start.startswith("does not hold")
    assert len(table.rows) == len(NETWORKS) and len(others.rows) == 3


def test_one_task_alone_has_no_interval():
    study = planted_study()
    study.arrays["correct"][1:] = 0
    (first, *_) = told.tested(study)
    assert first.word == "too few tasks"
    assert "-0.10 (no interval), 1 task" in told.claims_table(study).tables[0].text()


def test_branches_that_look_at_their_parts():
    study = planted_study()
    for task in ("mouth", "nose"):
        looks = study.arrays["branch_mass"][TASKS.index(task), 2]
        looks[:] = 0.1
        looks[:, KINDS["parts"].index(task)] = 0.9
    mass = [one for one in told.tested(study) if one.test.startswith("Grad-CAM")]
    assert mass[0].told.mean == pytest.approx(0.8 * 2 / 5)


def test_the_paragraph_says_what_the_arrays_do(study):
    text = tables.in_words(study).text()
    assert "28 of 30 small networks" in text
    assert "saliency leads with 0.80 (" in text and "100 % of draws" in text
    assert "centre blob, gets 0.55" in text
    assert "Of 12 shortcuts that were planted, 4 were taken" in text
    assert "Surely above that decoy: saliency, occlusion, Grad-CAM." in text


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (plots.draw_ranking, r"by mass saliency with 0\.80"),
        (plots.draw_by_task, r"mouth saliency \(0\.80\)"),
        (plots.draw_correlations, r"more is better: from 0\.\d+ to 0\.9\d"),
        (plots.draw_randomised, r"When all are: saliency 0\.10"),
        (plots.draw_falls, r"mouth: AU12 1\.00"),
    ],
)
def test_figures_describe_what_they_show(study, draw, words):
    figure = draw(study)
    assert re.search(words, figure.alt_text), figure.alt_text
    plt.close(figure)


def test_a_pointer_for_the_other_chapters(study, tmp_path, monkeypatch):
    def folder(path):
        for module in (told, pointers):
            monkeypatch.setattr(module, "explanations_folder", lambda: path)

    folder(tmp_path)
    assert "not recorded yet" in pointer("grad_cam").text()
    write_study(tmp_path, study.content, study.arrays)
    text = pointer("grad_cam", "ramn").text()
    assert "0.60 (" in text and "Grad-CAM of RAMN" in text and "noise gets 0.30" in text
    assert f"n = {8 * FACES}" in text  # four tasks, two seeds
    assert "of RAMN" not in pointer("occlusion").text()
    assert "n = 168" in pointer("occlusion").text()
    with pytest.raises(FerError, match="method 'edges', expected one of grad_cam"):
        pointer("edges")
    lost = planted_study()
    lost.arrays["correct"][:, NETWORKS.index("ramn")] = 0
    write_study(tmp_path / "lost", lost.content, lost.arrays)
    folder(tmp_path / "lost")
    assert "learned nothing" in pointer("grad_cam", "ramn").text()


@pytest.mark.parametrize(
    ("low", "word"),
    [
        (0.45, "better than a blob in the centre"),
        (0.35, "better than noise, no better than a blob in the centre"),
        (0.2, "no better than noise"),
    ],
)
def test_a_pointer_names_the_rival_that_counts(low, word):
    one = pointers.Pointer("Grad-CAM", 0.24, 0.41, MeanInterval(0.5, low, 0.6, 160))
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


def test_decoys_win_where_they_do(study):
    table = tables.decoy_table(study)
    found = column(table, "AUC, best: centre blob")
    assert found["saliency"].startswith("above it")
    assert found["SmoothGrad"].startswith("below it")
    assert set(found) == {told.LABELS[n] for n in ROWS if n not in DECOYS}


def test_a_tie_with_the_decoy_is_told():
    study = planted_study(spread=1.0)
    row = ROWS.index("saliency"), ROWS.index("centre_blob")
    values = study.arrays["inside_auc"]
    values[..., row[0], :] = values[..., row[1], :] + np.tile([1, -1], FACES // 2)
    table = tables.decoy_table(study)
    (name,) = (column for column in table.header if column.startswith("AUC, best"))
    assert name.endswith("centre blob")
    assert column(table, name)["saliency"].startswith("not told apart")
    assert "not shown to be equal. Of 110 differences, 6 would" in table.note


def test_each_task_has_a_decoy_of_its_own():
    study = planted_study()
    mouth = study.arrays["relevance_rank"][TASKS.index("mouth")]
    mouth[..., ROWS.index("edges"), :] = 0.9
    table = tables.decoys_by_task(study)
    assert table.header[1:3] == ("mouth, best: edges", "brows, best: centre blob")
    assert column(table, "mouth, best: edges")["saliency"].startswith("below it\n -0.1")
    assert column(table, "brows, best: centre blob")["saliency"].startswith("above it")
    assert len(table.header) == 6 and len(table.rows) == 10


def test_shortcuts_that_were_taken(study):
    assert tables.took(study, "mark") == NETWORKS
    assert tables.took(study, "light") == ("deep_emotion",)
    assert tables.took(study, "ears") == ()
    shown = tables.exposed(study, "mark")
    assert shown["saliency"].mean == pytest.approx(0.5, abs=0.01)
    assert shown["saliency"].low > 0.4 and shown["edges"].mean < 0.05
    assert tables.exposed(study, "ears") == {}
    table = tables.exposure_table(study)
    assert "mark, 3 networks" in table.header and "ears, 0 networks" in table.header
    found = column(tables.shortcut_table(study), "mark")
    assert "effect 4.0" in found["RAMN"]


def test_a_study_without_shortcuts_says_so():
    study = planted_study()
    study.arrays["cue_effect"][:] = 0
    assert "No network" in tables.exposure_table(study).text()
    assert "No network" in tables.warning_table(study).text()
    assert "none was taken" in tables.in_words(study).text()


def test_what_a_reader_could_see_of_a_shortcut(study):
    told = tables.warned(study, "mark")
    (decoy,) = DECOYS.keys() & told.keys()
    assert told[decoy].mean == pytest.approx(0.1, abs=0.01)
    assert told["saliency"].mean == pytest.approx(0.5, abs=0.02)
    assert told["saliency"].low > 0.4 and abs(told["occlusion"].mean) < 0.02
    alone = tables.warned(study, "light")  # one network has no interval
    assert alone["saliency"].n == 1 and np.isnan(alone["saliency"].low)
    table = tables.warning_table(study)
    assert [name.split(",")[0] for name in table.header] == ["Method", "light", "mark"]
    found = column(table, table.header[2])
    assert found["saliency"].startswith("above it") and len(found) == 10


def test_steadiness_is_sorted_and_counted():
    study = planted_study()
    values = np.full_like(study.arrays["inside_auc"], np.nan)
    for method, value in (("saliency", 0.5), ("occlusion", 0.25)):
        values[0, :, 0, ROWS.index(method)] = value
    study.arrays["sensitivity"] = values
    table = tables.sensitivity_table(study)
    n = str(len(NETWORKS) * FACES)
    assert [row[0] for row in table.rows] == ["occlusion", "saliency"]
    assert table.rows[0][1].startswith("0.25 (") and table.rows[1][2] == n
    del study.arrays["sensitivity"]
    assert "did not measure" in tables.sensitivity_table(study).text()


def test_agreement_of_trainings(study):
    row = tables.agreement_table(study).rows[ROWS.index("saliency")]
    assert row[0] == "saliency"
    assert [cell[:4] for cell in row[1:]] == ["0.30", "0.40", "0.20", "0.10"]


def test_what_new_weights_leave(study):
    table = tables.randomised_table(study)
    ((method, *cells),) = table.rows  # agreement, own, new, lost
    assert method == "saliency"
    assert [cell[:4] for cell in cells] == ["0.10", "0.80", "0.50", "0.30"]


def test_how_coarse_the_layers_are():
    table = cells_table()
    cells = {row[0]: row[1:] for row in table.rows}
    assert cells["Deep-Emotion"] == ("48", "18 × 18")  # as its chapter says
    assert cells["ESR"] == ("64", "2 × 2")
    assert len(cells) == 6 and all("×" in told for _, told in cells.values())


def test_regions_and_branches(study):
    table = own.region_table(study)
    assert len(table.rows) == 4  # RAMN did not learn the eyes
    shares = table.rows[0][1:]
    assert shares[4].startswith("28.6 (") and shares[0].startswith("14.3 (")
    table = own.branch_table(study)
    assert len(table.rows) == 5 and table.rows[0][1] == "100 %\n mass 0.20"


def test_a_branch_without_any_map_says_so():
    study = planted_study()
    study.arrays["branch_mass"][0, :, :, 2] = np.nan
    row = own.branch_table(study).rows[0]
    assert row[3] == "100 %\n no map above zero" and row[4].endswith("mass 0.20")


def test_attention_by_place():
    study = planted_study(spread=0)
    table = own.attention_table(study)
    ramn = {place: column(table, place)["RAMN"] for place in ("mouth", "eyes")}
    assert ramn["mouth"].startswith("0.40 (0.40") and ramn["eyes"] == ""
    assert column(table, "eyes")["Deep-Emotion"].startswith("0.40 (0.40")


def test_the_window_beside_the_picture():
    study = planted_study()
    study.arrays["window"][:, 0] = (0.9, 0.6)
    table = own.window_table(study)
    assert len(table.rows) == 5
    assert [cell[:6] for cell in table.rows[0][1:]] == ["90.0 (", "60.0 (", "30.0 ("]


def test_landmarks_before_and_after(study):
    table = own.landmark_table(study)
    cell = column(table, "nose")[told.PLACES["jaw"]]
    assert cell == "2.0 to 5.0\n 3.0 (3.0 to 3.0)"


@pytest.mark.parametrize("name", ["region", "branch", "window", "landmark"])
def test_a_part_that_is_missing_or_learned_nothing_is_told(name):
    make = getattr(own, f"{name}_table")
    study = planted_study()
    study.arrays["correct"][:] = 0
    assert "learned a task" in make(study).text()
    for lost in ("theta", "branch_mass", "window", "landmark_error"):
        del study.arrays[lost]
    assert "is in this study" in make(study).text()
