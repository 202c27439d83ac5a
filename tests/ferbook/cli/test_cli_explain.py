"""``ferbook explain``: what it asks of the study."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from planted_studies import planted_study

from ferbook import cli, cluster
from ferbook.study import work as study_work
from ferbook.study.record import explanations_folder
from ferbook.study.settings import Settings
from ferbook.study.work import plan_cells


@pytest.fixture
def asked(monkeypatch):
    """What the study was asked to do, without doing it."""
    told = {}

    def work(cells, settings, out, **options):
        told.update(cells=cells, settings=settings, out=out, **options)
        return planted_study()

    monkeypatch.setattr(study_work, "work", work)
    return told


def test_everything_by_default(asked, capsys):
    assert cli.main(["explain"]) == 0
    assert asked["cells"] == plan_cells(seeds=2)
    assert asked["settings"] == Settings()
    assert asked["out"] == explanations_folder()
    assert asked["budget"] is None and asked["fresh"] is False
    told = capsys.readouterr().out
    assert "Methods by rank" in told and "saliency" in told
    assert "Accuracy on new people" in told and "study.json" in told


def test_cells_are_handed_to_a_cluster(asked, monkeypatch, tmp_path):
    given, checked = [], []
    made = SimpleNamespace(check=lambda: checked.append(True), each=object())

    def open_cluster(*words):
        given.append(words)
        return nullcontext(made)

    monkeypatch.setattr(cluster, "open_cluster", open_cluster)
    words = ["explain", "--out", str(tmp_path)]
    assert cli.main(words) == 0 and asked["each"] is cluster.in_turn
    for who in (["--workers", "3"], ["--scheduler", "tcp://node1:8786"]):
        assert cli.main([*words, *who]) == 0 and asked["each"] is made.each
    assert given == [(None, 3, "cpu"), ("tcp://node1:8786", None, "cpu")]
    assert checked == [True, True]


def test_parts_of_it(asked, tmp_path):
    words = ["explain", "--task", "mouth", "mark", "--network", "ramn"]
    words += ["--seeds", "3", "--faces", "8", "--train", "50", "--epochs", "0.5"]
    words += ["--budget", "20m", "--fresh", "--out"]
    assert cli.main([*words, str(tmp_path)]) == 0
    assert asked["cells"] == plan_cells(("mouth", "mark"), ("ramn",), 3)
    assert asked["settings"] == Settings(faces=8, train=50, epochs=0.5)
    assert (asked["budget"], asked["fresh"]) == (1200, True)
    assert asked["out"] == tmp_path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seeds", "0"], "0 seeds, expected 1 or more"),
        (["--faces", "1"], "1 faces to explain"),
        (["--budget", "soon"], "soon"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(asked, capsys, words, told):
    assert cli.main(["explain", *words]) == 1
    assert told in capsys.readouterr().err


def test_unknown_names_are_refused(asked, capsys):
    assert cli.main(["explain", "--task", "hat"]) == 1
    assert "task 'hat' is unknown" in capsys.readouterr().err and not asked
