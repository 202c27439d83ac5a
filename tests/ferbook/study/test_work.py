"""Making a study: in order, resumable, reproducible, and never mixed."""

import numpy as np
import pytest
from planted_study import SIZE, SMALL, faces, reader

from fer_lib.errors import FerError
from fer_lib.rendered.cues import mark_place
from ferbook.study import work as study_work
from ferbook.study.settings import FAIR, NETWORKS, PLANTED, TASKS, Settings
from ferbook.study.work import Cells, plan_cells, work

CELLS = plan_cells(("mouth", "mark"), ("ramn", "deep_emotion"), 2)


@pytest.fixture
def made(monkeypatch):
    """Cells made in an instant; the list of those that were."""
    done = []

    def learn(network, task, seed, settings):
        done.append((task, network, seed))
        return reader(mark_place(SIZE), 30.0 + seed)

    monkeypatch.setattr(study_work, "learn", learn)
    monkeypatch.setattr(study_work, "known_faces", lambda *_: faces()[1])
    monkeypatch.setattr(study_work, "behaviour", lambda: {"rates": [0.1, 0.2]})
    return done


def make(folder, cells=CELLS, **options):
    return work(cells, SMALL, folder / "out", kept=folder / "kept", **options)


def test_cells_in_order_those_of_the_first_seed_first():
    every = plan_cells(seeds=2)
    assert len(every) == 6 * (len(TASKS) + len(FAIR)) == len(set(every))
    assert [c[2] for c in every] == sorted(c[2] for c in every)
    assert {c[0] for c in every if c[2] == 1} == set(FAIR)
    assert {c[0] for c in every[: 6 * len(FAIR)]} == set(FAIR)
    assert plan_cells(("mark",), seeds=3) == [("mark", n, 0) for n in NETWORKS]
    assert set(PLANTED) < set(TASKS)


def test_a_study_without_seeds_is_refused():
    with pytest.raises(FerError, match="0 seeds"):
        plan_cells(seeds=0)


def test_a_study_has_all_cells(tmp_path, made):
    study = make(tmp_path)
    assert made == CELLS
    assert study.tasks == ("mouth", "mark") and study.seeds == (0, 1)
    assert study.networks == ("deep_emotion", "ramn")  # the book's order
    assert study.ran.sum() == len(CELLS)
    assert study.content["behaviour"] == {"rates": [0.1, 0.2]}
    assert len(study.content["cpu_seconds"]) == len(CELLS)


def test_it_goes_on_where_it_stopped_and_comes_to_the_same(tmp_path, made):
    whole = make(tmp_path / "whole")
    made.clear()
    partly = make(tmp_path / "parts", CELLS[:2])
    assert made == CELLS[:2] and partly.ran.sum() == 2
    again = make(tmp_path / "parts")
    assert made == CELLS, "finished cells are not made again"
    for name, values in whole.arrays.items():
        np.testing.assert_array_equal(values, again.arrays[name], name)
    parts = [tmp_path / name / "out" / "study.npz" for name in ("whole", "parts")]
    assert parts[0].read_bytes() == parts[1].read_bytes()


def test_no_cell_is_begun_when_the_budget_is_over(tmp_path, made, monkeypatch):
    moments = iter([0.0, 0.0, 5.0, 11.0, 12.0, 13.0, 14.0])
    monkeypatch.setattr(study_work.time, "monotonic", lambda: next(moments))
    study = make(tmp_path, budget=10)
    assert len(made) == 2 and study.ran.sum() == 2


def test_nothing_finished_is_no_study(tmp_path, made):
    with pytest.raises(FerError, match="no cell is finished"):
        make(tmp_path, budget=-1)


def test_a_record_of_other_settings_or_behaviour_is_refused(
    tmp_path, made, monkeypatch
):
    make(tmp_path, CELLS[:1])
    other = Settings(train=5, validation=2, test=6, faces=4, epochs=0.01, stages=2)
    options = {"out": tmp_path / "out", "kept": tmp_path / "kept"}
    with pytest.raises(FerError, match=r"study of other settings.*--fresh"):
        work(CELLS[:1], other, **options)
    assert work(CELLS[:1], other, fresh=True, **options).ran.sum() == 1
    monkeypatch.setattr(study_work, "behaviour", lambda: {"rates": [0.1, 0.21]})
    with pytest.raises(FerError, match=r"study by code that behaved otherwise"):
        work(CELLS[:1], other, **options | {"kept": tmp_path / "fresh"})
    with pytest.raises(FerError, match=r"behaved otherwise in rates \(1 in all\)"):
        Cells(other, tmp_path / "kept")


def test_a_damaged_cell_is_told(tmp_path, made):
    make(tmp_path, CELLS[:1])
    path = Cells(SMALL, tmp_path / "kept").path(CELLS[0])
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FerError, match=r"mouth-ramn-0.npz: damaged.*delete"):
        make(tmp_path, CELLS[:1])
