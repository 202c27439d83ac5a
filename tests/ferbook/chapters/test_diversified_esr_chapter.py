"""What the ESR chapter counts of branches, against loops and planted scores."""

from copy import deepcopy

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from drawn_faces import web_faces

from fer_lib.evaluation.inference import predict
from fer_lib.models.diversified_esr import DiversifiedESR
from ferbook.chapters.diversified import esr as diversified_esr
from ferbook.chapters.diversified import esr_branches as diversified_esr_branches
from ferbook.papers.diversified_esr import make_config, make_preprocessing

PREPARED = make_preprocessing(make_config("smoke"))
LABELS = np.array([0, 1, 2, 0])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def ensemble():
    torch.manual_seed(1)
    return DiversifiedESR(width=2, branches=3, input_size=64).eval()


@torch.inference_mode()
def centre(ensemble, x):
    """Scores about zero, so that small changes of the features turn answers."""
    outputs = deepcopy(ensemble).train().run_branches(x)
    for branch, output in zip(ensemble.branches, outputs, strict=True):
        branch.fc.bias -= output.logits.mean(0)


def scores_of(answers):
    """Scores ``[M, N, 3]`` whose arg-max are these answers."""
    return np.eye(3, dtype=np.float32)[np.array(answers)] * 4


ANSWERS = ([0, 1, 2, 1], [0, 1, 1, 1], [0, 0, 1, 0])  # 3, 2 and 2 of 4 right


def test_the_drawing_tells_the_papers_shapes():
    texts = {t.get_text() for t in diversified_esr.draw_esr().axes[0].texts}
    assert {"3 x 96 x 96", "128 x 20 x 20", "512 x 6 x 6"} <= texts


def test_pooling_shows_the_strongest_maps():
    maps = torch.arange(10.0)[:, None, None].expand(10, 2, 2)
    figure = diversified_esr.draw_pooling(maps, torch.ones(2, 2), torch.ones(10))
    tiles = figure.axes[0].images[0].get_array()
    assert tiles[0, 0] == 9 and tiles[-1, -1] == 1  # map 0 is the weakest


def test_a_branch_joins_where_the_stage_changes():
    curve = [
        {"epoch": e, "stage": f"branch {s}", "x": 0.1} for e, s in [(1, 1), (2, 1)]
    ]
    curve += [{"epoch": 3, "stage": "branch 2", "x": 0.2}]
    assert diversified_esr.joins(curve) == [(1, "1"), (3, "2")]
    panel = diversified_esr.draw_growth(curve, "x", "accuracy").axes[0]
    assert [line.get_xdata()[0] for line in panel.lines[1:]] == [0.5, 2.5]


def test_members_are_drawn_alone_and_together():
    figure = diversified_esr_branches.draw_members(scores_of(ANSWERS), LABELS)
    alone, _, votes = (line.get_ydata() for line in figure.axes[0].lines)
    np.testing.assert_allclose(alone, [75, 50, 50])
    # Two branches tie on face 2, and the lower class wins: 1 instead of 2.
    np.testing.assert_allclose(votes, [75, 50, 50])


def test_an_exit_is_chosen_on_validation():
    best_first, test = scores_of(ANSWERS), scores_of(ANSWERS[::-1])
    table = diversified_esr_branches.exit_table((best_first, LABELS), (test, LABELS))
    name, everyone, chosen, p, _ = table.rows[1]
    assert (name, everyone) == ("votes", "50.0 %")
    assert chosen == "1: 50.0 %" and float(p) == 1


def test_agreement_is_counted_face_by_face():
    found = diversified_esr_branches.agreement(scores_of(ANSWERS))
    for i, j in np.ndindex(3, 3):
        expected = np.mean(np.array(ANSWERS[i]) == np.array(ANSWERS[j]))
        assert float(found[i, j]) == pytest.approx(expected)


def test_branch_scores_are_the_networks(ensemble):
    images = np.random.default_rng(0).integers(0, 256, (4, 1, 48, 48), dtype=np.uint8)
    found = diversified_esr_branches.branch_scores(ensemble, images, PREPARED)
    with torch.inference_mode():
        whole = ensemble(PREPARED(torch.as_tensor(images))).branches
    np.testing.assert_allclose(found, whole.transpose(0, 1), rtol=1e-4, atol=1e-5)


def test_neighbours_matter_to_the_flaw_alone(ensemble):
    faces = web_faces(24)
    centre(ensemble, PREPARED(torch.as_tensor(faces.images)))
    before = {k: v.clone() for k, v in ensemble.state_dict().items()}
    found = diversified_esr_branches.by_neighbours(ensemble, faces, PREPARED, (2, 24))
    sound = predict(ensemble, faces.images, PREPARED).argmax(1) == faces.labels
    assert found.sound == pytest.approx(sound.mean())
    assert found.moved[2] > 0  # other neighbours, other answers
    assert found.moved[24] == 0  # all faces together, whatever their order
    assert all(torch.equal(v, before[k]) for k, v in ensemble.state_dict().items())
    assert not ensemble.batch_statistics_in_eval
    assert not any(module.training for module in ensemble.modules())
    panel = diversified_esr_branches.draw_neighbours(found, 24).axes[0]
    assert panel.lines[0].get_ydata()[0] == pytest.approx(100 * found.sound)
