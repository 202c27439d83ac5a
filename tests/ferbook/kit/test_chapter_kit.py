"""What chapters call: parameters, networks, records, tables, quizzes."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from drawn_faces import web_faces
from made_records import LABELS, plant
from scipy.stats import binomtest

from fer_lib.data.protocols import official
from fer_lib.errors import FerError
from fer_lib.evaluation.inference import predict
from fer_lib.models import build
from fer_lib.models.catalogue import entry
from fer_lib.models.network import Network
from fer_lib.preprocessing import Preprocessing
from ferbook.kit import ablation as ablation_module
from ferbook.kit import chapter, quiz
from ferbook.kit import faces as chapter_faces
from ferbook.kit import results as chapter_results
from ferbook.kit import run as chapter_run
from ferbook.kit.ablation import train_briefly
from ferbook.kit.costs import badge, training_cost
from ferbook.kit.faces import first_right
from ferbook.kit.parameters import Parameters
from ferbook.kit.runtime import show_cost
from ferbook.papers import PAPERS
from ferbook.runs.run import Run
from ferbook.show.costs import rate
from ferbook.show.figures import RENDERED, percent
from ferbook.training.states import Fitted

DEFAULTS = {
    "dataset": "rendered",
    "data_root": "",
    "data_options": "",
    "protocol": "official",
    "preset": "smoke",
    "train": False,
    "settings": "",
    "seed": 0,
    "device": "cpu",
    "budget_minutes": 0.0,
    "state_folder": "",
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
    assert parameters_of(state_folder="kept").state_folder == "kept"


def test_options_of_a_reader_get_their_types_and_name_the_run():
    asked = "first=1, face=none"
    found = parameters_of(dataset="ckplus", protocol="hat", data_options=asked)
    assert found.data_options == {"first": 1, "face": None}
    assert dict(found.key().options) == found.data_options
    assert parameters_of().data_options == {}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"settings": "epoch=5"}, "'epoch' is no setting of deep_emotion"),
        ({"settings": "epochs"}, "settings epochs: .*expected NAME=VALUE"),
        ({"settings": "batch_norm=maybe"}, "expected true or false"),
        ({"preset": "huge"}, "expected one of smoke"),
        ({"dataset": "lfw"}, "expected one of rendered"),
        ({"budget_minutes": -1}, "expected a number from 0"),
        ({"state_folder": 3}, "expected a text"),
        ({"data_options": "hat=1"}, "'hat' is no option of rendered.*corpus"),
    ],
)
def test_wrong_parameters_are_refused(changed, words):
    with pytest.raises(FerError, match=words):
        parameters_of(**changed)


def test_the_committed_network_is_loaded(splits, runs, capsys):
    run = chapter.network(parameters_of(), splits)
    said, read = capsys.readouterr().out, percent(run.reading())
    learned = (
        "which learned from FER2013's photographs (FER+ votes as shares, 7 classes)"
    )
    assert f"deep_emotion.safetensors.gz, {learned}" in said
    assert f"It reads {read} of these test faces." in said
    assert chapter.note(splits) == RENDERED
    assert run.record is None and not run.network.training
    chapter.record_cell(run)
    assert "Nothing was trained here" in capsys.readouterr().out


def test_results_are_of_the_faces_at_hand_though_the_record_is_of_others(splits, runs):
    run = chapter.network(parameters_of(), splits)
    record = plant(runs, LABELS > 3, seed=5)
    other = Run(run.network, None, splits, Fitted(), record)
    assert other.reading() == run.reading() and other.results() != record.results
    own = SimpleNamespace(test=splits.test, sha256=record.key.data)
    assert Run(run.network, None, own, Fitted(), record).results() == record.results


@pytest.mark.parametrize(("right", "drawn"), [(0.7, True), (0.69, False)])
def test_maps_are_drawn_of_a_network_that_reads(monkeypatch, capsys, right, drawn):
    shown, figure = [], plt.figure()
    monkeypatch.setattr(chapter_faces, "show", lambda *told: shown.append(told))
    read = {"n": 100, "accuracy": right, "accuracy_ci95": [right - 0.1, right + 0.1]}
    run = SimpleNamespace(reading=lambda: read)
    chapter.show_maps(run, figure, "Four words of text", "Caption.")
    assert shown == ([(figure, "Four words of text", "Caption.")] if drawn else [])
    said = capsys.readouterr().out
    assert drawn != ("reads 69.0 % (59.0–79.0), n = 100 of these" in said)
    assert drawn == plt.fignum_exists(figure.number)  # closed where it is not shown
    plt.close(figure)


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


@pytest.mark.parametrize(
    ("said", "truth", "expected"),
    [
        ([1, 0, 0, 1, 0], [0, 0, 1, 1, 1], ([1, 3], ["a", "b"])),
        ([1, 0], [0, 1], ([0, 1], ["a\nread as b", "b\nread as a"])),
        ([0, 2], [0, 0], ([0], ["a"])),  # without a face a class is left out
    ],
)
def test_examples_are_read_correctly_where_one_is(said, truth, expected):
    assert first_right(np.array(said), np.array(truth), ("a", "b", "c")) == expected


RNG = np.random.default_rng(0)
GOOD, POOR = RNG.random(len(LABELS)) < 0.8, RNG.random(len(LABELS)) < 0.4


def test_recorded_runs_are_filtered_and_the_default_comes_first(runs):
    for variant in ("default", "a_variant"):
        for seed in (1, 0):
            plant(runs, GOOD, variant=variant, seed=seed)
    plant(runs, GOOD, dataset="rendered", seed=0)
    found = chapter.recorded("deep_emotion")
    assert [(r.variant, r.seed) for r in found] == [
        ("default", 0),
        ("default", 1),
        ("a_variant", 0),
        ("a_variant", 1),
    ]
    assert len(chapter.recorded("deep_emotion", seed=1)) == 2
    assert not chapter.recorded("ramn")
    # A run that is added is seen.
    plant(runs, GOOD, variant="default", seed=2)
    assert len(chapter.recorded("deep_emotion", variant="default")) == 3


def test_an_ablation_is_paired_by_seed_and_face(runs):
    plant(runs, GOOD, variant="default", seed=0)
    plant(runs, GOOD, variant="default", seed=7)  # has no partner
    plant(runs, POOR, variant="worse", seed=0)
    table = chapter.ablation("deep_emotion", ["default", "worse"])
    ((name, shares, points, test, says),) = table.rows
    assert name.startswith("worse\n")
    assert shares.startswith(f"{100 * POOR.mean():.1f} %")
    assert points.startswith(f"{100 * (POOR.mean() - GOOD.mean()):+.1f} points")
    assert f"n = {len(LABELS)}" in points
    assert says == "worse for this seed\n an answer takes 3"
    assert table.header[2] == "Variant less default"
    p = binomtest(int((POOR & ~GOOD).sum()), int((POOR ^ GOOD).sum())).pvalue
    assert test == f"seed 0: p = {p:.2g}"


def test_other_faces_are_not_compared(runs):
    plant(runs, GOOD, variant="default")
    plant(runs, POOR, variant="worse", data={"sha256": "e" * 64})
    with pytest.raises(FerError, match="other faces than those of"):
        chapter.ablation("deep_emotion", ["worse"])


@pytest.mark.parametrize("paper", [name for name in PAPERS if name != "comparison"])
def test_costs_follow_from_counts_and_plan(paper, runs, splits):
    found = training_cost(paper, "smoke", splits)
    counted = entry(paper, preset="smoke")
    plan = PAPERS[paper].make_plan(PAPERS[paper].make_config("smoke"), splits, 0)
    assert (found.parameters, found.input) == (counted.parameters, counted.input)
    assert found.epochs == sum(stage.epochs for stage in plan.stages)
    work = 3 * counted.gflops * 1600 * found.epochs
    speed = rate(counted.gflops, "a T4")
    assert found.seconds("a T4") == pytest.approx(work / speed)
    assert found.record is None and "estimated from FLOPs" in badge(found, True)


def test_variants_are_tried_on_the_same_few_faces(splits):
    parameters = Parameters(
        "deep_emotion", "rendered", "", {}, *("official", "smoke", False), {}, 0,
        "cpu", 0.0, "", "",
    )  # fmt: skip
    names = ["default", "no_transformer"]
    tried = chapter.try_variants(parameters, splits, names, epochs=1, faces=20)
    assert list(tried) == names
    for run in tried.values():
        assert len(run.splits.train) == 20 and len(run.fitted.curve) == 1
    again = chapter.try_variants(parameters, splits, names[:1], epochs=1, faces=20)
    said = [
        predict(one["default"].network, splits.test.images) for one in (tried, again)
    ]
    np.testing.assert_array_equal(*said)


def test_a_table_of_what_was_tried_stands_only_where_something_was_learned(
    splits, monkeypatch
):
    tried = dict.fromkeys(("default", "other"), SimpleNamespace(splits=splits))
    n = len(splits.test)
    right = iter([np.arange(n) < 0.9 * n, np.arange(n) < 0.8 * n])
    monkeypatch.setattr(ablation_module, "_right", lambda run: next(right))
    first, second = chapter.tried_box(tried).rows
    assert first[0] == "default" and second[2].startswith("-10.")
    monkeypatch.setattr(ablation_module, "_right", lambda run: np.zeros(n, bool))
    words = chapter.tried_box(tried).words
    assert "no variant (default, other) beats a network" in words


def test_the_cost_is_that_of_the_least_disturbed_run(runs, splits):
    slow = [{"epoch": 1, "seconds": 90.0}, {"epoch": 2, "seconds": 90.0}]
    quick = [row | {"seconds": 30.0} for row in slow]
    for seed, curve in enumerate((quick, slow)):
        about = {"dataset": "rendered", "preset": "smoke", "curve": curve}
        about["started"] = f"2026-01-0{seed + 1}T00:00:00+00:00"
        plant(runs, GOOD, variant="default", seed=seed, **about)
    assert training_cost("deep_emotion", "smoke", splits).record.seed == 0


def test_a_training_goes_on_from_a_network_of_any_size(splits):
    start = build("deep_emotion", width=3, batch_norm=True).eval()
    how = {"epochs": 1, "faces": 20, "start": start, "settings": {"batch_size": 4}}
    run = train_briefly("deep_emotion", "default", splits, **how)
    assert run.network.options["batch_norm"]
    assert run.network.options["width"] == 3 and run.config.batch_size == 4
    assert not torch.equal(run.network.fc1.weight, start.fc1.weight)


MINUTES = {"smoke": (1, 0.5), "paper": (120, None)}
ASKED = quiz.Question("Is 1 < 2?", ("no", "yes & no", "yes"), 2, "By <counting>.")


def test_an_answer_says_whether_it_is_right_once_it_is_chosen(monkeypatch):
    shown = []
    monkeypatch.setattr(quiz, "display", shown.append)
    quiz.quiz([ASKED, ASKED], first=3)
    page = BeautifulSoup(shown[0].data, "html.parser")
    assert [p.get_text() for p in page.select(".fer-question > p")] == [
        "3. Is 1 < 2?",
        "4. Is 1 < 2?",
    ]
    assert not page.find("script") and not page.select("details[open]")
    first, second = page.select(".fer-question")
    answers = first.select("details")
    assert [one.summary.text for one in answers] == ["no", "yes & no", "yes"]
    told = [one.p.text for one in answers]
    assert told[2] == "\u2713 Right. By <counting>."
    assert told[0] == told[1] and "counting" not in told[0]
    # One answer closes the others of its question, and of no other question.
    names = {one["name"] for one in answers}
    assert len(names) == 1 and names.isdisjoint(d["name"] for d in second("details"))


@pytest.mark.parametrize(("choices", "right"), [(("one",), 0), (("a", "b"), 2)])
def test_a_question_without_a_right_answer_is_refused(choices, right):
    with pytest.raises(FerError, match="expected two or more answers"):
        quiz.Question("?", choices, right, "")


@pytest.mark.parametrize(
    ("gpu", "preset", "said"),
    [
        (False, "smoke", "about 1 minute on two CPU cores"),
        (True, "smoke", "about 0.5 minutes on a T4"),
        (True, "paper", "on a T4 is not measured"),
    ],
)
def test_the_cost_is_that_of_the_device(monkeypatch, capsys, gpu, preset, said):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    show_cost(MINUTES, preset)
    assert said in capsys.readouterr().out


def test_no_two_recorded_runs_share_a_name():
    """Else one of them would be lost where a table or figure goes by names."""
    named = [
        (paper, run.dataset, run.target, chapter_results.record_name(run))
        for paper in PAPERS
        for run in chapter_results.recorded(paper, None)
    ]
    assert len(named) > 20 and len(set(named)) == len(named)
