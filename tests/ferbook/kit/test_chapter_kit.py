"""What chapters call: parameters, networks, records, errors."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn_faces import web_faces
from planted_runs import LABELS, plant

from fer_lib.data.protocols import official
from fer_lib.errors import FerError
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing
from ferbook.kit import chapter
from ferbook.kit import faces as chapter_faces
from ferbook.kit import results as chapter_results
from ferbook.kit import run as chapter_run
from ferbook.kit.faces import first_right
from ferbook.papers import PAPERS
from ferbook.runs.run import Run
from ferbook.training.states import Fitted

DEFAULTS = {
    "dataset": "rendered",
    "data_root": "",
    "protocol": "official",
    "preset": "smoke",
    "train": False,
    "settings": "",
    "seed": 0,
    "device": "cpu",
    "budget_minutes": 0.0,
    "reader": "",
}


def parameters_of(paper="deep_emotion", **changed):
    return chapter.read_parameters(paper, DEFAULTS | changed)


@pytest.fixture(scope="module")
def splits():
    return official(web_faces())


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """An empty folder in place of ``book/runs``."""
    monkeypatch.setattr(chapter_results, "runs_folder", lambda: tmp_path / "runs")
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


class Reads(Network):
    """Says the class whose number is the first pixel; surer, the brighter."""

    def __init__(self):
        super().__init__()
        self.input = Preprocessing(48, 1, 0.0, 1.0)
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, x):
        first, second = (255 * x[:, 0, 0, k] for k in (0, 1))
        said = torch.nn.functional.one_hot(first.round().long(), 7)
        return self.scale * said * second[:, None] / 10


def reading_run(splits, said, sure):
    """A run whose network says ``said`` of the test faces, that surely."""
    images = splits.test.images.copy()
    images[:, 0, 0, 0], images[:, 0, 0, 1] = said, sure
    splits = replace(splits, test=replace(splits.test, images=images))
    return Run(Reads(), None, splits, Fitted())


def test_settings_get_the_type_of_their_field():
    found = parameters_of(settings="epochs=5, flip=0.25, batch_norm=true").settings
    assert found == {"epochs": 5, "flip": 0.25, "batch_norm": True}
    assert parameters_of(budget_minutes=1.5).budget == 90
    assert parameters_of().budget is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"settings": "epoch=5"}, "has 'epoch', expected name=value"),
        ({"settings": "epochs"}, "epochs=, expected a value like 18"),
        ({"settings": "batch_norm=maybe"}, "expected a value like False"),
        ({"preset": "huge"}, "expected one of smoke"),
        ({"dataset": "lfw"}, "expected one of rendered"),
        ({"budget_minutes": -1}, "expected a number from 0"),
    ],
)
def test_wrong_parameters_are_refused(changed, words):
    with pytest.raises(FerError, match=words):
        parameters_of(**changed)


def test_parameters_name_the_run():
    key = parameters_of("ramn", seed=3, settings="epochs=2").key("baseline")
    assert (key.paper, key.variant, key.seed) == ("ramn", "baseline", 3)
    assert key.changes == (("epochs", 2),)


def test_the_committed_network_is_loaded(splits, runs, capsys):
    run = chapter.network(parameters_of(), splits)
    assert (
        "deep_emotion.safetensors.gz, trained on rendered faces"
        in capsys.readouterr().out
    )
    assert run.record is None and not run.network.training
    chapter.record_cell(run)
    assert "Nothing was trained here" in capsys.readouterr().out


def test_a_record_of_the_committed_network_comes_along(splits):
    run = chapter.network(parameters_of(), splits)
    assert run.record.dataset == "rendered"


def test_a_network_of_other_faces_is_not_passed_over(splits, runs, capsys):
    real = replace(splits, test=replace(splits.test, rendered=False))
    chapter.network(parameters_of(), real)
    assert "of another kind" in capsys.readouterr().out


def test_variants_without_weights_are_refused(splits, runs):
    with pytest.raises(FerError, match=r"variant 'no_transformer'.* train = True"):
        chapter.network(parameters_of(), splits, "no_transformer")


def test_other_classes_are_refused(splits, runs):
    with pytest.raises(FerError, match="trained on 7 classes"):
        chapter.network(parameters_of(), replace(splits, classes=("a", "b")))


def test_a_reader_sends_in_a_record(tmp_path, monkeypatch, splits, capsys):
    monkeypatch.setattr(chapter_run, "RECORDS", tmp_path / "_build" / "runs")
    record = plant(tmp_path / "_build" / "runs", LABELS > 3, seed=5)
    run = Run(None, None, splits, Fitted(), record)
    chapter.record_cell(run, "Ada")
    assert "book/runs/deep_emotion/fer2013-official/" in capsys.readouterr().out
    chapter_run.record_cell(run)
    runs = chapter_results.load_records(tmp_path / "_build" / "runs")
    assert [r.content["reader"] for r in runs] == ["Ada"]


def test_the_surest_errors_come_first(splits):
    truth = splits.test.labels
    said, sure = truth.copy(), np.arange(len(truth)) % 50 + 1
    wrong = [4, 9, 30, 41]
    said[wrong] = (said[wrong] + 1) % 7
    cases = chapter.hard_cases(reading_run(splits, said, sure), count=3)
    assert cases.rows.tolist() == sorted(wrong, key=lambda row: -sure[row])[:3]
    assert np.array_equal(cases.truth, truth[cases.rows])
    assert np.array_equal(cases.predicted, said[cases.rows])
    odds = np.exp(sure[cases.rows] / 10)
    assert np.allclose(cases.confidence, odds / (odds + 6), atol=1e-5)


def test_without_errors_there_are_no_hard_cases(splits, capsys):
    run = reading_run(splits, splits.test.labels, 9)
    chapter.show_hard_cases(run)
    assert "misreads no test face" in capsys.readouterr().out


def test_hard_cases_tell_label_and_reading(splits, monkeypatch):
    shown = []
    monkeypatch.setattr(chapter_faces, "show", lambda *a, **told: shown.append(told))
    said = splits.test.labels.copy()
    said[2] = 6
    chapter.show_hard_cases(reading_run(splits, said, 200))
    assert (
        f"{splits.classes[splits.test.labels[2]]} read as neutral 100 %"
        in (shown[0]["alt"])
    )
    assert "Rendered faces" in shown[0]["caption"]


def test_examples_leave_out_classes_without_a_face():
    said, truth = np.array([0, 2]), np.array([0, 0])
    assert first_right(said, truth, ("a", "b", "c")) == ([0], ["a"])


@pytest.mark.parametrize("paper", PAPERS)
def test_departures_are_found_without_a_record(paper, splits):
    config = PAPERS[paper].make_config("smoke")
    run = Run(None, config, splits, Fitted())
    rows = chapter.departure_box(run).rows
    told = PAPERS[paper].deviations(config, splits)
    assert [row[0] for row in rows] == [one["item"] for one in told]
