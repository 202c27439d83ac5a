"""Planted learners and measured features of the chapters on diversity."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from drawn_faces import web_faces

from fer_lib.data.protocols import official
from fer_lib.evaluation.intervals import wilson_interval
from fer_lib.losses.diversity import diversity, equally_alike
from fer_lib.models.diversified_esr import DiversifiedESR
from ferbook.chapters.diversified import (
    features as diversified_features,
)
from ferbook.chapters.diversified import (
    learners as diversified,
)
from ferbook.chapters.diversified import (
    printed as diversified_printed,
)
from ferbook.chapters.diversified import (
    steps as diversified_steps,
)
from ferbook.papers.diversified_esr import make_config, make_preprocessing

CONFIG = make_config("smoke", width=2, branches=3)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def ensemble():
    torch.manual_seed(0)
    return DiversifiedESR(width=2, branches=3, input_size=64).eval()


def faces(count=5):
    draw = np.random.default_rng(0)
    return draw.integers(0, 256, (count, 1, 48, 48), dtype=np.uint8)


def test_planted_groups_make_the_tables_numbers():
    patterns = {
        "different": range(4),
        "twins": (0, 0, 1, 1),
        "pair": (0, 0, 1, 2),
        "alike": (0, 0, 0),
        "three groups": (0, 1, 2) * 5,
    }
    rows = {name: told for name, _, *told in diversified.pattern_table(patterns).rows}
    assert rows["different"] == ["+1", "+0"]
    assert rows["twins"] == ["+0", "+1"]
    assert [float(x) for x in rows["pair"]] == [0, 0]
    assert rows["alike"] == ["+0", "+2"]
    assert rows["three groups"] == ["+0", "+64"]


@pytest.mark.parametrize(
    ("count", "measure", "together"),
    [(3, "paper", False), (3, "authors_code", True), (2, "authors_code", False)],
)
def test_a_diversity_pulls_learners_as_its_sign_says(count, measure, together):
    trace = diversified.pulled(count, measure, steps=60)
    assert len(trace) == 61
    assert trace[-1] > 0.95 if together else trace[-1] < 0.1


def test_drawn_determinants_end_where_the_formulas_do():
    figure = diversified.draw_determinants((2, 3))
    paper, code = ([line.get_ydata() for line in a.lines[:2]] for a in figure.axes)
    np.testing.assert_allclose([y[0] for y in paper], -1, atol=1e-9)
    np.testing.assert_allclose([y[-1] for y in code], [1, -1], atol=1e-9)


def test_between_is_the_mean_of_the_pairs():
    matrix = torch.tensor([[1.0, 0.2, 0.4], [0.2, 1.0, 0.6], [0.4, 0.6, 1.0]])
    assert diversified.between(matrix) == pytest.approx(0.4)


def test_a_sweep_is_the_losses_own_similarity_and_gradient():
    learners = equally_alike(3, 0.5).detach()
    sweep = diversified_features.gamma_sweep(learners, (0.5, 1.0, 900.0), "channel")
    np.testing.assert_allclose(sweep.similarities, [0.5**0.5, 0.5, 0], atol=1e-9)
    step = torch.zeros_like(learners)
    step[0, 0, 0] = 1e-6
    ends = [float(diversity(learners + s * step, 1.0)) for s in (1, -1)]
    x = learners.clone().requires_grad_()
    (slope,) = torch.autograd.grad(diversity(x, 1.0), x)
    assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(float(slope[0, 0, 0]), abs=1e-6)
    assert sweep.pulls[1] == pytest.approx(float(slope.norm()))
    assert sweep.pulls[2] == 0  # no gradient is left
    assert sweep.ours == pytest.approx(30 / 3)


def test_outputs_are_those_of_one_pass(ensemble, monkeypatch):
    monkeypatch.setattr("fer_lib.explain.passes.VALUES_TOGETHER", 2 * 3 * 64**2)
    prepared = make_preprocessing(CONFIG)
    names = ("branches", "channel", "spatial")
    found = diversified_features.outputs(ensemble, faces(), prepared, names)
    with torch.inference_mode():
        whole = ensemble(prepared(torch.as_tensor(faces())))
    for name in names:
        torch.testing.assert_close(found[name], getattr(whole, name))


def test_similarities_are_written_into_their_cells():
    matrix = torch.tensor([[1.0, 0.25], [0.25, 1.0]])
    figure = diversified_features.draw_similarities({"S": matrix}, ["a", "b"])
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["1.00", "0.25", "0.25", "1.00"]


@pytest.mark.parametrize("paper", ["diversified_esr", "diversified_manet"])
def test_printed_accuracies_stand_between_their_limits(paper):
    figure = diversified_printed.draw_printed(paper)
    sets = diversified_printed.printed_accuracies(paper)
    assert len(figure.axes) == len(sets) == 3
    for panel, claims in zip(figure.axes, sets.values(), strict=True):
        assert f"{claims[0].n:,}" in panel.get_title()
        drawn = [line.get_xdata() for line in panel.lines]
        for claim, ends, point in zip(claims, drawn[::2], drawn[1::2], strict=True):
            limits = wilson_interval(claim.number * claim.n, claim.n)
            np.testing.assert_allclose(ends, 100 * np.array(limits))
            assert point[0] == pytest.approx(float(claim.value))


def test_first_steps_follow_the_sign_of_the_term():
    splits = official(web_faces(210))
    pulled = {
        measure: diversified_steps.first_steps(
            "diversified_esr",
            make_config("smoke", width=2, branches=3, measure=measure),
            splits,
            ("spatial",),
            steps=12,
            batch_size=8,
        )
        for measure in ("paper", "authors_code")
    }
    traces = [found.similarities["spatial"] for found in pulled.values()]
    assert traces[0][0] == traces[1][0]  # the same start
    assert traces[0][-1] < traces[0][0] < traces[1][-1]
    figure = diversified_steps.draw_steps(pulled)
    drawn = [line.get_ydata() for line in figure.axes[0].lines]
    np.testing.assert_allclose(drawn, traces)
