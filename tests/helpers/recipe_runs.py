"""Checks that every recipe has to pass, on faces that are drawn in no time."""

import pytest
import torch
from drawn_splits import drawn_splits
from torch import nn

from ferbook.training.loop import fit
from ferbook.training.plan import Plan, Stage


def one_stage(recipe, config, splits=None) -> Stage:
    (stage,) = recipe.make_plan(config, splits or drawn_splits(), seed=0).stages
    return stage


def rates_of(stage: Stage, network: nn.Module, epochs: int) -> list[float]:
    """The learning rate of each epoch, as the loop would set it."""
    optimizer = stage.optimizer(network, stage.loss)
    scheduler, found = stage.scheduler(optimizer), []
    for _ in range(epochs):
        found.append(optimizer.param_groups[-1]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def train(network: nn.Module, plan: Plan, path=None, fail_in=None, scores=()):
    """Train on drawn faces; fail in the evaluation of an epoch if asked.

    Args:
        network: trained in place.
        plan: a new one for each call.
        path: of the state.
        fail_in: number of the epoch, counted from this call.
        scores: accuracies of the epochs of this call; 0.5 where there is none.
    """
    given, seen = iter(scores), []

    def evaluate(judged):
        seen.append(judged)
        if fail_in == len(seen):
            raise KeyboardInterrupt
        return {"PublicTest_accuracy": next(given, 0.5)}

    faces = drawn_splits().train
    return fit(network, plan, faces, evaluate, path=path, progress=False)


# No augmentation: the class of a drawn face is a place in it.
STILL = {"flip": 0.0, "degrees": 0.0}


def assert_learns_and_resumes(recipe, config, plan_of, path, factor=0.9) -> None:
    """The loss falls; a run that was broken off comes to the same weights.

    Args:
        recipe: the module.
        config: of the network.
        plan_of: makes a new plan each time.
        path: of the state.
        factor: the last loss is less than so much of the first.
    """

    def network():
        return recipe.make_network(config, 7, seed=1)

    straight = network()
    losses = [row["train_loss"] for row in train(straight, plan_of()).curve]
    assert losses[-1] < factor * losses[0]
    with pytest.raises(KeyboardInterrupt):
        train(network(), plan_of(), path, fail_in=len(losses))
    assert path.exists()
    resumed = network()
    again = train(resumed, plan_of(), path)
    assert [row["train_loss"] for row in again.curve] == losses
    for name, value in straight.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def assert_pretrained_by_content(recipe, config_of, tmp_path) -> None:
    """The trunk's weights are taken, and the file counts by its content."""
    source = recipe.make_network(config_of(), 7, seed=3)
    path, copy = tmp_path / "trunk.pth", tmp_path / "copy.pth"
    torch.save(source.backbone.state_dict(), path)
    copy.write_bytes(path.read_bytes())
    config = config_of(pretrained=str(path))
    network = recipe.make_network(config, 7, seed=0)
    rest = network.fc if hasattr(network, "fc") else network.classifier
    start = rest.weight.clone()
    one_stage(recipe, config).begin(network)
    for name, value in source.backbone.state_dict().items():
        assert torch.equal(network.backbone.state_dict()[name], value), name
    assert torch.equal(rest.weight, start)
    moved = config_of(pretrained=str(copy))
    assert recipe.identity(config) == recipe.identity(moved)
    torch.save(network.state_dict(), copy)
    assert recipe.identity(config) != recipe.identity(moved)
    assert recipe.identity(config) != recipe.identity(config_of())
    # A trained network is restored where the file is not at hand.
    gone = config_of(pretrained=str(tmp_path / "gone.pth"))
    recipe.make_network(gone, 7, seed=0)
