"""Rendered faces before the paper's plan."""

import pytest
import torch
from drawn_splits import drawn_splits
from part_faces import marked_splits
from torch import nn

from fer_lib.data.sources.rendered import wild
from fer_lib.errors import FerError
from ferbook.papers import PAPERS, rendered_first
from ferbook.training.loop import fit
from ferbook.training.plan import Batch

SMALL = {
    "deep_emotion": {"width": 4, "epochs": 1},
    "ramn": {"width": 4, "crops": 4, "epochs": 1},
    "diversified_esr": {"branches": 3, "epochs": 1, "added_epochs": 1},
}


@pytest.fixture(scope="module")
def faces():
    return wild(train=28, public=14, private=0, seed=3, cached=False)


def planned(name, faces, **changes):
    recipe, splits = PAPERS[name], drawn_splits()
    config = recipe.make_config("smoke", **SMALL[name])
    how = rendered_first.RECIPE.make_config("smoke", rendered_epochs=2, **changes)

    def make_network():
        return recipe.make_network(config, 7, seed=0)

    plan = recipe.make_plan(config, splits, seed=0)
    return (
        make_network(),
        rendered_first.replanned(plan, splits, how, make_network, faces),
        splits,
    )


def judged(network):
    return {"PublicTest_accuracy": 0.5}


@pytest.mark.parametrize("name", SMALL)
def test_both_tasks_change_the_network(name, faces):
    network, plan, splits = planned(name, faces)
    start = {k: v.clone() for k, v in network.state_dict().items()}
    fitted = fit(network, plan, splits.train, judged, progress=False)
    stages = [row["stage"] for row in fitted.curve]
    assert stages[:2] == ["rendered faces"] * 2 and len(set(stages)) > 1
    assert rendered_first.UNEXPLAINED in fitted.curve[0]
    moved = network.state_dict()
    assert any(not torch.equal(start[k], moved[k]) for k in start)


def test_knowing_nothing_costs_one_and_the_truth_nothing(faces):
    """Heads of zeros name the mean; heads that know the answer lose nothing."""
    train = faces.split("Training")
    size, width = 48, 52 + 136
    task = rendered_first.FaceTask(train, width, size, 0)
    for head in (task.units, task.points):
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
    scale = size / train.images.shape[2]
    points = torch.as_tensor((train.landmarks + 0.5) * scale - 0.5)
    units = torch.as_tensor(train.extra["units"])
    batch = Batch(torch.as_tensor(train.labels), points, {"units": units})
    blank = torch.zeros(len(train), width)
    hardly = (units.std(0) < 0.02).float().mean()
    found = float(task(None, blank, batch).detach())
    assert found <= 1.0 + 1e-4
    assert found >= 1 - 0.6 * float(hardly) - 0.05
    # Features that are the answers, and heads that hand them through.
    share = (points + 0.5) / size
    told = torch.cat(
        [
            (units - task.units_mean) / task.units_std,
            (share.flatten(1) - task.points_mean) / task.points_std,
        ],
        1,
    ).float()
    task.units.weight.data.copy_(torch.eye(52, width))
    task.points.weight.data.copy_(torch.eye(width)[52:])
    assert float(task(None, told, batch).detach()) < 1e-6


def test_a_plan_that_begins_with_landmarks_is_refused():
    splits, how = marked_splits(), rendered_first.RECIPE.make_config("smoke")
    plan = PAPERS["part_ensemble"].make_plan(
        PAPERS["part_ensemble"].make_config("smoke"), splits, 0
    )
    with pytest.raises(FerError, match="'landmarks', is a task of its own"):
        rendered_first.replanned(plan, splits, how, None)


def test_departures_replace_the_pre_training():
    config = PAPERS["ramn"].make_config("smoke")
    of_paper = PAPERS["ramn"].departures(config, drawn_splits())
    plan = PAPERS["ramn"].make_plan(config, drawn_splits(), 0)
    how = rendered_first.RECIPE.make_config("paper")
    found = rendered_first.departures(of_paper, plan, how)
    (entry,) = [d for d in found if d["item"] == "pre-training"]
    assert entry["paper"] == "CASIA-WebFace"
    assert "30 epochs" in entry["ours"] and len(found) == len(of_paper)
