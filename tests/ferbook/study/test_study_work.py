"""A small study from faces to answers: records, going on, and refusals."""

import pickle
from dataclasses import replace
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fer_lib.errors import FerError
from fer_lib.rendered.cues import CUES
from ferbook.cli import main
from ferbook.runs.paths import repository_root
from ferbook.study import data_sheet, paper_faces
from ferbook.study import work as module
from ferbook.study.cell import ROWS
from ferbook.study.faces import (
    OPPOSITE,
    asked_faces,
    movement_set,
    set_cues,
    shown_movements,
    staged,
)
from ferbook.study.plan import plan_hash
from ferbook.study.plan_page import PLACE, plan_page
from ferbook.study.record import read_cell
from ferbook.study.report import summary
from ferbook.study.settings import NETWORKS, SIZES, Cell, Settings
from ferbook.study.work import the_truth, work

TINY = replace(
    SIZES["smoke"], networks=("plain_resnet",), train=8, test=4, movements=3, shown=2
)
FAIR, TIED = Cell("fair", "plain_resnet", 0), Cell("tied100", "plain_resnet", 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("records")
    assert work(TINY, found, cells=[FAIR, TIED]) == [FAIR, TIED]
    return found


def test_faces_show_what_is_said_and_never_opposites():
    full = Settings()
    shown = [shown_movements(take, full) for take in range(400)]
    assert {len(one) for one in shown} == {full.shown}
    assert not any(pair <= {*one} for one in shown for pair in OPPOSITE)
    counts = [sum(unit in one for one in shown) for unit in full.tasks]
    even = 400 * full.shown / full.movements
    assert max(abs(count - even) for count in counts) < 5 * even**0.5
    assert shown_movements(7, full) == shown[7]


@pytest.mark.parametrize("strength", [0.5, 0.75, 1.0])
def test_cues_agree_with_their_movement_as_often_as_is_said(strength):
    full = Settings()
    agree = np.zeros(len(CUES))
    for take in range(600):
        shown = shown_movements(take, full)
        told = set_cues(take, shown, strength, full)
        agree += [told[cue] == (full.tied[cue] in shown) for cue in CUES]
    near = 5 * (strength * (1 - strength) / 600) ** 0.5
    assert np.abs(agree / 600 - strength).max() <= near


@pytest.mark.slow
def test_a_set_is_its_takes_and_test_faces_are_fair(folder):
    faces = movement_set("Test", 1.0, TINY)
    same = movement_set("Test", 0.5, TINY)
    assert faces.sha256 == same.sha256
    one = staged(int(faces.extra["take"][2]), 0.5, TINY)
    np.testing.assert_array_equal(faces.images[2, 0], one.picture())
    told = dict(zip(TINY.tasks, faces.extra["moves"][2], strict=True))
    assert {unit for unit, moves in told.items() if moves} == {*one.strengths}
    people = set(faces.subjects) | set(movement_set("Training", 0.5, TINY).subjects)
    assert len(people) == TINY.test + TINY.train, "each face is of another person"


@pytest.mark.slow
def test_what_is_asked_is_even_and_shown(folder):
    known = the_truth(TINY).known
    asked = asked_faces(known, TINY)
    counts = [len(rows) for rows in asked.values()]
    assert sum(counts) == TINY.test * TINY.asked and max(counts) - min(counts) <= 1
    for task, rows in asked.items():
        assert all(task in known.unit[known.row == row] for row in rows)


@pytest.mark.slow
def test_a_record_has_everything_of_its_cell(folder):
    told, arrays = read_cell(folder, FAIR, TINY)
    pairs = TINY.test * TINY.asked
    assert told["plan_sha256"] == plan_hash(TINY) and told["cell"] == list(FAIR)
    assert arrays["scores"].shape == (TINY.test, TINY.movements)
    for name in ("unit_deletion", "relevance_rank@0.25", "weighted_auc", "deletion"):
        assert arrays[name].shape == (len(ROWS), pairs), name
    rank = dict(zip(ROWS, arrays["relevance_rank@0.25"], strict=True))
    truth = rank["truth"]
    assert (truth[~np.isnan(truth)] == 1).all() and np.isnan(rank["attention"]).all()
    assert not np.isnan(rank["deeplift"]).all()
    np.testing.assert_allclose(
        dict(zip(ROWS, arrays["unit_deletion"], strict=True))["constant"], 0.5
    )
    assert told["cpu_seconds"] > 0 and "cue_mass" not in arrays
    tied = read_cell(folder, TIED, TINY)[1]
    assert tied["cue_mass"].shape == tied["unit_deletion"].shape
    assert "deletion" not in tied


@pytest.mark.slow
def test_it_goes_on_where_it_stopped(folder, monkeypatch):
    def never(*_):
        raise AssertionError("a finished cell is made again")

    monkeypatch.setattr(module, "learn", never)
    assert work(TINY, folder, cells=[TIED, FAIR]) == [TIED, FAIR]
    other = Cell("shuffled", "plain_resnet", 0)
    assert work(TINY, folder, cells=[other], budget=-1) == []


@pytest.mark.slow
def test_cells_may_be_made_elsewhere_and_come_back_in_any_order(folder, tmp_path):
    def elsewhere(make, jobs):
        for job in reversed(list(jobs)):
            there, words = pickle.loads(pickle.dumps((make, job)))
            yield job, partial(there, *words)

    assert work(TINY, tmp_path, cells=[FAIR, TIED], each=elsewhere) == [FAIR, TIED]
    for cell in (FAIR, TIED):
        here, there = (read_cell(at, cell, TINY)[1] for at in (folder, tmp_path))
        assert here.keys() == there.keys()
        for name, values in here.items():
            np.testing.assert_array_equal(there[name], values)


@pytest.mark.slow
def test_records_of_another_plan_and_damaged_ones_are_refused(folder, tmp_path):
    with pytest.raises(FerError, match=r"made by another plan.*--out"):
        work(replace(TINY, epochs=0.2), folder, cells=[FAIR])
    stored = (folder / f"{FAIR}.npz").read_bytes()
    (tmp_path / f"{FAIR}.npz").write_bytes(stored[: len(stored) // 2])
    with pytest.raises(FerError, match=r"fair-plain_resnet-0.npz: damaged.*delete"):
        work(TINY, tmp_path, cells=[FAIR])


@pytest.mark.slow
def test_the_summary_is_said_of_what_there_is(folder):
    told = summary(folder, TINY, draws=20)
    assert "plain ResNet" in told and "Movements learned" in told


def test_cells_of_the_full_plan():
    cells = SIZES["full"].cells()
    assert len(cells) == len(set(cells)) == len(NETWORKS) * (5 + 3 + 1)
    assert [c.condition for c in cells[:40]] == ["fair"] * 40
    assert Cell("tied75", "ramn", 0).strength == 0.75 and cells[0].strength == 0.5
    photographs = SIZES["full"].cells_on_photographs()
    assert len(photographs) == 6 * 2 and {c.strength for c in photographs} == {0.5, 1}
    assert all(c.on_photographs and not c.tied for c in photographs)
    assert not any(c.on_photographs for c in cells)


def test_the_plan_changes_its_hash_and_its_page():
    assert plan_hash(TINY) != plan_hash(replace(TINY, epochs=0.2))
    page = plan_page(SIZES["full"])
    stored = (repository_root() / PLACE).read_text(encoding="utf-8")
    assert page == stored, "python -m ferbook.study.plan_page writes it"
    assert plan_hash(SIZES["full"]) in page and "`jawOpen`" in page
    sheet = data_sheet.data_sheet()
    stored = (repository_root() / data_sheet.PLACE).read_text(encoding="utf-8")
    assert sheet == stored, "python -m ferbook.study.plan_page writes it"
    assert "{" not in page + sheet.replace("{cite:t}", "")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--size", "smoke", "--workers", "0"], "0 workers"),
        (["--size", "smoke", "--budget", "soon"], "soon"),
        (["--size", "smoke", "--root", "nowhere"], "nowhere"),
    ],
)
def test_the_command_refuses(given, says, capsys, tmp_path):
    assert main(["explain", *given, "--out", str(tmp_path)]) != 0
    assert says in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("change", "says"),
    [({"asked": 6}, "6 movements asked of 5"), ({"networks": ("x",)}, r"\['x'\]")],
)
def test_settings_that_cannot_be(change, says):
    with pytest.raises(FerError, match=says):
        replace(SIZES["full"], **change)


def test_the_picture_of_the_report_shows_what_it_names():
    figure = paper_faces.draw(TINY)
    panels = np.array(figure.axes).reshape(-1, 3 + len(paper_faces.ROWS))
    assert len(panels) == 2, "of its movements the tiny study has two"
    layers = [len(panel.images) for panel in panels[0]]
    assert layers == [1, 1, 1] + [2] * len(paper_faces.ROWS)
    face, without, truth = (panel.images[0].get_array() for panel in panels[0][:3])
    changed = np.asarray(face, int) != np.asarray(without, int)
    assert changed[np.asarray(truth) == 0].mean() > changed.mean() > 0
    plt.close(figure)
