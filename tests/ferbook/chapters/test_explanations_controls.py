"""Controls and planted shortcuts of chapter 11, from a study that is known."""

import numpy as np
import pytest
from planted_studies import FACES, NETWORKS, TASKS, column, planted_study

from fer_lib.explain.scoring.controls import DECOYS
from ferbook.chapters.explanations import controls, cues
from ferbook.chapters.explanations.live import cells_table
from ferbook.chapters.explanations.words import in_words
from ferbook.show.tables import Table
from ferbook.study import report as told
from ferbook.study.cell import ROWS
from ferbook.study.statements import HOLDS


@pytest.fixture(scope="module")
def study():
    return planted_study()


def test_decoys_win_where_they_do(study):
    table = controls.decoy_table(study)
    found = column(table, "AUC, best: centre blob")
    assert found["saliency"].startswith("above it")
    assert found["SmoothGrad"].startswith("below it")
    assert set(found) == {told.LABELS[n] for n in ROWS if n not in DECOYS}


def test_words_of_the_study_are_marked_as_verdicts_are():
    words = {*told.BEATEN.values(), *HOLDS.values(), "too few tasks"}
    for word in words:
        html = Table("", ("",), ((f"{word}\n 0.5",),)).html()
        assert html.count("aria-hidden") == 1 and f"<strong>{word}</strong>" in html


def test_a_tie_with_the_decoy_is_told():
    study = planted_study(spread=1.0)
    row = ROWS.index("saliency"), ROWS.index("centre_blob")
    values = study.arrays["inside_auc"]
    values[..., row[0], :] = values[..., row[1], :] + np.tile([1, -1], FACES // 2)
    table = controls.decoy_table(study)
    (name,) = (column for column in table.header if column.startswith("AUC, best"))
    assert name.endswith("centre blob")
    assert column(table, name)["saliency"].startswith("not told apart")
    assert "not shown to be equal. Of 110 differences, 6 would" in table.note


def test_each_task_has_a_decoy_of_its_own():
    study = planted_study()
    mouth = study.arrays["relevance_rank"][TASKS.index("mouth")]
    mouth[..., ROWS.index("edges"), :] = 0.9
    table = controls.decoys_by_task(study)
    assert table.header[1:3] == ("mouth, best: edges", "brows, best: centre blob")
    assert column(table, "mouth, best: edges")["saliency"].startswith("below it\n -0.1")
    assert column(table, "brows, best: centre blob")["saliency"].startswith("above it")
    assert len(table.header) == 6 and len(table.rows) == 10


def test_shortcuts_that_were_taken(study):
    assert cues.took(study, "mark") == NETWORKS
    assert cues.took(study, "light") == ("deep_emotion",)
    assert cues.took(study, "ears") == ()
    shown = cues.exposed(study, "mark")
    assert shown["saliency"].mean == pytest.approx(0.5, abs=0.01)
    assert shown["saliency"].low > 0.4 and shown["edges"].mean < 0.05
    assert cues.exposed(study, "ears") == {}
    table = cues.exposure_table(study)
    assert "mark, 3 networks" in table.header and "ears, 0 networks" in table.header
    found = column(cues.shortcut_table(study), "mark")
    assert "effect 4.0" in found["RAMN"]


def test_a_study_without_shortcuts_says_so():
    study = planted_study()
    study.arrays["cue_effect"][:] = 0
    assert "No network" in cues.exposure_table(study).text()
    assert "No network" in cues.warning_table(study).text()
    assert "none was taken" in in_words(study).text()


def test_what_a_reader_could_see_of_a_shortcut(study):
    told = cues.warned(study, "mark")
    (decoy,) = DECOYS.keys() & told.keys()
    assert told[decoy].mean == pytest.approx(0.1, abs=0.01)
    assert told["saliency"].mean == pytest.approx(0.5, abs=0.02)
    assert told["saliency"].low > 0.4 and abs(told["occlusion"].mean) < 0.02
    alone = cues.warned(study, "light")  # one network has no interval
    assert alone["saliency"].n == 1 and np.isnan(alone["saliency"].low)
    table = cues.warning_table(study)
    assert [name.split(",")[0] for name in table.header] == ["Method", "light", "mark"]
    found = column(table, table.header[2])
    assert found["saliency"].startswith("above it") and len(found) == 10


def test_steadiness_is_sorted_and_counted():
    study = planted_study()
    values = np.full_like(study.arrays["inside_auc"], np.nan)
    for method, value in (("saliency", 0.5), ("occlusion", 0.25)):
        values[0, :, 0, ROWS.index(method)] = value
    study.arrays["sensitivity"] = values
    table = controls.sensitivity_table(study)
    n = str(len(NETWORKS) * FACES)
    assert [row[0] for row in table.rows] == ["occlusion", "saliency"]
    assert table.rows[0][1].startswith("0.25 (") and table.rows[1][2] == n
    del study.arrays["sensitivity"]
    assert "did not measure" in controls.sensitivity_table(study).text()


def test_agreement_of_trainings(study):
    table = controls.agreement_table(study)
    saliency = {k: column(table, k)["saliency"] for k in table.header[1:]}
    assert saliency["other seed"].startswith("0.40 (")
    assert saliency["other networks"].startswith("0.20 (")
    assert saliency["shuffled labels"].startswith("0.10 (")
    assert saliency["another face"].startswith("0.30 (")


def test_what_new_weights_leave(study):
    table = controls.randomised_table(study)
    ((method, agree, own, new, lost),) = table.rows
    assert method == "saliency" and agree.startswith("0.10 (")
    assert own.startswith("0.80 (") and new.startswith("0.50 (")
    assert lost.startswith("0.30 (")


def test_how_coarse_the_layers_are():
    table = cells_table()
    cells = {row[0]: row[1:] for row in table.rows}
    assert cells["Deep-Emotion"] == ("48", "18 × 18")  # as its chapter says
    assert cells["ESR"] == ("64", "2 × 2")
    assert len(cells) == 6 and all("×" in told for _, told in cells.values())
